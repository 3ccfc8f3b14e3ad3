# SPDX-License-Identifier: Apache-2.0
"""A serialised sensor_msgs/Image, looked at where it lies.

rclpy would build a message from it and copy the pixels twice; a raw subscription hands out the
bytes as they came, and here they are read in place. The format is the Common Data Representation
(OMG DDSI-RTPS 2.5, section 10.5): a head of four bytes, then the fields in their order, each
number at a multiple of its size counted from the end of the head.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from vla_node.errors import ImageError

_HEAD = 4
_BIG, _LITTLE = (0x0000, 0x0006), (0x0001, 0x0007)
"""Plain CDR and plain CDR2; no field of an image is larger than four bytes, so both are alike."""


@dataclass(frozen=True, eq=False)
class SerialisedImage:
    """The fields of an image that are of use here, named as in sensor_msgs/Image.

    Attributes:
        stamp: of the header [ns].
        data: the pixels, a view of `serialised`.
        serialised: the whole message as it came.
    """

    stamp: int
    height: int
    width: int
    encoding: str
    step: int
    data: memoryview
    serialised: bytes


def read_image(serialised: bytes) -> SerialisedImage:
    """The image in a serialised message; its pixels are not copied.

    Raises:
        ImageError: the message is cut short, or in a representation that is not known.
    """
    order = _byte_order(serialised)
    body = memoryview(serialised)[_HEAD:]
    try:
        seconds, nanoseconds, length = struct.unpack_from(f"{order}iII", body)
        place = _aligned(12 + length)  # behind frame_id
        height, width, length = struct.unpack_from(f"{order}III", body, place)
        begin, end = place + 12, place + 12 + length
        encoding = bytes(body[begin:end]).rstrip(b"\0").decode("utf-8", "replace")
        begin = _aligned(end + 1) + 8  # behind is_bigendian, step and the length of the data
        step, length = struct.unpack_from(f"{order}II", body, begin - 8)
    except struct.error as error:
        raise _cut_short(serialised, str(error)) from error
    data = body[begin : begin + length]
    if len(data) < length:
        raise _cut_short(serialised, f"{length} bytes of pixels were promised")
    stamp = seconds * 1_000_000_000 + nanoseconds
    return SerialisedImage(stamp, height, width, encoding, step, data, serialised)


def _byte_order(serialised: bytes) -> str:
    """Of `struct`."""
    kind = int.from_bytes(serialised[:2], "big")
    if kind in _LITTLE:
        return "<"
    if kind in _BIG:
        return ">"
    raise ImageError(f"an image message is in the unknown representation 0x{kind:04x}")


def _aligned(place: int) -> int:
    """The next place at which a number of four bytes may lie."""
    return place + -place % 4


def _cut_short(serialised: bytes, why: str) -> ImageError:
    return ImageError(f"an image message of {len(serialised)} bytes is cut short: {why}")
