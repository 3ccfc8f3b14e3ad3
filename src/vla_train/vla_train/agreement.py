# SPDX-License-Identifier: Apache-2.0
"""Whether two ways to play the same episodes come to the same rate of success."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scipy.stats import binomtest

from vla_train.errors import TrainError

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Verdict:
    """How one episode ended.

    Attributes:
        reason: why it counts as a success or as a failure, in words.
        time_s: from the instruction to the verdict.
    """

    instruction: str
    success: bool
    reason: str
    time_s: float


@dataclass(frozen=True)
class Pair:
    """One episode, played with ROS and without.

    Attributes:
        room: seed of its room.

    Raises:
        TrainError: the two were told different things.
    """

    room: int
    with_ros: Verdict
    without_ros: Verdict

    def __post_init__(self) -> None:
        told, told_too = self.with_ros.instruction, self.without_ros.instruction
        if told != told_too:
            raise TrainError(f"a pair is one instruction (got {told!r} and {told_too!r})")

    @property
    def instruction(self) -> str:
        """What the robot was told."""
        return self.with_ros.instruction


@dataclass(frozen=True)
class Rate:
    """A rate of success with its 95 % interval (Wilson's score interval, 1927).

    Raises:
        TrainError: there are no episodes, or more successes than episodes.
    """

    successes: int
    count: int

    def __post_init__(self) -> None:
        if self.count < 1 or not 0 <= self.successes <= self.count:
            raise TrainError(
                "a rate is of 0 to count successes in at least one episode "
                f"(got {self.successes} of {self.count})"
            )

    @classmethod
    def of(cls, verdicts: Sequence[Verdict]) -> Rate:
        """The rate among these episodes."""
        return cls(sum(verdict.success for verdict in verdicts), len(verdicts))

    @property
    def value(self) -> float:
        """The share of successes."""
        return self.successes / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """Its lower and upper bound."""
        test = binomtest(self.successes, self.count)
        interval = test.proportion_ci(CONFIDENCE, method="wilson")
        return float(interval.low), float(interval.high)

    def covers(self, value: float) -> bool:
        """Whether a share lies within the interval, its bounds included."""
        low, high = self.interval
        return low <= value <= high

    def to_dict(self) -> dict[str, Any]:
        """The rate as plain JSON values, under the names of the benchmark's reports."""
        low, high = self.interval
        return {
            "count": self.count,
            "successes": self.successes,
            "success_rate": round(self.value, 4),
            "wilson_low": round(low, 4),
            "wilson_high": round(high, 4),
        }


@dataclass(frozen=True)
class Agreement:
    """The two rates, each of which is held against the interval of the other."""

    with_ros: Rate
    without_ros: Rate

    @classmethod
    def of(cls, pairs: Sequence[Pair]) -> Agreement:
        """Of these episodes.

        Raises:
            TrainError: there are none.
        """
        return cls(
            Rate.of([pair.with_ros for pair in pairs]),
            Rate.of([pair.without_ros for pair in pairs]),
        )

    @property
    def holds(self) -> bool:
        """Whether each rate lies within the interval of the other."""
        one, other = self.with_ros, self.without_ros
        return one.covers(other.value) and other.covers(one.value)
