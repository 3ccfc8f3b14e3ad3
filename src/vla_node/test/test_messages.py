# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import array
import math

import cv2
import numpy as np
import pytest
from geometry_msgs.msg import Twist
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from nav_msgs.msg import Odometry
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage, Image

from vla_node import messages
from vla_node.errors import ImageError
from vla_node.health import Health, Level
from vla_node.pilot import Command

IMAGES = arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)))


def image_message(pixels, encoding, padding=0):
    """A message of `pixels` [H, W, C] whose rows end in `padding` more bytes."""
    height, width, channels = pixels.shape
    rows = pixels.reshape(height, width * channels)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=255)
    data = array.array("B", rows.tobytes())
    step = width * channels + padding
    return Image(height=height, width=width, encoding=encoding, step=step, data=data)


@given(IMAGES, st.integers(0, 2**31 * 10**9 - 1))
def test_image_round_trip(image, stamp):
    message = messages.from_rgb(image, stamp, "camera")
    assert np.array_equal(messages.to_rgb(message), image)
    assert messages.to_nanoseconds(message.header.stamp) == stamp


@settings(max_examples=50)
@given(IMAGES, st.sampled_from(["rgb8", "bgr8", "rgba8", "bgra8"]), st.integers(0, 5))
def test_colour_encodings_with_padded_rows_become_rgb(image, encoding, padding):
    pixels = image[:, :, ::-1] if encoding.startswith("bgr") else image
    if encoding.endswith("a8"):
        pixels = np.concatenate([pixels, np.full_like(pixels[:, :, :1], 9)], axis=2)
    rgb = messages.to_rgb(image_message(pixels, encoding, padding))
    assert np.array_equal(rgb, image)


def test_grey_becomes_three_equal_channels():
    grey = np.arange(6, dtype=np.uint8).reshape(2, 3, 1)
    rgb = messages.to_rgb(image_message(grey, "mono8"))
    assert np.array_equal(rgb, np.repeat(grey, 3, axis=2))


@pytest.mark.parametrize("padding", [0, 4])
def test_rgb8_is_a_view_of_the_message(padding):
    message = image_message(np.zeros((2, 3, 3), np.uint8), "rgb8", padding)
    rgb = messages.to_rgb(message)
    message.data[0] = 77
    assert rgb[0, 0, 0] == 77


@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "rgba8", "bgra8", "mono8"])
def test_no_encoding_of_ours_is_copied(encoding):
    channels = {"mono8": 1}.get(encoding, len(encoding) - 1)
    message = image_message(np.zeros((2, 3, channels), np.uint8), encoding)
    rgb = messages.to_rgb(message)
    assert np.shares_memory(rgb, np.frombuffer(message.data, np.uint8))


@given(IMAGES, st.sampled_from(["rgb8", "bgr8"]), st.integers(0, 2**31 * 10**9 - 1))
def test_serialised_image_is_read_like_a_message(image, encoding, stamp):
    message = image_message(image, encoding, padding=3)
    message.header.stamp = messages.to_stamp(stamp)
    rgb, read_stamp = messages.from_serialised(bytes(serialize_message(message)))
    assert np.array_equal(rgb, messages.to_rgb(message))
    assert read_stamp == stamp


def test_serialised_bayer_pattern_goes_through_cv_bridge():
    pytest.importorskip("cv_bridge")
    message = image_message(np.full((4, 6, 1), 90, dtype=np.uint8), "bayer_rggb8")
    rgb, _ = messages.from_serialised(bytes(serialize_message(message)))
    assert np.array_equal(rgb, np.full((4, 6, 3), 90))


def compressed(data, kind="png"):
    return CompressedImage(format=kind, data=array.array("B", data))


@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_compressed_image_becomes_rgb(kind):
    picture = np.zeros((32, 48, 3), np.uint8)
    picture[:, 24:] = (200, 100, 50)
    _, data = cv2.imencode(f".{kind}", picture[:, :, ::-1])
    message = compressed(data.tobytes(), kind)
    message.header.stamp = messages.to_stamp(7)
    rgb, stamp = messages.from_compressed(message)
    assert stamp == 7
    assert rgb.shape == picture.shape
    assert np.abs(rgb[:, 30:].astype(int) - picture[:, 30:]).max() <= (0 if kind == "png" else 4)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (compressed(b""), "'png' and 0 bytes cannot be read"),
        (compressed(b"no picture at all"), "17 bytes cannot be read: expected a JPEG or a PNG"),
        (compressed(b"x", "16UC1; compressedDepth png"), "holds distances"),
    ],
)
def test_compressed_image_that_is_no_picture_is_refused(message, words):
    with pytest.raises(ImageError, match=words):
        messages.from_compressed(message)


