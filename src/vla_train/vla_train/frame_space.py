# SPDX-License-Identifier: Apache-2.0
"""What stood about the robot in the frames of data sets, as a network takes it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from vla_policy.surroundings import RANGES, SECTORS
from vla_train.devices import to_device
from vla_train.errors import TrainError
from vla_train.layout import RANGES_KEY, SURROUNDINGS_KEY
from vla_train.recording import Recording


class FrameSpace:
    """What was known of it, and the truth.

    Args:
        recordings: in the order of their frames; those that do not tell of it say nothing.

    Raises:
        TrainError: a file is damaged, or nobody says how far it is free.
    """

    def __init__(self, recordings: Sequence[Recording], device: torch.device) -> None:
        self._device = device
        about = [_vectors(each, SURROUNDINGS_KEY, SECTORS, 0.0) for each in recordings]
        ranges = [_vectors(each, RANGES_KEY, RANGES, np.nan) for each in recordings]
        if all(np.isnan(part).all() for part in ranges):
            raise TrainError(
                f"model.surroundings must be false: none of the data sets has the feature "
                f"{RANGES_KEY!r} of shape [{RANGES}], which says how far it is free"
            )
        self._about = torch.from_numpy(np.concatenate(about)).to(device)
        self._ranges = torch.from_numpy(np.concatenate(ranges)).to(device)

    def take(
        self, frames: npt.NDArray[np.int64], flip: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What was known ``[N, SECTORS]`` and how far it was free ``[N, RANGES]`` [m].

        Args:
            flip: whether each is wanted in a mirror ``[N]``.
        """
        rows, by = to_device(frames, self._device), flip[:, None]
        about, ranges = self._about[rows], self._ranges[rows]
        return torch.where(by, about.flip(-1), about), torch.where(by, ranges.flip(-1), ranges)


def _vectors(
    recording: Recording, key: str, width: int, unknown: float
) -> npt.NDArray[np.float32]:
    if recording.features.get(key, {}).get("shape") != [width]:
        return np.full((recording.frames, width), unknown, dtype=np.float32)
    return recording.vectors(key).astype(np.float32)
