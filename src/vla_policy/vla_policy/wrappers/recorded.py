# SPDX-License-Identifier: Apache-2.0
"""Writes down what a policy saw and what it answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vla_policy.action import ActionChunk
from vla_policy.observation import Observation
from vla_policy.policy import Policy
from vla_policy.wrappers.wrapper import PolicyWrapper

_FURTHER = "further."


class RecordedPolicy(PolicyWrapper):
    """Another policy, each of whose answers is written to a file before it is given.

    The files are ``000000.npz`` and so on, with the arrays ``images``, ``state`` and ``actions``,
    the ``instruction`` and the ``stamp``; `read_recorded` reads one. Each takes the room of its
    images: it is meant for finding out, not for driving all day.
    """

    def __init__(self, policy: Policy, folder: Path) -> None:
        """Write into `folder`, after what it holds already."""
        super().__init__(policy)
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._next = max((int(path.stem) for path in folder.glob("[0-9]*.npz")), default=-1) + 1

    def act(self, observation: Observation) -> ActionChunk:
        """The other policy's chunk."""
        chunk = self._policy.act(observation)
        arrays: dict[str, Any] = {
            "images": observation.images,
            "instruction": observation.instruction,
            "stamp": observation.stamp,
            "state": observation.state,
            "actions": chunk.actions,
        }
        for name, images in observation.further_images.items():
            arrays[_FURTHER + name] = images
        np.savez(self._folder / f"{self._next:06d}.npz", **arrays)
        self._next += 1
        return chunk


def read_recorded(path: Path) -> tuple[Observation, np.ndarray]:
    """What a file of a `RecordedPolicy` holds: observation, actions ``[horizon, action_dim]``."""
    with np.load(path) as file:
        observation = Observation(
            images=file["images"],
            instruction=str(file["instruction"]),
            stamp=int(file["stamp"]),
            state=file["state"],
            further_images={
                name.removeprefix(_FURTHER): file[name]
                for name in file.files
                if name.startswith(_FURTHER)
            },
        )
        return observation, file["actions"]
