# SPDX-License-Identifier: Apache-2.0
"""Sentences and what they ask for: the grammar that data, demo and judge share.

The policy never sees this module; it reads the sentence.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vla_sim.errors import TaskError
from vla_sim.geometry import Pose
from vla_sim.goal import Drive, Follow, Goal, Reach, Stop, Turn
from vla_sim.relation import AmbiguousError, Outlook, Reference, plural
from vla_sim.room import COLOURS, SHAPES, Room, Solid
from vla_sim.splits import KINDS, held_out_side, train_side

QUARTER_DEG = 90.0
FORWARD_M = 1.0
BACK_UP_M = 0.5
ANYTHING = ("thing", "object")
"""What a sentence calls a thing of any shape."""
SEQUENCE_KINDS = ("go_to", "turn_left", "turn_right", "turn_around", "forward", "back_up")
"""Kinds of the two sentences that a sequence is made of."""


@dataclass(frozen=True)
class Task:
    """What a sentence asks for.

    Attributes:
        kind: a key of `vla_sim.splits.KINDS`.
        goals: what to achieve, one after the other.
        instruction: the sentence.
        reference: how a relation names the goal; None in the other families.
    """

    kind: str
    goals: tuple[Goal, ...]
    instruction: str
    reference: Reference | None = None

    @property
    def family(self) -> str:
        """The family of its kind."""
        return KINDS[self.kind]

    @property
    def target(self) -> Solid | None:
        """The thing that it ends at; None where there is none."""
        last = self.goals[-1]
        return last.target if isinstance(last, Reach | Follow) else None


def amount_of(kind: str, amount: float | None) -> Goal:
    """The goal of a turn by `amount` degrees or of a drive by `amount` metres, or by default."""
    if kind == "turn_around":
        return Turn(math.pi, either=True)
    if kind in ("turn_left", "turn_right"):
        angle = math.radians(QUARTER_DEG if amount is None else amount)
        return Turn(angle if kind == "turn_left" else -angle)
    if kind == "forward":
        return Drive(FORWARD_M if amount is None else amount)
    return Drive(-(BACK_UP_M if amount is None else amount))


def parse_task(instruction: str, room: Room, pose: Pose | None = None) -> Task:
    """The task that a sentence names in a room, as seen from a pose (by default the start's).

    Raises:
        TaskError: the sentence belongs to no kind, the room lacks the thing, or it could mean
            several.
    """
    pose = room.start if pose is None else pose
    words = re.sub(r"[.!]+$", "", " ".join(instruction.lower().split()))
    for kind, pattern in _patterns():
        found = pattern.fullmatch(words)
        if found is None:
            continue
        if kind == "sequence":
            goals = _sequence(found, room)
            if goals is not None:
                return Task(kind, goals, instruction)
        elif KINDS[kind] == "relation":
            reference = _reference(kind, found.groupdict())
            return Task(kind, (_resolve(reference, room, pose),), instruction, reference)
        else:
            return Task(kind, (_goal(kind, found.groupdict(), room),), instruction)
    raise TaskError(f"cannot judge {instruction!r}: {_known_sentences()}")


def _sequence(found: re.Match[str], room: Room) -> tuple[Goal, ...] | None:
    goals = []
    for clause in (found["first"], found["second"]):
        for kind, pattern in _patterns():
            part = pattern.fullmatch(clause)
            if kind in SEQUENCE_KINDS and part is not None:
                goals.append(_goal(kind, part.groupdict(), room))
                break
        else:
            return None
    return tuple(goals)


def _goal(kind: str, slots: Mapping[str, str | None], room: Room) -> Goal:
    if kind == "stop":
        return Stop()
    if kind in ("go_to", "follow"):
        solid = _named(slots["thing"] or "", room)
        return Reach.thing(solid) if kind == "go_to" else Follow(solid)
    words = slots.get("amount")
    amounts = _turn_words() if kind.startswith("turn") else _drive_words()
    return amount_of(kind, None if words is None else amounts[words])


def _reference(kind: str, slots: Mapping[str, str | None]) -> Reference:
    if kind == "between":
        shape = next(shape for shape in SHAPES if plural(shape) == slots["things"])
        return Reference(kind, (None, shape))
    thing = _described(slots["thing"] or "")
    if kind == "nearest":
        return Reference(kind, thing)
    return Reference(kind, thing, _described(slots["other"] or ""))


def _resolve(reference: Reference, room: Room, pose: Pose) -> Reach:
    try:
        return reference.resolve(Outlook(room, pose))
    except AmbiguousError as error:
        raise TaskError(f"{error} ({_things(room)})") from error


def _named(words: str, room: Room) -> Solid:
    colour, shape = _described(words)
    if colour is None or shape is None:
        raise TaskError(f"say the colour and the shape, like 'red ball' (got {words!r})")
    solid = room.find(colour, shape)
    if solid is None:
        raise TaskError(f"there is no {words} in this room ({_things(room)})")
    return solid


def _described(words: str) -> tuple[str | None, str | None]:
    """Colour and shape of 'red ball', 'ball', 'red thing' or 'thing'; None: whichever."""
    *colours, shape = words.split()
    return colours[0] if colours else None, None if shape in ANYTHING else shape


def _things(room: Room) -> str:
    return f"it has: {', '.join(s.name for s in room.things)}"


@functools.cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """What sentences look like, by kind; sequences last."""
    solid = rf"(?:(?:{'|'.join(COLOURS)}) )?(?:{'|'.join((*SHAPES, *ANYTHING))})"
    slots = {
        "thing": f"(?P<thing>{solid})",
        "other": f"(?P<other>{solid})",
        "things": f"(?P<things>{'|'.join(map(plural, SHAPES))})",
        "first": r"(?P<first>.+?)",
        "second": r"(?P<second>.+)",
    }
    return tuple(_iterate_patterns(slots))


def _iterate_patterns(slots: dict[str, str]) -> Iterator[tuple[str, re.Pattern[str]]]:
    for kind in KINDS:
        amounts = _turn_words() if kind.startswith("turn") else _drive_words()
        any_amount = f"(?P<amount>{'|'.join(map(re.escape, amounts))})"
        for side in (train_side(), held_out_side()):
            for sentence in side.wordings[kind]:
                text = re.escape(sentence.lower())
                for slot, pattern in {**slots, "amount": any_amount}.items():
                    text = text.replace(rf"\{{{slot}\}}", pattern)
                yield kind, re.compile(text)


@functools.cache
def _turn_words() -> Mapping[str, float]:
    sides = (train_side(), held_out_side())
    return {w: amount for side in sides for amount, words in side.turns.items() for w in words}


@functools.cache
def _drive_words() -> Mapping[str, float]:
    sides = (train_side(), held_out_side())
    return {w: amount for side in sides for amount, words in side.drives.items() for w in words}


def _known_sentences() -> str:
    examples = {
        "thing": "red ball",
        "other": "blue cone",
        "things": "boxes",
        "first": "go to the red ball",
        "second": "turn left",
    }
    wordings = train_side().wordings
    sentences = "; ".join(f'"{wordings[kind][0].format(**examples)}"' for kind in KINDS)
    return (
        f"expected a sentence like {sentences} "
        f"(colours: {', '.join(COLOURS)}; shapes: {', '.join(SHAPES)})"
    )
