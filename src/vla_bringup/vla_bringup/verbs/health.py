# SPDX-License-Identifier: Apache-2.0
"""`vla health`: one line and an exit status, for whoever looks after a container."""

from __future__ import annotations

import typer

from vla_bringup.health import complaints
from vla_bringup.options import Namespace, Timeout
from vla_bringup.verbs.status import listen


def health(namespace: Namespace = "", timeout: Timeout = 2.5) -> None:
    """Exit with 0 if the gate and the policy report no error on /diagnostics, else with 1."""
    wrong = complaints(listen(namespace, timeout))
    print("; ".join(wrong) or "the gate and the policy report no error")
    if wrong:
        raise typer.Exit(1)
