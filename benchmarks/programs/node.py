# SPDX-License-Identifier: Apache-2.0
"""`vla_node` with a policy that a benchmark chooses, by environment variables.

VLA_BENCH_POLICY  a checkpoint; or ``instant``: everything of a policy but its network
VLA_BENCH_DELAY_MS  each inference takes so much longer
VLA_BENCH_TIMES  a file that is to hold, by stamp, how long the network took [ms]
VLA_BENCH_HISTORY, VLA_BENCH_HORIZON, VLA_BENCH_CAMERAS  shape of the instant policy
"""

from __future__ import annotations

import atexit
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.foreign.network import StopwatchBackend
from vla_node.node import main as run
from vla_policy.action import ActionChunk, ActionSpec
from vla_policy.backends.backend import ACTIONS, MODE, MORE, SPOT, Arrays, Options, Outputs
from vla_policy.backends.registry import open_backend
from vla_policy.checkpoint import find_checkpoint, policy_on
from vla_policy.memory import MODES
from vla_policy.model_policy import ModelPolicy
from vla_policy.models.config import EndToEndConfig
from vla_policy.observation import Observation
from vla_policy.policy import Policy
from vla_policy.wrappers.wrapper import PolicyWrapper

INSTANT = "instant"
DT_S = 0.1


class NoNetwork:
    """Answers at once, always the same."""

    name = "none"

    def __init__(self, horizon: int, action_dim: int) -> None:
        self._actions = np.full((1, horizon, action_dim), 0.25, dtype=np.float32)
        self._nothing = {
            MODE: np.zeros((1, len(MODES)), dtype=np.float32),
            SPOT: np.zeros((1, 2), dtype=np.float32),
            MORE: np.zeros(1, dtype=np.float32),
        }

    def run(self, inputs: Arrays) -> Outputs:
        """The same actions whatever the inputs."""
        return {ACTIONS: self._actions.copy(), **self._nothing}


class DelayedPolicy(PolicyWrapper):
    """Another policy that takes longer, without taking the processor."""

    def __init__(self, policy: Policy, delay_s: float) -> None:
        super().__init__(policy)
        self._delay_s = delay_s

    def act(self, observation: Observation) -> ActionChunk:
        """The other policy's chunk, later."""
        time.sleep(self._delay_s)
        return self._policy.act(observation)


class TimesKept(PolicyWrapper):
    """Another policy; how long its network took is written to a file as the process ends."""

    def __init__(self, policy: Policy, watch: StopwatchBackend, file: Path) -> None:
        super().__init__(policy)
        self._watch = watch
        self._times_ms: dict[int, float] = {}
        atexit.register(lambda: file.write_text(json.dumps(self._times_ms)))

    def act(self, observation: Observation) -> ActionChunk:
        """The other policy's chunk."""
        chunk = self._policy.act(observation)
        self._times_ms[observation.stamp] = self._watch.last_ms
        return chunk


class LookingPolicy(PolicyWrapper):
    """Another policy that also resizes what further cameras see, as one with a network would."""

    def __init__(self, policy: Policy, further: int) -> None:
        super().__init__(policy)
        self.further_cameras = tuple(f"camera_{number}" for number in range(1, further + 1))

    def act(self, observation: Observation) -> ActionChunk:
        """The other policy's chunk, after as many looks as there are cameras."""
        for images in observation.further_images.values():
            self._policy.act(
                Observation(images, observation.instruction, observation.stamp, observation.state)
            )
        return self._policy.act(observation)


def instant_policy(history: int, horizon: int) -> Policy:
    """A policy of the shipped one's sizes without a network."""
    sizes = EndToEndConfig(history=history, horizon=horizon)
    spec = ActionSpec(("linear.x", "angular.z"), (-0.6, -1.5), (0.6, 1.5), DT_S, horizon)
    return ModelPolicy(INSTANT, NoNetwork(horizon, spec.action_dim), sizes, spec)


def chosen_policy(name: str, device: str, threads: int | None, backend: str) -> Policy:
    """The policy that the environment asks for; the node's own parameters choose the backend."""
    source = os.environ.get("VLA_BENCH_POLICY", INSTANT)
    if source == INSTANT:
        policy = instant_policy(_number("HISTORY", 1), _number("HORIZON", 8))
    else:
        directory = find_checkpoint(source)
        watch = StopwatchBackend(open_backend(backend, directory, Options(device, threads)))
        policy = policy_on(watch, directory)
        times = os.environ.get("VLA_BENCH_TIMES")
        if times:
            policy = TimesKept(policy, watch, Path(times))
    further = _number("CAMERAS", 1) - 1
    if further:
        policy = LookingPolicy(policy, further)
    delay_ms = _number("DELAY_MS", 0)
    return DelayedPolicy(policy, delay_ms * 1e-3) if delay_ms else policy


def _number(name: str, default: int) -> int:
    return int(os.environ.get(f"VLA_BENCH_{name}", default))


if __name__ == "__main__":
    sys.exit(run(sys.argv, chosen_policy))
