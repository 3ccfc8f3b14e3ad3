# SPDX-License-Identifier: Apache-2.0
"""What a network begins with when it is not to learn everything anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from vla_policy.checkpoint import WEIGHTS_FILE, find_checkpoint
from vla_policy.models.network import AnyNetwork
from vla_train.errors import TrainError


def initial_weights(
    source: str, model: nn.Module, parts: Sequence[str] = ("",)
) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint that `model` has a place for: of the same name and shape.

    The checkpoint may be of another network, or of an older format: its configuration is not
    looked at. What belongs to words goes by the word, however both number them.

    Args:
        parts: how the names of those begin that are wanted; by default all are.

    Raises:
        CheckpointError: there is no checkpoint `source`.
        TrainError: its weights cannot be read, or none of those wanted fits.
    """
    path = find_checkpoint(source) / WEIGHTS_FILE
    try:
        found = load_file(path)
    except (OSError, SafetensorError) as error:
        raise TrainError(f"initial: {path} cannot be read ({error})") from error
    if isinstance(model, AnyNetwork):
        found = model.fitted(found, path.parent)
    for part in parts:
        if part and not any(name.startswith(part) for name in found):
            raise TrainError(f"initial_parts: no tensor of {path} has a name with {part!r} first")
    wanted = {name: value for name, value in found.items() if name.startswith(tuple(parts))}
    fitting = fitting_weights(wanted, model)
    if not fitting:
        raise TrainError(
            f"initial: none of the {len(wanted)} tensors of {path} has name and shape of one of "
            f"the network's {len(model.state_dict())}"
        )
    return fitting


def fitting_weights(
    found: Mapping[str, torch.Tensor], model: nn.Module
) -> dict[str, torch.Tensor]:
    """Those that have name and shape of one of the model's own."""
    places = {name: place.shape for name, place in model.state_dict().items()}
    return {name: value for name, value in found.items() if places.get(name) == value.shape}
