# SPDX-License-Identifier: Apache-2.0
"""Drives one episode in the simulator, without ROS and as fast as it goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from vla_policy.action import ActionSpec
from vla_policy.observation import Observation
from vla_policy.pose import PoseTracker
from vla_sim.geometry import Pose
from vla_sim.outcome import Judge, Outcome
from vla_sim.simulation import Simulation
from vla_train.expert import Expert, Relative
from vla_train.scenario import Scenario
from vla_train.visibility import seen_at

LATENCY_S = 0.06
"""Image stamp to wheels in the running stack, about; training varies it."""


class Driver(Protocol):
    """Whoever drives: a policy, the expert, or a mixture."""

    def __call__(
        self, observation: Observation, label: npt.NDArray[np.float32]
    ) -> tuple[float, float]:
        """Speeds (m/s, rad/s) for the next step; `label` is the expert's chunk."""
        ...


@dataclass(frozen=True)
class Frame:
    """One instant of an episode, and what the expert would do in it.

    Attributes:
        observation: what the policy sees; the image at the camera's size.
        pose: true pose in the room.
        label: the expert's next actions ``[horizon, 2]`` in m/s and rad/s.
        pixel: where in the image the named thing is seen, if it is.
        outcome: how the episode ended, in its last frame.
    """

    observation: Observation
    pose: Pose
    label: npt.NDArray[np.float32]
    pixel: tuple[float, float] | None
    outcome: Outcome | None


class Episode:
    """One scenario in a simulation whose room is the scenario's."""

    def __init__(
        self, simulation: Simulation, scenario: Scenario, spec: ActionSpec, latency_s: float
    ) -> None:
        self.judge = Judge(scenario.task, scenario.room, scenario.start)
        self.start_s = simulation.time
        self._simulation = simulation
        self._scenario = scenario
        self._spec = spec
        self._latency_s = latency_s
        self._expert = Expert(scenario.task, scenario.room)
        self._tracker = PoseTracker()
        simulation.teleport(scenario.start)

    @property
    def time_s(self) -> float:
        """How long the episode has gone on [s]."""
        return self._simulation.time - self.start_s

    def drive(self, driver: Driver) -> Iterator[Frame]:
        """Run to the end, one frame a step."""
        outcome: Outcome | None = None
        while outcome is None:
            observation, pixel = self._look()
            pose = self._simulation.pose
            label = self._expert.chunk(
                pose,
                Relative.from_state(observation.state),
                pixel is not None,
                self._spec,
            )
            outcome = self._step(driver(observation, label))
            yield Frame(observation, pose, label, pixel, outcome)

    def _look(self) -> tuple[Observation, tuple[float, float] | None]:
        simulation, task = self._simulation, self._scenario.task
        odometry = simulation.odometry
        self._tracker.observe(odometry.x, odometry.y, odometry.yaw)
        observation = Observation(
            images=simulation.render()[None],
            instruction=task.instruction,
            stamp=round(simulation.time * 1e9),
            state=self._tracker.state(),
        )
        if task.target is None:
            return observation, None
        return observation, seen_at(simulation.pose, task.target, self._scenario.room)

    def _step(self, command: tuple[float, float]) -> Outcome | None:
        simulation = self._simulation
        simulation.step(self._latency_s)
        simulation.command(*command)
        simulation.step(self._spec.dt - self._latency_s)
        return self.judge.update(
            simulation.time, simulation.pose, simulation.speed, simulation.collisions
        )
