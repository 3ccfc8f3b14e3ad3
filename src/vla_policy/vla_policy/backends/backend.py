# SPDX-License-Identifier: Apache-2.0
"""The one interface of everything that can run a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.uint8]
Array = npt.NDArray[np.float32]

INPUT_NAMES = ("images", "embedding", "state")
OUTPUT_NAME = "actions"
"""What the inputs and the output of an exported graph are called."""


@dataclass(frozen=True)
class Options:
    """What every backend is opened with.

    Attributes:
        device: ``"cpu"``, ``"cuda"`` or ``"cuda:<number>"``.
        threads: processor threads; the library's own choice where None.
    """

    device: str = "cpu"
    threads: int | None = None

    @property
    def on_gpu(self) -> bool:
        """Whether the device is a GPU."""
        return self.device.split(":")[0] == "cuda"


class Backend(Protocol):
    """A network that is ready to run.

    Attributes:
        name: its name in `vla_policy.backends.registry`.
    """

    name: str

    def run(self, images: Images, embedding: Array, state: Array) -> Array:
        """Actions ``[1, horizon, action_dim]`` float32 in [-1, 1].

        Args:
            images: ``[1, T, height, width, 3]`` at the network's size, oldest first.
            embedding: ``[1, 384]`` of the sentence.
            state: ``[1, 3]`` pose since the instruction began.
        """
        ...
