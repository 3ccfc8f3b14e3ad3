# SPDX-License-Identifier: Apache-2.0
"""Drives one episode in the simulator, without ROS and as fast as it goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vla_policy.action import ActionSpec
from vla_policy.observation import Observation
from vla_sim.outcome import Judge, Outcome
from vla_sim.simulation import Simulation
from vla_train.drivers import Driver
from vla_train.lesson import View
from vla_train.reaction import Reaction
from vla_train.scenario import Scenario
from vla_train.world import World

LATENCY_S = 0.06
"""Image stamp to wheels in the running stack, about; training varies it."""


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
        history: number of images in an observation; each look adds one.
    """

    def __init__(
        self,
        simulation: Simulation,
        scenario: Scenario,
        spec: ActionSpec,
        latency_s: float,
        history: int = 1,
    ) -> None:
        self._world = World(simulation, scenario, history)
        self._spec = spec
        self._chunks = Reaction(spec.dt, latency_s)

    @property
    def time_s(self) -> float:
        """How long the episode has gone on [s]."""
        return self._world.time_s

    @property
    def judge(self) -> Judge:
        """Who judges it."""
        return self._world.judge

    def drive(self, driver: Driver) -> Iterator[Frame]:
        """Run to the end, one frame a step."""
        outcome: Outcome | None = None
        world, simulation = self._world, self._world.simulation
        while outcome is None:
            observation = world.look()
            view = View(simulation.room, simulation.pose, simulation.camera)
            self._chunks.take(driver(observation, view), simulation.time)
            world.run_until(simulation.time + self._spec.dt, self._chunks.action)
            outcome = world.outcome()
            yield Frame(observation, view, outcome)
