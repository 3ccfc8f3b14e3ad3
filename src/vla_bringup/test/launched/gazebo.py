# SPDX-License-Identifier: Apache-2.0
"""gazebo.launch.py without its window: a sentence becomes a motion."""

from __future__ import annotations

import unittest

import launch_testing
from observer import OURS, SENSORS, Observer, described, until

from vla_sim.room import generate_room


def generate_test_description():
    global robot
    robot = Observer()
    robot.room = generate_room(4).to_dict()
    return described(("gazebo", {"seed": "4", "headless": "true", "metrics_port": "0"}))


class WhileItRuns(unittest.TestCase):
    def test_topics_have_the_types_of_the_table(self):
        wanted = {**OURS, **SENSORS, "cmd_vel": "geometry_msgs/msg/Twist"}
        wanted["/clock"] = "rosgraph_msgs/msg/Clock"
        until(lambda: not robot.lacking(wanted), f"all of {sorted(wanted)}")

    def test_sentence_becomes_a_motion(self):
        robot.send_off()


@launch_testing.post_shutdown_test()
class AfterItsEnd(unittest.TestCase):
    @classmethod
    def tearDownClass(cls):
        robot.close()

    def test_last_command_is_zero(self):
        assert robot.stands(), robot.commands[-3:]
