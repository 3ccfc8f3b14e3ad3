# SPDX-License-Identifier: Apache-2.0
"""Cells of the grid as one number each, and as minigrid's three: object, colour, state."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

COLOURS = ("red", "green", "blue", "purple", "yellow", "grey")
KINDS = ("key", "ball", "box")
"""Things that can be carried."""
OBJECTS, STATES = 11, 3
"""How many kinds of objects and of states of doors minigrid knows."""
DOOR_OBJECT, FIRST_KIND_OBJECT = 4, 5

UNSEEN, EMPTY, WALL = 0, 1, 2
FIRST_DOOR = 3
OPEN = 0
"""State of a door; 1 is closed, 2 is locked."""
FIRST_THING = FIRST_DOOR + len(COLOURS) * STATES
CODES = FIRST_THING + len(KINDS) * len(COLOURS)
"""How many codes there are: 39."""
_GREY = 5


def door(colour: int, state: int) -> int:
    """Code of a door."""
    return FIRST_DOOR + colour * STATES + state


def thing(kind: int, colour: int) -> int:
    """Code of a key, a ball or a box."""
    return FIRST_THING + kind * len(COLOURS) + colour


def _symbols() -> npt.NDArray[np.uint8]:
    table = np.zeros((CODES, 3), dtype=np.uint8)
    table[EMPTY], table[WALL] = (1, 0, 0), (2, _GREY, 0)
    for colour in range(len(COLOURS)):
        for state in range(STATES):
            table[door(colour, state)] = (DOOR_OBJECT, colour, state)
        for kind in range(len(KINDS)):
            table[thing(kind, colour)] = (FIRST_KIND_OBJECT + kind, colour, 0)
    return table


SYMBOLS = _symbols()
"""Object, colour and state of each code, ``[CODES, 3]``."""
_NUMBER = SYMBOLS.astype(np.int64) @ (len(COLOURS) * STATES, STATES, 1)
_CODE_OF_NUMBER = np.full(OBJECTS * len(COLOURS) * STATES, -1, dtype=np.int16)
_CODE_OF_NUMBER[_NUMBER] = np.arange(CODES)


def encode(symbols: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Object, colour and state ``[..., 3]`` to codes ``[...]``.

    Raises:
        ValueError: a cell holds what is in none of the levels (lava, a goal, another robot).
    """
    codes = _CODE_OF_NUMBER[symbols.astype(np.int64) @ (len(COLOURS) * STATES, STATES, 1)]
    if (codes < 0).any():
        strange = symbols[codes < 0][0].tolist()
        raise ValueError(f"a cell is {strange} (object, colour, state), which no level here has")
    return codes.astype(np.uint8)


def decode(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Codes ``[...]`` to object, colour and state ``[..., 3]``."""
    return SYMBOLS[codes]
