# SPDX-License-Identifier: Apache-2.0
"""What a parameter is: its name, default, unit and range, in one place for code and for ROS."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

from vla_safety.errors import ParameterError

Looser = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class Specification:
    """One parameter; `check` is the only judge of its values.

    `kind` is float, int, bool, str or list (of str). `low` and `high` are inclusive. `default`
    None means absent; then the value of the parameter named `otherwise`, if any, stands for it.
    `looser` is the direction in which the gate becomes more permissive; a `read_only` parameter
    is set at start and then stays.
    """

    name: str
    kind: type
    default: Any
    description: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    looser: Looser | None = None
    read_only: bool = False
    otherwise: str = ""

    def check(self, value: Any) -> Any:
        """`value` as `kind`; raises ParameterError with the name, the range and the value."""
        if value is None and self.default is None:
            return None
        if self.kind is float and type(value) is int:
            value = float(value)  # YAML reads 1 as a whole number
        if self.kind is list and isinstance(value, (list, tuple)):
            value = list(value)
        if not self._fits(value):
            raise ParameterError(f"{self.name} must be {self.expected()} (got {value!r})")
        return value

    def expected(self) -> str:
        """What a value has to be, in words."""
        if self.kind is list:
            return "a list of strings"
        noun = {float: "a number", int: "a whole number", bool: "true or false", str: "a text"}
        text = noun[self.kind]
        if self.low is not None and self.high is not None:
            text += f" from {self.low:g} to {self.high:g}"
        return f"{text} {self.unit}".rstrip()

    def loosened(self, new: Any, old: Any) -> bool:
        """Whether `new` allows more than `old`; None is without limit."""
        if self.looser is None or new == old:
            return False
        if new is None or old is None:
            return new is None
        return bool((new > old) == (self.looser == "higher"))

    def _fits(self, value: Any) -> bool:
        if self.kind is list:
            return isinstance(value, list) and all(type(item) is str for item in value)
        of_kind = type(value) is self.kind  # exactly: True is no whole number here
        if not of_kind or (self.kind is float and not isfinite(value)):
            return False
        too_low = self.low is not None and value < self.low
        too_high = self.high is not None and value > self.high
        return not (too_low or too_high)
