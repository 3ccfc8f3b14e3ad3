# SPDX-License-Identifier: Apache-2.0
"""Starts everything that a demo needs, plays it, ends everything, and writes down the rest."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from vla_bringup.demo import display, picture, video
from vla_bringup.demo.outputs import Outputs
from vla_bringup.demo.plan import Plan, contents, make_plan
from vla_bringup.demo.report import Report
from vla_bringup.domain import VARIABLE, chosen_domain, claim_free_domain
from vla_bringup.environment import adopt_transport
from vla_bringup.errors import BringupError
from vla_bringup.interruption import Interruption, ignore_interruptions, interruptible
from vla_bringup.nodes import configured_policy, simulated_robot
from vla_bringup.shared_memory import clear_half_made_ports
from vla_bringup.supervisor import Supervisor

if TYPE_CHECKING:
    from vla_bringup.demo.sightings import Frame

START_LIMIT_S = 210.0
EPISODE_LIMIT_S = 70.0
"""No demo takes longer than the start and this for each episode, whatever happens."""


def run_demo(
    seed: int, instruction: str | None, policy: str | None, folder: Path, console: Console
) -> int:
    """Play the demo and leave its files in `folder`; the exit status.

    0 exactly if every episode succeeded, 1 if not, 2 if it made no sense to start, and
    128 plus the number of the signal that ended it.

    Raises:
        RefusedError: `folder` cannot be used, or the instruction makes no sense in the room.
        InstallationError: something is not installed.
    """
    with Outputs(folder) as files:
        report = Report(seed=seed, policy=policy or "")
        try:
            plan = make_plan(seed, instruction)
            report.policy = policy or configured_policy()
        except BringupError as error:
            report.reason = str(error)
            report.write(files.report)
            raise
        return _run(plan, policy, files, report, console)


def _run(plan: Plan, policy: str | None, files: Outputs, report: Report, console: Console) -> int:
    report.planned = len(plan.tasks)
    stage = _Stage(plan, policy, files, report, console)
    status = 0
    try:
        with _own_domain(report), interruptible(_limit_s(plan)):
            stage.play()
    except Interruption as interruption:
        report.reason = str(interruption)
        status = interruption.exit_status
    except BringupError as error:
        report.reason = report.reason or str(error)
    except BaseException as error:
        report.reason = report.reason or f"the demo itself failed: {error!r}"
        raise
    finally:
        report.write(files.report)
    if not status:
        try:
            stage.draw()
        except OSError as error:
            report.reason = report.reason or f"the pictures could not be written: {error}"
        report.write(files.report)
    _conclude(report, files, console)
    return status or (0 if report.success else 1)


class _Stage:
    """The processes, the witness and what they leave behind."""

    def __init__(
        self, plan: Plan, policy: str | None, files: Outputs, report: Report, console: Console
    ) -> None:
        self._plan = plan
        self._policy = policy
        self._files = files
        self._report = report
        self._console = console
        self._paths: list[list[tuple[float, float]]] = []
        self._frames: list[Frame] = []

    def play(self) -> None:
        """Start the processes, play, and end them whatever happens."""
        plan, report, files = self._plan, self._report, self._files
        os.environ["ROS_LOG_DIR"] = str(files.logs.absolute() / "ros")
        os.environ["ROS_HOME"] = str(files.logs.absolute() / "home")  # no earlier e-stop counts
        supervisor = simulated_robot(files.logs, seed=plan.room.seed, policy=self._policy)
        with display.Display(self._console) as shown:
            shown.line(contents(plan.room))
            shown.line(
                f"ROS domain {report.ros_domain_id}: "
                f"`{VARIABLE}={report.ros_domain_id} vla status` looks in"
            )
            for sentence in clear_half_made_ports():
                shown.line(sentence)
            shown.passing("starting the processes")
            with _started(supervisor, files, shown):
                self._direct(supervisor, shown)

    def draw(self) -> None:
        """Make the picture and the video."""
        targets = [task.target for task in self._plan.tasks]
        paths = list(zip(self._paths, targets, strict=False))
        with self._console.status("drawing"):
            picture.write_picture(self._files.picture, self._plan.room, paths)
            video.write_gif(self._files.video, self._frames)
        made = (self._files.picture, self._files.video)
        self._report.files = {path.stem: path.name for path in made if path.exists()}

    def _direct(self, supervisor: Supervisor, shown: display.Display) -> None:
        import rclpy
        from rclpy.signals import SignalHandlerOptions

        from vla_bringup.demo.director import Director
        from vla_bringup.demo.witness import Ear, Witness

        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        try:
            witness = Witness()
            director = Director(self._plan.room, supervisor, self._files, self._report, shown)
            self._paths, self._frames = director.paths, witness.frames
            try:
                with Ear(witness) as ear:
                    director.perform(witness, ear, self._plan.tasks)
            finally:
                witness.destroy_node()
        finally:
            rclpy.try_shutdown()


@contextlib.contextmanager
def _started(supervisor: Supervisor, files: Outputs, shown: display.Display) -> Iterator[None]:
    """The processes run within the block, and nothing of them afterwards."""
    with contextlib.ExitStack() as logs:
        try:
            supervisor.start(lambda each: logs.enter_context(files.log(each.name).open("wb")))
            yield
        finally:
            ignore_interruptions()
            shown.passing("ending the processes")
            for ended in supervisor.stop():
                if ended.returncode == -signal.SIGKILL:
                    shown.line(f"{ended.name} did not end when it was told to, and was killed")


@contextlib.contextmanager
def _own_domain(report: Report) -> Iterator[None]:
    """Within the block this process and its children are in a ROS domain of the demo."""
    adopt_transport()
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    chosen = chosen_domain()
    if chosen is not None:
        report.ros_domain_id = chosen
        yield
        return
    with claim_free_domain() as domain:
        report.ros_domain_id = domain.number
        os.environ[VARIABLE] = str(domain.number)
        try:
            yield
        finally:
            del os.environ[VARIABLE]  # nobody but the claim's holder may take it for chosen


def _limit_s(plan: Plan) -> float:
    return START_LIMIT_S + EPISODE_LIMIT_S * len(plan.tasks)


def _conclude(report: Report, files: Outputs, console: Console) -> None:
    if report.episodes:
        console.print(display.result_table(report))
    if report.peak_memory_mb is not None:
        rate = "-" if report.camera_hz is None else f"{report.camera_hz:g}"
        console.print(
            f"camera {rate} images/s, at most {report.peak_memory_mb:.0f} MB resident in all",
            highlight=False,
        )
    if report.reason:
        console.print("failed:", style="bold red", end=" ")
        console.print(report.reason, markup=False, highlight=False, soft_wrap=True)
    elif report.success:
        console.print("success", style="bold green")
    else:
        console.print("failed", style="bold red")
    names = display.file_names((files.report, files.picture, files.video, files.logs))
    console.print(f"see {names}", markup=False, highlight=False, soft_wrap=True)
