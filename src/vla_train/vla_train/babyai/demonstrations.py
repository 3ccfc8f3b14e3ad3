# SPDX-License-Identifier: Apache-2.0
"""Episodes of the bot: how they are made, and how they lie on disk.

An episode is kept as the grid that it began in and the actions that were taken: from these every
observation follows (`vla_train.babyai.replay`), at a hundredth of the space.
"""

from __future__ import annotations

import io
import lzma
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_train.babyai.cells import encode
from vla_train.babyai.environment import open_environment, reset
from vla_train.babyai.levels import FIRST_TRAINING_SEED, Level, find_level
from vla_train.errors import TrainError
from vla_train.processes import driving_processes

SHARD = 2_000
"""Demonstrations in a file."""
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Demonstrations:
    """Some episodes of one level.

    Attributes:
        missions: the sentences, each once.
        mission: ``[E]`` number of each episode's sentence.
        grids: ``[E, side, side]`` codes (`vla_train.babyai.cells`) at the start, column first.
        starts: ``[E, 3]`` column, row and heading of the robot at the start.
        lengths: ``[E]`` number of actions.
        actions: ``[sum(lengths)]`` one episode's after the other's.
        seeds: ``[E]``.
    """

    missions: tuple[str, ...]
    mission: npt.NDArray[np.int32]
    grids: Bytes
    starts: Bytes
    lengths: npt.NDArray[np.int32]
    actions: Bytes
    seeds: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.seeds)

    def first(self, count: int) -> Demonstrations:
        """The first episodes alone."""
        steps = int(self.lengths[:count].sum())
        return Demonstrations(
            self.missions,
            self.mission[:count],
            self.grids[:count],
            self.starts[:count],
            self.lengths[:count],
            self.actions[:steps],
            self.seeds[:count],
        )

    def save(self, path: Path) -> None:
        """Write a file; a reader sees the whole of it or nothing."""
        content = io.BytesIO()
        np.savez(
            content,
            missions=np.array("\n".join(self.missions)),
            mission=self.mission,
            grids=self.grids,
            starts=self.starts,
            lengths=self.lengths,
            actions=self.actions,
            seeds=self.seeds,
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(lzma.compress(content.getvalue(), preset=4))
        unfinished.replace(path)

    @classmethod
    def load(cls, path: Path) -> Demonstrations:
        """What `save` wrote.

        Raises:
            TrainError: the file is damaged.
        """
        try:
            with np.load(io.BytesIO(lzma.decompress(path.read_bytes()))) as content:
                arrays = {name: content[name] for name in content.files}
            missions = tuple(str(arrays.pop("missions")).split("\n"))
            return cls(missions=missions, **arrays)
        except (OSError, ValueError, TypeError, KeyError, lzma.LZMAError) as error:
            raise TrainError(f"{path} is damaged ({error}): delete it, it is made anew") from error


def join(parts: Sequence[Demonstrations]) -> Demonstrations:
    """All episodes of the parts, in their order.

    Raises:
        TrainError: there are none.
    """
    if not parts:
        raise TrainError("there are no demonstrations: make some with `vla babyai-demos`")
    numbers: dict[str, int] = {}
    mission = []
    for part in parts:
        own = [numbers.setdefault(text, len(numbers)) for text in part.missions]
        mission.append(np.array(own, dtype=np.int32)[part.mission])
    return Demonstrations(
        missions=tuple(numbers),
        mission=np.concatenate(mission),
        grids=np.concatenate([part.grids for part in parts]),
        starts=np.concatenate([part.starts for part in parts]),
        lengths=np.concatenate([part.lengths for part in parts]),
        actions=np.concatenate([part.actions for part in parts]),
        seeds=np.concatenate([part.seeds for part in parts]),
    )


def record(level: Level, seeds: Sequence[int]) -> Demonstrations:
    """The bot's episodes of these seeds, in their order; those where it fails are left out."""
    environment = open_environment(level)
    # The bot looks for itself, and what the network sees is replayed later: nobody needs these.
    environment.gen_obs = dict
    numbers: dict[str, int] = {}
    rows: list[tuple[int, int, Bytes, tuple[int, int, int], list[int]]] = []
    for seed in seeds:
        reset(environment, seed)
        mission, grid = environment.mission, encode(environment.grid.encode())
        column, row = environment.agent_pos
        start = (int(column), int(row), int(environment.agent_dir))
        actions = solve(environment)
        if actions is not None:
            number = numbers.setdefault(mission, len(numbers))
            rows.append((seed, number, grid, start, actions))
    if not rows:
        raise TrainError(f"the bot solved none of {len(seeds)} episodes of {level.name}")
    return Demonstrations(
        missions=tuple(numbers),
        mission=np.array([row[1] for row in rows], dtype=np.int32),
        grids=np.stack([row[2] for row in rows]),
        starts=np.array([row[3] for row in rows], dtype=np.uint8),
        lengths=np.array([len(row[4]) for row in rows], dtype=np.int32),
        actions=np.concatenate([np.array(row[4], dtype=np.uint8) for row in rows]),
        seeds=np.array([row[0] for row in rows], dtype=np.int64),
    )


def solve(environment: Any) -> list[int] | None:
    """The bot's actions from here to the end of the episode; None where it fails."""
    from vla_train.babyai.bot import QuickBot

    bot = QuickBot(environment)
    actions: list[int] = []
    action = None
    while True:
        try:
            action = bot.replan(action)
        except Exception:
            # The bot gives up on rare rooms by failed assertions and wrong indices of its own.
            return None
        actions.append(int(action))
        _, reward, ended, out_of_time, _ = environment.step(action)
        if ended or out_of_time:
            return actions if reward > 0 else None


def make_shards(
    level: Level, folder: Path, count: int, workers: int, first_seed: int = FIRST_TRAINING_SEED
) -> Iterator[tuple[int, float]]:
    """Make so many demonstrations in files of `SHARD`, leaving those that are there.

    Yields (demonstrations there so far, seconds since the start) after each file.
    """
    began = time.monotonic()
    seeds = range(first_seed, first_seed + count)
    jobs = [
        (level.name, seeds[i : i + SHARD], shard_path(folder, level, first_seed + i))
        for i in range(0, count, SHARD)
    ]
    with driving_processes(workers) as pool:
        done = 0
        for made in pool.map(_make_shard, jobs):
            done += made
            yield done, time.monotonic() - began


def shard_path(folder: Path, level: Level, first_seed: int) -> Path:
    """Where the demonstrations from this seed on lie."""
    return folder / level.name / f"{first_seed:08d}.npz.xz"


def load_demonstrations(folder: Path, level: Level, most: int | None = None) -> Demonstrations:
    """What lies in a folder of a level, seeds in order.

    Raises:
        TrainError: there are none, or a file is damaged.
    """
    parts, found = [], 0
    for path in sorted((folder / level.name).glob("*.npz.xz")):
        if most is None or found < most:
            parts.append(Demonstrations.load(path))
            found += len(parts[-1])
    together = join(parts)
    return together if most is None else together.first(most)


def _make_shard(job: tuple[str, Sequence[int], Path]) -> int:
    name, seeds, path = job
    if not path.is_file():
        record(find_level(name), seeds).save(path)
    return len(seeds)
