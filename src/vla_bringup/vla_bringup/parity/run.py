# SPDX-License-Identifier: Apache-2.0
"""Plays the demo's plan of every room with ROS, then without, and compares."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from vla_bringup.demo.outputs import REPORT as DEMO_REPORT
from vla_bringup.demo.plan import Plan, make_plan
from vla_bringup.demo.run import run_demo
from vla_bringup.errors import BringupError, RefusedError
from vla_bringup.interruption import Interruption, interruptible
from vla_bringup.nodes import configured_policy
from vla_bringup.parity.reading import UnplayedError, read_verdicts
from vla_bringup.parity.report import Report, conclusion, episode_table
from vla_policy.checkpoint import find_checkpoint, load_policy, read_config
from vla_policy.errors import PolicyError
from vla_policy.policy import Policy
from vla_sim.errors import SimulatorError
from vla_sim.simulation import Simulation
from vla_sim.task import Task
from vla_train.agreement import Pair, Verdict
from vla_train.drivers import PolicyDriver
from vla_train.in_turn import drive_in_turn
from vla_train.rollout import LATENCY_S

REPORT = "parity.json"

Verdicts = tuple[Verdict, ...]


def run_parity(rooms: int, seed: int, policy: str | None, folder: Path, console: Console) -> int:
    """Play `rooms` rooms both ways and leave the comparison in `folder`; the exit status.

    0 exactly if every room was played and the rates agree, 1 if not, and 128 plus the number
    of the signal that ended it.

    Raises:
        RefusedError: there is no such room or policy, or `folder` cannot be used.
        InstallationError: something is not installed.
        BringupError: the policy or the simulator fails without ROS.
    """
    plans = [make_plan(each) for each in range(seed, seed + rooms)]
    name = policy or configured_policy()
    _check_policy(name)
    report = Report(name, [plan.room.seed for plan in plans], LATENCY_S)
    _clear(folder)
    try:
        with interruptible():
            played = _play_with_ros(plans, name, folder, report, console)
            _play_without_ros(plans, played, name, report, console)
    except Interruption as interruption:
        console.print(str(interruption), style="red")
        return interruption.exit_status
    report.write(folder / REPORT)
    _conclude(report, folder, console)
    return 0 if report.agrees else 1


def _check_policy(name: str) -> None:
    """Say at once what is wrong with it, before ten rooms have failed."""
    try:
        read_config(find_checkpoint(name))
    except PolicyError as error:
        raise RefusedError(str(error)) from error


def _clear(folder: Path) -> None:
    """Make the folder, without the comparison of an earlier run."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / REPORT).unlink(missing_ok=True)
    except OSError as error:
        raise RefusedError(
            f"cannot write to {folder} ({error.strerror or error}): "
            "choose another folder with --out"
        ) from error


def _play_with_ros(
    plans: Sequence[Plan], policy: str, folder: Path, report: Report, console: Console
) -> dict[int, Verdicts]:
    """The verdicts of each room that the processes played to its end, by its seed."""
    played = {}
    for number, plan in enumerate(plans, start=1):
        seed = plan.room.seed
        console.rule(f"with ROS: room {number} of {len(plans)}")
        inside = folder / f"room_{seed}"
        status = run_demo(seed, None, policy, inside, console)
        if status >= 128:
            raise Interruption("there is no comparison: it was interrupted", status)
        try:
            played[seed] = read_verdicts(inside / DEMO_REPORT, plan)
        except UnplayedError as error:
            report.unplayed[seed] = str(error)
    return played


def _play_without_ros(
    plans: Sequence[Plan],
    played: dict[int, Verdicts],
    name: str,
    report: Report,
    console: Console,
) -> None:
    """Play what was played with ROS, and note down the pairs."""
    if not played:
        return
    console.rule("without ROS")
    try:
        policy = load_policy(name, threads=1)
        for plan in plans:
            seed = plan.room.seed
            if seed in played:
                own = _drive(plan, policy, console)
                report.pairs += [Pair(seed, *both) for both in zip(played[seed], own, strict=True)]
    except (PolicyError, SimulatorError) as error:
        raise BringupError(f"without ROS: {error}") from error


def _drive(plan: Plan, policy: Policy, console: Console) -> list[Verdict]:
    """Drive one room; every verdict is shown when it falls."""

    def driver_of(task: Task) -> PolicyDriver:
        policy.prepare(task.instruction)
        return PolicyDriver(policy)

    verdicts = []
    with (
        contextlib.closing(Simulation(plan.room)) as simulation,
        console.status(f"room {plan.room.seed}"),
    ):
        for verdict in drive_in_turn(
            simulation, plan.tasks, driver_of, policy.spec, LATENCY_S, policy.history
        ):
            mark, style = ("+", "green") if verdict.success else ("-", "red")
            line = f"room {plan.room.seed} {mark} {verdict.instruction}: {verdict.reason}"
            console.print(escape(f"{line} ({verdict.time_s:.1f} s)"), style=style, highlight=False)
            verdicts.append(verdict)
    return verdicts


def _conclude(report: Report, folder: Path, console: Console) -> None:
    if report.pairs:
        console.print(episode_table(report.pairs))
    *lines, verdict = conclusion(report)
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(verdict, style="bold green" if report.agrees else "bold red", soft_wrap=True)
    console.print(f"see {folder / REPORT}", markup=False, highlight=False, soft_wrap=True)
