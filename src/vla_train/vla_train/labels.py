# SPDX-License-Identifier: Apache-2.0
"""What is right in the frames of a data set: from its lessons, or from what was recorded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from vla_policy.action import ActionSpec
from vla_policy.memory import LOST, MEMORY_DIM
from vla_policy.pose import STATE_DIM, STATE_NAMES
from vla_sim.visibility import cells_of
from vla_train.config import DatasetSource
from vla_train.errors import TrainError
from vla_train.layout import ACTION_KEY, STATE_KEY
from vla_train.recording import Recording, open_parquet, read_columns

IGNORED = -100
"""Label where nothing is named; torch's cross-entropy passes over it."""
LABEL_TYPES = {
    "states": np.float32,
    "memories": np.float32,
    "stages": np.int64,
    "actions": np.float32,
    "cells": np.int64,
    "modes": np.int64,
    "spots": np.float32,
    "more": np.float32,
    "mirrors": np.float32,
    "sentences": np.int64,
}
STATE_ALIASES = (STATE_NAMES, ("x", "y", "heading"), ("x", "y", "yaw"), ("x", "y", "theta"))
"""What the pose is called in `observation.state`."""
RATE_TOLERANCE = 0.01
"""Share by which a recording's rate may be off a multiple of the policy's."""

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Labels:
    """Labels of N frames with L lessons in all.

    Attributes:
        first: where the lessons of each frame begin, and after the last frame's, ``[N + 1]``.
        columns: ``[L, ...]`` each, named and typed as in `LABEL_TYPES`; see
            `vla_train.dataset.Batch`. Sentences are numbers of `texts`; `mirrors` is 1 where the
            mirror image has the mirrored lesson.
    """

    texts: list[str]
    first: npt.NDArray[np.int64]
    columns: dict[str, Array]


def labels_of(
    recording: Recording, source: DatasetSource, spec: ActionSpec, grid: tuple[int, int]
) -> Labels:
    """The lessons of a data set; where it has none, one a frame from what was recorded.

    Raises:
        TrainError: it does not fit the policy, or a file is damaged.
    """
    if recording.lesson_files:
        return _lessons(recording, spec, grid)
    return _recorded(recording, source, spec)


def recorded_actions(recording: Recording, source: DatasetSource, spec: ActionSpec) -> Array:
    """The action of each frame ``[N, action_dim]`` in m/s and rad/s, in the order of the spec.

    Raises:
        TrainError: the data set has others.
    """
    names = recording.names(ACTION_KEY)
    wanted = source.action or (spec.names if names else tuple(range(spec.action_dim)))
    chosen = _choose(recording, ACTION_KEY, wanted, "action")
    if chosen.shape[1] != spec.action_dim:
        raise TrainError(
            f"{recording.root}: expected {spec.action_dim} actions ({', '.join(spec.names)}), "
            f"got {list(wanted)}"
        )
    return chosen


def _lessons(recording: Recording, spec: ActionSpec, grid: tuple[int, int]) -> Labels:
    parts = [_lessons_in(path, spec, grid) for path in recording.lesson_files]
    index = np.concatenate([index for index, _ in parts])
    first = np.searchsorted(index, np.arange(recording.frames + 1))
    complete = first[0] == 0 and first[-1] == len(index) and (np.diff(first) > 0).all()
    if not complete or (np.diff(index) < 0).any():
        raise TrainError(
            f"{recording.root / 'lessons'}: expected lessons of each of the {recording.frames} "
            "frames, in their order: is a file missing?"
        )
    columns = {name: np.concatenate([part[name] for _, part in parts]) for name in LABEL_TYPES}
    return _checked(recording, Labels(recording.sentences(), first, columns))


def _lessons_in(
    path: Path, spec: ActionSpec, grid: tuple[int, int]
) -> tuple[npt.NDArray[np.int64], dict[str, Array]]:
    """The frames of a file's lessons and the labels."""
    names = ["index", "task_index", "stage", "state", "memory", "actions", "spot", "pixel"]
    values = read_columns(path, [*names, "more", "mirrors"])
    mode = open_parquet(path).read(columns=["mode"])["mode"]
    modes = pc.fill_null(pc.cast(mode, "int64"), IGNORED).to_numpy()
    width = spec.horizon * spec.action_dim
    if values["actions"].shape[1] != width:
        raise TrainError(
            f"{path}: expected chunks of {spec.horizon} actions of {spec.action_dim} values, "
            f"{width} in all (got {values['actions'].shape[1]})"
        )
    cells = cells_of(values["pixel"], grid)
    return values["index"][:, 0], _typed(
        {
            "states": values["state"],
            "memories": values["memory"],
            "stages": values["stage"][:, 0],
            "actions": spec.normalise(
                values["actions"].reshape(-1, spec.horizon, spec.action_dim)
            ),
            "cells": np.where(modes == IGNORED, IGNORED, cells),
            "modes": modes,
            "spots": values["spot"],
            "more": values["more"][:, 0],
            "mirrors": values["mirrors"][:, 0],
            "sentences": values["task_index"][:, 0],
        }
    )


