# SPDX-License-Identifier: Apache-2.0
"""What is for training and what is held out: sentences, things and looks, split once, by file."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from vla_sim.errors import SplitError

KINDS = {
    "go_to": "go_to",
    "left_of": "relation",
    "right_of": "relation",
    "nearest": "relation",
    "between": "relation",
    "turn_left": "move",
    "turn_right": "move",
    "turn_around": "move",
    "forward": "move",
    "back_up": "move",
    "follow": "follow",
    "stop": "stop",
    "sequence": "sequence",
}
"""Kinds of sentences, and the family that each belongs to."""

FAMILIES = tuple(dict.fromkeys(KINDS.values()))

SLOTS = {
    "go_to": {"thing"},
    "left_of": {"thing", "other"},
    "right_of": {"thing", "other"},
    "nearest": {"thing"},
    "between": {"things"},
    "follow": {"thing"},
    "sequence": {"first", "second"},
}
"""What a sentence of a kind must leave open; a turn and a drive may leave open an amount."""
_MAY_HAVE_AMOUNT = {"turn_left", "turn_right", "forward", "back_up"}

Wordings = Mapping[str, tuple[str, ...]]
Amounts = Mapping[float, tuple[str, ...]]


@dataclass(frozen=True)
class Side:
    """One side of the split.

    Attributes:
        wordings: sentences of each kind of `KINDS`.
        turns: words for degrees of a turn.
        drives: words for metres of a drive.
        pairs: (colour, shape) of the things that sentences name.
        distractor_shapes: shapes that no instruction of the benchmark names.
        floors: patterns; so are `walls` and `pictures`.
        lights: kinds of light.
    """

    wordings: Wordings
    turns: Amounts
    drives: Amounts
    pairs: tuple[tuple[str, str], ...]
    distractor_shapes: tuple[str, ...]
    floors: tuple[str, ...]
    walls: tuple[str, ...]
    pictures: tuple[str, ...]
    lights: tuple[str, ...]


@functools.cache
def train_side() -> Side:
    """What training draws from."""
    return _read_side("train")


@functools.cache
def held_out_side() -> Side:
    """What training never sees."""
    return _read_side("held_out")


def read_wordings(path: Path) -> Wordings:
    """A user's own sentences: a YAML file of lists by kind, as under `wordings` in train.yaml.

    Raises:
        SplitError: the file cannot be read, names an unknown kind, or a sentence lacks a slot.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SplitError(f"{path} cannot be read: {error}") from error
    if isinstance(values, dict) and isinstance(values.get("wordings"), dict):
        values = values["wordings"]
    try:
        return _wordings(values)
    except SplitError as error:
        raise SplitError(f"{path}: {error}") from error


def _wordings(values: Any) -> Wordings:
    if not isinstance(values, dict) or not values:
        raise SplitError(f"expected lists of sentences by kind (kinds: {', '.join(KINDS)})")
    for kind, sentences in values.items():
        if kind not in KINDS:
            raise SplitError(f"unknown kind {kind!r}: expected one of {', '.join(KINDS)}")
        if not isinstance(sentences, list) or not sentences:
            raise SplitError(f"{kind} must be a list of at least one sentence (got {sentences!r})")
        for sentence in sentences:
            _check_sentence(kind, sentence)
    return {kind: tuple(sentences) for kind, sentences in values.items()}


def _check_sentence(kind: str, sentence: Any) -> None:
    if not isinstance(sentence, str) or not sentence.strip():
        raise SplitError(f"{kind}: a sentence must be a text (got {sentence!r})")
    needed = SLOTS.get(kind, set())
    allowed = needed | ({"amount"} if kind in _MAY_HAVE_AMOUNT else set())
    found = {part.split("}")[0] for part in sentence.split("{")[1:]}
    if not needed <= found <= allowed:
        expected = ", ".join(f"{{{slot}}}" for slot in sorted(allowed)) or "no slot"
        raise SplitError(f"{kind}: {sentence!r} must hold {expected}")


def _read_side(name: str) -> Side:
    text = (resources.files(__name__) / f"{name}.yaml").read_text(encoding="utf-8")
    values = yaml.safe_load(text)
    return Side(
        wordings=_wordings(values["wordings"]),
        turns=_amounts(values["amounts"]["turn"]),
        drives=_amounts(values["amounts"]["drive"]),
        pairs=tuple(
            (colour, shape) for shape, colours in values["pairs"].items() for colour in colours
        ),
        **{
            key: tuple(values[key])
            for key in ("distractor_shapes", "floors", "walls", "pictures", "lights")
        },
    )


def _amounts(values: Mapping[Any, list[str]]) -> Amounts:
    return {float(amount): tuple(words) for amount, words in values.items()}
