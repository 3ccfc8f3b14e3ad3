# SPDX-License-Identifier: Apache-2.0
"""A training step as CUDA graphs: all of its kernels are launched at once.

A step of a small network is thousands of short kernels, and to launch them takes longer than to
run them. Captured once, they are replayed on whatever has been copied to where the step reads from
(https://docs.pytorch.org/docs/stable/notes/cuda.html, section CUDA Graphs).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from vla_train.dataset import Batch

WARM_UP_STEPS = 3
"""Steps of each shape that run as usual, on a stream of their own: libraries set themselves up."""

Step = Callable[[Batch, torch.Tensor], torch.Tensor]
"""Learns from a batch and how its images are to look; gives the losses, on the device."""
Shapes = tuple[torch.Size, ...]


@dataclass
class _Captured:
    graph: torch.cuda.CUDAGraph
    inputs: list[torch.Tensor]
    losses: torch.Tensor


class StepGraphs:
    """A step that is captured once for each shape of batch, and replayed from then on.

    What it gives is overwritten by the next step.

    Args:
        step: it always works on the same tensors, and never waits for the GPU.
    """

    def __init__(self, step: Step, device: torch.device) -> None:
        self._step = step
        self._stream = torch.cuda.Stream(device)
        self._pool = torch.cuda.graph_pool_handle()
        self._seen: dict[Shapes, int] = {}
        self._captured: dict[Shapes, _Captured] = {}

    def __call__(self, batch: Batch, looks: torch.Tensor) -> torch.Tensor:
        """Take the step."""
        inputs = [value for value in (*batch, looks) if value is not None]
        shapes = tuple(value.shape for value in inputs)
        seen = self._seen.get(shapes, 0)
        self._seen[shapes] = seen + 1
        if seen < WARM_UP_STEPS:
            return self._beside(batch, looks)
        if shapes not in self._captured:
            self._captured[shapes] = self._capture(batch, looks)
        captured = self._captured[shapes]
        torch._foreach_copy_(captured.inputs, inputs)
        captured.graph.replay()
        return captured.losses

    def _beside(self, batch: Batch, looks: torch.Tensor) -> torch.Tensor:
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            losses = self._step(batch, looks)
        torch.cuda.current_stream().wait_stream(self._stream)
        return losses

    def _capture(self, batch: Batch, looks: torch.Tensor) -> _Captured:
        """Write down what a step does, without doing it."""
        places = {
            name: v.contiguous().clone() for name, v in batch._asdict().items() if v is not None
        }
        batch, looks = Batch(**places), looks.clone()
        torch.cuda.empty_cache()  # what the usual steps have left: a graph has memory of its own
        graph = torch.cuda.CUDAGraph()
        # Another thread may well read the next data set onto the GPU meanwhile.
        with torch.cuda.graph(graph, self._pool, capture_error_mode="thread_local"):
            losses = self._step(batch, looks)
        return _Captured(graph, [*places.values(), looks], losses)
