# SPDX-License-Identifier: Apache-2.0
"""What a network was asked, and what eager float32 answered: so must every backend."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from vla_policy.backends.backend import ACTIONS, Arrays, Backend, Outputs
from vla_policy.errors import BackendError
from vla_policy.observation import Observation
from vla_policy.policy import Policy

FLIP = 0.1
"""Normalised; a decoder that chooses between bins may choose another one where two are as likely,
and then differs by far more than a rounding error."""
DAMAGE = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What reading a damaged archive raises."""
_INPUT = "input."


@dataclass(frozen=True, eq=False)
class Reference:
    """Inputs of a network, and its answers.

    Attributes:
        inputs: ``[N, ...]`` each, by name.
        actions: ``[N, horizon, action_dim]`` in [-1, 1], of eager float32.
    """

    inputs: Arrays
    actions: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.actions)

    def rows(self) -> Iterator[dict[str, npt.NDArray[Any]]]:
        """The inputs one by one, as a `Backend` takes them."""
        for row in range(len(self)):
            yield {name: array[row : row + 1] for name, array in self.inputs.items()}

    def save(self, path: Path) -> None:
        """Write it to a compressed file."""
        arrays: dict[str, Any] = {_INPUT + name: array for name, array in self.inputs.items()}
        arrays[ACTIONS] = self.actions
        np.savez_compressed(path, **arrays)

    @classmethod
    def load(cls, path: Path, most: int | None = None) -> Reference:
        """The reference that `save` wrote.

        Args:
            most: observations to read, the first ones, without the time for all; None: all.

        Raises:
            BackendError: the file is missing or damaged.
        """
        try:
            with zipfile.ZipFile(path) as file:
                arrays = {name: _read(file, name, most) for name in file.namelist()}
            named = {name.removesuffix(".npy"): array for name, array in arrays.items()}
            actions = named.pop(ACTIONS)
            inputs = {name.removeprefix(_INPUT): array for name, array in named.items()}
            return cls(inputs, actions)
        except DAMAGE as error:
            raise BackendError(
                f"{path} cannot be read ({error}): write it with `vla export`"
            ) from error


class RecordingBackend:
    """Another backend, whose questions and answers are kept."""

    def __init__(self, backend: Backend) -> None:
        self.name = backend.name
        self.questions: list[Arrays] = []
        self.answers: list[npt.NDArray[np.float32]] = []
        self._backend = backend

    def run(self, inputs: Arrays) -> Outputs:
        """The other backend's answer."""
        outputs = self._backend.run(inputs)
        self.questions.append({name: array.copy() for name, array in inputs.items()})
        self.answers.append(outputs[ACTIONS].copy())
        return outputs


def record(
    drives: Iterable[Iterable[Observation]],
    eager: Backend,
    policy_on: Callable[[Backend], Policy],
    advance: Callable[[], None] = lambda: None,
) -> Reference:
    """What a policy asks `eager` on these drives, and what it is answered.

    Args:
        drives: what the policy looks at, one after the other; each drive is a task of its own.
        eager: runs the network.
        policy_on: makes the policy on a backend; its inputs to the network are what is recorded.
        advance: called after each observation.

    Raises:
        BackendError: there is no observation.
    """
    recording = RecordingBackend(eager)
    policy = policy_on(recording)
    for drive in drives:
        for number, observation in enumerate(drive):
            if number == 0:
                policy.prepare(observation.instruction)
            policy.act(observation)
            advance()
    if not recording.questions:
        raise BackendError("a reference needs at least one observation (got none)")
    first, *_ = recording.questions
    inputs = {name: np.concatenate([row[name] for row in recording.questions]) for name in first}
    return Reference(inputs, np.concatenate(recording.answers))


def _read(file: zipfile.ZipFile, name: str, most: int | None) -> npt.NDArray[Any]:
    """The first rows of an array in an `.npz`: no more of it is unpacked."""
    with file.open(name) as stream:
        version = npy.read_magic(stream)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, by_columns, kind = read(stream)
        if by_columns or not shape or kind.hasobject:
            raise ValueError(f"{name} holds no rows of numbers")
        rows = shape[0] if most is None else min(most, shape[0])
        size = rows * math.prod(shape[1:])
        data = stream.read(size * kind.itemsize)
    return np.frombuffer(data, kind, size).reshape(rows, *shape[1:]).copy()  # one to write to
