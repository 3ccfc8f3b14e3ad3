# SPDX-License-Identifier: Apache-2.0
"""PyTorch's compiler. The first call takes a minute or so, and a C++ compiler on a processor."""

from __future__ import annotations

from pathlib import Path

import torch

from vla_policy.backends.backend import Options
from vla_policy.backends.deployment import load_graph
from vla_policy.backends.hardware import has_compiler
from vla_policy.backends.torch_eager import TorchBackend
from vla_policy.errors import BackendError


def open_backend(name: str, variant: str, directory: Path, options: Options) -> TorchBackend:
    """The network of a checkpoint, compiled at its first call.

    Raises:
        BackendError: there is no C++ compiler.
    """
    if not options.on_gpu and not has_compiler():
        raise BackendError(f"backend {name!r} needs a C++ compiler: sudo apt-get install g++")
    deployment = load_graph(directory, options)
    network = torch.compile(deployment, fullgraph=True, dynamic=False)
    return TorchBackend(name, network, deployment, options.device)
