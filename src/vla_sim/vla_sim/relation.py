# SPDX-License-Identifier: Apache-2.0
"""Things named by where they are: *the box left of the ball*, *the nearest thing*.

A description is valid from a pose only where it means exactly one thing, and where what it
speaks of is in view.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vla_sim.errors import TaskError
from vla_sim.geometry import Pose
from vla_sim.goal import Reach
from vla_sim.robot import ROBOT
from vla_sim.room import COLOURS, SHAPES, Room, Solid
from vla_sim.visibility import seen_at

Description = tuple[str | None, str | None]
"""Colour and shape; None: whichever."""

ASIDE_RAD = 0.12
"""How much further to a side a thing must be seen to be left or right of another."""
NEARER_M = 0.35
"""How much nearer the nearest thing must be than the next."""
BETWEEN_CLEARANCE_M = ROBOT.radius + 0.3


class Ambiguous(TaskError):
    """From here, a description means nothing in the room, or several things."""


@dataclass(frozen=True)
class Reference:
    """One way to name a goal by a relation.

    Attributes:
        kind: ``left_of``, ``right_of``, ``nearest`` or ``between``.
        slots: what fills the sentence's slots, see `vla_sim.splits.SLOTS`.
        rivals: how many things the description without the relation would fit, too.
    """

    kind: str
    goal: Reach
    slots: dict[str, str]
    rivals: int


def relative(
    room: Room, pose: Pose, kind: str, thing: Description, other: Description
) -> Solid:
    """The thing that is left (or right) of another one, seen from a pose.

    Raises:
        Ambiguous: there is no such thing in view, there are several, or some that would fit
            the description are out of view.
    """
    anchors = _matching(room, other)
    if len(anchors) != 1:
        raise Ambiguous(f"there are {len(anchors)} of what is to be {kind.replace('_', ' ')}")
    anchor = anchors[0]
    candidates = [s for s in _matching(room, thing) if s is not anchor]
    unseen = [s for s in (anchor, *candidates) if seen_at(pose, s, room) is None]
    if unseen:
        raise Ambiguous(f"the {unseen[0].name} is not in view")
    sign = 1.0 if kind == "left_of" else -1.0
    off = {
        s.name: sign * (pose.bearing_to(s.x, s.y) - pose.bearing_to(anchor.x, anchor.y))
        for s in candidates
    }
    if any(abs(angle) < ASIDE_RAD for angle in off.values()):
        raise Ambiguous(f"it is too near to the {anchor.name} to say on which side it is")
    fitting = [s for s in candidates if off[s.name] > 0.0]
    return _only(fitting, f"{kind.replace('_', ' ')} the {anchor.name}")


def nearest(room: Room, pose: Pose, colour: str | None, shape: str | None) -> Solid:
    """The nearest thing of a description, seen from a pose.

    Raises:
        Ambiguous: there is none, it is not in view, or another one is about as near.
    """
    things = sorted(
        _matching(room, (colour, shape)),
        key=lambda s: pose.distance_to(s.x, s.y) - s.radius,
    )
    if not things:
        raise Ambiguous("there is no such thing")
    gaps = [pose.distance_to(s.x, s.y) - s.radius for s in things[:2]]
    if len(gaps) == 2 and gaps[1] - gaps[0] < NEARER_M:
        raise Ambiguous(f"the {things[0].name} and the {things[1].name} are about as near")
    if seen_at(pose, things[0], room) is None:
        raise Ambiguous(f"the {things[0].name} is not in view")
    return things[0]


def between(room: Room, pose: Pose, shape: str) -> Reach:
    """The spot between the two things of a shape.

    Raises:
        Ambiguous: there are not two in view, or there is no room between them.
    """
    things = _matching(room, (None, shape))
    if len(things) != 2:
        raise Ambiguous(f"there must be two of that shape (there are {len(things)})")
    if any(seen_at(pose, s, room) is None for s in things):
        raise Ambiguous("not both are in view")
    a, b = things
    x, y = (a.x + b.x) / 2, (a.y + b.y) / 2
    if room.clearance(x, y) < BETWEEN_CLEARANCE_M:
        raise Ambiguous("there is no room between them")
    return Reach(None, x, y)


def references(room: Room, pose: Pose) -> Iterator[Reference]:
    """Every way in which a relation names a goal, seen from a pose."""
    descriptions = _shared_descriptions(room)
    for kind in ("left_of", "right_of"):
        for thing, rivals in descriptions.items():
            for anchor in room.things:
                yield from _relative_references(room, pose, kind, thing, anchor, rivals)
    for thing, rivals in {**descriptions, (None, None): len(room.objects)}.items():
        try:
            solid = nearest(room, pose, *thing)
        except Ambiguous:
            continue
        slots = {"thing": words_of(thing)}
        yield Reference("nearest", Reach.thing(solid), slots, rivals - 1)
    for shape in SHAPES:
        try:
            goal = between(room, pose, shape)
        except Ambiguous:
            continue
        yield Reference("between", goal, {"things": plural(shape)}, 0)


def words_of(description: Description) -> str:
    """'red ball', 'ball', 'red thing' or 'thing'."""
    colour, shape = description
    return " ".join(filter(None, (colour, shape or "thing")))


def plural(shape: str) -> str:
    """Several of a shape: 'boxes'."""
    return f"{shape}es" if shape.endswith("x") else f"{shape}s"


def _relative_references(
    room: Room, pose: Pose, kind: str, thing: Description, anchor: Solid, rivals: int
) -> Iterator[Reference]:
    alone = len(_matching(room, (None, anchor.shape))) == 1
    other = (None if alone else anchor.colour, anchor.shape)
    if thing[1] == anchor.shape or thing[0] == anchor.colour:
        return
    try:
        solid = relative(room, pose, kind, thing, other)
    except Ambiguous:
        return
    slots = {"thing": words_of(thing), "other": words_of(other)}
    yield Reference(kind, Reach.thing(solid), slots, rivals - 1)


def _shared_descriptions(room: Room) -> dict[Description, int]:
    """Shapes and colours of the room's things, and how many of each there are."""
    counts: dict[Description, int] = {}
    for solid in room.objects:
        if solid.shape in SHAPES:
            counts[None, solid.shape] = counts.get((None, solid.shape), 0) + 1
        if solid.colour in COLOURS:
            counts[solid.colour, None] = counts.get((solid.colour, None), 0) + 1
    return counts


def _matching(room: Room, description: Description) -> list[Solid]:
    """All that fits a description, distractors too: a red stool is a red thing."""
    colour, shape = description
    return [
        solid
        for solid in room.objects
        if colour in (None, solid.colour) and shape in (None, solid.shape)
    ]


def _only(solids: list[Solid], words: str) -> Solid:
    if len(solids) != 1:
        raise Ambiguous(f"there are {len(solids)} such things {words}")
    return solids[0]
