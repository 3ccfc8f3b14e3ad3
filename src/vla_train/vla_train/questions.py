# SPDX-License-Identifier: Apache-2.0
"""Questions about what is in view, and their answers: what RT-2 is trained on besides driving.

A model that learns to drive and nothing else may forget what it knew, and what nobody drives to
need not be looked at. Questions in plain words keep both (arXiv 2307.15818, section 3.2,
*co-fine-tuning*). Each form is asked in several wordings, some of which are kept for validation.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from vla_sim.relation import plural
from vla_sim.room import COLOURS, SHAPES, Solid
from vla_train.lesson import View
from vla_train.mirror import mirrored_sentence

_T = TypeVar("_T")

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
BESIDE_RAD = 0.35
"""So far beside the view something may still reach into it."""

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
        form: a key of `FORMS`; empty where it is not known.
    """

    question: str
    answer: str
    form: str = ""

    @property
    def mirrored(self) -> Question:
        """What is to be asked of the mirror image, and what is right there.

        It holds for all forms: they name sides in the words that a mirror swaps, or ask what is
        the same on either side. *Is it left of ...* becomes *is it right of ...*, and stays true.
        """
        asked, right = mirrored_sentence(self.question), mirrored_sentence(self.answer)
        return Question(asked, right, self.form)


@dataclass(frozen=True)
class _Seen:
    """A solid in view.

    Attributes:
        across: where its middle is seen, as a share of the image's width from the left.
        away_m: distance to its side.
    """

    solid: Solid
    across: float
    away_m: float

    @property
    def nameable(self) -> bool:
        """Whether there are words for it; a distractor has none."""
        return self.solid.shape in SHAPES and self.solid.colour in COLOURS


@dataclass(frozen=True)
class _Sights:
    """What is in view, and what may be seen in part.

    Attributes:
        doubtful: ahead, but too hidden or too near the edge to be sure of.
    """

    seen: tuple[_Seen, ...]
    doubtful: tuple[Solid, ...]

    @classmethod
    def of(cls, view: View) -> _Sights:
        """Those of a view."""
        seen, doubtful = [], []
        for solid in view.room.objects:
            pixel = view.pixel_of(solid)
            if pixel is not None:
                away = view.pose.distance_to(solid.x, solid.y) - solid.radius
                across = (pixel[0] + 0.5) / view.camera.width  # of the pixel's middle
                seen.append(_Seen(solid, across, away))
            elif abs(view.pose.bearing_to(solid.x, solid.y)) < (
                view.camera.half_width_rad + BESIDE_RAD
            ):
                doubtful.append(solid)
        return cls(tuple(seen), tuple(doubtful))

    @property
    def named(self) -> list[_Seen]:
        """What there are words for."""
        return [s for s in self.seen if s.nameable]

    def all_with(self, colour: str | None, shape: str | None) -> list[Solid] | None:
        """What fits in view; None where it is in doubt."""
        if any(_fits(solid, colour, shape) for solid in self.doubtful):
            return None
        return [s.solid for s in self.seen if _fits(s.solid, colour, shape)]


def ask(
    view: View, rng: np.random.Generator, count: int, validation: bool = False
) -> list[Question]:
    """Up to `count` questions about a view, each of another form.

    They are about what is in sight, and only where the answer is beyond doubt: what is seen in
    part, or stands next to another at about the same distance, is not asked about.

    Args:
        validation: in the wordings that training never sees.
    """
    sights = _Sights.of(view)
    forms = (_FORM_NAMES[int(index)] for index in rng.permutation(len(_FORM_NAMES)))
    made = ((form, found) for form in forms if (found := _ASKERS[form](rng, sights)))
    return [
        _worded(rng, form, *found, validation) for form, found in itertools.islice(made, count)
    ]


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
    return [*sorted(asked), YES, NO, *SIDES, *NUMBERS, *COLOURS, *SHAPES]


_Made = tuple[dict[str, str], str]
"""What fills a wording's slots, and the answer."""


def _worded(
    rng: np.random.Generator, form: str, slots: dict[str, str], answer: str, validation: bool
) -> Question:
    wordings = FORMS[form]
    text = wordings[-1] if validation else _pick(rng, wordings[:-1])
    return Question(text.format(**slots), answer, form)


