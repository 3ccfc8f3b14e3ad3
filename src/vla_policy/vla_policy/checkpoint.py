# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: a directory with `config.json`, `model.safetensors` and a model card.

Never a pickle: reading a checkpoint runs no code from it. Torch is imported where weights are
read or written and not before: a checkpoint with exported graphs runs without it.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vla_policy.action import ActionSpec
from vla_policy.architectures import ModelConfig, WithFiles, architecture_of, find_architecture
from vla_policy.errors import CheckpointError, PolicyError
from vla_policy.policy import Policy
from vla_policy.statistics import ActionStatistics

if TYPE_CHECKING:
    from vla_policy.backends.backend import Backend
    from vla_policy.models.network import AnyNetwork

__all__ = [
    "CONFIG_FILE",
    "WEIGHTS_FILE",
    "CheckpointConfig",
    "CheckpointError",
    "find_checkpoint",
    "load_model",
    "load_policy",
    "policy_on",
    "read_config",
    "save_checkpoint",
    "shipped_checkpoint",
    "shipped_names",
]

FORMAT_VERSION = 3
CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
CARD_FILE = "README.md"
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclasses.dataclass(frozen=True)
class CheckpointConfig:
    """What `config.json` says.

    Attributes:
        model: sizes of the network, of any architecture (`vla_policy.architectures`).
        action: the action space it was trained for.
        deadband: see `ModelPolicy`.
        instruction_encoder: the frozen sentence encoder that it was trained with.
        training: what it was trained on, for people.
        action_statistics: of the actions that it was trained on; None: not known.
    """

    model: ModelConfig
    action: ActionSpec
    deadband: float = 0.0
    instruction_encoder: str = "sentence-transformers/all-MiniLM-L6-v2"
    training: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    action_statistics: ActionStatistics | None = None

    def __post_init__(self) -> None:
        if (self.model.horizon, self.model.action_dim) != (
            self.action.horizon,
            self.action.action_dim,
        ):
            raise CheckpointError(
                f"the network gives {self.model.horizon} actions of {self.model.action_dim} "
                f"values, its action spec {self.action.horizon} of {self.action.action_dim}"
            )
        statistics = self.action_statistics
        if statistics is not None and len(statistics.mean) != self.action.action_dim:
            raise CheckpointError(
                f"action_statistics are of {len(statistics.mean)} values, "
                f"the action spec has {self.action.action_dim}"
            )
        if not 0.0 <= self.deadband < 1.0:
            raise CheckpointError(f"deadband must lie in [0, 1) (got {self.deadband})")

    def to_dict(self) -> dict[str, Any]:
        """The configuration as plain JSON values."""
        statistics = self.action_statistics
        return {
            "format_version": FORMAT_VERSION,
            "architecture": architecture_of(self.model).name,
            "model": dataclasses.asdict(cast(Any, self.model)),
            "action_spec": self.action.to_dict(),
            "deadband": self.deadband,
            "instruction_encoder": self.instruction_encoder,
            "training": dict(self.training),
            "action_statistics": statistics.to_dict() if statistics else None,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> CheckpointConfig:
        """The configuration that `to_dict` wrote.

        Raises:
            CheckpointError: a key is missing, or this version cannot read it.
        """
        version = values.get("format_version")
        if version != FORMAT_VERSION:
            raise CheckpointError(f"format_version must be {FORMAT_VERSION} (got {version!r})")
        architecture = find_architecture(values.get("architecture"))
        statistics = values.get("action_statistics")
        try:
            return cls(
                model=architecture.make_config(values["model"]),
                action=ActionSpec.from_dict(values["action_spec"]),
                deadband=float(values["deadband"]),
                instruction_encoder=str(values["instruction_encoder"]),
                training=values.get("training", {}),
                action_statistics=statistics and ActionStatistics.from_dict(statistics),
            )
        except KeyError as error:
            raise CheckpointError(f"the key {error} is missing") from error
        except (TypeError, AttributeError) as error:
            raise CheckpointError(f"a value has the wrong type: {error}") from error


def load_policy(
    source: str | Path,
    device: str = "cpu",
    threads: int | None = None,
    backend: str = "torch",
) -> Policy:
    """The policy of a shipped name, a directory, or an id on the Hugging Face Hub.

    Args:
        source: e.g. ``"end_to_end"``, ``"/data/my_policy"`` or ``"owner/name"``.
        device: where it runs, e.g. ``"cpu"`` or ``"cuda"``.
        threads: processor threads that it may use; the library's own choice where None.
        backend: what runs the network, a name of `vla_policy.backends.registry`.

    Raises:
        CheckpointError: it is missing, damaged, or not for this version; the text says which.
        BackendError: the backend is unknown or cannot run here, or it gives other actions than
            the network that was exported; the text says what is missing or wrong.
    """
    from vla_policy.backends.backend import Options
    from vla_policy.backends.checking import refuse_wrong_answers
    from vla_policy.backends.registry import open_backend

    directory = find_checkpoint(source)
    read_config(directory)  # what is wrong with it is said before anything large is opened
    opened = open_backend(backend, directory, Options(device, threads))
    refuse_wrong_answers(opened, directory)
    return policy_on(opened, directory)


def policy_on(backend: Backend, directory: Path) -> Policy:
    """The policy of the checkpoint in a directory, its network run by `backend`.

    Raises:
        CheckpointError: the configuration is missing or makes no sense.
    """
    config = read_config(directory)
    return architecture_of(config.model).make_policy(
        directory.name, backend, config.model, config.action, config.deadband
    )


def load_model(directory: Path) -> AnyNetwork:
    """The network of a checkpoint in torch, on the processor, for evaluation.

    Raises:
        CheckpointError: the weights are missing, damaged, or do not fit the configuration.
    """
    config = read_config(directory).model
    model = architecture_of(config).make_network(config)
    _load_weights(model, directory / WEIGHTS_FILE)
    return model.eval()


def save_checkpoint(
    directory: Path, model: AnyNetwork, config: CheckpointConfig, card: str = ""
) -> None:
    """Write a checkpoint; a reader sees the old one or the new one, never half of it."""
    from safetensors.torch import save

    directory.mkdir(parents=True, exist_ok=True)
    weights = {name: value.contiguous().cpu() for name, value in model.state_dict().items()}
    unfinished = directory / (WEIGHTS_FILE + ".part")
    unfinished.write_bytes(save(weights))
    unfinished.replace(directory / WEIGHTS_FILE)
    config = dataclasses.replace(config, model=model.save_beside(directory))
    text = json.dumps(config.to_dict(), indent=2) + "\n"
    (directory / CONFIG_FILE).write_text(text, encoding="utf-8")
    if card:
        (directory / CARD_FILE).write_text(card, encoding="utf-8")


def read_config(directory: Path) -> CheckpointConfig:
    """The configuration of the checkpoint in a directory.

    Raises:
        CheckpointError: the file is missing or makes no sense.
    """
    path = directory / CONFIG_FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} is missing: {directory} is no checkpoint") from error
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{path} must hold a JSON object (got {type(values).__name__})")
    try:
        config = CheckpointConfig.from_dict(values)
    except PolicyError as error:
        raise CheckpointError(f"{path}: {error}") from error
    if isinstance(config.model, WithFiles):
        config = dataclasses.replace(config, model=config.model.within(directory))
    return config


