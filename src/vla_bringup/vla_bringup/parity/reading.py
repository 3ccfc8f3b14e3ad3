# SPDX-License-Identifier: Apache-2.0
"""The verdicts of the episodes that a demo has played."""

from __future__ import annotations

import json
from pathlib import Path

from vla_bringup.demo.plan import Plan
from vla_bringup.errors import BringupError
from vla_train.agreement import Verdict


class UnplayedError(BringupError):
    """The processes did not play a room to its end; the text says why."""


def read_verdicts(path: Path, plan: Plan) -> tuple[Verdict, ...]:
    """The verdicts in a demo's report, one for each task of its plan.

    Raises:
        UnplayedError: the demo broke off, so that its episodes tell nothing of the policy.
    """
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnplayedError(f"its report cannot be read ({error})") from error
    if report["reason"]:
        raise UnplayedError(report["reason"])
    verdicts = tuple(
        Verdict(each["instruction"], each["success"], each["reason"], each["time_s"])
        for each in report["episodes"]
    )
    told, planned = ([each.instruction for each in those] for those in (verdicts, plan.tasks))
    if told != planned:
        raise UnplayedError(f"{path} must have the episodes {planned} (got {told})")
    return verdicts
