# SPDX-License-Identifier: Apache-2.0
"""What a network begins with: what another one on the same level has learnt to see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from vla_policy.models.rt1 import RT1
from vla_train.babyai import checkpoint
from vla_train.errors import TrainError
from vla_train.initial import fitting_weights

_SAME_PARTS = {
    "vision.": "vision.encoder.",
    "fusion.match.": "vision.match.",
    "fusion.place.": "vision.place.",
    "fusion.blocks.": "vision.blocks.",
}
"""What an `EndToEndVLA` has is what an RT1 looks with: the convolutions that the mission leads.

RT-1's own were taught on ImageNet before (arXiv 2212.06817, section 5.1).
"""


def begin_with(network: nn.Module, level: str, source: Path) -> dict[str, Any]:
    """Put the weights of a checkpoint where the network has such; gives what these come from.

    Raises:
        TrainError: the checkpoint cannot be read, is of another level, or no weight of it fits.
    """
    other, made = checkpoint.load(source)
    if made.network.level != level:
        raise TrainError(f"{source} must be of {level} (got one of {made.network.level})")
    found = other.state_dict()
    if isinstance(network, RT1) and not isinstance(other, RT1):
        found = {_renamed(name): value for name, value in found.items()}
    places = network.state_dict()
    fitting = fitting_weights(
        {name: _narrowed(found[name], place) for name, place in places.items() if name in found},
        network,
    )
    if not fitting:
        raise TrainError(f"none of the tensors of {source} fits the network's {len(places)}")
    network.load_state_dict(places | fitting)
    kept = ("demonstrations", "steps", "batch_size", "seconds", "hardware")
    return {
        "architecture": made.network.architecture,
        "tensors": len(fitting),
        "of": len(places),
        **{name: made.training[name] for name in kept},
    }


def _renamed(name: str) -> str:
    for old, new in _SAME_PARTS.items():
        if name.startswith(old):
            return new + name.removeprefix(old)
    return name


def _narrowed(value: torch.Tensor, place: torch.Tensor) -> torch.Tensor:
    """Without the column behind the mission's own: an RT1's eyes are not told the heading."""
    if value.ndim == 2 and value.shape == (len(place), place.shape[-1] + 1):
        return value[:, :-1]
    return value
