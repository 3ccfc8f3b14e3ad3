# SPDX-License-Identifier: Apache-2.0
"""What a training run is made of; read from a YAML file."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from vla_policy.action import ActionSpec
from vla_policy.architectures import ModelConfig, find_architecture
from vla_train.errors import TrainError

PRECISIONS = ("float32", "bfloat16", "auto")


@dataclass(frozen=True)
class DatasetSource:
    """A LeRobot data set to train on.

    What follows its path says how to read recordings; data sets with lessons need none of it.

    Attributes:
        path: its folder.
        image_key: the camera; None: the only one that there is.
        state: names or places of x [m], y [m] and the heading [rad] in `observation.state`, in
            any fixed frame; None: as they are called there; empty: the pose is not known.
        action: names or places of the actions in `action`, in the order of the run's; None: as
            they are called there.
    """

    path: str
    image_key: str | None = None
    state: tuple[str | int, ...] | None = None
    action: tuple[str | int, ...] | None = None

    def __post_init__(self) -> None:
        if self.state is not None and len(self.state) not in (0, 3):
            raise TrainError(
                f"{self.path}: state must name x, y and heading, or nothing (got {self.state})"
            )

    @classmethod
    def of(cls, value: str | dict[str, Any]) -> DatasetSource:
        """From a configuration: a path, or the attributes by their names."""
        if isinstance(value, str):
            return cls(value)
        if not isinstance(value, dict):
            raise TrainError(f"a data set must be a path, or keys with values (got {value!r})")
        attributes: dict[str, Any] = {
            name: tuple(part) if isinstance(part, list) else part for name, part in value.items()
        }
        return cls(**attributes)


def _check_kinds(config: Any) -> None:
    """Each value of a dataclass is of the kind that its field says.

    Raises:
        TrainError: one is not.
    """
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if field.type == "int" and type(value) is not int:
            raise TrainError(f"{field.name} must be a whole number (got {value!r})")
        if field.type == "float" and not (
            type(value) in (int, float) and math.isfinite(value)  # YAML takes 1e-3 for a text
        ):
            raise TrainError(f"{field.name} must be a number, as 1.0e-3 (got {value!r})")
        if field.type == "bool" and type(value) is not bool:
            raise TrainError(f"{field.name} must be true or false (got {value!r})")
        if field.type == "str | None" and not isinstance(value, str | None):
            raise TrainError(f"{field.name} must be a text (got {value!r})")


@dataclass(frozen=True)
class RoundConfig:
    """One round: rooms to collect from, then steps to train on all collected so far.

    Attributes:
        shards: data shards to collect, each of `RunConfig.rooms_per_shard` rooms.
        glance_shards: further shards, of single looks from random poses: each from
            `RunConfig.rooms_per_glance_shard` rooms of its own.
        policy_share: share of episodes that the policy of the round before drives (DAgger,
            arXiv 1011.0686); the expert labels them all.
        samples: frames to train on.
        learning_rate: at the start of the round; it falls along a cosine to `final_rate`.
        datasets: recordings to train on besides what is collected, from this round on.
    """

    shards: int
    policy_share: float
    samples: int
    learning_rate: float
    final_rate: float
    glance_shards: int = 0
    datasets: tuple[DatasetSource, ...] = ()

    def __post_init__(self) -> None:
        _check_kinds(self)
        for name in ("shards", "glance_shards", "samples", "learning_rate", "final_rate"):
            if getattr(self, name) < 0:
                raise TrainError(f"{name} must be >= 0 (got {getattr(self, name)})")
        if not 0.0 <= self.policy_share <= 1.0:
            raise TrainError(f"policy_share must lie in [0, 1] (got {self.policy_share})")


@dataclass(frozen=True)
class RunConfig:
    """A whole training run, reproducible from these values.

    Attributes:
        first_room: number of the first room; a round has a hundred thousand numbers to itself.
            A run that goes on from another's end begins past them, to meet new rooms.
        batch_size: frames in a step of training, each with `lessons_per_frame` sentences.
        accumulate: parts that a batch is taken in, one after the other, where it is too large for
            the memory. Batch norm sees each part by itself; everything else is as with 1.
        mirror_share: share of frames that are mirrored: what is on the left is on the right then,
            and the sentences say so. Recordings without lessons stay as they are.
        questions_per_frame: how many questions about each frame are asked besides, of networks
            that can answer (`vla_train.losses.quiz_of`).
        precision: of the network but its losses: `float32`, or `bfloat16`, which takes half the
            memory, and half the time where the processor or the GPU multiplies it; `auto`: the
            latter there, else the former.
        compiled: on a processor, what most of a step is spent in is compiled first, where there
            is a C++ compiler: a minute at the start of a run that takes many.
        still_share: share of steps in which a history of images is copies of the newest one, as
            when the robot stands: such steps cost a fraction.
        collect_ahead: while a round trains, the next one is collected, by the policy of the
            round before: for machines whose processors have nothing to do while a GPU trains.
        first_driver: a checkpoint that drives where there is no policy of this run's own yet;
            None: the expert drives.
        early_episodes: episodes of the split `validation` after each round; 0: none.
        initial: a checkpoint that the network begins with, as far as it fits (`initial.py`): a
            shipped name, a directory, or an id on the Hub; None: everything is learnt anew.
        initial_parts: how the names of the tensors begin that are taken from it, as `language.`;
            by default all are.
    """

    name: str
    action: ActionSpec
    model: ModelConfig
    rounds: tuple[RoundConfig, ...]
    seed: int = 0
    first_room: int = 0
    rooms_per_shard: int = 10
    episodes_per_room: int = 4
    rooms_per_glance_shard: int = 60
    glances_per_room: int = 40
    batch_size: int = 64
    accumulate: int = 1
    precision: str = "float32"
    compiled: bool = False
    lessons_per_frame: int = 8
    mirror_share: float = 0.0
    still_share: float = 0.0
    questions_per_frame: int = 0
    weight_decay: float = 0.02
    attention_weight: float = 1.0
    memory_weight: float = 0.5
    ema_decay: float = 0.998
    deadband: float = 0.04
    initial: str | None = None
    initial_parts: tuple[str, ...] = ("",)
    collect_ahead: bool = False
    first_driver: str | None = None
    early_episodes: int = 60

    def __post_init__(self) -> None:
        _check_kinds(self)
        for name in (
            "rooms_per_shard",
            "episodes_per_room",
            "rooms_per_glance_shard",
            "glances_per_room",
            "batch_size",
            "accumulate",
            "lessons_per_frame",
        ):
            if getattr(self, name) < 1:
                raise TrainError(f"{name} must be >= 1 (got {getattr(self, name)})")
        for name in (
            "seed",
            "first_room",
            "questions_per_frame",
            "early_episodes",
            "weight_decay",
            "attention_weight",
            "memory_weight",
            "deadband",
        ):
            if getattr(self, name) < 0:
                raise TrainError(f"{name} must be >= 0 (got {getattr(self, name)})")
        if self.accumulate > self.batch_size:
            raise TrainError(
                f"accumulate must be <= batch_size = {self.batch_size} (got {self.accumulate})"
            )
        for name in ("mirror_share", "still_share", "ema_decay"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise TrainError(f"{name} must lie in [0, 1] (got {getattr(self, name)})")
        if self.precision not in PRECISIONS:
            raise TrainError(
                f"precision must be one of {', '.join(PRECISIONS)} (got {self.precision!r})"
            )
        if not self.rounds:
            raise TrainError("a run needs at least one round")

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of the images that the network takes."""
        return self.model.image_height, self.model.image_width


