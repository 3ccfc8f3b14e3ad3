# SPDX-License-Identifier: Apache-2.0
"""Sentences and what they ask for: the grammar that data, demo and judge share.

The policy never sees this module; it reads the sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from vla_sim.errors import TaskError
from vla_sim.room import COLOURS, SHAPES, Room, Solid

WORDINGS: dict[str, tuple[str, ...]] = {
    "go_to": (
        "go to the {thing}",
        "drive to the {thing}",
        "move to the {thing}",
        "head for the {thing}",
        "approach the {thing}",
        "navigate to the {thing}",
        "drive up to the {thing}",
        "please go to the {thing}",
        "find the {thing}",
        "go over to the {thing}",
        "take me to the {thing}",
        "travel to the {thing}",
    ),
    "turn_left": (
        "turn left",
        "rotate left",
        "turn to the left",
        "please turn left",
        "make a left turn",
        "turn left on the spot",
    ),
    "turn_right": (
        "turn right",
        "rotate right",
        "turn to the right",
        "please turn right",
        "make a right turn",
        "turn right on the spot",
    ),
    "turn_around": (
        "turn around",
        "turn back around",
        "make a u-turn",
        "please turn around",
        "face the other way",
        "do a half turn",
    ),
    "forward": (
        "go forward",
        "drive forward",
        "move ahead",
        "please go forward",
        "go straight ahead",
        "move forward",
    ),
    "back_up": (
        "back up",
        "go backward",
        "drive backward",
        "please back up",
        "reverse",
        "move back",
    ),
    "stop": (
        "stop",
        "halt",
        "stand still",
        "please stop",
        "stop moving",
        "stay where you are",
    ),
}
"""Families of instructions, and the sentences of each."""

FAMILIES = tuple(WORDINGS)


@dataclass(frozen=True)
class Task:
    """What a sentence asks for.

    Attributes:
        family: a key of `WORDINGS`.
        target: the solid to go to; None in every family but ``go_to``.
        instruction: the sentence.
    """

    family: str
    target: Solid | None
    instruction: str


def make_task(family: str, wording: int, target: Solid | None = None) -> Task:
    """The task of a family, said in its `wording`-th sentence (counted round)."""
    sentences = WORDINGS[family]
    sentence = sentences[wording % len(sentences)]
    if target is not None:
        sentence = sentence.format(thing=target.name)
    return Task(family, target, sentence)


def parse_task(instruction: str, room: Room) -> Task:
    """The task that a sentence names in a room.

    Raises:
        TaskError: the sentence belongs to no family, or the room lacks the thing.
    """
    words = re.sub(r"[.!]+$", "", " ".join(instruction.lower().split()))
    for family in FAMILIES:
        if family != "go_to" and words in WORDINGS[family]:
            return Task(family, None, instruction)
    found = _GO_TO.fullmatch(words)
    if found is None:
        raise TaskError(f"cannot judge {instruction!r}: {_known_sentences()}")
    solid = room.find(found["colour"], found["shape"])
    if solid is None:
        things = ", ".join(s.name for s in room.objects)
        raise TaskError(
            f"there is no {found['colour']} {found['shape']} in this room (it has: {things})"
        )
    return Task("go_to", solid, instruction)


def _known_sentences() -> str:
    examples = "; ".join(f'"{sentences[0]}"' for sentences in WORDINGS.values())
    things = f"colours: {', '.join(COLOURS)}; shapes: {', '.join(SHAPES)}"
    return f"expected a sentence like {examples} ({things})".replace("{thing}", "red ball")


_GO_TO = re.compile(
    "("
    + "|".join(
        re.escape(sentence).replace(r"\{thing\}", "THING") for sentence in WORDINGS["go_to"]
    ).replace("THING", "")
    + f")(?P<colour>{'|'.join(COLOURS)}) (?P<shape>{'|'.join(SHAPES)})"
)
