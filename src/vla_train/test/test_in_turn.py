# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import contextlib

import numpy as np
import pytest

from vla_sim.outcome import GOAL_GAP_M, gap_to
from vla_sim.simulation import Simulation
from vla_sim.task import parse_task
from vla_train.drivers import ExpertDriver
from vla_train.in_turn import drive_in_turn


@pytest.fixture
def simulation(room):
    """The tiny room, without a camera: its drivers look at the truth."""
    with contextlib.closing(Simulation(room, render=False)) as simulation:
        yield simulation


class Speed:
    """Drives at one speed whatever it sees, and takes down where it began."""

    def __init__(self, linear, angular, horizon):
        self._actions = np.tile(np.array([linear, angular], np.float32), (horizon, 1))
        self.starts = []
        self.images = []

    def __call__(self, observation, view):
        if not observation.state.any():
            self.starts.append(view.pose)
        self.images.append(len(observation.images))
        return self._actions


def tasks_of(room, *sentences):
    return tuple(parse_task(sentence, room) for sentence in sentences)


def test_an_expert_does_one_task_after_the_other(simulation, spec):
    room = simulation.room
    tasks = tasks_of(room, "turn around", "go to the red ball", "turn left")
    rng = np.random.default_rng(0)
    verdicts = list(
        drive_in_turn(simulation, tasks, lambda task: ExpertDriver(task, spec, rng, 0.06), spec)
    )
    assert [verdict.instruction for verdict in verdicts] == [task.instruction for task in tasks]
    assert [verdict.reason for verdict in verdicts] == ["stands in the goal region"] * 3
    assert all(verdict.success for verdict in verdicts)
    assert all(0.0 < verdict.time_s < 45.0 for verdict in verdicts)
    assert gap_to(simulation.pose, room.objects[0]) <= GOAL_GAP_M


def test_a_task_begins_where_the_last_one_has_left_the_robot_at_rest(simulation, spec):
    room = simulation.room
    driver = Speed(-0.5, 0.0, spec.horizon)  # backs into the wall, again and again
    tasks = tasks_of(room, "go to the red ball", "go to the red ball")
    turns = drive_in_turn(simulation, tasks, lambda task: driver, spec)
    first = next(turns)
    left = simulation.pose
    next(turns)
    assert not first.success
    assert first.reason == "collided with a wall"
    assert driver.starts[0] == room.start
    assert driver.starts[-1].distance_to(left.x, left.y) < 0.2
    assert driver.starts[-1].distance_to(room.start.x, room.start.y) > 2.0


def test_after_a_task_the_robot_stands(simulation, spec):
    driver = Speed(0.0, 1.0, spec.horizon)  # turns until the time is over
    tasks = tasks_of(simulation.room, "turn left")
    (verdict,) = drive_in_turn(simulation, tasks, lambda task: driver, spec)
    assert (verdict.success, verdict.reason) == (False, "not there after 20 s")
    assert verdict.time_s == pytest.approx(20.0, abs=0.3)
    assert simulation.speed == pytest.approx((0.0, 0.0), abs=0.01)


def test_a_driver_is_asked_for_when_its_task_begins(simulation, spec):
    asked = []
    tasks = tasks_of(simulation.room, "turn left", "turn right")

    def driver_of(task):
        asked.append(task)
        return Speed(0.0, 0.0, spec.horizon)

    turns = drive_in_turn(simulation, tasks, driver_of, spec)
    assert asked == []
    next(turns)
    assert asked == [tasks[0]]
    assert len(list(turns)) == 1
    assert asked == list(tasks)
