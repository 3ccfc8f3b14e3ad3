# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of BabyAI: `config.json`, `model.safetensors`, a model card and what was measured.

They stand apart from those of `vla_policy.checkpoint`: their actions are choices, no velocities,
and no robot can be told to drive by one of them.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from torch import nn

from vla_policy.errors import PolicyError
from vla_train.babyai.choices import BABYAI_ACTIONS, ChoiceSpec
from vla_train.babyai.networks import NetworkConfig, build_network
from vla_train.errors import TrainError

FORMAT_VERSION = 1
CONFIG_FILE, WEIGHTS_FILE = "config.json", "model.safetensors"
CARD_FILE, RESULT_FILE = "README.md", "evaluation.json"


@dataclass(frozen=True)
class BabyAICheckpoint:
    """What `config.json` says.

    Attributes:
        network: sizes of the network.
        training: what it was trained on and how, for people.
        actions: what its choices mean.

    Raises:
        TrainError: it is made for other actions than minigrid's.
    """

    network: NetworkConfig
    training: Mapping[str, Any]
    actions: ChoiceSpec = BABYAI_ACTIONS

    def __post_init__(self) -> None:
        if self.actions != BABYAI_ACTIONS:
            raise TrainError(
                f"the choices must be {', '.join(BABYAI_ACTIONS.names)} "
                f"(got {', '.join(self.actions.names)})"
            )

    def to_dict(self) -> dict[str, Any]:
        """The configuration as plain JSON values."""
        return {
            "format_version": FORMAT_VERSION,
            "network": dataclasses.asdict(self.network),
            "action_spec": self.actions.to_dict(),
            "training": dict(self.training),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> BabyAICheckpoint:
        """The configuration that `to_dict` wrote.

        Raises:
            TrainError: a key is missing, or this version cannot read it.
        """
        version = values.get("format_version")
        if version != FORMAT_VERSION:
            raise TrainError(f"format_version must be {FORMAT_VERSION} (got {version!r})")
        try:
            return cls(
                NetworkConfig.from_dict(values["network"]),
                values["training"],
                ChoiceSpec.from_dict(values["action_spec"]),
            )
        except KeyError as error:
            raise TrainError(f"the key {error} is missing") from error
        except PolicyError as error:
            raise TrainError(str(error)) from error


def save(directory: Path, network: nn.Module, config: BabyAICheckpoint) -> None:
    """Write a checkpoint, its weights in 16 bits; a reader sees it whole or not at all."""
    from safetensors.torch import save as to_bytes

    directory.mkdir(parents=True, exist_ok=True)
    weights = {
        name: (value.half() if value.is_floating_point() else value).contiguous().cpu()
        for name, value in network.state_dict().items()
    }
    unfinished = directory / (WEIGHTS_FILE + ".part")
    unfinished.write_bytes(to_bytes(weights))
    unfinished.replace(directory / WEIGHTS_FILE)
    text = json.dumps(config.to_dict(), indent=2) + "\n"
    (directory / CONFIG_FILE).write_text(text, encoding="utf-8")


def read_config(directory: Path) -> BabyAICheckpoint:
    """The configuration of the checkpoint in a directory.

    Raises:
        TrainError: the file is missing or makes no sense.
    """
    path = directory / CONFIG_FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainError(f"{path} cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise TrainError(f"{path} must hold a JSON object (got {type(values).__name__})")
    try:
        return BabyAICheckpoint.from_dict(values)
    except TrainError as error:
        raise TrainError(f"{path}: {error}") from error


def load(directory: Path) -> tuple[nn.Module, BabyAICheckpoint]:
    """The network of a checkpoint on the processor, ready to be asked.

    Raises:
        TrainError: something is missing, damaged, or does not fit.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    config = read_config(directory)
    network = build_network(config.network)
    path = directory / WEIGHTS_FILE
    try:
        weights = load_file(path)
        network.load_state_dict({name: _wide(value) for name, value in weights.items()})
    except (SafetensorError, OSError, RuntimeError) as error:
        raise TrainError(f"{path} cannot be used: {error}") from error
    return network.eval(), config


def shipped() -> list[Path]:
    """The checkpoints that come with this package."""
    root = Path(str(resources.files("vla_train"))) / "babyai" / "checkpoints"
    if not root.is_dir():
        return []
    return sorted(path for path in root.iterdir() if (path / CONFIG_FILE).is_file())


def _wide(value: torch.Tensor) -> torch.Tensor:
    return value.float() if value.is_floating_point() else value