def test_bayer_pattern_goes_through_cv_bridge():
    pytest.importorskip("cv_bridge")
    pattern = np.full((4, 6, 1), 90, dtype=np.uint8)
    rgb = messages.to_rgb(image_message(pattern, "bayer_rggb8"))
    assert np.array_equal(rgb, np.full((4, 6, 3), 90))


def bad_images():
    good = np.zeros((2, 3, 3), np.uint8)
    cases = {
        "no rows": (image_message(good, "rgb8"), {"height": 0}, "3x0.*empty"),
        "no columns": (image_message(good, "rgb8"), {"width": 0}, "0x2.*empty"),
        "truncated": (image_message(good, "rgb8"), {"data": [0] * 17}, "17 bytes.*expected 18"),
        "no data": (image_message(good, "bgr8"), {"data": []}, "0 bytes.*expected 18"),
        "too much data": (image_message(good, "rgb8"), {"data": [0] * 19}, "19 bytes"),
        "small step": (image_message(good, "rgb8"), {"step": 8}, "step of 8.*at least 9"),
        "unknown": (image_message(good, "xyz7"), {}, "3x2.*'xyz7'.*supported are rgb8"),
        "no encoding": (image_message(good, ""), {}, "encoding ''.*supported are rgb8"),
        "depth cut short": (image_message(good, "16UC1"), {"data": [0]}, "'16UC1'.*supported"),
    }
    return [pytest.param(*case, id=name) for name, case in cases.items()]


@pytest.mark.parametrize(("message", "change", "words"), bad_images())
def test_bad_image_is_refused_with_its_size_and_encoding(message, change, words):
    for field, value in change.items():
        setattr(message, field, value)
    with pytest.raises(ImageError, match=words):
        messages.to_rgb(message)


@settings(max_examples=200)
@given(
    height=st.integers(0, 4),
    width=st.integers(0, 4),
    step=st.integers(0, 20),
    encoding=st.sampled_from(["rgb8", "bgra8", "mono8", "rgb16", "32FC1", "yuv422", "", "?"]),
    size=st.integers(0, 64),
)
def test_any_image_is_read_or_refused_but_never_crashes(height, width, step, encoding, size):
    data = array.array("B", bytes(size))
    message = Image(height=height, width=width, step=step, encoding=encoding, data=data)
    try:
        rgb = messages.to_rgb(message)
    except ImageError as error:
        assert f"{width}x{height}" in str(error)
    else:
        assert rgb.shape == (height, width, 3)
        assert rgb.dtype == np.uint8


def test_command_fills_every_field():
    """A message that is used again holds nothing of the command before."""
    twist = Twist()
    twist.linear.y = twist.angular.x = 9.0
    messages.fill_twist(twist, Command(stamp=5, values={"linear.x": 0.25, "angular.z": -1.0}))
    assert (twist.linear.x, twist.linear.y, twist.linear.z) == (0.25, 0.0, 0.0)
    assert (twist.angular.x, twist.angular.y, twist.angular.z) == (0.0, 0.0, -1.0)
    messages.fill_twist(twist, Command(stamp=6))
    assert twist == Twist()


@given(st.floats(-3.1, 3.1))
def test_yaw_of_odometry(yaw):
    message = Odometry()
    message.pose.pose.position.x = 2.0
    message.pose.pose.orientation.z = math.sin(yaw / 2)
    message.pose.pose.orientation.w = math.cos(yaw / 2)
    assert messages.to_planar_pose(message) == pytest.approx((2.0, 0.0, yaw), abs=1e-9)


def test_path_has_a_stamped_pose_for_each_step():
    poses = np.array([[0.0, 0.0, 0.0], [0.1, 0.2, math.pi]])
    path = messages.to_path(poses, 10**9, 0.1, "base_link")
    assert len(path.poses) == 2
    assert path.poses[1].pose.orientation.z == pytest.approx(1.0)
    assert messages.to_nanoseconds(path.poses[1].header.stamp) == 1_100_000_000


def test_health_becomes_a_status_with_plain_numbers():
    health = Health(Level.WARN, "slow", {"age_ms": 12.34567, "failures": 3, "policy": "x"})
    array_message = messages.to_diagnostics({"a": health}, 0, "robot")
    status = array_message.status[0]
    assert (status.level, status.name, status.hardware_id) == (b"\x01", "a", "robot")
    assert [value.value for value in status.values] == ["12.346", "3", "x"]
