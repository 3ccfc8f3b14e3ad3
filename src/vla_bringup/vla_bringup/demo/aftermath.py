# SPDX-License-Identifier: Apache-2.0
"""What the robot did after a process had failed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vla_bringup.demo.sightings import Sent, Truth
from vla_bringup.demo.watch import Trouble

GRACE_S = 2.0
"""How long the robot is watched after a failure."""

REST_LINEAR = 0.02
REST_ANGULAR = 0.05
"""Below these speeds [m/s, rad/s] the robot is at rest."""

SIMULATOR = "vla_sim"
GATE = "vla_safety"
DRIVER = "vla_node"


@dataclass(frozen=True)
class Aftermath:
    """The robot after a failure.

    Attributes:
        process: the one that failed.
        what: how, in words.
        rest_after_s: time until the robot was at rest for good [s]; None if it was not
            or nobody saw it.
        commands: how many commands reached the base afterwards.
        zero_commands: how many of them were zero.
    """

    process: str
    what: str
    rest_after_s: float | None
    commands: int
    zero_commands: int

    @property
    def sentence(self) -> str:
        """The whole story in one sentence."""
        if self.process == SIMULATOR:
            return f"{self.what}; nobody saw what the robot did"
        if self.process not in (DRIVER, GATE):
            return self.what  # Nothing that moves or stops the robot has failed.
        return f"{self.what}; {self._robot()}"

    def _robot(self) -> str:
        if self.rest_after_s is None:
            return f"the robot was not at rest within {GRACE_S:.0f} s"
        if self.rest_after_s == 0.0:
            return "the robot was at rest already"
        stopper = "its base" if self.process == GATE else "the gate"
        return f"{stopper} stopped the robot in {self.rest_after_s:.2f} s"


def reconstruct(trouble: Trouble, truths: Iterable[Truth], sent: Iterable[Sent]) -> Aftermath:
    """The aftermath of a failure from what was seen of the robot and of its commands."""
    after = [command for command in sent if command.at_s >= trouble.since_s]
    return Aftermath(
        process=trouble.name,
        what=trouble.what,
        rest_after_s=rest_after(trouble.since_s, truths),
        commands=len(after),
        zero_commands=sum(command.zero for command in after),
    )


def rest_after(since_s: float, truths: Iterable[Truth]) -> float | None:
    """Time from `since_s` until the robot was at rest for good [s]; None if it was not.

    0 if it was at rest at that time. A robot that nobody saw afterwards is not at rest.
    """
    rest_since: float | None = None
    seen_s = since_s
    for truth in truths:
        seen_s = truth.at_s
        if not at_rest(truth):
            rest_since = None
        elif rest_since is None:
            rest_since = truth.at_s
    if rest_since is None or seen_s <= since_s:
        return None
    return max(0.0, rest_since - since_s)


def at_rest(truth: Truth) -> bool:
    """Whether the robot stands still."""
    return abs(truth.linear) <= REST_LINEAR and abs(truth.angular) <= REST_ANGULAR
