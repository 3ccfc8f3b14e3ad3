# SPDX-License-Identifier: Apache-2.0
"""Notices that the policy is driving by a picture that stands still."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from vla_safety.check import Check
from vla_safety.finding import Finding, Severity
from vla_safety.instant import SECOND_NS
from vla_safety.motion import is_moving
from vla_safety.picture import Picture
from vla_safety.situation import Situation
from vla_safety.specification import Specification

SLOW_AFTER = Specification(
    name="frozen_camera.slow_after",
    kind=float,
    default=0.5,
    description="Age of the last new image at which the robot is slowed",
    unit="s",
    low=0.02,
    high=10.0,
    looser="higher",
)
STOP_AFTER = Specification(
    name="frozen_camera.stop_after",
    kind=float,
    default=1.0,
    description="Age of the last new image at which the robot is stopped",
    unit="s",
    low=0.02,
    high=10.0,
    looser="higher",
)


class FrozenCamera(Check):
    """Finds that no image with a new stamp comes, or that all pixels stay while the robot moves.

    Without any image so far it does nothing. A robot that was stopped for its pixels stays
    stopped until they change: standing still, it could not tell.
    """

    name: ClassVar[str] = "frozen_camera"
    of_policy: ClassVar[bool] = True
    needs_fresh_commands: ClassVar[bool] = True
    parameters: ClassVar[tuple[Specification, ...]] = (SLOW_AFTER, STOP_AFTER)

    def __init__(self) -> None:
        self._still_ns = 0
        self._stopped_for: Picture | None = None

    def configure(self, values: Mapping[str, Any]) -> None:
        """Take both ages."""
        self._slow_s: float = values[SLOW_AFTER.name]
        self._stop_s: float = values[STOP_AFTER.name]
        self._share: float = values["slow_share"]

    def watch(self, situation: Situation) -> Finding | None:
        """Slow, and then stop, the longer the picture has been the same."""
        picture, now_ns = situation.picture, situation.now.steady_ns
        if picture is None:
            return None
        if not is_moving(situation):
            self._still_ns = now_ns
        unchanged_ns = now_ns - max(picture.changed_ns, self._still_ns)
        if self._stopped_for is not None:
            if picture.changed_ns == self._stopped_for.changed_ns:
                unchanged_ns = now_ns - picture.changed_ns
            else:
                self._stopped_for = None
        if unchanged_ns > self._stop_s * SECOND_NS:
            self._stopped_for = picture
        return self._judge(max(now_ns - picture.stamped_ns, unchanged_ns) / SECOND_NS)

    def _judge(self, age_s: float) -> Finding | None:
        if age_s > self._stop_s:
            return self.finding(
                "camera frozen",
                f"the camera has shown nothing new for more than {STOP_AFTER.name} "
                f"{self._stop_s:g} s",
                value=age_s,
                limit=self._stop_s,
                unit="s",
            )
        if age_s > self._slow_s:
            return self.finding(
                "camera frozen",
                f"the camera has shown nothing new for more than {SLOW_AFTER.name} "
                f"{self._slow_s:g} s",
                value=age_s,
                limit=self._slow_s,
                unit="s",
                severity=Severity.SLOW,
                share=self._share,
            )
        return None
