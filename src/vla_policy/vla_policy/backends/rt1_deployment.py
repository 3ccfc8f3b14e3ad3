# SPDX-License-Identifier: Apache-2.0
"""RT-1 as a robot runs it: a graph that encodes the newest image and is told the past's tokens."""

from __future__ import annotations

import torch

from vla_policy.backends.backend import TOKENS
from vla_policy.backends.deployment import Deployment, pixels, said
from vla_policy.models.rt1 import RT1


class RT1Deployment(Deployment):
    """An `RT1` that encodes each image once.

    It gives the tokens of the newest image along with the rest; the policy hands them back with
    the images to come (`vla_policy.rt1_policy`). So a backend has one graph to run and keeps
    nothing, and yet no image is encoded twice.
    """

    further_outputs = (TOKENS,)
    model: RT1

    def forward(
        self,
        images: torch.Tensor,
        language: torch.Tensor,
        state: torch.Tensor,
        memory: torch.Tensor,
        stage: torch.Tensor,
        past: torch.Tensor | None = None,
        known: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, ...]:
        """``images`` [B, 1, H, W, 3] uint8, the others as in `RT1.look_again`; what it gives."""
        look, tokens = self.model.look_again(
            pixels(images, state), language, state, memory, stage, past, known
        )
        return (*said(look), tokens)
