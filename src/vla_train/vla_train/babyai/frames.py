# SPDX-License-Identifier: Apache-2.0
"""All frames of some demonstrations on the training device, and batches drawn of them there."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from vla_policy.words import word_numbers
from vla_train.babyai.cells import EMPTY, SYMBOLS, UNSEEN
from vla_train.babyai.choices import DROP, PICKUP, TOGGLE
from vla_train.babyai.demonstrations import Demonstrations
from vla_train.babyai.places import VIEW, in_front, index_of, map_cells
from vla_train.babyai.replay import Worlds, shown
from vla_train.babyai.symmetry import Symmetry

IGNORED = -100
"""A label of a step that is no frame of an episode."""


class Batch(NamedTuple):
    """B windows of T frames each, oldest first.

    Where a window reaches over an episode's start or end, the first or last frame repeats.

    Attributes:
        images: ``[B, T, 3, 2 * reach, 2 * reach]`` uint8: object, colour, state of each cell of
            the map that the robot has in mind, which looks up from its middle.
        words: ``[B, N]`` numbers of the mission's words, zeros behind the last.
        states: ``[B, T, 3]`` 0, 0 and the compass: 0, or pi where the heading is an odd one.
        actions: ``[B, T]`` what the bot did; `IGNORED` at a repeated frame.
        targets: ``[B, T]`` number of the map's cell that the bot goes to act on next, row by
            row; ``(2 * reach) ** 2`` where it has not been seen yet; `IGNORED` as above.
    """

    images: torch.Tensor
    words: torch.Tensor
    states: torch.Tensor
    actions: torch.Tensor
    targets: torch.Tensor


@dataclass(frozen=True, eq=False)
class Frames:
    """F frames in a row, those of an episode after each other.

    Attributes:
        reach: cells of the map in each direction.
        memory: ``[F, side * side]`` codes of what was seen so far and how it was last.
        place: ``[F, 2]`` and heading ``[F]`` of the robot.
        carried: ``[F]`` code of the thing that it holds.
        action: ``[F]`` what the bot did.
        target: ``[F, 2]`` the cell that it acted on next, or that the episode ended at.
        number: ``[F]`` of the frame in its episode, from 0.
        left: ``[F]`` number of frames after it in its episode.
        mission: ``[F]`` row of `words`.
        words: ``[M, N]`` see `vla_policy.words`.
    """

    reach: int
    side: int
    memory: torch.Tensor
    place: torch.Tensor
    heading: torch.Tensor
    carried: torch.Tensor
    action: torch.Tensor
    target: torch.Tensor
    number: torch.Tensor
    left: torch.Tensor
    mission: torch.Tensor
    words: torch.Tensor

    def __len__(self) -> int:
        return len(self.action)

    def draw(
        self,
        generator: torch.Generator,
        size: int,
        history: int,
        answers: int,
        symmetry: Symmetry | None,
    ) -> Batch:
        """A batch of random windows, for networks that are asked at their last `answers` steps.

        A window is ``history + answers - 1`` frames long and may reach over its episode's end. It
        is the likelier the more of the steps that it is asked at are frames of the episode: where
        the mean over these counts, each frame counts as much as any other.

        Args:
            symmetry: what to change each window by; None: nothing.
        """
        device = self.action.device
        frames = torch.randint(len(self), (size,), generator=generator, device=device)
        over = torch.randint(answers, (size,), generator=generator, device=device)
        return self.windows(frames, history + answers - 1, over, symmetry, generator)

    def windows(
        self,
        asked: torch.Tensor,
        steps: int,
        over: torch.Tensor | None = None,
        symmetry: Symmetry | None = None,
        generator: torch.Generator | None = None,
    ) -> Batch:
        """The windows of these frames ``[B]``, which end `over` [B] frames later (None: there)."""
        back = torch.arange(steps - 1, -1, -1, device=asked.device)
        ahead = -back[None] if over is None else over[:, None] - back  # [B, T]
        first = -self.number[asked].long()[:, None]
        final = self.left[asked].long()[:, None]
        repeated = (ahead < first) | (ahead > final)
        frames = asked[:, None] + ahead.maximum(first).minimum(final)
        flat = frames.flatten()
        codes, target = self._maps(flat)
        codes = codes.view(len(asked), steps, *codes.shape[1:])
        actions, odd = self.action[frames].long(), self.heading[frames].long() % 2
        words = self.words[self.mission[asked].long()]
        target = target.view(frames.shape)
        if symmetry is not None:
            drawn = symmetry.draw(len(asked), generator, asked.device)
            codes, words = symmetry.rename(drawn, codes, words)
            codes, actions, odd, target = symmetry.mirror(drawn, codes, actions, odd, target)
        images = symbols_of(codes)
        states = torch.zeros(*frames.shape, 3, device=asked.device)
        states[..., 2] = odd * torch.pi
        actions = actions.masked_fill(repeated, IGNORED)
        return Batch(images, words, states, actions, target.masked_fill(repeated, IGNORED))

    def _maps(self, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Maps around the robot ``[N, 2 * reach, 2 * reach]``, and the target's cell there."""
        place, heading = self.place[frames].long(), self.heading[frames].long()
        codes = around(
            self.memory[frames], place, heading, self.carried[frames], self.side, self.reach
        )
        number, _ = index_of(self.target[frames].long(), self.side)
        known = self.memory[frames].gather(1, number[:, None]).squeeze(1) != UNSEEN
        cells = map_cells(place, heading, self.reach)
        here = (cells == self.target[frames].long()[:, None, None]).all(dim=-1).flatten(1)
        cell = here.int().argmax(dim=1)
        return codes, torch.where(known, cell, torch.full_like(cell, here.shape[1]))


