# SPDX-License-Identifier: Apache-2.0
"""`vla sim`: a simulated robot that runs until Ctrl-C."""

from __future__ import annotations

from typing import Annotated

import typer

from vla_bringup.options import Namespace, Policy


def sim(
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of the room; by default the simulator's own.")
    ] = None,
    policy: Policy = None,
    arm: Annotated[
        bool, typer.Option(help="Arm the gate, so that the robot drives when it is told to.")
    ] = True,
    namespace: Namespace = "",
) -> None:
    """Bring up the simulated robot and leave it running until Ctrl-C."""
    from vla_bringup.foreground import run_in_foreground

    raise typer.Exit(run_in_foreground(seed=seed, policy=policy, arm=arm, namespace=namespace))
