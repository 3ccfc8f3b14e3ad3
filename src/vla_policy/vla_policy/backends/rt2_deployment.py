# SPDX-License-Identifier: Apache-2.0
"""RT-2 as a robot runs it: from camera pixels to the actions that it says."""

from __future__ import annotations

import torch

from vla_policy.backends.deployment import Deployment
from vla_policy.models.network import AnyNetwork, Look
from vla_policy.models.rt2.network import RT2


class RT2Deployment(Deployment):
    """Passes over the words that need not be asked for, and over the gaps behind a sentence."""

    def __init__(self, model: AnyNetwork) -> None:
        super().__init__(model)
        # Convolutions are faster so; the stubs lack this documented form.
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def as_graph(self) -> Deployment:
        """One pass of the language model for each word, one behind the other in one graph."""
        return RT2Graph(self.model)

    def obstacle_to_continuing(self) -> str:
        """Why it cannot go on from a plan."""
        return "it says its actions one after the other; only a flow can be led"


class RT2Graph(RT2Deployment):
    """The same answers with the same work for every sentence."""

    model: RT2

    def look(self, *inputs: torch.Tensor) -> Look:
        """See `RT2.look_padded`."""
        return self.model.look_padded(*inputs)
