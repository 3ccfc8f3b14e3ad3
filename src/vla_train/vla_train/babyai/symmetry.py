# SPDX-License-Identifier: Apache-2.0
"""What of an episode may be changed without changing what is right: names, and left and right.

No task here is about a certain colour: where red and blue change places in the room and in the
sentence, the same actions are right. The same goes for keys, balls and boxes, and for a world in
the mirror. So one demonstration teaches what 8,640 of its kind would.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from vla_policy.words import VOCABULARY, word_numbers
from vla_train.babyai.cells import CODES, COLOURS, KINDS, STATES, door, thing
from vla_train.babyai.choices import LEFT, RIGHT


class Drawn(NamedTuple):
    """One change for each of B windows.

    Attributes:
        colours: ``[B, 6]`` what each colour becomes.
        kinds: ``[B, 3]`` what each kind of thing becomes.
        mirrored: ``[B]``.
    """

    colours: torch.Tensor
    kinds: torch.Tensor
    mirrored: torch.Tensor


class Symmetry:
    """Draws changes and makes them."""

    def __init__(self, device: torch.device) -> None:
        self._colour, self._kind, self._rest = (part.to(device) for part in _parts_of_codes())
        self._slot, self._numbers = (part.to(device) for part in _slots_of_words())

    def draw(self, size: int, generator: torch.Generator | None, device: torch.device) -> Drawn:
        """Random changes of `size` windows."""

        def random(*shape: int) -> torch.Tensor:
            return torch.rand(*shape, generator=generator, device=device)

        return Drawn(
            random(size, len(COLOURS)).argsort(dim=1),
            random(size, len(KINDS)).argsort(dim=1),
            random(size) < 0.5,
        )

    def rename(
        self, drawn: Drawn, codes: torch.Tensor, words: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Other colours and kinds in maps ``[B, ...]`` and missions ``[B, N]``."""
        colours = drawn.colours[:, self._colour.clamp(min=0)]  # [B, CODES]
        kinds = drawn.kinds[:, self._kind.clamp(min=0)]
        things = thing(0, 0) + kinds * len(COLOURS) + colours
        doors = door(0, 0) + colours * STATES + self._rest
        unchanged = torch.arange(CODES, device=codes.device).expand_as(things)
        table = torch.where(self._kind >= 0, things, doors)
        table = torch.where(self._colour >= 0, table, unchanged).to(codes.dtype)
        renamed = table.gather(1, codes.flatten(1).long()).view(codes.shape)

        # Word by word: which of the named ones it is, what that becomes, and its number.
        becomes = torch.cat([drawn.colours, len(COLOURS) + drawn.kinds], dim=1)  # [B, 9]
        slot = self._slot[words]  # [B, N], -1: names neither
        new = self._numbers[becomes.gather(1, slot.clamp(min=0))]
        return renamed, torch.where(slot >= 0, new, words)

    def mirror(
        self,
        drawn: Drawn,
        codes: torch.Tensor,
        actions: torch.Tensor,
        odd: torch.Tensor,
        target: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Left for right, where it is drawn, about the robot's own column.

        A world whose x and y change places is one in the mirror. The bot prefers straight ways
        and then goes by its compass; in that mirror it prefers the same, an odd heading being
        an even one.
        """
        size = codes.shape[-1]  # the robot's column is the middle one of an odd number
        flipped = codes.flip(-1).roll(1, dims=-1)
        flipped[..., 0] = 0
        yes = drawn.mirrored[:, None]
        codes = torch.where(yes[..., None, None], flipped, codes)
        swapped = torch.where(actions == LEFT, RIGHT, torch.where(actions == RIGHT, LEFT, actions))
        actions = torch.where(yes, swapped, actions)
        column = target % size
        inside = (target < size * size) & (column > 0)
        there = torch.where(inside, target - column + (size - column), target)
        return codes, actions, torch.where(yes, 1 - odd, odd), torch.where(yes, there, target)


def _parts_of_codes() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Colour, kind and state of the door of each code; -1 where it has no colour or kind."""
    colour, kind = torch.full((CODES,), -1), torch.full((CODES,), -1)
    state = torch.zeros(CODES, dtype=torch.long)
    for c in range(len(COLOURS)):
        for s in range(STATES):
            colour[door(c, s)], state[door(c, s)] = c, s
        for k in range(len(KINDS)):
            colour[thing(k, c)], kind[thing(k, c)] = c, k
    return colour, kind, state


def _slots_of_words() -> tuple[torch.Tensor, torch.Tensor]:
    """For each number of a word, which named one it is (-1: none); and the numbers of those."""
    numbers = torch.from_numpy(word_numbers([*COLOURS, *KINDS])[:, 0])
    slots = torch.full((VOCABULARY,), -1)
    slots[numbers] = torch.arange(len(numbers))
    return slots, numbers
