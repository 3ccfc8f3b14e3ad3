# SPDX-License-Identifier: Apache-2.0
"""Questions about what is in view, and their answers: what RT-2 is trained on besides driving.

A model that learns to drive and nothing else may forget what it knew, and what nobody drives to
need not be looked at. Questions in plain words keep both (arXiv 2307.15818, section 3.2,
*co-fine-tuning*). Each form is asked in several wordings, some of which are kept for validation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from vla_sim.relation import plural
from vla_sim.room import COLOURS, SHAPES, Solid
from vla_sim.visibility import seen_at
from vla_train.lesson import View

NO_THING = "none"
YES, NO = "yes", "no"
SIDES = ("left", "middle", "right")
NUMBERS = ("none", "one", "two", "three", "four", "five", "six")
THIRDS = (1 / 3, 2 / 3)
EDGE_SHARE = 0.04
"""Of the image's width: nearer to a third's end than this is neither here nor there."""
ASIDE_SHARE = 0.06
"""Of the image's width: how much further to a side a thing is seen that is left of another."""
NEARER_M = 0.35
"""How much nearer the nearest thing is than the next."""

FORMS: dict[str, tuple[str, ...]] = {
    "colour_at": (
        "which colour is the {side} thing",
        "what colour has the thing on the far {side}",
        "name the colour of the {side} most thing",
        "what is the colour of the thing furthest to the {side}",
    ),
    "shape_at": (
        "what shape is the {side} thing",
        "which kind of thing is on the far {side}",
        "name the shape of the {side} most thing",
        "what stands furthest to the {side}",
    ),
    "is_there": (
        "is there a {thing}",
        "do you see a {thing}",
        "is a {thing} in view",
        "can a {thing} be seen from here",
    ),
    "count": (
        "how many {things} are there",
        "how many {things} do you see",
        "count the {things}",
        "what is the number of {things} in view",
    ),
    "where": (
        "where is the {thing}",
        "on which side is the {thing}",
        "in which part of the view is the {thing}",
        "where do you see the {thing}",
    ),
    "nearest_colour": (
        "which colour is the nearest thing",
        "what colour has the closest thing",
        "what is the colour of the thing next to you",
    ),
    "nearest_shape": (
        "what shape is the nearest thing",
        "which kind of thing is closest",
        "what is the thing next to you",
    ),
    "colour_of": (
        "which colour is the {shape}",
        "what colour has the {shape}",
        "what is the colour of the {shape}",
    ),
    "shape_of": (
        "what is the {colour} thing",
        "which shape has the {colour} thing",
        "what kind of thing is {colour}",
    ),
    "left_of": (
        "is the {thing} left of the {other}",
        "does the {thing} stand to the left of the {other}",
        "do you see the {thing} on the left of the {other}",
    ),
}
"""Wordings by form; the last of each is for validation alone."""


@dataclass(frozen=True)
class Question:
    """A question about one view, and what is right.

    Attributes:
        form: a key of `FORMS`.
    """

    form: str
    question: str
    answer: str


@dataclass(frozen=True)
class _Seen:
    """A nameable thing in view: where its middle is seen, as a share of the width from the left."""

    solid: Solid
    across: float
    away_m: float


def ask(view: View, rng: np.random.Generator, count: int, validation: bool = False) -> list[Question]:
    """Up to `count` questions about a view, of as many forms as there are to be had.

    Only what is in sight is asked about, and only where the answer is beyond doubt: what stands
    between two thirds of the image, or next to another at about the same distance, is left out.

    Args:
        validation: in the wordings that training never sees.
    """
    seen = list(_in_view(view))
    drawn = [made for form in FORMS if (made := _ASKERS[form](rng, seen)) is not None]
    chosen = [drawn[int(index)] for index in rng.permutation(len(drawn))[:count]]
    return [_worded(rng, form, slots, answer, validation) for form, slots, answer in chosen]


def question_texts() -> list[str]:
    """Every wording of training with every word that can fill it, for making a tokenizer."""
    fillings = [
        {"side": side, "thing": f"{colour} {shape}", "things": plural(shape), "shape": shape}
        | {"colour": colour, "other": f"{colour} {shape}"}
        for colour in COLOURS
        for shape in SHAPES
        for side in SIDES
    ]
    wordings = [wording for texts in FORMS.values() for wording in texts[:-1]]
    asked = {wording.format(**slots) for wording in wordings for slots in fillings}
    return [*sorted(asked), YES, NO, NO_THING, *SIDES, *NUMBERS, *COLOURS, *SHAPES]


_Made = tuple[str, dict[str, str], str]


def _worded(
    rng: np.random.Generator, form: str, slots: dict[str, str], answer: str, validation: bool
) -> Question:
    wordings = FORMS[form]
    text = wordings[-1] if validation else wordings[int(rng.integers(len(wordings) - 1))]
    return Question(form, text.format(**slots), answer)


def _in_view(view: View) -> Iterator[_Seen]:
    """What can be named and is in sight."""
    for solid in view.room.things:
        pixel = seen_at(view.pose, solid, view.room, view.camera)
        if pixel is not None:
            away = view.pose.distance_to(solid.x, solid.y) - solid.radius
            yield _Seen(solid, pixel[0] / view.camera.width, away)


