# SPDX-License-Identifier: Apache-2.0
"""policy.launch.py and monitoring.launch.py by themselves: a killed monitor is started again."""

from __future__ import annotations

import unittest

import launch_testing
from observer import OURS, Observer, described, processes, until


def generate_test_description():
    global robot
    robot = Observer()
    return described(("policy", {}), ("monitoring", {"metrics_port": "0"}))


class WhileTheyRun(unittest.TestCase):
    def test_topics_have_the_types_of_the_table(self):
        until(lambda: not robot.lacking(OURS), f"all of {sorted(OURS)}")
        until(robot.stands, "a zero command")

    def test_killed_monitor_is_started_again(self):
        until(lambda: processes("vla_monitor"), "the monitor")
        (first,) = processes("vla_monitor")
        first.kill()
        until(lambda: processes("vla_monitor") not in ([], [first]), "the next monitor")


@launch_testing.post_shutdown_test()
class AfterTheirEnd(unittest.TestCase):
    @classmethod
    def tearDownClass(cls):
        robot.close()

    def test_last_command_is_zero(self):
        assert robot.stands(), robot.commands[-3:]
