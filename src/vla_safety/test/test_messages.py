# SPDX-License-Identifier: Apache-2.0
import contextlib
import math

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from hypothesis import given
from hypothesis import strategies as st
from nav_msgs.msg import Odometry
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image, LaserScan

from vla_safety import messages
from vla_safety.errors import ScanError, WireError
from vla_safety.status import Level, Status
from vla_safety.velocity import Velocity

FIELD = st.floats(allow_nan=False)


@given(st.builds(Velocity, FIELD, FIELD, FIELD, FIELD, FIELD, FIELD))
def test_velocity_survives_the_round_trip(velocity):
    assert messages.velocity_from(messages.twist_from(velocity)) == velocity


def test_not_finite_fields_arrive_as_they_are():
    twist = messages.twist_from(Velocity(angular_z=1.0))
    twist.linear.y = math.nan
    assert math.isnan(messages.velocity_from(twist).linear_y)


@given(st.integers(0, 2**31 * 1_000_000_000 - 1))
def test_stamp_survives_the_round_trip(clock_ns):
    assert messages.nanoseconds_from(messages.time_from(clock_ns)) == clock_ns


def test_stamped_output_has_stamp_and_frame():
    message = messages.stamped_twist_from(Velocity(0.5), 7_000_000_003, "base_link")
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (7, 3)
    assert message.header.frame_id == "base_link"
    assert message.twist.linear.x == 0.5


def test_levels_are_those_of_diagnostic_status():
    assert bytes([Level.OK]) == DiagnosticStatus.OK
    assert bytes([Level.WARN]) == DiagnosticStatus.WARN
    assert bytes([Level.ERROR]) == DiagnosticStatus.ERROR


def test_status_becomes_a_diagnostic():
    diagnostic = messages.diagnostic_from(Status(Level.ERROR, "why", {"k": "v"}), "r2")
    assert (diagnostic.name, diagnostic.hardware_id) == ("vla_safety: Gate", "r2")
    assert (diagnostic.level, diagnostic.message) == (DiagnosticStatus.ERROR, "why")
    assert [(pair.key, pair.value) for pair in diagnostic.values] == [("k", "v")]
    array = messages.diagnostics_from(diagnostic, 1_000_000_000)
    assert array.status == [diagnostic]
    assert array.header.stamp.sec == 1


def scan(ranges, **fields):
    geometry = {"angle_min": 0.0, "angle_increment": math.pi / 2}
    geometry |= {"range_min": 0.05, "range_max": 10.0}
    return LaserScan(ranges=ranges, **(geometry | fields))


def test_scan_becomes_points_counter_clockwise():
    points, bearings = messages.points_from(scan([1.0, 2.0, 3.0]))
    assert bearings == pytest.approx((0.0, math.pi / 2, math.pi))
    assert points.tolist() == [
        pytest.approx((1.0, 0.0)),
        pytest.approx((0.0, 2.0), abs=1e-6),
        pytest.approx((-3.0, 0.0), abs=1e-6),
    ]


def test_only_ranges_that_say_so_are_points():
    ranges = [math.nan, math.inf, 10.5, 0.04, 0.0, -1.0, 9.9]
    points, bearings = messages.points_from(scan(ranges))
    assert len(points) == 1
    assert bearings == pytest.approx((math.pi / 2, math.pi, 3 * math.pi))  # inf, beyond, 9.9
    assert len(messages.points_from(scan([0.0, 1.0], range_min=0.0))[0]) == 1


def test_too_close_to_measure_is_an_obstacle():
    assert messages.points_from(scan([-math.inf]))[0][0] == pytest.approx((0.05, 0.0))


def test_nothing_within_range_is_a_good_scan_without_points():
    assert messages.points_from(scan([math.inf] * 4))[0].shape == (0, 2)


@pytest.mark.parametrize(
    ("ranges", "fields"),
    [
        ([], {}),
        ([math.nan, 0.0], {}),
        ([1.0], {"angle_increment": 0.0}),
        ([1.0], {"angle_increment": math.nan}),
        ([1.0], {"angle_min": math.inf}),
        ([1.0], {"range_min": math.nan}),
        ([1.0], {"range_max": math.nan}),
        ([1.0], {"range_max": 0.0}),
    ],
)
def test_scan_that_says_nothing_is_refused_with_a_sentence(ranges, fields):
    with pytest.raises(ScanError, match="must be"):
        messages.points_from(scan(ranges, **fields))


def image(first_byte=0, sec=1_790_000_000, nanosec=123_456_789):
    message = Image(height=2, width=2, encoding="rgb8", step=6, data=[first_byte] + [0] * 11)
    message.header.stamp.sec, message.header.stamp.nanosec = sec, nanosec
    message.header.frame_id = "camera"
    return serialize_message(message)


def test_stamp_of_an_image_is_read_off_the_wire():
    stamp_ns, _ = messages.picture_from(image())
    assert stamp_ns == 1_790_000_000_123_456_789


def test_digest_tells_pixels_apart_and_does_not_mind_the_stamp():
    digest = messages.picture_from(image())[1]
    assert messages.picture_from(image(sec=5, nanosec=0))[1] == digest
    assert messages.picture_from(image(first_byte=1))[1] != digest


def test_image_of_a_machine_with_the_other_byte_order():
    stamp_ns, _ = messages.picture_from(bytes([0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 3]) + b"pixels")
    assert stamp_ns == 2_000_000_003


@pytest.mark.parametrize("frames", [("odom", "base_link"), ("", "b"), ("left/odom", "")])
def test_odometry_has_pose_heading_and_speed(frames):
    message = Odometry()
    message.pose.pose.position.x, message.pose.pose.position.y = 1.0, -2.0
    message.pose.pose.orientation.z = math.sin(0.6)
    message.pose.pose.orientation.w = math.cos(0.6)
    message.twist.twist.linear.x, message.twist.twist.angular.z = 0.3, -0.4
    message.header.frame_id, message.child_frame_id = frames
    odometry = messages.odometry_from(serialize_message(message), 7)
    assert (odometry.x, odometry.y, odometry.arrived_ns) == (1.0, -2.0, 7)
    assert odometry.yaw == pytest.approx(1.2)
    assert (odometry.velocity.linear_x, odometry.velocity.angular_z) == (0.3, -0.4)


@pytest.mark.parametrize("read", [lambda d: messages.odometry_from(d, 0), messages.picture_from])
@given(st.binary(max_size=80))
def test_nonsense_on_the_wire_is_refused_and_breaks_nothing(read, data):
    with contextlib.suppress(WireError):
        read(data)