def _at_side(rng: np.random.Generator, seen: list[_Seen]) -> tuple[str, Solid] | None:
    """The outermost thing on a side, if it is so by enough."""
    side = ("left", "right")[int(rng.integers(2))]
    ordered = sorted(seen, key=lambda s: s.across, reverse=side == "right")
    if not ordered:
        return None
    clear = len(ordered) == 1 or abs(ordered[0].across - ordered[1].across) > ASIDE_SHARE
    return (side, ordered[0].solid) if clear else None


def _colour_at(rng: np.random.Generator, seen: list[_Seen]) -> _Made | None:
    found = _at_side(rng, seen)
    return found and ("colour_at", {"side": found[0]}, found[1].colour)


def _shape_at(rng: np.random.Generator, seen: list[_Seen]) -> _Made | None:
    found = _at_side(rng, seen)
    return found and ("shape_at", {"side": found[0]}, found[1].shape)


def _is_there(rng: np.random.Generator, seen: list[_Seen]) -> _Made | None:
    """Half of the time about what is there; else mostly about what is nearly there."""
    names = {s.solid.name for s in seen}
    if seen and rng.random() < 0.5:
        return "is_there", {"thing": _pick(rng, seen).solid.name}, YES
    colour, shape = _word(rng, COLOURS), _word(rng, SHAPES)
    if seen and rng.random() < 0.7:
        like = _pick(rng, seen).solid
        colour, shape = (like.colour, shape) if rng.random() < 0.5 else (colour, like.shape)
    name = f"{colour} {shape}"
    return "is_there", {"thing": name}, YES if name in names else NO


def _count(rng: np.random.Generator, seen: list[_Seen]) -> _Made | None:
    shape = _word(rng, SHAPES)
    if seen and rng.random() < 0.6:
        shape = _pick(rng, seen).solid.shape
    number = sum(s.solid.shape == shape for s in seen)
    return "count", {"things": plural(shape)}, NUMBERS[min(number, len(NUMBERS) - 1)]


def _where(rng: np.random.Generator, seen: list[_Seen]) -> _Made | None:
    clear = [s for s in seen if all(abs(s.across - edge) > EDGE_SHARE for edge in THIRDS)]
    if not clear:
        return None
    chosen = _pick(rng, clear)
    side = SIDES[sum(chosen.across > edge for edge in THIRDS)]
    return "where", {"thing": chosen.solid.name}, side


def _nearest(seen: list[_Seen]) -> Solid | None:
    ordered = sorted(seen, key=lambda s: s.away_m)
    if not ordered:
        return None
    clear = len(ordered) == 1 or ordered[1].away_m - ordered[0].away_m > NEARER_M
    return ordered[0].solid if clear else None


def _nearest_colour(rng: np.random.Generator, seen: list[_Seen]) -> _Made | None:
    found = _nearest(seen)
    return found and ("nearest_colour", {}, found.colour)


def _nearest_shape(rng: np.random.Generator, seen: list[_Seen]) -> _Made | None:
    found = _nearest(seen)
    return found and ("nearest_shape", {}, found.shape)


def _colour_of(rng: np.random.Generator, seen: list[_Seen]) -> _Made | None:
    alone = [s.solid for s in seen if sum(o.solid.shape == s.solid.shape for o in seen) == 1]
    if not alone:
        return None
    chosen = alone[int(rng.integers(len(alone)))]
    return "colour_of", {"shape": chosen.shape}, chosen.colour


def _shape_of(rng: np.random.Generator, seen: list[_Seen]) -> _Made | None:
    alone = [s.solid for s in seen if sum(o.solid.colour == s.solid.colour for o in seen) == 1]
    if not alone:
        return None
    chosen = alone[int(rng.integers(len(alone)))]
    return "shape_of", {"colour": chosen.colour}, chosen.shape


def _left_of(rng: np.random.Generator, seen: list[_Seen]) -> _Made | None:
    if len(seen) < 2:
        return None
    one, other = (seen[int(index)] for index in rng.permutation(len(seen))[:2])
    if abs(one.across - other.across) < ASIDE_SHARE:
        return None
    answer = YES if one.across < other.across else NO
    return "left_of", {"thing": one.solid.name, "other": other.solid.name}, answer


_ASKERS: dict[str, Callable[[np.random.Generator, list[_Seen]], _Made | None]] = {
    "colour_at": _colour_at,
    "shape_at": _shape_at,
    "is_there": _is_there,
    "count": _count,
    "where": _where,
    "nearest_colour": _nearest_colour,
    "nearest_shape": _nearest_shape,
    "colour_of": _colour_of,
    "shape_of": _shape_of,
    "left_of": _left_of,
}


def _pick(rng: np.random.Generator, seen: list[_Seen]) -> _Seen:
    return seen[int(rng.integers(len(seen)))]


def _word(rng: np.random.Generator, words: object) -> str:
    names = list(words)  # type: ignore[call-overload]
    return str(names[int(rng.integers(len(names)))])
