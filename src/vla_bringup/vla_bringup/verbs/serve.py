# SPDX-License-Identifier: Apache-2.0
"""`vla serve`: offers a policy to a robot that cannot run it itself."""

from __future__ import annotations

from typing import Annotated

import typer

from vla_bringup.errors import BringupError
from vla_bringup.options import Policy


def serve(
    policy: Policy = None,
    device: Annotated[str, typer.Option(help="Where the model runs, as torch names it.")] = "cpu",
    host: Annotated[
        str,
        typer.Option(help="Address to listen at; whoever reaches it may use the policy."),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: any that is free.")] = 8000,
) -> None:
    """Run a policy here for a robot elsewhere: its node takes `policy:=ws://HOST:PORT`."""
    import signal
    import threading

    from rich.console import Console

    from vla_bringup.nodes import configured_policy
    from vla_policy.checkpoint import load_policy
    from vla_policy.errors import PolicyError
    from vla_policy.remote.server import PolicyServer

    console = Console(highlight=False, soft_wrap=True)
    try:
        loaded = load_policy(policy or configured_policy(), device=device)
        server = PolicyServer(loaded, host, port, lambda told: console.print(told, markup=False))
    except PolicyError as error:
        raise BringupError(str(error)) from error
    for number in (signal.SIGINT, signal.SIGTERM):
        # From another thread: the one that serves is the one that a signal interrupts.
        signal.signal(number, lambda *_: threading.Thread(target=server.close).start())
    console.print(f"{loaded.name} is served at {server.address}, until Ctrl-C", markup=False)
    server.run()
