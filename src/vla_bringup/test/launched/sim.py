# SPDX-License-Identifier: Apache-2.0
"""sim.launch.py: a sentence becomes a motion, also after the policy was killed."""

from __future__ import annotations

import unittest

import launch_testing
from launch_testing.asserts import assertExitCodes
from observer import OURS, SENSORS, Observer, described, processes, until


def generate_test_description():
    global robot
    robot = Observer()
    return described(("sim", {"seed": "4", "metrics_port": "0"}))


class WhileItRuns(unittest.TestCase):
    def test_topics_have_the_types_of_the_table(self):
        wanted = {**OURS, **SENSORS, "cmd_vel": "geometry_msgs/msg/Twist"}
        until(lambda: not robot.lacking(wanted), f"all of {sorted(wanted)}")

    def test_robot_stands_still_until_it_is_told_to_drive_and_then_drives(self):
        until(robot.stands, "a zero command")
        robot.send_off()

    def test_killed_policy_is_started_again_while_the_gate_stops_the_robot(self):
        robot.send_off()
        (gate,), (policy,) = processes("vla_safety"), processes("vla_node")
        policy.kill()
        until(robot.stands, "a stop")
        until(lambda: processes("vla_node") not in ([], [policy]), "the next policy")
        assert processes("vla_safety") == [gate]
        assert robot.stands(), "a restarted policy waits for a sentence"
        robot.send_off()


@launch_testing.post_shutdown_test()
class AfterItsEnd(unittest.TestCase):
    @classmethod
    def tearDownClass(cls):
        robot.close()

    def test_last_command_is_zero(self):
        assert robot.stands(), robot.commands[-3:]

    def test_nothing_is_left_running(self):
        assert not [name for name in ("vla_sim", "vla_safety", "vla_node") if processes(name)]

    def test_everybody_ended_in_peace(self, proc_info):
        killed = -9
        assertExitCodes(proc_info, allowable_exit_codes=[0, killed])
