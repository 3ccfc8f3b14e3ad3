# SPDX-License-Identifier: Apache-2.0
"""The processes that train one network together: one, unless `torchrun` starts more."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import timedelta

import torch
import torch.distributed as dist

PATIENCE = timedelta(days=7)
"""How long the others wait while the first collects and judges."""


@dataclass(frozen=True)
class Group:
    """This process among those that train one network.

    Attributes:
        rank: its number, from 0.
        size: how many there are.
        device: where this one computes.
    """

    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def leads(self) -> bool:
        """Whether it is the one that collects, writes and judges."""
        return self.rank == 0

    def share(self, count: int) -> slice:
        """Which of `count` things are this process's to do."""
        return slice(self.rank * count // self.size, (self.rank + 1) * count // self.size)

    def sum(self, tensors: list[torch.Tensor]) -> None:
        """Put the sum over all processes into the tensors; they are of one type."""
        if self.size == 1 or not tensors:
            return
        whole = torch.cat([tensor.flatten() for tensor in tensors])
        dist.all_reduce(whole)
        for tensor, total in zip(tensors, whole.split([t.numel() for t in tensors]), strict=True):
            tensor.copy_(total.view(tensor.shape))

    def wait(self) -> None:
        """Go on when all are here."""
        if self.size > 1:
            dist.barrier()

    def leave(self) -> None:
        """Go on alone when all are here."""
        self.wait()
        if self.size > 1:
            dist.destroy_process_group()


def join_group() -> Group:
    """The group that `torchrun` has started this process in, or one of its own."""
    gpu = torch.cuda.is_available()
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return Group(device=torch.device("cuda" if gpu else "cpu"))
    if not dist.is_initialized():
        dist.init_process_group("nccl" if gpu else "gloo", timeout=PATIENCE)
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if gpu else torch.device("cpu")
    if gpu:
        torch.cuda.set_device(device)
    return Group(dist.get_rank(), size, device)
