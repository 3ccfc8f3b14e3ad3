# SPDX-License-Identifier: Apache-2.0
"""BabyAI's environments as minigrid has them. It is imported when one is opened, not before."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import sys
import types
from typing import Any

from vla_train.babyai.levels import Level
from vla_train.errors import TrainError


def open_environment(level: Level) -> Any:
    """The environment of a level, without wrappers.

    Raises:
        TrainError: minigrid is not installed.
    """
    import_minigrid()
    import gymnasium

    return gymnasium.make(level.environment).unwrapped


def import_minigrid() -> None:
    """Import minigrid, where there is no pygame too: it opens windows, and none is opened here.

    Raises:
        TrainError: minigrid is not installed.
    """
    if "pygame" not in sys.modules and importlib.util.find_spec("pygame") is None:
        sys.modules["pygame"] = types.ModuleType("pygame")
        sys.modules["pygame.freetype"] = types.ModuleType("pygame.freetype")
    try:
        import minigrid  # noqa: F401  (it tells gymnasium of its environments)
    except ImportError as error:
        raise TrainError(
            f"BabyAI needs minigrid ({error}): pip install --no-deps -r requirements/babyai.txt"
        ) from error


def reset(environment: Any, seed: int) -> dict[str, Any]:
    """Begin the episode of a seed; gives the first observation.

    Where minigrid draws a room that cannot be solved, it says so and draws again: not here.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        observation, _ = environment.reset(seed=seed)
    first: dict[str, Any] = observation
    return first
