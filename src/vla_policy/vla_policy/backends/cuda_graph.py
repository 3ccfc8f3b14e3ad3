# SPDX-License-Identifier: Apache-2.0
"""CUDA graphs: all kernels of the network are launched at once, from memory that stays in place.

A small network spends most of its time on a GPU waiting for launches; a graph has one.
"""

from __future__ import annotations

from pathlib import Path

import torch

from vla_policy.backends.backend import Array, Images, Options
from vla_policy.backends.deployment import Deployment, load_deployment, to_array
from vla_policy.checkpoint import read_config
from vla_policy.errors import BackendError
from vla_policy.model_policy import image_buffer
from vla_policy.pose import STATE_DIM
from vla_policy.sentence import EMBEDDING_DIM

WARM_UP_CALLS = 3
"""Before the capture, as PyTorch's notes on CUDA graphs ask for: libraries set themselves up."""


class CudaGraphBackend:
    """Replays a captured graph."""

    def __init__(self, name: str, network: Deployment, images: Images, device: str) -> None:
        """`images` is an example of the network's size."""
        self.name = name
        self._inputs = (
            torch.from_numpy(images).to(device),
            torch.zeros(1, EMBEDDING_DIM, device=device),
            torch.zeros(1, STATE_DIM, device=device),
        )
        self._graph = torch.cuda.CUDAGraph()
        self._actions = self._capture(network)

    @torch.inference_mode()
    def run(self, images: Images, embedding: Array, state: Array) -> Array:
        """See `Backend`."""
        for place, value in zip(self._inputs, (images, embedding, state), strict=True):
            place.copy_(torch.from_numpy(value))
        self._graph.replay()
        return to_array(self._actions)

    @torch.inference_mode()
    def _capture(self, network: Deployment) -> torch.Tensor:
        stream = torch.cuda.Stream(self._inputs[0].device)
        stream.wait_stream(torch.cuda.current_stream(self._inputs[0].device))
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP_CALLS):
                network(*self._inputs)
        torch.cuda.current_stream(self._inputs[0].device).wait_stream(stream)
        with torch.cuda.graph(self._graph):
            actions: torch.Tensor = network(*self._inputs)
        return actions


def open_backend(name: str, variant: str, directory: Path, options: Options) -> CudaGraphBackend:
    """The network of a checkpoint, captured on the GPU.

    Raises:
        BackendError: torch finds no GPU.
    """
    if not torch.cuda.is_available():
        raise BackendError(
            f"backend {name!r} needs a GPU, and torch {torch.__version__} finds none"
        )
    network = load_deployment(directory, options)
    images = image_buffer(read_config(directory).model)
    with torch.cuda.device(options.device):
        return CudaGraphBackend(name, network, images, options.device)
