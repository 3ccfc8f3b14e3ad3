# SPDX-License-Identifier: Apache-2.0
"""Real-time chunking: a flow that is led to a chunk which goes on from what is being driven."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch

MAX_GUIDANCE = 5.0
"""The ``beta`` of arXiv 2506.07339: what keeps few steps of the flow stable."""

Flow = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Where ``x [B, D]`` moves to at time ``[B]`` (0: noise, 1: actions): a velocity ``[B, D]``."""


@runtime_checkable
class ContinuingDecoder(Protocol):
    """An action decoder that can go on from a plan. `continue_flow` makes one of a flow."""

    def continued(
        self, vector: torch.Tensor, plan: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """Actions ``[B, horizon, action_dim]`` in [-1, 1] that go on from a plan.

        Args:
            vector: ``[B, dim]``, as in `forward`.
            plan: ``[B, horizon, action_dim]`` in [-1, 1].
            weights: ``[B, horizon]``, how firmly each step is held to the plan.
        """
        ...


def continue_flow(
    flow: Flow,
    start: torch.Tensor,
    steps: int,
    plan: torch.Tensor,
    weights: torch.Tensor,
    max_guidance: float = MAX_GUIDANCE,
) -> torch.Tensor:
    """Where the flow leads when its end is pulled to the plan: ``[B, horizon, action_dim]``.

    At each step the flow's end is foreseen, and its distance to the plan is carried back to the
    present by the derivative of that end (arXiv 2506.07339, equations 2 to 4; the guidance is that
    of PiGDM). What the plan leaves open moves with what it holds.

    Args:
        flow: the velocity, differentiable in ``x``.
        start: where the flow starts, ``[B, horizon * action_dim]``.
        steps: number of steps from noise to actions.
        plan: ``[B, horizon, action_dim]``.
        weights: ``[B, horizon]`` from 0 (free) to 1 (held).
        max_guidance: most that the pull is multiplied with.
    """
    wanted = plan.flatten(1)  # [B, horizon * action_dim]
    firmness = weights.unsqueeze(-1).expand_as(plan).flatten(1)
    x = start
    for step in range(steps):
        time = step / steps
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            velocity = flow(x, x.new_full((len(x),), time))
            end = x + (1.0 - time) * velocity
        (pull,) = torch.autograd.grad(end, x, firmness * (wanted - end.detach()))
        guidance = min(max_guidance, _trust(time))
        x = x.detach() + (velocity.detach() + guidance * pull) / steps
    return x.view_as(plan)


def _trust(time: float) -> float:
    """``(1 - t) / (t r^2)`` with ``r^2 = (1 - t)^2 / (t^2 + (1 - t)^2)``."""
    rest = 1.0 - time
    return float("inf") if time == 0.0 else (time**2 + rest**2) / (time * rest)
