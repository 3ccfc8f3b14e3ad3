# SPDX-License-Identifier: Apache-2.0
"""robot.launch.py: a TurtleBot 4 whose hardware is the simulator, by the topics of its preset."""

from __future__ import annotations

import unittest

import launch_testing
from observer import OURS, Observer, described, until

HARDWARE = {
    "oakd/rgb/preview/image_raw": "sensor_msgs/msg/Image",
    "oakd/rgb/preview/camera_info": "sensor_msgs/msg/CameraInfo",
    "cmd_vel": "geometry_msgs/msg/TwistStamped",
    "scan": "sensor_msgs/msg/LaserScan",
    "odom": "nav_msgs/msg/Odometry",
}


def generate_test_description():
    global robot
    robot = Observer(namespace="kitchen", stamped=True)
    given = {"namespace": "kitchen", "base": "turtlebot4", "metrics_port": "0"}
    return described(("mujoco", {**given, "seed": "4"}), ("robot", given))


class WhileItRuns(unittest.TestCase):
    def test_topics_have_the_names_of_the_base_and_the_types_of_the_table(self):
        until(lambda: not robot.lacking({**OURS, **HARDWARE}), f"all of {sorted(HARDWARE)}")

    def test_sentence_becomes_a_motion_once_the_gate_is_armed(self):
        robot.arm()
        robot.send_off()


@launch_testing.post_shutdown_test()
class AfterItsEnd(unittest.TestCase):
    @classmethod
    def tearDownClass(cls):
        robot.close()

    def test_last_command_is_zero(self):
        assert robot.stands(), robot.commands[-3:]
