# SPDX-License-Identifier: Apache-2.0
"""Real-time chunking on flows whose exact solution is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from vla_policy.action import ActionSpec
from vla_policy.backends.backend import Options
from vla_policy.backends.deployment import Deployment
from vla_policy.backends.registry import open_backend
from vla_policy.backends.torch_eager import EagerBackend
from vla_policy.checkpoint import CheckpointConfig, load_policy, save_checkpoint
from vla_policy.model_policy import ModelPolicy
from vla_policy.models.config import EndToEndConfig
from vla_policy.models.continuing import ContinuingDecoder, continue_flow
from vla_policy.models.decoder import DECODERS, FlowDecoder
from vla_policy.models.end_to_end import EndToEndVLA
from vla_policy.observation import Observation
from vla_policy.plan import Plan
from vla_policy.policy import obstacle_to_continuing
from vla_policy.wrappers.chunked import ChunkedPolicy
from vla_policy.wrappers.timed import TimedPolicy

HORIZON = 8
STEPS = 10
SPEC = ActionSpec(("linear.x", "angular.z"), (-1.0, -1.0), (1.0, 1.0), 0.1, HORIZON)
SIZES = EndToEndConfig(
    decoder="regression",
    image_height=32,
    image_width=40,
    horizon=HORIZON,
    vision_channels=8,
    fusion_dim=16,
)


def two_ways(x, time):
    """The exact flow from noise to ``+way`` or ``-way``, either as likely as the other.

    With x_t = (1 - t) noise + t a and a = s way, the posterior mean of s is
    tanh(t (way . x_t) / (1 - t)^2), and the velocity is (E[a | x_t] - x_t) / (1 - t).
    """
    way = torch.linspace(0.3, 0.9, HORIZON)
    rest = 1 - time[:, None]
    side = torch.tanh(time[:, None] * (x * way).sum(1, keepdim=True) / rest**2)
    return (side * way - x) / rest


def gaussian(covariance):
    """The exact flow from noise to a normal distribution of mean 0, whose dimensions know each
    other."""

    def flow(x, time):
        t = time[0]
        unit = torch.eye(len(covariance))
        mixed = (1 - t) ** 2 * unit + t**2 * covariance  # covariance of x_t
        mean = x @ torch.linalg.solve(mixed, t * covariance)  # E[a | x_t]
        return (mean - x) / (1 - t)

    return flow


def lead(flow, start, plan, weights):
    shape = (1, HORIZON, 1)
    return continue_flow(flow, start, STEPS, plan.view(shape), weights[None]).flatten()


def mask(frozen, known):
    actions = np.zeros((HORIZON, 1), dtype=np.float32)
    return torch.from_numpy(Plan(actions, frozen, known).weights())


WAY = torch.linspace(0.3, 0.9, HORIZON)


def test_without_anything_to_hold_the_flow_goes_its_own_way():
    torch.manual_seed(0)
    start = torch.randn(1, HORIZON)
    x = start
    for step in range(STEPS):
        x = x + two_ways(x, torch.full((1,), step / STEPS)) / STEPS
    led = lead(two_ways, start, torch.zeros(HORIZON), torch.zeros(HORIZON))
    assert torch.allclose(led, x[0], atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_a_chunk_stays_with_the_way_that_is_being_driven(seed):
    """Left or right around a pillar: noise decides, unless one of them has begun."""
    torch.manual_seed(seed)
    noise = 0.3 * torch.randn(1, HORIZON)  # more of it would have decided already
    left = noise * torch.sign((noise * WAY).sum())  # leads to +way by itself
    free = lead(two_ways, left, torch.zeros(HORIZON), torch.zeros(HORIZON))
    assert torch.allclose(free, WAY, atol=0.1)
    held = lead(two_ways, left, -WAY, mask(frozen=3, known=6))
    assert torch.allclose(held, -WAY, atol=0.1), "what the plan leaves open follows too"


def test_what_is_open_moves_with_what_is_held():
    """For normal distributions the best answer is known: the conditional mean."""
    steps = torch.arange(HORIZON)
    covariance = 0.2 * torch.exp(-(steps[:, None] - steps).abs() / 4.0)
    frozen = 3
    plan = torch.zeros(HORIZON)
    plan[:frozen] = torch.tensor([0.5, 0.55, 0.6])
    wanted = covariance[frozen:, :frozen] @ torch.linalg.solve(
        covariance[:frozen, :frozen], plan[:frozen]
    )
    start = torch.zeros(1, HORIZON)
    free = lead(gaussian(covariance), start, plan, torch.zeros(HORIZON))
    held = lead(gaussian(covariance), start, plan, mask(frozen, frozen))
    assert free.abs().max() < 1e-6
    assert (held[:frozen] - plan[:frozen]).abs().max() < 0.15
    assert (held[frozen:] - wanted).norm() < 0.5 * wanted.norm()
    assert (held[frozen:] > 0).all()


def test_it_stays_finite_for_a_plan_that_is_far_away():
    held = lead(two_ways, torch.zeros(1, HORIZON), torch.full((HORIZON,), 50.0), mask(4, 8))
    assert torch.isfinite(held).all()


@pytest.fixture(scope="module")
def taught():
    """A flow that has learnt two ways, either as likely as the other."""
    torch.manual_seed(0)
    decoder = FlowDecoder(4, HORIZON, 1, hidden=64)
    vectors = torch.ones(256, 4)
    sides = torch.where(torch.arange(256) % 2 == 0, 1.0, -1.0)
    ways = sides.view(-1, 1, 1) * WAY.view(1, -1, 1)
    optimizer = torch.optim.Adam(decoder.parameters(), lr=3e-3)
    for _ in range(500):
        optimizer.zero_grad()
        decoder.loss(vectors, ways).backward()
        optimizer.step()
    return decoder.eval()


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_learnt_flow_stays_with_the_way_that_is_being_driven(taught, side):
    plan = side * WAY.view(1, -1, 1)
    led = taught.continued(torch.ones(1, 4), plan, mask(frozen=3, known=5)[None])
    assert torch.allclose(led, plan, atol=0.2)


def test_a_learnt_flow_without_anything_to_hold_goes_its_own_way(taught):
    vectors, free = torch.randn(3, 4), torch.zeros(3, HORIZON, 1)
    led = taught.continued(vectors, free, free[..., 0])
    assert torch.allclose(led, taught(vectors), atol=1e-5)


class ToyFlow(nn.Module):
    """A decoder of two ways, whatever it is shown."""

    def __init__(self, dim=16):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, vector):
        x = self._start(vector)
        for step in range(STEPS):
            x = x + self._flow(x, x.new_full((len(x),), step / STEPS)) / STEPS
        return x.view(-1, HORIZON, 2).clamp(-1, 1)

    def continued(self, vector, plan, weights):
        start = self._start(vector)
        return continue_flow(self._flow, start, STEPS, plan, weights).clamp(-1, 1)

    def _start(self, vector):
        return vector.new_full((len(vector), HORIZON * 2), 0.1)

    def _flow(self, x, time):
        pair = x.view(-1, HORIZON, 2).transpose(1, 2).flatten(0, 1)
        velocity = two_ways(pair, time.repeat_interleave(2)) * self.scale
        return velocity.view(-1, 2, HORIZON).transpose(1, 2).flatten(1)


@pytest.fixture
def flowing():
    """A policy whose decoder is the toy flow."""
    model = EndToEndVLA(SIZES, decoder=ToyFlow()).eval()
    # Whatever it sees, nothing is done yet: else the policy stands and waits.
    nn.init.zeros_(model.sight.weight)
    nn.init.constant_(model.sight.bias, -1.0)
    return ModelPolicy("toy", EagerBackend("torch", Deployment(model), "cpu"), SIZES, SPEC)


def look(plan=None):
    images = np.zeros((1, 32, 40, 3), dtype=np.uint8)
    return Observation(images, "turn left", 7, plan=plan)


def test_a_policy_keeps_what_is_frozen_and_goes_on_from_it(flowing):
    assert obstacle_to_continuing(flowing) == ""
    way = np.stack([WAY.numpy()] * 2, axis=1)
    assert flowing.act(look()).actions == pytest.approx(way, abs=0.1)
    plan = Plan(-way, frozen=3, known=6)
    chunk = flowing.act(look(plan))
    assert np.array_equal(chunk.actions[:3], SPEC.unnormalise(SPEC.normalise(-way))[:3])
    assert chunk.actions == pytest.approx(-way, abs=0.1)
    assert flowing.act(look()).actions == pytest.approx(way, abs=0.1), "no plan, no guidance"


def test_wrappers_know_whether_the_policy_can(flowing):
    assert obstacle_to_continuing(TimedPolicy(flowing)) == ""
    assert "chunks of its own" in obstacle_to_continuing(ChunkedPolicy(flowing, 2))


def test_a_checkpoint_with_a_flow_goes_on_from_what_is_frozen(tmp_path):
    torch.manual_seed(0)
    sizes = replace(SIZES, decoder="flow")
    save_checkpoint(tmp_path / "tiny", EndToEndVLA(sizes), CheckpointConfig(sizes, SPEC))
    policy = load_policy(tmp_path / "tiny")
    assert obstacle_to_continuing(policy) == ""
    way = np.stack([WAY.numpy()] * 2, axis=1)
    free, held = policy.act(look()).actions, policy.act(look(Plan(way, 3, 6))).actions
    assert np.array_equal(held[:3], SPEC.unnormalise(SPEC.normalise(way))[:3])
    assert np.abs(held[3:6] - way[3:6]).mean() < np.abs(free[3:6] - way[3:6]).mean()


def test_decoders_that_cannot_are_refused_by_name(tmp_path):
    able = {name for name, kind in DECODERS.items() if issubclass(kind, ContinuingDecoder)}
    assert able == {"flow"}
    save_checkpoint(tmp_path / "tiny", EndToEndVLA(SIZES), CheckpointConfig(SIZES, SPEC))
    policy = load_policy(tmp_path / "tiny")
    assert "RegressionDecoder gives all actions of a chunk at once" in obstacle_to_continuing(
        policy
    )
    assert "gives all actions" in obstacle_to_continuing(TimedPolicy(policy))


def test_backends_that_cannot_are_refused_by_name():
    class Graph:
        name = "openvino"

    policy = ModelPolicy("toy", Graph(), SIZES, SPEC)
    assert "backend 'openvino' cannot lead the network" in obstacle_to_continuing(policy)


def test_a_policy_that_knows_no_plan_is_refused():
    class Other:
        name, spec, history = "other", SPEC, 1

        def prepare(self, instruction):
            pass

        def act(self, observation):
            pass

    assert obstacle_to_continuing(Other()) == "it takes no plan to go on from"


def test_compiled_and_quantised_networks_are_refused_too(tmp_path):
    pytest.importorskip("torchao")
    save_checkpoint(tmp_path / "tiny", EndToEndVLA(SIZES), CheckpointConfig(SIZES, SPEC))
    backend = open_backend("torch-int8", tmp_path / "tiny", Options(threads=1))
    assert "backend 'torch-int8'" in obstacle_to_continuing(
        ModelPolicy("tiny", backend, SIZES, SPEC)
    )
