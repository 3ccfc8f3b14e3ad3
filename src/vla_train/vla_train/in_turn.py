# SPDX-License-Identifier: Apache-2.0
"""Tasks that follow one another in one room, driven without ROS.

Each begins where the one before it has left the robot, as they do on a robot that is talked to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from vla_policy.action import ActionSpec
from vla_sim.outcome import Outcome
from vla_sim.simulation import Simulation
from vla_sim.task import Task
from vla_train.agreement import Verdict
from vla_train.drivers import Driver
from vla_train.rollout import LATENCY_S, Episode
from vla_train.scenario import Scenario

REST_S = 2.0
"""How long the robot is told to stand between two tasks; from full speed it stops in 0.4 s."""


def drive_in_turn(
    simulation: Simulation,
    tasks: Iterable[Task],
    driver_of: Callable[[Task], Driver],
    spec: ActionSpec,
    latency_s: float = LATENCY_S,
    history: int = 1,
) -> Iterator[Verdict]:
    """Drive one task after the other, the first one from the room's start; a verdict on each.

    Args:
        driver_of: who drives a task; asked when the task begins.
        spec: of the actions that a driver gives.
        latency_s, history: see `Episode`.
    """
    start = simulation.room.start
    for task in tasks:
        scenario = Scenario(simulation.room, start, task)
        episode = Episode(simulation, scenario, spec, latency_s, history)
        outcome = _outcome(episode, driver_of(task))
        time_s = round(episode.time_s, 2)
        yield Verdict(task.instruction, outcome.success, outcome.reason, time_s)
        simulation.command(0.0, 0.0)
        simulation.step(REST_S)
        start = simulation.pose


def _outcome(episode: Episode, driver: Driver) -> Outcome:
    outcome = None
    for frame in episode.drive(driver):
        outcome = frame.outcome
    assert outcome is not None, "an episode goes on until it is judged"
    return outcome
