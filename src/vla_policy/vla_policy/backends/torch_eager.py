# SPDX-License-Identifier: Apache-2.0
"""PyTorch as it is: the backend that all others are measured against."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from vla_policy.backends.backend import PLAN, PLAN_WEIGHTS, Arrays, Options, Outputs
from vla_policy.backends.deployment import Deployment, load_deployment, to_outputs, to_tensors

Network = Callable[..., tuple[torch.Tensor, ...]]


class TorchBackend:
    """Calls a network of torch tensors.

    With bfloat16 torch itself decides what suffers from it (autocast): softmax, for one, stays
    in float32.
    """

    def __init__(
        self,
        name: str,
        network: Network,
        deployment: Deployment,
        device: str,
        bfloat16: bool = False,
    ) -> None:
        """`network` is the deployment, or what was made of it."""
        self.name = name
        self._network = network
        self._inputs, self._outputs = deployment.input_names, deployment.output_names
        self._device = device
        self._bfloat16 = bfloat16

    @torch.inference_mode()
    def run(self, inputs: Arrays) -> Outputs:
        """See `Backend`."""
        return self._call(self._network, inputs, self._inputs)

    def _call(self, network: Network, inputs: Arrays, names: tuple[str, ...]) -> Outputs:
        tensors = to_tensors(inputs, names, self._device)
        kind = torch.device(self._device).type
        with torch.autocast(kind, torch.bfloat16, enabled=self._bfloat16):
            return to_outputs(network(*tensors), self._outputs)


class EagerBackend(TorchBackend):
    """A network as it was trained, which can also be led to go on from a plan."""

    def __init__(
        self, name: str, deployment: Deployment, device: str, bfloat16: bool = False
    ) -> None:
        super().__init__(name, deployment, deployment, device, bfloat16)
        self._deployment = deployment

    def obstacle_to_continuing(self) -> str:
        """Why it cannot go on from a plan; empty where it can."""
        return self._deployment.obstacle_to_continuing()

    def run(self, inputs: Arrays) -> Outputs:
        """See `Backend`; with `PLAN` and `PLAN_WEIGHTS` the actions go on from the plan."""
        if PLAN not in inputs:
            return super().run(inputs)
        with torch.no_grad():  # in inference mode nothing could be differentiated
            names = (*self._inputs, PLAN, PLAN_WEIGHTS)
            return self._call(self._deployment.continued, inputs, names)


def open_backend(name: str, variant: str, directory: Path, options: Options) -> EagerBackend:
    """The network of a checkpoint in float32 or bfloat16."""
    network = load_deployment(directory, options)
    return EagerBackend(name, network, options.device, bfloat16=variant == "bfloat16")
