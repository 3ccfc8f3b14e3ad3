# SPDX-License-Identifier: Apache-2.0
"""CUDA graphs: all kernels of the network are launched at once, from memory that stays in place.

A small network spends most of its time on a GPU waiting for launches; a graph has one.
"""

from __future__ import annotations

from pathlib import Path

import torch

from vla_policy.architectures import architecture_of
from vla_policy.backends.backend import Arrays, Options, Outputs
from vla_policy.backends.deployment import Deployment, load_graph, to_outputs, to_tensors
from vla_policy.checkpoint import read_config
from vla_policy.errors import BackendError

WARM_UP_CALLS = 3
"""Before the capture, as PyTorch's notes on CUDA graphs ask for: libraries set themselves up."""


class CudaGraphBackend:
    """Replays a captured graph."""

    def __init__(self, name: str, network: Deployment, blank: Arrays, device: str) -> None:
        """`blank` holds inputs of the network's sizes."""
        self.name = name
        self._names = network.output_names
        self._inputs = dict(
            zip(network.input_names, to_tensors(blank, network.input_names, device), strict=True)
        )
        self._graph = torch.cuda.CUDAGraph()
        self._outputs = self._capture(network, torch.device(device))

    @torch.inference_mode()
    def run(self, inputs: Arrays) -> Outputs:
        """See `Backend`."""
        for name, place in self._inputs.items():
            place.copy_(torch.from_numpy(inputs[name]))
        self._graph.replay()
        return to_outputs(self._outputs, self._names)

    @torch.inference_mode()
    def _capture(self, network: Deployment, device: torch.device) -> tuple[torch.Tensor, ...]:
        inputs = tuple(self._inputs.values())
        stream = torch.cuda.Stream(device)
        stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP_CALLS):
                network(*inputs)
        torch.cuda.current_stream(device).wait_stream(stream)
        with torch.cuda.graph(self._graph):
            outputs: tuple[torch.Tensor, ...] = network(*inputs)
        return outputs


def open_backend(name: str, variant: str, directory: Path, options: Options) -> CudaGraphBackend:
    """The network of a checkpoint, captured on the GPU.

    Raises:
        BackendError: torch finds no GPU.
    """
    if not torch.cuda.is_available():
        raise BackendError(
            f"backend {name!r} needs a GPU, and torch {torch.__version__} finds none"
        )
    network = load_graph(directory, options)
    sizes = read_config(directory).model
    blank = architecture_of(sizes).make_inputs(sizes)
    with torch.cuda.device(options.device):
        return CudaGraphBackend(name, network, blank, options.device)
