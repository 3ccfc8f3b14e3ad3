# SPDX-License-Identifier: Apache-2.0
"""What a policy sees on the expert's drives: to calibrate backends on, and to compare them."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator

import numpy as np

from vla_policy.action import ActionSpec
from vla_policy.observation import Observation
from vla_sim.room import generate_room
from vla_sim.simulation import Simulation
from vla_train.benchmark import Split
from vla_train.drivers import PUSH_CHANCE, ExpertDriver, PushedDriver
from vla_train.rollout import LATENCY_S, Episode
from vla_train.scenario import draw_scenario

EPISODES_PER_ROOM = 3
CHUNK_S = 0.8


def observe_drives(
    count: int, dt: float, split: Split, seed: int = 0, history: int = 1
) -> Iterator[list[Observation]]:
    """`count` observations in all, those of each drive together, room after room from `seed` on.

    The expert is pushed now and then, as in training, so that there are views from off the way.
    It drives the simulator's robot, whatever the policy that will see this can command.

    Args:
        dt: from one observation of a drive to the next [s].
        history: each holds so many images, its own and those before.
    """
    horizon = max(1, round(CHUNK_S / dt))
    spec = ActionSpec(("linear.x", "angular.z"), (-0.6, -1.5), (0.6, 1.5), dt, horizon)
    left = count
    for room in itertools.count(seed):
        for drive in _drives(room, spec, split, history):
            seen = list(itertools.islice(drive, left))
            yield seen
            left -= len(seen)
            if left == 0:
                return


def _drives(
    number: int, spec: ActionSpec, split: Split, history: int
) -> Iterator[Iterator[Observation]]:
    """Some episodes in one room."""
    rng = np.random.default_rng([zlib.crc32(b"observing"), number])
    room, book = generate_room(number, split.rooms), split.phrasebook()
    simulation = Simulation(room)
    try:
        for _ in range(EPISODES_PER_ROOM):
            scenario = draw_scenario(rng, room, book, preferred=split.preferred)
            expert = ExpertDriver(scenario.task, spec, rng, LATENCY_S)
            episode = Episode(simulation, scenario, spec, LATENCY_S, history)
            frames = episode.drive(PushedDriver(expert, rng, PUSH_CHANCE))
            yield (frame.observation for frame in frames)
    finally:
        simulation.close()