def shipped_configs() -> list[str]:
    """Names of the configurations that come with this package."""
    root = resources.files("vla_train") / "configs"
    return sorted(Path(str(path)).stem for path in root.iterdir() if str(path).endswith(".yaml"))


def load_config(source: str, changes: Sequence[str] = ()) -> RunConfig:
    """The configuration of a shipped name or of a YAML file.

    Args:
        changes: values in place of the file's, as `model.history=1` or `rounds.0.samples=512`;
            what is right of the sign is YAML.

    Raises:
        TrainError: there is none, or it makes no sense.
    """
    path = Path(source)
    if source in shipped_configs():
        path = Path(str(resources.files("vla_train") / "configs" / f"{source}.yaml"))
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainError(
            f"no configuration {source!r}: give a YAML file or one of {shipped_configs()} "
            f"({error.strerror})"
        ) from error
    except yaml.YAMLError as error:
        raise TrainError(f"{path} is no YAML: {error}") from error
    for change in changes:
        _change(values, change)
    try:
        return _from_dict(values)
    except (KeyError, TypeError) as error:
        raise TrainError(f"{path}: {error}") from error


def _change(values: Any, change: str) -> None:
    """Put one value in the place of another, or in one of its own.

    Raises:
        TrainError: it is not written as one, or there is no such place.
    """
    name, sign, text = change.partition("=")
    if not sign or not name:
        raise TrainError(f"a change must be NAME=VALUE, as model.history=1 (got {change!r})")
    *way, last = (int(part) if part.isdigit() else part for part in name.split("."))
    try:
        new = yaml.safe_load(text)
        for part in way:
            values = values[part]
        values[last] = new
    except (KeyError, IndexError, TypeError) as error:
        raise TrainError(f"the configuration has no place for {name} ({error})") from error
    except yaml.YAMLError as error:
        raise TrainError(f"{name}: {text!r} is no YAML: {error}") from error


def _from_dict(values: dict[str, Any]) -> RunConfig:
    known = {"architecture", *(f.name for f in dataclasses.fields(RunConfig))}
    unknown = set(values) - known
    if unknown:
        raise TrainError(f"unknown keys: {', '.join(sorted(unknown))}")
    action = ActionSpec.from_dict(values["action"])
    if not isinstance(values["rounds"], list):
        raise TrainError(f"rounds must be a list (got {values['rounds']!r})")
    sizes = {"horizon": action.horizon, "action_dim": action.action_dim}
    architecture = find_architecture(values.get("architecture", "end_to_end"))
    return RunConfig(
        **{
            **{name: value for name, value in values.items() if name != "architecture"},
            "action": action,
            "model": architecture.make_config({**sizes, **values.get("model", {})}),
            "rounds": tuple(_round_of(r) for r in values["rounds"]),
            "initial_parts": _names(values.get("initial_parts", [""])),
        }
    )


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise TrainError(f"initial_parts must be a list of names (got {value!r})")
    return tuple(value)


def _round_of(values: dict[str, Any]) -> RoundConfig:
    if not isinstance(values, dict):
        raise TrainError(f"a round must be keys with values (got {values!r})")
    datasets = tuple(DatasetSource.of(value) for value in values.get("datasets") or ())
    return RoundConfig(**{**values, "datasets": datasets})
