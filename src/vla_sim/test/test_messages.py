# SPDX-License-Identifier: Apache-2.0
import json
import math

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Twist, Vector3
from hypothesis import given
from hypothesis import strategies as st

from vla_sim import messages
from vla_sim.geometry import Odometry, Pose
from vla_sim.realtime import Target
from vla_sim.robot import CAMERA, LIDAR
from vla_sim.room import Room, generate_room

STAMP = Time(sec=3, nanosec=4)
metres = st.floats(-10.0, 10.0)
angles = st.floats(-math.pi, math.pi)


@given(metres, angles)
def test_a_twist_is_a_target(linear, angular):
    twist = Twist(linear=Vector3(x=linear), angular=Vector3(z=angular))
    assert messages.target_from_twist(twist) == Target(linear, angular)


@pytest.mark.parametrize("vector", ["linear", "angular"])
@pytest.mark.parametrize("axis", ["x", "y", "z"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_twist_with_one_number_that_is_not_finite_is_no_target(vector, axis, value):
    twist = Twist()
    setattr(getattr(twist, vector), axis, value)
    assert messages.target_from_twist(twist) is None


def test_an_image_holds_the_pixels_of_each_frame_in_turn():
    image = messages.ImageMessage(width=5, height=4, frame_id="eye")
    for seed in range(3):
        frame = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), dtype=np.uint8)
        message = image.fill(frame, STAMP)
        assert bytes(message.data) == frame.tobytes()
    assert (message.width, message.height, message.step) == (5, 4, 15)
    assert (message.encoding, message.header.frame_id) == ("rgb8", "eye")
    assert message.header.stamp == STAMP


def test_an_image_fills_its_own_buffer():
    image = messages.ImageMessage(width=5, height=4, frame_id="eye")
    data = image.message.data
    image.fill(np.ones((4, 5, 3), np.uint8), STAMP)
    assert image.message.data is data


def test_camera_info_projects_as_the_camera_does():
    info = messages.camera_info(CAMERA, "eye")
    camera_matrix = np.reshape(info.k, (3, 3))
    depth, left, up = 2.0, 0.3, -0.2
    column, row, one = camera_matrix @ [-left / depth, -up / depth, 1.0]
    assert one == 1.0
    assert column == pytest.approx(CAMERA.centre[0] - CAMERA.focal * left / depth)
    assert row == pytest.approx(CAMERA.centre[1] - CAMERA.focal * up / depth)
    assert np.array_equal(np.reshape(info.p, (3, 4))[:, :3], camera_matrix)
    assert (info.width, info.height, len(info.d)) == (CAMERA.width, CAMERA.height, 5)


def test_a_scan_keeps_its_ranges_and_knows_the_angle_of_each():
    ranges = np.linspace(0.5, 9.0, LIDAR.rays, dtype=np.float32)
    ranges[7] = np.inf
    scan = messages.laser_scan(ranges, LIDAR, 10.0, "scanner", STAMP)
    assert np.array_equal(np.array(scan.ranges, np.float32), ranges)
    turn = scan.angle_max + scan.angle_increment - scan.angle_min
    assert turn == pytest.approx(math.tau, abs=1e-5)
    assert scan.scan_time == pytest.approx(0.1)
    assert (scan.header.frame_id, scan.header.stamp) == ("scanner", STAMP)


def yaw_of(message):
    turn = message.pose.pose.orientation
    return 2.0 * math.atan2(turn.z, turn.w)


@given(metres, metres, angles, metres, angles)
def test_odometry_keeps_pose_and_twist(x, y, yaw, linear, angular):
    wheels = Odometry(x, y, yaw, linear, angular)
    message = messages.odometry(wheels, "odom", "base_link", STAMP)
    position, twist = message.pose.pose.position, message.twist.twist
    assert (position.x, position.y) == (x, y)
    assert math.remainder(yaw_of(message) - yaw, math.tau) == pytest.approx(0.0, abs=1e-9)
    assert (twist.linear.x, twist.angular.z) == (linear, angular)
    assert (message.header.frame_id, message.child_frame_id) == ("odom", "base_link")
    assert min(message.pose.covariance[::7]) > 0.0


def test_ground_truth_is_exact_and_in_the_world():
    message = messages.ground_truth(Pose(1.0, 2.0, 0.5), (0.1, 0.2), "base_link", STAMP)
    assert message.header.frame_id == "world"
    assert yaw_of(message) == pytest.approx(0.5)
    assert not any(message.pose.covariance)


def test_a_room_can_be_read_back():
    room = generate_room(3)
    assert Room.from_dict(json.loads(messages.room_message(room).data)) == room


def test_diagnostics_hold_plain_numbers():
    array = messages.diagnostics(b"\x01", "late", {"count": 3, "rate_hz": 29.96}, "r1", STAMP)
    (status,) = array.status
    assert (status.name, status.level, status.message) == ("vla_sim: Simulation", b"\x01", "late")
    assert status.hardware_id == "r1"
    assert {pair.key: pair.value for pair in status.values} == {"count": "3", "rate_hz": "29.960"}
    assert array.header.stamp == STAMP
