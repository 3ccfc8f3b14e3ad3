# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import settings

from vla_policy.action import ActionChunk, ActionSpec

# Time says nothing about a property on a machine that is shared.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

SPEC = ActionSpec(("linear.x", "angular.z"), (-0.6, -1.5), (0.6, 1.5), dt=0.1, horizon=8)


class FakePolicy:
    """A policy whose answers and failures the test decides."""

    def __init__(self, spec=SPEC, history=1):
        self.name, self.spec, self.history = "fake", spec, history
        self.action = (0.3, 0.2)
        self.error = None
        self.prepared = []
        self.observations = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    def prepare(self, instruction):
        self.prepared.append(instruction)

    def act(self, observation):
        self.observations.append(observation)
        self.may_answer.wait(5.0)
        if self.error is not None:
            raise self.error
        actions = np.tile(np.float32(self.action), (self.spec.horizon, 1))
        return ActionChunk(actions, observation.stamp, self.spec)


def build_chunk(stamp=0, actions=None, spec=SPEC):
    """A chunk whose action i is (0.01 * i, -0.01 * i), unless others are given."""
    if actions is None:
        actions = np.arange(spec.horizon)[:, None] * np.float32([[0.01, -0.01]])
    return ActionChunk(np.asarray(actions, dtype=np.float32), stamp, spec)


@pytest.fixture(scope="session")
def spec():
    return SPEC


@pytest.fixture(scope="session")
def make_policy():
    return FakePolicy


@pytest.fixture(scope="session")
def make_chunk():
    return build_chunk
