# SPDX-License-Identifier: Apache-2.0
"""What the values of a configuration must be; each says which one is wrong, and what was got."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from vla_policy.errors import CheckpointError


def check_flag(name: str, value: object) -> None:
    """It is true or false."""
    if not isinstance(value, bool):
        raise CheckpointError(f"{name} must be true or false (got {value!r})")


def check_whole(name: str, value: object, least: int = 1) -> None:
    """It is a whole number, not less than `least`."""
    if type(value) is not int or value < least:
        raise CheckpointError(f"{name} must be a whole number >= {least} (got {value!r})")


def check_text(name: str, value: object) -> None:
    """It is a text."""
    if not isinstance(value, str):
        raise CheckpointError(f"{name} must be a text (got {value!r})")


def check_number(name: str, value: object) -> float:
    """It is a finite number, which is returned."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise CheckpointError(f"{name} must be a number (got {value!r})")
    return value


def check_row(name: str, value: object) -> Sequence[Any]:
    """It is a list of values, which is returned."""
    if not isinstance(value, list | tuple):
        raise CheckpointError(f"{name} must be a list (got {value!r})")
    return value