def around(
    memory: torch.Tensor,
    place: torch.Tensor,
    heading: torch.Tensor,
    carried: torch.Tensor,
    side: int,
    reach: int,
) -> torch.Tensor:
    """The map that robots have in mind, ``[N, 2 * reach, 2 * reach]`` codes, each looking up.

    Args:
        memory: ``[N, side * side]`` codes of what was seen, in any fixed frame.
        place: ``[N, 2]`` and heading ``[N]`` of the robots there.
        carried: ``[N]`` what they hold; it is shown in the robot's own cell.
    """
    numbers, inside = index_of(map_cells(place, heading, reach), side)
    codes = memory.gather(1, numbers.flatten(1)).view(numbers.shape)
    codes = torch.where(inside, codes, torch.full_like(codes, UNSEEN))
    codes[:, reach, reach] = shown(carried)
    return codes


def symbols_of(codes: torch.Tensor) -> torch.Tensor:
    """Codes ``[..., H, W]`` to images ``[..., 3, H, W]`` of object, colour and state."""
    return _symbols(codes.device)[codes.long()].movedim(-1, -3)


@functools.cache
def _symbols(device: torch.device) -> torch.Tensor:
    """Copied to the device but once: a copy in every step would wait for it every time."""
    return torch.from_numpy(SYMBOLS).to(device)


def see(
    memory: torch.Tensor, numbers: torch.Tensor, seen: torch.Tensor, codes: torch.Tensor
) -> None:
    """Write what is seen into a memory ``[N, side * side]``, in place.

    Args:
        numbers: ``[N, 7, 7]`` cells in view, and which of them are seen.
        codes: ``[N, 7, 7]`` what is there.
    """
    own = numbers[:, VIEW // 2, VIEW - 1][:, None]
    below = memory.gather(1, own)
    flat = numbers.flatten(1)
    old = memory.gather(1, flat)
    new = torch.where(seen.flatten(1), codes.flatten(1), old)
    # Cells outside the grid share a number with one inside: only what is seen is written.
    order = seen.flatten(1)
    safe = torch.where(order, flat, own)
    new = torch.where(order, new, below)
    memory.scatter_(1, safe, new)
    # What is below the robot it does not see: an open door stays one.
    memory.scatter_(1, own, torch.where(below == UNSEEN, torch.full_like(below, EMPTY), below))


def replay(data: Demonstrations, reach: int, device: torch.device) -> Frames:
    """Play all demonstrations again, at once, and keep every frame."""
    order = np.argsort(-data.lengths, kind="stable")
    lengths = data.lengths[order].astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(data.lengths)])[:-1][order]
    total, longest = int(data.lengths.sum()), int(lengths[0])
    worlds = Worlds(
        torch.from_numpy(data.grids[order]).to(device),
        torch.from_numpy(data.starts[order]).to(device),
    )
    side = worlds.side
    offset = torch.from_numpy(offsets).to(device)
    all_actions = torch.from_numpy(data.actions).to(device)

    def blank(*shape: int) -> torch.Tensor:
        return torch.zeros(*shape, dtype=torch.uint8, device=device)

    kept = blank(total, side * side)
    place, target = blank(total, 2), blank(total, 2)
    heading, carried = blank(total), blank(total)
    number = torch.zeros(total, dtype=torch.int16, device=device)
    memory = torch.full_like(worlds.cells, UNSEEN)

    for step in range(longest):
        active = int((lengths > step).sum())
        worlds.first(active)
        memory, now = memory[:active], offset[:active] + step
        numbers, seen = worlds.look()
        codes = worlds.cells.gather(1, numbers.flatten(1)).view(numbers.shape)
        see(memory, numbers, seen, codes)
        kept[now], place[now] = memory, worlds.place.byte()
        heading[now], carried[now] = worlds.heading.byte(), worlds.carried
        number[now] = step
        actions = all_actions[now]
        acts = (actions == PICKUP) | (actions == DROP) | (actions == TOGGLE)
        ahead = in_front(worlds.place, worlds.heading)
        worlds.step(actions)
        ends = torch.from_numpy(lengths[:active] == step + 1).to(device)
        final = in_front(worlds.place, worlds.heading)
        # A place of 255, 255 is none yet: the next one of the episode is meant.
        there = torch.where(acts[:, None], ahead, torch.where(ends[:, None], final, 255))
        target[now] = there.byte()

    mission = torch.from_numpy(np.repeat(data.mission, data.lengths)).to(device)
    length = torch.from_numpy(np.repeat(data.lengths, data.lengths)).to(device)
    return Frames(
        reach,
        side,
        kept,
        place,
        heading,
        carried,
        all_actions,
        _next_targets(target),
        number,
        (length - 1 - number).short(),
        mission.short(),
        torch.from_numpy(word_numbers(list(data.missions))).to(device),
    )


def _next_targets(target: torch.Tensor) -> torch.Tensor:
    """Each frame's own target or that of the next frame with one; an episode's last has one."""
    frames = torch.arange(len(target), device=target.device)
    has = target[:, 0] != 255
    following = torch.where(has, frames, torch.full_like(frames, len(target)))
    following = following.flip(0).cummin(0).values.flip(0)
    return target[following]
