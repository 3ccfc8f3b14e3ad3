# SPDX-License-Identifier: Apache-2.0
"""One parameter: everything that is to be known of it, and the check of its value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from vla_monitor.errors import ParameterError

Plain = bool | int | float | str | tuple[str, ...] | tuple[float, ...]
"""What the value of a parameter may be."""

_ARTICLES = {bool: "a bool", int: "an int", float: "a float", str: "a string"}


@dataclass(frozen=True)
class Parameter:
    """One parameter: its name, default, unit, meaning and, for numbers, the range of each."""

    name: str
    default: Plain
    unit: str
    description: str
    low: float = 0.0
    high: float = math.inf

    def check(self, value: Any) -> Plain:
        """The value in the type of the default; raises ParameterError where it does not fit.

        A whole number is taken for a float, so that `30` may be written for `30.0`, and any
        sequence for a tuple.
        """
        if isinstance(self.default, tuple):
            return self._check_all(value)
        return self._check_one(value, type(self.default))

    def descriptor(self) -> Any:
        """The rcl_interfaces ParameterDescriptor that `ros2 param describe` shows."""
        from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor

        text = f"{self.description} [{self.unit}]" if self.unit else self.description
        descriptor = ParameterDescriptor(description=text, read_only=True)
        if isinstance(self.default, float):
            span = FloatingPointRange(from_value=self.low, to_value=self.high, step=0.0)
            descriptor.floating_point_range = [span]
        elif type(self.default) is int:
            whole = IntegerRange(from_value=int(self.low), to_value=int(self.high), step=1)
            descriptor.integer_range = [whole]
        return descriptor

    def _check_all(self, values: Any) -> Plain:
        assert isinstance(self.default, tuple)
        kind = type(self.default[0])
        if isinstance(values, str | bytes) or not hasattr(values, "__iter__"):
            raise ParameterError(f"{self.name} must be a list (got {values!r})")
        return tuple(self._check_one(value, kind) for value in values)

    def _check_one(self, value: Any, kind: type) -> Any:
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise ParameterError(
                f"{self.name} must be {_ARTICLES[kind]}"
                f" (got {value!r} of type {type(value).__name__})"
            )
        if isinstance(value, int | float) and not self.low <= value <= self.high:
            unit = f" {self.unit}" if self.unit else ""
            raise ParameterError(
                f"{self.name} must be in [{self.low:g}, {self.high:g}]{unit} (got {value:g})"
            )
        return value
