# SPDX-License-Identifier: Apache-2.0
"""PyTorch as it is: the backend that all others are measured against."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from vla_policy.backends.backend import Array, Images, Options
from vla_policy.backends.deployment import load_deployment, to_array, to_tensors

Network = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


class TorchBackend:
    """Calls a network of torch tensors.

    With bfloat16 torch itself decides what suffers from it (autocast): softmax, for one, stays
    in float32.
    """

    def __init__(self, name: str, network: Network, device: str, bfloat16: bool = False) -> None:
        self.name = name
        self._network = network
        self._device = device
        self._bfloat16 = bfloat16

    @torch.inference_mode()
    def run(self, images: Images, embedding: Array, state: Array) -> Array:
        """See `Backend`."""
        inputs = to_tensors(images, embedding, state, self._device)
        kind = torch.device(self._device).type
        with torch.autocast(kind, torch.bfloat16, enabled=self._bfloat16):
            return to_array(self._network(*inputs))


def open_backend(name: str, variant: str, directory: Path, options: Options) -> TorchBackend:
    """The network of a checkpoint in float32 or bfloat16."""
    network = load_deployment(directory, options)
    return TorchBackend(name, network, options.device, bfloat16=variant == "bfloat16")
