# SPDX-License-Identifier: Apache-2.0
"""The `vla` command: its verbs are the entry points of group `vla.verbs` of all packages."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import typer

from vla_bringup.errors import BringupError

GROUP = "vla.verbs"


class EntryPoint(Protocol):
    """What we use of `importlib.metadata.EntryPoint`."""

    name: str

    def load(self) -> Callable[..., None]:
        """The function behind the verb."""


def installed_verbs() -> list[EntryPoint]:
    """The verbs that the installed packages offer, each name once, sorted."""
    from importlib.metadata import entry_points

    by_name: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP):
        by_name.setdefault(point.name, point)
    return [by_name[name] for name in sorted(by_name)]


def build_app(verbs: Iterable[EntryPoint], arguments: Sequence[str]) -> typer.Typer:
    """The command line; of the verbs only those are imported that `arguments` need."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(_describe)
    verbs = list(verbs)
    wanted = next((word for word in arguments if not word.startswith("-")), None)
    asked = [verb for verb in verbs if verb.name == wanted]
    for verb in asked or verbs:
        app.command(verb.name)(_load(verb))
    return app


def main() -> None:
    """Run the verb that the command line names."""
    app = build_app(installed_verbs(), sys.argv[1:])
    try:
        app(prog_name="vla")
    except BringupError as error:
        _say_error(str(error))
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        sys.exit(130)


def _describe() -> None:
    """Say, watch and try out what a robot does that is told in plain English."""


def _load(verb: EntryPoint) -> Callable[..., None]:
    """The verb's function; one that explains itself where the verb cannot be imported."""
    try:
        return verb.load()
    except ImportError as error:
        reason = str(error)

    def unavailable() -> None:
        raise BringupError(f"`vla {verb.name}` cannot run here: {reason}")

    unavailable.__doc__ = f"(cannot run here: {reason})"
    return unavailable


def _say_error(text: str) -> None:
    from rich.console import Console

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print("error:", style="bold red", end=" ")
    console.print(text, markup=False)
