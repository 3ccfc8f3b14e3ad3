# SPDX-License-Identifier: Apache-2.0
"""The questions about the frames of data sets, as a network takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import torch

from vla_train.devices import to_device
from vla_train.errors import TrainError
from vla_train.questions import Question
from vla_train.recording import Recording, open_parquet, read_columns

Quiz = Callable[[list[Question]], tuple[torch.Tensor, torch.Tensor]]
"""A network's own: N questions to the rows that stand for them and for their answers, ``[N, ...]``
both. A question without a text is none, and nothing is learnt from it."""
NOTHING = Question("", "")

Integers = npt.NDArray[np.int64]


class FrameQuestions:
    """Questions about frames; each is handed to the network once, however many frames it is of.

    Args:
        recordings: in the order of their frames.
        per_frame: how many a frame is asked; fewer where there are fewer.

    Raises:
        TrainError: a file is damaged.
    """

    def __init__(
        self, recordings: Iterable[Recording], quiz: Quiz, per_frame: int, device: torch.device
    ) -> None:
        known = {NOTHING: 0}
        numbers: list[int] = []
        counts: list[Integers] = [np.zeros(1, dtype=np.int64)]
        for recording in recordings:
            index, questions = _questions_of(recording)
            counts.append(np.bincount(index, minlength=recording.frames).astype(np.int64))
            numbers += [known.setdefault(each, len(known)) for each in questions]
        mirrored = [known.setdefault(each.mirrored, len(known)) for each in list(known)]
        self._first = np.cumsum(np.concatenate(counts))
        # The last row is nothing: what frames with too few questions are filled up with.
        self._numbers = np.array([*numbers, 0], dtype=np.int64)
        self._mirrored = np.array(mirrored, dtype=np.int64)
        self._per_frame = per_frame
        self._device = device
        asked, right = quiz(list(known))
        self._questions, self._answers = asked.to(device), right.to(device)

    def __len__(self) -> int:
        return len(self._numbers) - 1

    def take(
        self, frames: Integers, turns: npt.NDArray[np.float64], flip: npt.NDArray[np.bool_]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows of questions and of answers, those of each frame after the other.

        Args:
            turns: for each frame, where in [0, 1) among its questions to begin.
            flip: for each frame, whether its mirror image is asked about.
        """
        first = self._first[frames]
        count = (self._first[frames + 1] - first)[:, None]
        place = np.arange(self._per_frame)  # [K]
        begin = (turns[:, None] * count).astype(np.int64)
        rows = first[:, None] + (begin + place) % np.maximum(count, 1)  # [N, K]
        numbers = self._numbers[np.where(place < count, rows, -1)]
        numbers = np.where(flip[:, None], self._mirrored[numbers], numbers).ravel()
        chosen = to_device(numbers, self._device)
        return self._questions[chosen], self._answers[chosen]


def _questions_of(recording: Recording) -> tuple[Integers, list[Question]]:
    """Questions and the frames that they are about, in the order of these."""
    index: list[Integers] = [np.zeros(0, dtype=np.int64)]
    questions: list[Question] = []
    for path in recording.question_files:
        index.append(read_columns(path, ["index"])["index"][:, 0].astype(np.int64))
        table = open_parquet(path).read(columns=["question", "answer"])
        texts = (table[name].to_pylist() for name in ("question", "answer"))
        questions += map(Question, *texts)
    joined = np.concatenate(index)
    if (np.diff(joined, prepend=0, append=recording.frames - 1) < 0).any():
        raise TrainError(
            f"{recording.root / 'questions'}: expected questions about the {recording.frames} "
            "frames, in their order"
        )
    return joined, questions