def _recorded(recording: Recording, source: DatasetSource, spec: ActionSpec) -> Labels:
    """One lesson for each frame: its task, and the actions that followed.

    Nobody says where the named thing is, so the memory is empty, and `LOST` keeps it so when the
    policy drives.

    Past the end of an episode its last action is repeated, as LeRobot's own reader does: what
    somebody did last (mostly to stand still) is what the sentence leads to.
    """
    count = recording.frames
    starts, ends = episode_bounds(recording)
    actions = recorded_actions(recording, source, spec)
    step = _stride(recording, spec) * np.arange(spec.horizon)
    chunk = np.minimum(np.arange(count)[:, None] + step, ends[:, None] - 1)  # [N, horizon]
    columns = {
        "states": _states(recording, source, starts),
        "memories": np.zeros((count, MEMORY_DIM)),
        "stages": np.zeros(count),
        "actions": spec.normalise(actions[chunk]),
        "cells": np.full(count, IGNORED),
        "modes": np.full(count, LOST),
        "spots": np.full((count, 2), np.nan),
        "more": np.zeros(count),
        "mirrors": np.zeros(count),
        "sentences": recording.numbers("task_index"),
    }
    first = np.arange(count + 1)
    return _checked(recording, Labels(recording.sentences(), first, _typed(columns)))


def episode_bounds(recording: Recording) -> tuple[Array, Array]:
    """For each frame where its episode begins, and where the next one does, ``[N]`` both.

    Raises:
        TrainError: the frames of an episode are not together.
    """
    episodes = recording.numbers("episode_index")
    changes = np.flatnonzero(np.diff(episodes)) + 1
    begins = np.concatenate([[0], changes])
    if len(np.unique(episodes[begins])) != len(begins):
        raise TrainError(f"{recording.root / 'data'}: expected the frames of an episode together")
    lengths = np.diff([*begins, len(episodes)])
    starts = np.repeat(begins, lengths)
    return starts, starts + np.repeat(lengths, lengths)


def _states(recording: Recording, source: DatasetSource, starts: Array) -> Array:
    """The pose since each episode began, ``[N, 3]``: m forward, m to the left, rad unwrapped."""
    if source.state == ():
        return np.zeros((recording.frames, STATE_DIM))
    names = recording.names(STATE_KEY)
    known = [alias for alias in STATE_ALIASES if set(alias) <= set(names)]
    wanted = source.state or (known[0] if known else STATE_NAMES)
    x, y, heading = _choose(recording, STATE_KEY, wanted, "state").T.astype(np.float64)
    # Turns are counted within an episode alone: what lies between two is no turn.
    turned = np.diff(heading, prepend=heading[:1])
    turned = np.where(starts == np.arange(len(starts)), 0.0, turned)
    unwrapped = np.cumsum(np.remainder(turned + np.pi, 2 * np.pi) - np.pi)
    dx, dy = x - x[starts], y - y[starts]
    cos, sin = np.cos(heading[starts]), np.sin(heading[starts])
    since = unwrapped - unwrapped[starts]
    return np.stack([cos * dx + sin * dy, cos * dy - sin * dx, since], axis=1)


def _choose(recording: Recording, key: str, wanted: tuple[str | int, ...], option: str) -> Array:
    """Values of a vector by their names or places, ``[N, len(wanted)]``."""
    if key not in recording.features:
        mend = " (or `state: []` for no pose at all)" if key == STATE_KEY else ""
        raise TrainError(f"{recording.root}: expected the feature {key}{mend}")
    names, values = recording.names(key), recording.vectors(key)
    asked = [names.index(want) if want in names else want for want in wanted]
    places = [place for place in asked if place in range(values.shape[1])]
    if len(places) < len(wanted):
        mend = ", or `[]` for no pose at all" if key == STATE_KEY else ""
        raise TrainError(
            f"{recording.root}: expected {list(wanted)} in {key}, which has "
            f"{names or values.shape[1]}: give their names or places as `{option}: [...]`{mend}"
        )
    return values[:, np.array(places, dtype=np.intp)]


def _stride(recording: Recording, spec: ActionSpec) -> int:
    """How many frames apart a chunk's actions are."""
    ratio = recording.fps * spec.dt
    stride = round(ratio)
    if stride < 1 or abs(ratio - stride) > RATE_TOLERANCE * stride:
        raise TrainError(
            f"{recording.root}: expected a multiple of {1 / spec.dt:g} frames a second, as "
            f"`action.dt` wants (got {recording.fps:g})"
        )
    return stride


def _typed(columns: dict[str, Array]) -> dict[str, Array]:
    return {name: columns[name].astype(kind) for name, kind in LABEL_TYPES.items()}


def _checked(recording: Recording, labels: Labels) -> Labels:
    """The labels, if each has its sentence."""
    numbers = labels.columns["sentences"]
    if len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(labels.texts):
        raise TrainError(
            f"{recording.root}: expected task_index below {len(labels.texts)}, the number of "
            f"tasks (got {numbers.min()} to {numbers.max()})"
        )
    return labels
