# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from vla_node.motion import MotionEstimate, PoseSource

MS = 1_000_000


def test_own_commands_are_integrated_where_there_is_no_odometry():
    motion = MotionEstimate()
    for _ in range(10):
        motion.advance(0.5, 0.0, 0.1, 0)
    assert motion.source is PoseSource.COMMANDS
    assert motion.state() == pytest.approx([0.5, 0.0, 0.0])


def test_odometry_replaces_own_commands():
    motion = MotionEstimate()
    motion.observe(3.0, 1.0, 0.0, 0)
    motion.advance(9.0, 9.0, 0.1, 100 * MS)
    motion.observe(3.2, 1.0, 0.1, 100 * MS)
    assert motion.source is PoseSource.ODOMETRY
    assert motion.state() == pytest.approx([0.2, 0.0, 0.1])


def test_new_task_begins_at_the_origin():
    motion = MotionEstimate()
    motion.observe(0.0, 0.0, 0.0, 0)
    motion.observe(2.0, 0.0, 1.0, 0)
    motion.restart()
    assert motion.state() == pytest.approx([0.0, 0.0, 0.0])


def test_commands_take_over_from_silent_odometry_until_the_task_ends():
    motion = MotionEstimate()
    motion.observe(0.0, 0.0, 0.0, 0)
    motion.advance(0.5, 0.0, 0.1, 1_100 * MS)
    assert motion.source is PoseSource.COMMANDS
    motion.observe(7.0, 0.0, 0.0, 1_200 * MS)
    assert motion.state() == pytest.approx([0.05, 0.0, 0.0])

    motion.restart()
    motion.observe(7.0, 0.0, 0.0, 1_300 * MS)
    motion.observe(7.1, 0.0, 0.0, 1_350 * MS)
    assert motion.source is PoseSource.ODOMETRY
    assert motion.state() == pytest.approx([0.1, 0.0, 0.0])


def test_odometry_that_is_not_finite_is_refused():
    motion = MotionEstimate()
    with pytest.raises(ValueError, match="finite"):
        motion.observe(float("nan"), 0.0, 0.0, 0)
    assert motion.source is PoseSource.COMMANDS
