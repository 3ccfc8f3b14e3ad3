# SPDX-License-Identifier: Apache-2.0
"""Curves of a training run for TensorBoard, where that is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

MISSING = "no curves for TensorBoard: pip install tensorboard"


def can_draw() -> bool:
    """Whether TensorBoard is installed."""
    return importlib.util.find_spec("tensorboard") is not None


class Curves:
    """Writes curves over the frames that were trained on, until it is left.

    Args:
        folder: where they lie, beside those of earlier parts of the run; None: none are kept.
        frames: trained on so far; what a run that was cut off wrote beyond is forgotten.
    """

    def __init__(self, folder: Path | None, frames: int) -> None:
        self._writer: Any = None
        if folder is not None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(folder), purge_step=frames + 1)

    def add(self, values: Mapping[str, float], frames: int) -> None:
        """One point of each curve."""
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name, value, frames)

    def __enter__(self) -> Curves:
        """Begin to write."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()
