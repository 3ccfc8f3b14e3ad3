# SPDX-License-Identifier: Apache-2.0
"""Where values are used, and how precisely a device computes."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
import torch

from vla_policy.backends.hardware import multiplies_bfloat16


def to_device(values: npt.NDArray[Any] | torch.Tensor, device: torch.device) -> torch.Tensor:
    """Values on a device; a GPU fetches them when it comes to it, and nobody waits for that."""
    values = torch.as_tensor(values)
    if device.type != "cuda":
        return values.to(device)
    return values.pin_memory().to(device, non_blocking=True)


def mixed_precision(precision: str, device: torch.device) -> torch.autocast:
    """The context of a forward pass in one of `config.PRECISIONS`.

    `auto` is bfloat16 where the device multiplies it: elsewhere a processor takes several times
    as long for it.
    """
    fast = device.type == "cuda" or multiplies_bfloat16()
    enabled = precision == "bfloat16" or (precision == "auto" and fast)
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=enabled)