def shipped_names() -> list[str]:
    """Names of the checkpoints that come with this package."""
    root = _shipped_root()
    if not root.is_dir():
        return []
    return sorted(path.name for path in root.iterdir() if (path / CONFIG_FILE).is_file())


def shipped_checkpoint(name: str) -> Path:
    """Directory of the checkpoint of that name, if it is among `shipped_names`."""
    return _shipped_root() / name


def find_checkpoint(source: str | Path) -> Path:
    """Directory of a checkpoint: one on disk, a shipped name, or a copy from the Hub.

    Raises:
        CheckpointError: there is none.
    """
    text = str(source)
    if not text.strip():
        raise CheckpointError("the policy's name is empty: give a shipped name or a directory")
    if Path(text).is_dir():
        return Path(text).resolve()
    if text in shipped_names():
        return shipped_checkpoint(text)
    if _HUB_ID.fullmatch(text):
        return _download(text)
    raise CheckpointError(
        f"no checkpoint {text!r}: it is no directory, no id on the Hub (owner/name), "
        f"and none of the shipped ones ({', '.join(shipped_names()) or 'none'})"
    )


def _shipped_root() -> Path:
    return Path(str(resources.files("vla_policy"))) / "checkpoints"


def _download(hub_id: str) -> Path:
    try:
        from huggingface_hub import snapshot_download

        files = [CONFIG_FILE, WEIGHTS_FILE, CARD_FILE, "graphs/*", "backbone/*"]
        return Path(snapshot_download(hub_id, allow_patterns=files))
    except Exception as error:
        # The Hub's client raises errors of its own and of its transport's.
        raise CheckpointError(
            f"no directory {hub_id!r}, and it could not be had from the Hugging Face Hub: {error}"
        ) from error


def _load_weights(model: AnyNetwork, path: Path) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise CheckpointError(f"{path} is missing: copy the whole checkpoint")
    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path} is damaged ({error}; {path.stat().st_size} bytes): copy it again"
        ) from error
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(
            f"{path} does not fit the network that {CONFIG_FILE} describes: {error}"
        ) from error
