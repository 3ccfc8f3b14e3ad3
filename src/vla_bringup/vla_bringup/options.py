# SPDX-License-Identifier: Apache-2.0
"""Options that several verbs share, described once."""

from __future__ import annotations

from typing import Annotated

import typer

Namespace = Annotated[
    str,
    typer.Option(envvar="ROS_NAMESPACE", help="Namespace of the robot; none by default."),
]

Policy = Annotated[
    str | None,
    typer.Option(help="Name or directory of the checkpoint; by default the node's own."),
]

Timeout = Annotated[
    float,
    typer.Option(min=0.1, help="How long to wait for the robot to answer [s]."),
]
