# SPDX-License-Identifier: Apache-2.0
"""`vla estop` and `vla reset`: stop the robot until somebody lifts the stop."""

from __future__ import annotations

from vla_bringup import topics
from vla_bringup.errors import BringupError
from vla_bringup.options import Namespace, Timeout


def estop(namespace: Namespace = "", timeout: Timeout = 5.0) -> None:
    """Stop the robot at once and hold it until `vla reset`."""
    _trigger(topics.ESTOP_TRIGGER, "emergency stop", namespace, timeout)


def reset(namespace: Namespace = "", timeout: Timeout = 5.0) -> None:
    """Lift the emergency stop."""
    _trigger(topics.ESTOP_RESET, "emergency stop lifted", namespace, timeout)


def _trigger(service: str, done: str, namespace: str, timeout_s: float) -> None:
    from rich.console import Console
    from std_srvs.srv import Trigger

    from vla_bringup.talk import call, passing_node

    with passing_node("estop", namespace) as node:
        answer = call(node, Trigger, service, Trigger.Request(), timeout_s)
    if not answer.success:
        raise BringupError(f"the gate refused: {answer.message or 'it gave no reason'}")
    Console(highlight=False).print(str(answer.message) or done, markup=False)
