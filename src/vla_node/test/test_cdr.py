# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import array
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image

from vla_node.cdr import read_image
from vla_node.errors import ImageError

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9)


def message(frame="camera", encoding="rgb8", size=(2, 3), stamp=(1, 5), data=None):
    height, width = size
    data = bytes(range(height * width * 3)) if data is None else data
    image = Image(height=height, width=width, encoding=encoding, step=3 * width)
    image.header.frame_id = frame
    image.header.stamp.sec, image.header.stamp.nanosec = stamp
    image.data = array.array("B", data)
    return image


@given(
    NAMES,
    NAMES,
    st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    st.tuples(st.integers(-(2**31), 2**31 - 1), st.integers(0, 2**32 - 1)),
    st.binary(max_size=40),
)
def test_every_field_is_read_as_rclpy_wrote_it(frame, encoding, size, stamp, data):
    sent = message(frame, encoding, (0, 0), stamp, data)
    sent.height, sent.width = size
    read = read_image(bytes(serialize_message(sent)))
    assert (read.height, read.width, read.encoding) == (*size, encoding)
    assert read.stamp == stamp[0] * 10**9 + stamp[1]
    assert read.step == sent.step
    assert bytes(read.data) == data


def test_pixels_are_not_copied():
    serialised = bytes(serialize_message(message()))
    pixels = np.frombuffer(read_image(serialised).data, dtype=np.uint8)
    whole = np.frombuffer(serialised, dtype=np.uint8)
    assert np.shares_memory(pixels, whole)


def test_numbers_may_be_big_endian():
    fields = [struct.pack(">II", 7, 9), struct.pack(">I2s", 2, b"c\0"), b"\0\0"]
    fields += [struct.pack(">II", 1, 2), struct.pack(">I6s", 6, b"mono8\0"), b"\1\0"]
    fields += [struct.pack(">II", 2, 2), b"\5\6"]
    read = read_image(b"\0\0\0\0" + b"".join(fields))
    assert (read.stamp, read.height, read.width, read.encoding) == (7 * 10**9 + 9, 1, 2, "mono8")
    assert (read.step, bytes(read.data)) == (2, b"\5\6")


@pytest.mark.parametrize("missing", range(1, 90))
def test_message_that_is_cut_short_is_refused(missing):
    serialised = bytes(serialize_message(message()))
    with pytest.raises(ImageError):
        read_image(serialised[: max(len(serialised) - missing, 0)])


@given(st.binary(max_size=120))
def test_any_bytes_are_read_or_refused_but_never_crash(noise):
    for start in (b"", b"\0\1\0\0", b"\0\0\0\0"):
        try:
            read_image(start + noise)
        except ImageError as error:
            assert "image message" in str(error)


def test_unknown_representation_is_named():
    with pytest.raises(ImageError, match="unknown representation 0x0003"):
        read_image(b"\0\3\0\0" + bytes(60))
