# SPDX-License-Identifier: Apache-2.0
"""Records observations from the simulator: to calibrate backends on, and to compare them with."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np

from vla_policy.action import ActionSpec
from vla_policy.observation import Observation
from vla_sim.room import generate_room
from vla_sim.simulation import Simulation
from vla_train.drivers import PUSH_CHANCE, ExpertDriver, PushedDriver
from vla_train.rollout import LATENCY_S, Episode
from vla_train.scenario import draw_scenario

EPISODES_PER_ROOM = 3


def record_observations(
    count: int, spec: ActionSpec, split: str, seed: int = 0
) -> Iterator[Observation]:
    """`count` observations of the expert's drives, room after room from `seed` on.

    The expert is pushed now and then, as in training, so that there are views from off the way.
    """
    room = seed
    while count > 0:
        for observation in _drive(room, spec, split):
            yield observation
            count -= 1
            if count == 0:
                return
        room += 1


def _drive(number: int, spec: ActionSpec, split: str) -> Iterator[Observation]:
    """The observations of some episodes in one room."""
    rng = np.random.default_rng([zlib.crc32(b"recording"), number])
    simulation = Simulation(generate_room(number, split))
    try:
        for _ in range(EPISODES_PER_ROOM):
            driver = PushedDriver(ExpertDriver(), rng, PUSH_CHANCE)
            scenario = draw_scenario(rng, simulation.room)
            for frame in Episode(simulation, scenario, spec, LATENCY_S).drive(driver):
                yield frame.observation
    finally:
        simulation.close()
