# SPDX-License-Identifier: Apache-2.0
"""`vla arm` and `vla disarm`: let the gate pass commands on, or not."""

from __future__ import annotations

from vla_bringup import topics
from vla_bringup.errors import BringupError
from vla_bringup.options import Namespace, Timeout


def arm(namespace: Namespace = "", timeout: Timeout = 5.0) -> None:
    """Let the safety gate pass the policy's commands on to the robot."""
    _show(set_armed(True, namespace, timeout))


def disarm(namespace: Namespace = "", timeout: Timeout = 5.0) -> None:
    """Make the safety gate stop the robot and hold it."""
    _show(set_armed(False, namespace, timeout))


def set_armed(armed: bool, namespace: str, timeout_s: float) -> str:
    """Ask the gate to arm or disarm; what it answered.

    Raises:
        BringupError: the gate refused; the text says why.
        NobodyThereError: there is no gate.
    """
    from std_srvs.srv import SetBool

    from vla_bringup.talk import call, passing_node

    with passing_node("arm", namespace) as node:
        request = SetBool.Request(data=armed)
        answer = call(node, SetBool, topics.GATE_ARM, request, timeout_s)
    if not answer.success:
        raise BringupError(f"the gate refused: {answer.message or 'it gave no reason'}")
    return str(answer.message) or ("armed" if armed else "disarmed")


def _show(text: str) -> None:
    from rich.console import Console

    Console(highlight=False).print(text, markup=False)
