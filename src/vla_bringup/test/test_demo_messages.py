# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import array
import io
import math

import numpy as np
import pytest
from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry
from PIL import Image as Picture
from sensor_msgs.msg import Image

from vla_bringup.demo.messages import stamp_ns, to_jpeg, to_sent, to_truth


def test_stamp_is_read_in_nanoseconds():
    command = TwistStamped()
    command.header.stamp.sec, command.header.stamp.nanosec = 3, 7
    assert stamp_ns(command.header) == 3_000_000_007


@pytest.mark.parametrize("yaw", [0.0, 1.0, -3.0])
def test_truth_keeps_pose_speed_and_collisions(yaw):
    odometry = Odometry()
    odometry.header.stamp.sec = 5
    odometry.pose.pose.position.x = 1.5
    odometry.pose.pose.position.y = -2.0
    odometry.pose.pose.orientation.z = math.sin(yaw / 2)
    odometry.pose.pose.orientation.w = math.cos(yaw / 2)
    odometry.twist.twist.linear.x = 0.4
    odometry.twist.twist.angular.z = -0.2
    truth = to_truth(odometry, at_s=9.0, collisions=2)
    assert truth.pose == pytest.approx((1.5, -2.0, yaw))
    assert (truth.at_s, truth.stamp_s, truth.collisions) == (9.0, 5.0, 2)
    assert (truth.linear, truth.angular) == (0.4, -0.2)


@pytest.mark.parametrize("stamped", [False, True])
def test_command_is_read_stamped_or_not(stamped):
    twist = Twist()
    twist.linear.x, twist.angular.z = 0.3, 0.1
    sent = to_sent(TwistStamped(twist=twist) if stamped else twist, at_s=1.0)
    assert (sent.linear, sent.angular, sent.zero) == (0.3, 0.1, False)


def test_command_of_zero_is_zero():
    assert to_sent(Twist(), at_s=1.0).zero


def test_image_survives_as_jpeg():
    pixels = np.zeros((240, 320, 3), dtype=np.uint8)
    pixels[:, 160:] = (200, 40, 40)
    image = Image(height=240, width=320, encoding="rgb8", step=960)
    image.data = array.array("B", pixels.tobytes())
    with Picture.open(io.BytesIO(to_jpeg(image))) as picture:
        seen = np.asarray(picture).astype(int)
    assert np.abs(seen - pixels).mean() < 3
