# SPDX-License-Identifier: Apache-2.0
"""The one interface of everything that can run a network, whatever its inputs are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Arrays = Mapping[str, npt.NDArray[Any]]
"""Inputs or outputs of a network by name, each a batch of one."""
Outputs = dict[str, npt.NDArray[np.float32]]

ACTIONS = "actions"
"""The output ``[1, horizon, action_dim]`` float32 in [-1, 1]."""

MODE, SPOT, MORE = "mode", "spot", "more"
"""Further outputs ``[1, modes]``, ``[1, 2]`` and ``[1]``: what is remembered until the next look
(`vla_policy.models.network.Look`)."""

RANGES = "ranges"
"""Further output ``[1, RANGES]`` of a network that says how far it is free
(`vla_policy.surroundings`)."""

TOKENS, PAST, KNOWN = "tokens", "past", "known"
"""Further output ``[1, K, dim]`` of a network whose images become tokens, and further inputs
``[1, T - 1, K, dim]`` and ``[1, T - 1]``: see `vla_policy.rt1_policy`."""

PLAN, PLAN_WEIGHTS = "plan", "plan_weights"
"""Further inputs of a network that goes on from a plan (`vla_policy.plan`), normalised."""


@dataclass(frozen=True)
class Options:
    """What every backend is opened with.

    Attributes:
        device: ``"cpu"``, ``"cuda"`` or ``"cuda:<number>"``.
        threads: processor threads; the library's own choice where None.
    """

    device: str = "cpu"
    threads: int | None = None

    @property
    def on_gpu(self) -> bool:
        """Whether the device is a GPU."""
        return self.device.split(":")[0] == "cuda"


class Backend(Protocol):
    """A network that is ready to run.

    Attributes:
        name: its name in `vla_policy.backends.registry`.
    """

    name: str

    def run(self, inputs: Arrays) -> Outputs:
        """The network's outputs by name; they belong to the caller.

        Args:
            inputs: what `vla_policy.architectures.Architecture.make_inputs` names, in these
                shapes and types.
        """
        ...
