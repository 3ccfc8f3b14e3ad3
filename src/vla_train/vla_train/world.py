# SPDX-License-Identifier: Apache-2.0
"""A scenario in a simulation of its room: what the robot sees, what rolls about, who judges."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from vla_policy.observation import Observation
from vla_policy.pose import PoseTracker
from vla_sim.goal import Follow
from vla_sim.outcome import Judge, Outcome
from vla_sim.room import Solid
from vla_sim.simulation import SLICE_S, Simulation
from vla_sim.walk import Walk
from vla_train.scenario import Scenario

_NOTHING = np.zeros((1, 1, 1, 3), dtype=np.uint8)
"""Image of a simulation without a camera: for drivers that do not look."""

SpeedAt = Callable[[float], tuple[float, float]]
"""What is driven at a time of the simulation: m/s, rad/s."""


class World:
    """The robot stands at the scenario's start, and everything where the scenario has it.

    Args:
        history: number of images in an observation.
    """

    def __init__(self, simulation: Simulation, scenario: Scenario, history: int = 1) -> None:
        _restore(simulation, scenario)
        self.simulation = simulation
        self.judge = Judge(scenario.task, scenario.room, scenario.start)
        self._start_s = simulation.time
        self._scenario = scenario
        self._tracker = PoseTracker()
        self._walk = _walk_of(scenario)
        self._images: deque[npt.NDArray[np.uint8]] = deque(maxlen=history)
        simulation.teleport(scenario.start)

    @property
    def time_s(self) -> float:
        """How long the episode has gone on [s]."""
        return self.simulation.time - self._start_s

    def look(self) -> Observation:
        """What a policy sees now; the image at the camera's size."""
        simulation = self.simulation
        odometry = simulation.odometry
        self._tracker.observe(odometry.x, odometry.y, odometry.yaw)
        return Observation(
            images=self._seen() if simulation.renders else _NOTHING,
            instruction=self._scenario.task.instruction,
            stamp=round(simulation.time * 1e9),
            state=self._tracker.state(),
        )

    def _seen(self) -> npt.NDArray[np.uint8]:
        """The last images; before the first one, copies of it."""
        image, images = self.simulation.render(), self._images
        images.extend([image] * (1 if images else images.maxlen or 1))
        return np.stack(images)

    def run_until(self, time_s: float, speed_at: SpeedAt | None = None) -> None:
        """Simulate until that time of the simulation; without `speed_at` by the last command."""
        simulation = self.simulation
        while simulation.time < time_s - SLICE_S / 2:
            if speed_at is not None:
                simulation.command(*speed_at(simulation.time))
            simulation.step(SLICE_S)
            self._roll()

    def outcome(self) -> Outcome | None:
        """How the episode ended, if it did."""
        simulation = self.simulation
        return self.judge.update(
            simulation.time,
            simulation.pose,
            simulation.speed,
            simulation.collisions,
            simulation.room,
        )

    def _roll(self) -> None:
        """What moves in the room moves on."""
        if self._walk is not None:
            simulation, walk = self.simulation, self._walk
            moved = simulation.move(walk.ball, *walk.step(SLICE_S, simulation.pose))
            walk.rolled(moved, simulation.room)


def _walk_of(scenario: Scenario) -> Walk | None:
    goal = scenario.task.goals[0]
    if not isinstance(goal, Follow):
        return None
    return Walk(np.random.default_rng(scenario.seed), scenario.room, goal.target)


def _restore(simulation: Simulation, scenario: Scenario) -> None:
    """Put back what rolled about in an earlier episode."""
    pairs: list[tuple[Solid, Solid]] = list(
        zip(simulation.room.objects, scenario.room.objects, strict=True)
    )
    for now, then in pairs:
        if now != then:
            simulation.move(now, then.x, then.y)
