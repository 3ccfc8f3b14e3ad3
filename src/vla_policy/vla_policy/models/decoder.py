# SPDX-License-Identifier: Apache-2.0
"""Action decoders: one vector to a chunk of actions, and the loss that teaches them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from vla_policy.models.continuing import continue_flow
from vla_policy.models.mean_shift import mean_shift

BINS = 41
"""An odd number, so that one of them is zero."""
FLOW_STEPS = 6
TIME_FEATURES = 8


class RegressionDecoder(nn.Module):
    """A small network that gives all actions of the chunk at once.

    Where two ways are equally good, it gives the median of both, which may be neither.
    """

    def __init__(self, dim: int, horizon: int, action_dim: int, hidden: int = 256) -> None:
        super().__init__()
        self.shape = (horizon, action_dim)
        self.network = _network(dim, hidden, horizon * action_dim)

    def forward(self, vector: torch.Tensor) -> torch.Tensor:
        """``[B, dim]`` to ``[B, horizon, action_dim]`` in [-1, 1]."""
        return torch.tanh(self.network(vector)).view(-1, *self.shape)

    def loss(self, vector: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Mean distance to the actions ``[B, horizon, action_dim]``: a scalar."""
        return F.l1_loss(self(vector), actions)


class BinnedDecoder(nn.Module):
    """Gives each value a distribution over bins of [-1, 1], and takes the likeliest.

    Left or right around a pillar: where both are as good, it takes one of them. Uniform bins
    as in RT-1 (arXiv 2212.06817, section 5.1), but the mean of those that are likeliest together
    (`mean_shift`).
    """

    centres: torch.Tensor

    def __init__(
        self, dim: int, horizon: int, action_dim: int, hidden: int = 256, bins: int = BINS
    ) -> None:
        super().__init__()
        self.shape = (horizon, action_dim, bins)
        self.network = _network(dim, hidden, horizon * action_dim * bins)
        self.register_buffer("centres", torch.linspace(-1, 1, bins), persistent=False)

    def forward(self, vector: torch.Tensor) -> torch.Tensor:
        """``[B, dim]`` to ``[B, horizon, action_dim]`` in [-1, 1]."""
        return mean_shift(self._logits(vector).softmax(dim=-1), self.centres)

    def loss(self, vector: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Cross-entropy to the actions ``[B, horizon, action_dim]``: a scalar.

        A value between two centres belongs to both, the more to the nearer one.
        """
        last = len(self.centres) - 1
        place = (actions.clamp(-1, 1) + 1) * (last / 2)
        below = place.floor().long().clamp(max=last - 1)
        share = (place - below).unsqueeze(-1)
        chances = self._logits(vector).log_softmax(dim=-1)
        lower = chances.gather(-1, below.unsqueeze(-1))
        upper = chances.gather(-1, below.unsqueeze(-1) + 1)
        return -((1 - share) * lower + share * upper).mean()

    def _logits(self, vector: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network(vector)
        return logits.view(-1, *self.shape)


class FlowDecoder(nn.Module):
    """Moves noise to actions along a learnt flow (flow matching, arXiv 2210.02747, section 4).

    Like bins it can choose between ways, and the whole chunk chooses as one. It starts from
    the same noise at each call (by default none), so that a policy answers alike to the like.
    """

    times: torch.Tensor

    def __init__(
        self, dim: int, horizon: int, action_dim: int, hidden: int = 256, steps: int = FLOW_STEPS
    ) -> None:
        super().__init__()
        self.shape = (horizon, action_dim)
        self.steps = steps
        self.velocity = nn.Sequential(
            nn.Linear(dim + horizon * action_dim + TIME_FEATURES, 2 * hidden),
            nn.SiLU(),
            nn.Linear(2 * hidden, 2 * hidden),
            nn.SiLU(),
            nn.Linear(2 * hidden, horizon * action_dim),
        )
        self.register_buffer("times", torch.arange(steps) / steps, persistent=False)

    def forward(self, vector: torch.Tensor, noise: torch.Tensor | None = None) -> torch.Tensor:
        """``[B, dim]`` to ``[B, horizon, action_dim]`` in [-1, 1].

        Args:
            noise: where the flow starts, ``[B, horizon, action_dim]``; zeros where None.
        """
        x = self._start(vector) if noise is None else noise.flatten(1)
        for time in self.times:
            x = x + self._flow(vector, x, time.expand(len(x))) / self.steps
        return x.clamp(-1, 1).view(-1, *self.shape)

    def continued(
        self, vector: torch.Tensor, plan: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """As `forward`, led to go on from a plan; see `ContinuingDecoder`."""

        def flow(x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
            return self._flow(vector, x, time)

        led = continue_flow(flow, self._start(vector), self.steps, plan, weights)
        return led.clamp(-1, 1)

    def loss(self, vector: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Mean squared error of the velocity between noise and the actions: a scalar."""
        target = actions.flatten(1)
        noise = torch.randn_like(target)
        time = torch.rand(len(target), device=target.device)
        x = torch.lerp(noise, target, time[:, None])
        return F.mse_loss(self._flow(vector, x, time), target - noise)

    def _start(self, vector: torch.Tensor) -> torch.Tensor:
        return vector.new_zeros(len(vector), self.shape[0] * self.shape[1])

    def _flow(self, vector: torch.Tensor, x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        angles = time[:, None] * torch.pi * torch.arange(1, 5, device=time.device)
        known = [vector, x, angles.sin(), angles.cos()]
        velocity: torch.Tensor = self.velocity(torch.cat(known, dim=1))
        return velocity


DECODERS = {"regression": RegressionDecoder, "binned": BinnedDecoder, "flow": FlowDecoder}
"""Decoders by the names that configurations know them by."""


def _network(dim: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, outputs))
