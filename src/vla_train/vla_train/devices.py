# SPDX-License-Identifier: Apache-2.0
"""Values from where they are made to where they are used."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
import torch


def to_device(values: npt.NDArray[Any] | torch.Tensor, device: torch.device) -> torch.Tensor:
    """Values on a device; a GPU fetches them when it comes to it, and nobody waits for that."""
    values = torch.as_tensor(values)
    if device.type != "cuda":
        return values.to(device)
    return values.pin_memory().to(device, non_blocking=True)
