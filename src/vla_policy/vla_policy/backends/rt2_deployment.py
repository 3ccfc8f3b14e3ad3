# SPDX-License-Identifier: Apache-2.0
"""RT-2 as a robot runs it: from camera pixels to the actions that it says."""

from __future__ import annotations

import torch

from vla_policy.backends.deployment import Deployment
from vla_policy.models.network import AnyNetwork


class RT2Deployment(Deployment):
    """Says one word after the other, which no single graph does: PyTorch alone runs it."""

    def __init__(self, model: AnyNetwork) -> None:
        super().__init__(model)
        # Convolutions are faster so; the stubs lack this documented form.
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def obstacle_to_continuing(self) -> str:
        """Why it cannot go on from a plan."""
        return "it says its actions one after the other; only a flow can be led"
