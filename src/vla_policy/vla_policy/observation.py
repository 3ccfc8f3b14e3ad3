# SPDX-License-Identifier: Apache-2.0
"""What a policy sees at one instant."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from vla_policy.errors import ObservationError
from vla_policy.plan import Plan
from vla_policy.pose import STATE_DIM


def _no_motion() -> npt.NDArray[np.float32]:
    return np.zeros(STATE_DIM, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Observation:
    """Camera images, the sentence, and how far the robot has come since it was said.

    Attributes:
        images: ``[T, H, W, 3]`` uint8 RGB, oldest first, of any size (the policy resizes).
        instruction: the sentence, as `clean_instruction` returns it.
        stamp: stamp of the newest image [ns].
        state: ``[3]`` float32: x forward [m], y left [m] and heading [rad, unwrapped]
            relative to where the present instruction began (see `PoseTracker`).
        further_images: images of further cameras by name, each as `images`
            (`vla_policy.policy.further_cameras`).
        plan: what is being driven meanwhile, where the chunk is to go on from it; only for
            policies that can (`vla_policy.policy.obstacle_to_continuing`).

    Raises:
        ObservationError: an array has another shape or type, or the state is not finite.
    """

    images: npt.NDArray[np.uint8]
    instruction: str
    stamp: int
    state: npt.NDArray[np.float32] = field(default_factory=_no_motion)
    further_images: Mapping[str, npt.NDArray[np.uint8]] = field(default_factory=dict)
    plan: Plan | None = None

    def __post_init__(self) -> None:
        for images in (self.images, *self.further_images.values()):
            _check_images(images)
        if self.state.shape != (STATE_DIM,) or not all(map(math.isfinite, self.state.tolist())):
            raise ObservationError(
                f"expected a finite state of shape [{STATE_DIM}], "
                f"got {self.state!r} of shape {list(self.state.shape)}"
            )


def _check_images(images: npt.NDArray[np.uint8]) -> None:
    shape = images.shape
    if len(shape) != 4 or shape[-1] != 3 or 0 in shape or images.dtype != np.uint8:
        raise ObservationError(
            f"expected images of shape [T, H, W, 3] and type uint8, "
            f"got {list(shape)} and {images.dtype}"
        )
