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


class Outlook:
    """A room as seen from a pose; what is in view is worked out once for each solid."""

    def __init__(self, room: Room, pose: Pose) -> None:
        self.room = room
        self.pose = pose
        self._seen: dict[str, bool] = {}

    def sees(self, solid: Solid) -> bool:
        """Whether the solid is in view."""
        if solid.name not in self._seen:
            self._seen[solid.name] = seen_at(self.pose, solid, self.room) is not None
        return self._seen[solid.name]


class AmbiguousError(TaskError):
    """From here, a description means nothing in the room, or several things."""


@dataclass(frozen=True)
class Reference:
    """One way to name a goal by a relation.

    Attributes:
        kind: ``left_of``, ``right_of``, ``nearest`` or ``between``.
        thing: what is meant; of ``between``, both.
        other: what it is left or right of.
        rivals: how many things `thing` alone would fit, too.
    """

    kind: str
    thing: Description
    other: Description = (None, None)
    rivals: int = 0

    @property
    def slots(self) -> dict[str, str]:
        """What fills the sentence's slots, see `vla_sim.splits.SLOTS`."""
        if self.kind == "between":
            return {"things": plural(words_of(self.thing))}
        slots = {"thing": words_of(self.thing)}
        return slots if self.kind == "nearest" else {**slots, "other": words_of(self.other)}

    def resolve(self, outlook: Outlook) -> Reach:
        """The goal that is meant, as seen from a pose.

        Raises:
            AmbiguousError: from there it means nothing, or several things.
        """
        if self.kind == "between":
            return between(outlook, self.thing)
        if self.kind == "nearest":
            return Reach.thing(nearest(outlook, self.thing))
        return Reach.thing(relative(outlook, self.kind, self.thing, self.other))


def relative(outlook: Outlook, kind: str, thing: Description, other: Description) -> Solid:
    """The thing that is left (or right) of another one, as seen from a pose.

    Raises:
        AmbiguousError: there is no such thing in view, there are several, or some that would fit
            the description are out of view.
    """
    room, pose = outlook.room, outlook.pose
    anchors = _matching(room, other)
    if len(anchors) != 1:
        raise AmbiguousError(f"there are {len(anchors)} of what is to be {kind.replace('_', ' ')}")
    anchor = anchors[0]
    candidates = [s for s in _matching(room, thing) if s is not anchor]
    unseen = [s for s in (anchor, *candidates) if not outlook.sees(s)]
    if unseen:
        raise AmbiguousError(f"the {unseen[0].name} is not in view")
    sign = 1.0 if kind == "left_of" else -1.0
    off = {
        s.name: sign * (pose.bearing_to(s.x, s.y) - pose.bearing_to(anchor.x, anchor.y))
        for s in candidates
    }
    if any(abs(angle) < ASIDE_RAD for angle in off.values()):
        raise AmbiguousError(f"it is too near to the {anchor.name} to say on which side it is")
    fitting = [s for s in candidates if off[s.name] > 0.0]
    return _only(fitting, f"{kind.replace('_', ' ')} the {anchor.name}")


def nearest(outlook: Outlook, thing: Description) -> Solid:
    """The nearest thing of a description, as seen from a pose.

    Raises:
        AmbiguousError: there is none, it is not in view, or another one is about as near.
    """
    pose = outlook.pose
    things = sorted(
        _matching(outlook.room, thing),
        key=lambda s: pose.distance_to(s.x, s.y) - s.radius,
    )
    if not things:
        raise AmbiguousError("there is no such thing")
    gaps = [pose.distance_to(s.x, s.y) - s.radius for s in things[:2]]
    if len(gaps) == 2 and gaps[1] - gaps[0] < NEARER_M:
        raise AmbiguousError(f"the {things[0].name} and the {things[1].name} are about as near")
    if not outlook.sees(things[0]):
        raise AmbiguousError(f"the {things[0].name} is not in view")
    return things[0]


def between(outlook: Outlook, thing: Description) -> Reach:
    """The spot between the two things of a description.

    Raises:
        AmbiguousError: there are not two in view, or there is no room between them.
    """
    room = outlook.room
    things = _matching(room, thing)
    if len(things) != 2:
        raise AmbiguousError(f"there must be two of them (there are {len(things)})")
    if not all(outlook.sees(s) for s in things):
        raise AmbiguousError("not both are in view")
    a, b = things
    x, y = (a.x + b.x) / 2, (a.y + b.y) / 2
    if room.clearance(x, y) < BETWEEN_CLEARANCE_M:
        raise AmbiguousError("there is no room between them")
    return Reach(None, x, y)


def references(outlook: Outlook, kind: str | None = None) -> Iterator[tuple[Reference, Reach]]:
    """Every way in which a relation (of a kind) names a goal, seen from a pose; and that goal."""
    for reference in _conceivable(outlook.room):
        if kind not in (None, reference.kind):
            continue
        try:
            yield reference, reference.resolve(outlook)
        except AmbiguousError:
            continue


def words_of(description: Description) -> str:
    """'red ball', 'ball', 'red thing' or 'thing'."""
    colour, shape = description
    return " ".join(filter(None, (colour, shape or "thing")))


def plural(shape: str) -> str:
    """Several of a shape: 'boxes'."""
    return f"{shape}es" if shape.endswith("x") else f"{shape}s"


def _conceivable(room: Room) -> Iterator[Reference]:
    descriptions = _shared_descriptions(room)
    for thing, count in descriptions.items():
        for anchor in room.things:
            if thing[0] != anchor.colour and thing[1] != anchor.shape:
                alone = descriptions[None, anchor.shape] == 1
                other = (None if alone else anchor.colour, anchor.shape)
                for kind in ("left_of", "right_of"):
                    yield Reference(kind, thing, other, count - 1)
        yield Reference("nearest", thing, rivals=count - 1)
        if count == 2 and thing[1] is not None:
            yield Reference("between", thing)
    yield Reference("nearest", (None, None), rivals=len(room.objects) - 1)


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
        raise AmbiguousError(f"there are {len(solids)} such things {words}")
    return solids[0]