def _at_side(rng: np.random.Generator, sights: _Sights) -> tuple[str, Solid] | None:
    """A side, and the outermost thing there."""
    side = _pick(rng, ("left", "right"))
    ordered = sorted(sights.seen, key=lambda s: s.across, reverse=side == "right")
    if sights.doubtful or not ordered or not ordered[0].nameable:
        return None
    clear = len(ordered) == 1 or abs(ordered[0].across - ordered[1].across) > ASIDE_SHARE
    return (side, ordered[0].solid) if clear else None


def _colour_at(rng: np.random.Generator, sights: _Sights) -> _Made | None:
    found = _at_side(rng, sights)
    return found and ({"side": found[0]}, found[1].colour)


def _shape_at(rng: np.random.Generator, sights: _Sights) -> _Made | None:
    found = _at_side(rng, sights)
    return found and ({"side": found[0]}, found[1].shape)


def _is_there(rng: np.random.Generator, sights: _Sights) -> _Made | None:
    """Half of the time about what is there; else mostly about what is nearly there."""
    named = sights.named
    if named and rng.random() < 0.5:
        return {"thing": _pick(rng, named).solid.name}, YES
    colour, shape = _pick(rng, tuple(COLOURS)), _pick(rng, SHAPES)
    if named and rng.random() < 0.7:
        like = _pick(rng, named).solid
        colour, shape = (like.colour, shape) if rng.random() < 0.5 else (colour, like.shape)
    found = sights.all_with(colour, shape)
    if found is None:
        return None
    return {"thing": f"{colour} {shape}"}, YES if found else NO


def _count(rng: np.random.Generator, sights: _Sights) -> _Made | None:
    named = sights.named
    shape = _pick(rng, SHAPES)
    if named and rng.random() < 0.6:
        shape = _pick(rng, named).solid.shape
    found = sights.all_with(None, shape)
    if found is None or len(found) >= len(NUMBERS):
        return None
    return {"things": plural(shape)}, NUMBERS[len(found)]


def _where(rng: np.random.Generator, sights: _Sights) -> _Made | None:
    clear = [s for s in sights.named if all(abs(s.across - edge) > EDGE_SHARE for edge in THIRDS)]
    if not clear:
        return None
    chosen = _pick(rng, clear)
    side = SIDES[sum(chosen.across > edge for edge in THIRDS)]
    return {"thing": chosen.solid.name}, side


def _nearest(sights: _Sights) -> Solid | None:
    ordered = sorted(sights.seen, key=lambda s: s.away_m)
    if sights.doubtful or not ordered or not ordered[0].nameable:
        return None
    clear = len(ordered) == 1 or ordered[1].away_m - ordered[0].away_m > NEARER_M
    return ordered[0].solid if clear else None


def _nearest_colour(rng: np.random.Generator, sights: _Sights) -> _Made | None:
    found = _nearest(sights)
    return ({}, found.colour) if found else None


def _nearest_shape(rng: np.random.Generator, sights: _Sights) -> _Made | None:
    found = _nearest(sights)
    return ({}, found.shape) if found else None


def _colour_of(rng: np.random.Generator, sights: _Sights) -> _Made | None:
    alone = [s.solid for s in sights.named if _alone(sights, None, s.solid.shape)]
    if not alone:
        return None
    chosen = _pick(rng, alone)
    return {"shape": chosen.shape}, chosen.colour


def _shape_of(rng: np.random.Generator, sights: _Sights) -> _Made | None:
    alone = [s.solid for s in sights.named if _alone(sights, s.solid.colour, None)]
    if not alone:
        return None
    chosen = _pick(rng, alone)
    return {"colour": chosen.colour}, chosen.shape


def _left_of(rng: np.random.Generator, sights: _Sights) -> _Made | None:
    named = sights.named
    if len(named) < 2:
        return None
    one, other = (named[int(index)] for index in rng.permutation(len(named))[:2])
    if abs(one.across - other.across) < ASIDE_SHARE:
        return None
    answer = YES if one.across < other.across else NO
    return {"thing": one.solid.name, "other": other.solid.name}, answer


_ASKERS: dict[str, Callable[[np.random.Generator, _Sights], _Made | None]] = {
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
_FORM_NAMES = tuple(_ASKERS)


def _fits(solid: Solid, colour: str | None, shape: str | None) -> bool:
    return colour in (None, solid.colour) and shape in (None, solid.shape)


def _alone(sights: _Sights, colour: str | None, shape: str | None) -> bool:
    found = sights.all_with(colour, shape)
    return found is not None and len(found) == 1


def _pick(rng: np.random.Generator, choices: Sequence[_T]) -> _T:
    return choices[int(rng.integers(len(choices)))]
