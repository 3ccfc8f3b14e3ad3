# SPDX-License-Identifier: Apache-2.0
"""sim.launch.py twice, in two namespaces: each robot does what it alone is told."""

from __future__ import annotations

import unittest

import launch_testing
from observer import Observer, described, until


def generate_test_description():
    global left, right
    left, right = Observer(namespace="left"), Observer(namespace="right")
    return described(
        ("sim", {"namespace": "left", "seed": "4", "metrics_port": "0"}),
        ("sim", {"namespace": "right", "seed": "5", "metrics_port": "0"}),
    )


class WhileTheyRun(unittest.TestCase):
    def test_one_drives_while_the_other_stands_and_then_both_drive(self):
        until(left.stands, "the left gate")
        until(right.stands, "the right gate")
        left.send_off()
        assert set(right.commands) == {(0.0, 0.0)}
        right.send_off()
        assert left.room["seed"] != right.room["seed"]


@launch_testing.post_shutdown_test()
class AfterTheirEnd(unittest.TestCase):
    @classmethod
    def tearDownClass(cls):
        left.close()
        right.close()

    def test_last_commands_are_zero(self):
        assert left.stands() and right.stands()
