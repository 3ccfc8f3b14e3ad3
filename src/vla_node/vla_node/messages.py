# SPDX-License-Identifier: Apache-2.0
"""ROS messages to plain values and back; nothing else."""

from __future__ import annotations

import array
import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import PoseStamped, Quaternion, Twist
from nav_msgs.msg import Odometry, Path
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CompressedImage, Image

from vla_node.cdr import SerialisedImage, read_image
from vla_node.errors import ImageError
from vla_node.health import Health
from vla_node.pilot import Command
from vla_policy.action import TWIST_FIELDS

_NS = 1_000_000_000

_CHANNELS = {"rgb8": 3, "bgr8": 3, "rgba8": 4, "bgra8": 4, "mono8": 1}
"""Encodings that are read here. The others take the way through cv_bridge."""


def to_nanoseconds(stamp: Time) -> int:
    """A stamp as nanoseconds since the epoch."""
    return int(stamp.sec) * _NS + int(stamp.nanosec)


def to_stamp(nanoseconds: int) -> Time:
    """Nanoseconds since the epoch as a stamp."""
    return Time(sec=nanoseconds // _NS, nanosec=nanoseconds % _NS)


def from_serialised(message: bytes) -> tuple[npt.NDArray[np.uint8], int]:
    """Pixels and stamp [ns] of a serialised Image; see `to_rgb`."""
    image = read_image(message)
    return to_rgb(image), image.stamp


def from_compressed(message: CompressedImage) -> tuple[npt.NDArray[np.uint8], int]:
    """Pixels and stamp [ns] of a CompressedImage; see `decompress`."""
    return decompress(message), to_nanoseconds(message.header.stamp)


def to_rgb(message: Image | SerialisedImage) -> npt.NDArray[np.uint8]:
    """The image as ``[H, W, 3]`` uint8 RGB: a view of the message wherever it is one of
    `_CHANNELS`, whatever order its channels lie in.

    Raises:
        ImageError: the image is empty, its sizes contradict each other, or its encoding cannot
            be read; the text names encoding and size.
    """
    if message.height == 0 or message.width == 0:
        raise ImageError(f"{_describe(message)} is empty: expected at least 1x1 pixels")
    channels = _CHANNELS.get(message.encoding)
    if channels is None:
        return _by_cv_bridge(message)
    pixels = _pixels(message, channels)
    if message.encoding == "mono8":
        return np.broadcast_to(pixels, (*pixels.shape[:2], 3))
    return pixels[:, :, 2::-1] if message.encoding in ("bgr8", "bgra8") else pixels[:, :, :3]


def decompress(message: CompressedImage) -> npt.NDArray[np.uint8]:
    """A JPEG or PNG as ``[H, W, 3]`` uint8 RGB.

    Raises:
        ImageError: it is empty, damaged, or no picture of colours or grey.
    """
    import cv2

    data = np.frombuffer(message.data, dtype=np.uint8)
    described = f"compressed image of format {message.format[:40]!r} and {data.size} bytes"
    if "compressedDepth" in message.format:
        raise ImageError(f"{described} holds distances: expected a picture")
    try:
        pixels = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error as error:
        raise ImageError(f"{described} cannot be read ({error})") from error
    if pixels is None:
        raise ImageError(f"{described} cannot be read: expected a JPEG or a PNG")
    return np.asarray(pixels, dtype=np.uint8)[:, :, ::-1]


def from_rgb(image: npt.NDArray[np.uint8], stamp: int, frame_id: str = "") -> Image:
    """An rgb8 message of an image ``[H, W, 3]`` that was taken at `stamp` [ns]."""
    height, width, _ = image.shape
    message = Image(height=height, width=width, encoding="rgb8", step=3 * width)
    message.header.stamp = to_stamp(stamp)
    message.header.frame_id = frame_id
    # An array.array is taken as it is; bytes would be checked value by value.
    data = array.array("B")
    data.frombytes(np.ascontiguousarray(image).tobytes())
    message.data = data
    return message


def to_planar_pose(message: Odometry) -> tuple[float, float, float]:
    """Position x, y [m] and yaw [rad] of an odometry message."""
    position, turn = message.pose.pose.position, message.pose.pose.orientation
    yaw = math.atan2(
        2.0 * (turn.w * turn.z + turn.x * turn.y),
        1.0 - 2.0 * (turn.y * turn.y + turn.z * turn.z),
    )
    return position.x, position.y, yaw


def fill_twist(twist: Twist, command: Command) -> None:
    """Set every field to what the command says; those that it does not name are zero."""
    for name in TWIST_FIELDS:
        part, axis = name.split(".")
        setattr(getattr(twist, part), axis, float(command.values.get(name, 0.0)))


def to_path(poses: npt.NDArray[np.float64], stamp: int, dt: float, frame_id: str) -> Path:
    """Poses ``[N, 3]`` (x m, y m, yaw rad), `dt` seconds apart from `stamp` [ns] on."""
    path = Path()
    path.header.stamp = to_stamp(stamp)
    path.header.frame_id = frame_id
    for index, (x, y, yaw) in enumerate(poses.tolist()):
        pose = PoseStamped()
        pose.header.stamp = to_stamp(stamp + round(index * dt * _NS))
        pose.header.frame_id = frame_id
        pose.pose.position.x, pose.pose.position.y = x, y
        pose.pose.orientation = Quaternion(z=math.sin(yaw / 2), w=math.cos(yaw / 2))
        path.poses.append(pose)
    return path


def to_status(health: Health, name: str, hardware_id: str) -> DiagnosticStatus:
    """One diagnostic status."""
    return DiagnosticStatus(
        level=bytes([health.level]),
        name=name,
        message=health.message,
        hardware_id=hardware_id,
        values=[KeyValue(key=key, value=_plain(value)) for key, value in health.values.items()],
    )


def to_diagnostics(
    statuses: Mapping[str, Health], stamp: int, hardware_id: str
) -> DiagnosticArray:
    """Diagnostic statuses by name, as one message of `stamp` [ns]."""
    message = DiagnosticArray()
    message.header.stamp = to_stamp(stamp)
    message.status = [to_status(health, name, hardware_id) for name, health in statuses.items()]
    return message


def _pixels(message: Image | SerialisedImage, channels: int) -> npt.NDArray[np.uint8]:
    row = message.width * channels
    if message.step < row:
        raise ImageError(
            f"{_describe(message)} has a step of {message.step} bytes: "
            f"expected at least {row} (width times {channels})"
        )
    expected = message.step * message.height
    if len(message.data) != expected:
        raise ImageError(
            f"{_describe(message)} holds {len(message.data)} bytes: "
            f"expected {expected} (step {message.step} times height)"
        )
    rows = np.frombuffer(message.data, dtype=np.uint8).reshape(message.height, message.step)
    return rows[:, :row].reshape(message.height, message.width, channels)


def _by_cv_bridge(message: Image | SerialisedImage) -> npt.NDArray[np.uint8]:
    supported = f"supported are {', '.join(_CHANNELS)} and what cv_bridge can turn into rgb8"
    try:
        from cv_bridge import CvBridge
    except ImportError as error:
        raise ImageError(f"{_describe(message)} needs cv_bridge ({error}); {supported}") from error
    if isinstance(message, SerialisedImage):
        message = deserialize_message(message.serialised, Image)
    try:
        pixels = CvBridge().imgmsg_to_cv2(message, desired_encoding="rgb8")
    except Exception as error:  # its versions raise many types, some of them of OpenCV
        raise ImageError(
            f"{_describe(message)} cannot be read ({type(error).__name__}: {error}); {supported}"
        ) from error
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise ImageError(f"{_describe(message)} is no picture; {supported}")
    return np.ascontiguousarray(pixels)


def _describe(message: Image | SerialisedImage) -> str:
    return f"image {message.width}x{message.height} of encoding {message.encoding[:40]!r}"


def _plain(value: float | str) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
