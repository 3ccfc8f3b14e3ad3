# SPDX-License-Identifier: Apache-2.0
"""Drives one episode in the simulator, without ROS and as fast as it goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vla_policy.action import ActionSpec
from vla_policy.observation import Observation
from vla_policy.pose import PoseTracker
from vla_sim.goal import Follow
from vla_sim.outcome import Judge, Outcome
from vla_sim.room import Solid
from vla_sim.simulation import SLICE_S, Simulation
from vla_sim.walk import Walk
from vla_train.drivers import Driver
from vla_train.lesson import View
from vla_train.reaction import Reaction
from vla_train.scenario import Scenario

LATENCY_S = 0.06
"""Image stamp to wheels in the running stack, about; training varies it."""


_NOTHING = np.zeros((1, 1, 1, 3), dtype=np.uint8)
"""Image of a simulation without a camera: for drivers that do not look."""


@dataclass(frozen=True)
class Frame:
    """One instant of an episode.

    Attributes:
        observation: what the policy sees; the image at the camera's size.
        view: the truth.
        outcome: how the episode ended, in its last frame.
    """

    observation: Observation
    view: View
    outcome: Outcome | None


class Episode:
    """One scenario in a simulation of its room.

    Args:
        latency_s: from an image to when the actions that it led to begin to be driven. Actions
            are driven at the time that they are meant for: those that are late are left out.
    """

    def __init__(
        self, simulation: Simulation, scenario: Scenario, spec: ActionSpec, latency_s: float
    ) -> None:
        _restore(simulation, scenario)
        self.judge = Judge(scenario.task, scenario.room, scenario.start)
        self.start_s = simulation.time
        self._simulation = simulation
        self._scenario = scenario
        self._spec = spec
        self._chunks = Reaction(spec.dt, latency_s)
        self._tracker = PoseTracker()
        self._walk = self._make_walk()
        simulation.teleport(scenario.start)

    @property
    def time_s(self) -> float:
        """How long the episode has gone on [s]."""
        return self._simulation.time - self.start_s

    def drive(self, driver: Driver) -> Iterator[Frame]:
        """Run to the end, one frame a step."""
        outcome: Outcome | None = None
        simulation = self._simulation
        while outcome is None:
            observation = self._look()
            view = View(simulation.room, simulation.pose, simulation.camera)
            self._chunks.take(driver(observation, view), simulation.time)
            outcome = self._step()
            yield Frame(observation, view, outcome)

    def _look(self) -> Observation:
        simulation = self._simulation
        odometry = simulation.odometry
        self._tracker.observe(odometry.x, odometry.y, odometry.yaw)
        return Observation(
            images=simulation.render()[None] if simulation.renders else _NOTHING,
            instruction=self._scenario.task.instruction,
            stamp=round(simulation.time * 1e9),
            state=self._tracker.state(),
        )

    def _step(self) -> Outcome | None:
        """Simulate until the next look; the outcome if the episode ended."""
        simulation = self._simulation
        until_s = simulation.time + self._spec.dt - SLICE_S / 2
        while simulation.time < until_s:
            simulation.command(*self._chunks.action(simulation.time))
            simulation.step(SLICE_S)
            self._roll()
        return self.judge.update(
            simulation.time,
            simulation.pose,
            simulation.speed,
            simulation.collisions,
            simulation.room,
        )

    def _make_walk(self) -> Walk | None:
        goal = self._scenario.task.goals[0]
        if not isinstance(goal, Follow):
            return None
        rng = np.random.default_rng(self._scenario.seed)
        return Walk(rng, self._scenario.room, goal.target)

    def _roll(self) -> None:
        """What moves in the room moves on."""
        if self._walk is not None:
            simulation, walk = self._simulation, self._walk
            moved = simulation.move(walk.ball, *walk.step(SLICE_S, simulation.pose))
            walk.rolled(moved, simulation.room)


def _restore(simulation: Simulation, scenario: Scenario) -> None:
    """Put back what rolled about in an earlier episode."""
    pairs: list[tuple[Solid, Solid]] = list(
        zip(simulation.room.objects, scenario.room.objects, strict=True)
    )
    for now, then in pairs:
        if now != then:
            simulation.move(now, then.x, then.y)
