# SPDX-License-Identifier: Apache-2.0
"""Leads through the demo: wait for the robot, arm it, and one episode after the other."""

from __future__ import annotations

import time

from vla_bringup.demo.aftermath import (
    DRIVER,
    GATE,
    GRACE_S,
    SIMULATOR,
    at_rest,
    reconstruct,
)
from vla_bringup.demo.display import Display
from vla_bringup.demo.memory import PeakMemory
from vla_bringup.demo.outputs import Outputs, last_lines, last_words
from vla_bringup.demo.readiness import missing
from vla_bringup.demo.report import Episode, Report
from vla_bringup.demo.sightings import Truth
from vla_bringup.demo.watch import THINKING_S, Trouble, Watch
from vla_bringup.demo.witness import Ear, Witness
from vla_bringup.errors import BringupError
from vla_bringup.supervisor import Exit, Supervisor
from vla_sim.outcome import Judge, Outcome
from vla_sim.room import Room
from vla_sim.task import Task

TICK_S = 0.02
LOOK_S = 0.25
"""How often the graph is looked at while waiting, and the passing line renewed."""

READY_LIMIT_S = 180.0
ARM_LIMIT_S = 10.0
REST_LIMIT_S = 6.0
REST_FOR_S = 0.5
VERDICT_SLACK_S = 10.0


class DemoError(BringupError):
    """The demo cannot go on; the text says why."""


class BrokenError(DemoError):
    """A process has failed."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.what)
        self.trouble = trouble


class Director:
    """Plays the episodes of a demo and writes what happens into the report."""

    def __init__(
        self,
        room: Room,
        supervisor: Supervisor,
        outputs: Outputs,
        report: Report,
        display: Display,
    ) -> None:
        self.paths: list[list[tuple[float, float]]] = []
        self._room = room
        self._supervisor = supervisor
        self._outputs = outputs
        self._report = report
        self._display = display
        self._memory = PeakMemory()
        self._watch = Watch()
        self._armed = False
        self._looked_s = 0.0

    def perform(self, witness: Witness, ear: Ear, tasks: tuple[Task, ...]) -> None:
        """Bring the robot up and play every task.

        Raises:
            DemoError: it cannot go on; the report knows what has happened until then.
        """
        self._witness, self._ear = witness, ear
        try:
            self._wait_until_ready()
            self._arm()
            self._play_all(tasks)
        except BrokenError as broken:
            self._watch_the_robot(broken.trouble)
            raise DemoError(self._report.reason) from broken

    def _wait_until_ready(self) -> None:
        started_s = time.monotonic()
        while True:
            self._tick()
            if not self._time_to_look():
                continue
            signs = self._witness.signs()
            if signs.room_seed not in (None, self._room.seed):
                raise DemoError(
                    f"another simulation answers, with the room of seed {signs.room_seed}: "
                    "end it, or choose another ROS_DOMAIN_ID"
                )
            parts = missing(signs)
            waited_s = time.monotonic() - started_s
            if not parts:
                self._display.line(f"ready after {waited_s:.0f} s")
                return
            words = ", ".join(part.words for part in parts)
            self._display.passing(f"waiting for {words}")
            if waited_s > READY_LIMIT_S:
                self._show_log(parts[0].process)
                raise DemoError(f"not ready after {READY_LIMIT_S:.0f} s, still missing: {words}")

    def _arm(self) -> None:
        answer = self._witness.arm()
        until_s = time.monotonic() + ARM_LIMIT_S
        while not answer.done():
            self._tick()
            if time.monotonic() > until_s:
                raise DemoError(f"the gate did not answer within {ARM_LIMIT_S:.0f} s")
        if not answer.result().success:
            raise DemoError(f"the gate refused to be armed: {answer.result().message}")
        self._armed = True
        now_s = time.monotonic()
        for process in (SIMULATOR, GATE):
            self._watch.expect(process, now_s)

    def _play_all(self, tasks: tuple[Task, ...]) -> None:
        started_s, images = time.monotonic(), self._witness.images
        self._witness.recording = True
        try:
            for number, task in enumerate(tasks, start=1):
                self._display.line(f'{number}/{len(tasks)} "{task.instruction}"', style="bold")
                self._play(task)
                self._bring_to_rest()
        finally:
            self._witness.recording = False
            duration_s = time.monotonic() - started_s
            self._report.camera_hz = round((self._witness.images - images) / duration_s, 1)

    def _play(self, task: Task) -> None:
        episode = _Playing(task, self._room, self._last_truth())
        self.paths.append(episode.path)
        self._witness.take_truths()
        self._witness.take_latencies()
        self._watch.expect(DRIVER, time.monotonic(), THINKING_S)
        self._witness.say(task.instruction)
        try:
            outcome = self._follow(episode)
        except BrokenError as broken:
            self._watch_the_robot(broken.trouble)
            self._note(episode, Outcome(False, self._report.reason))
            raise DemoError(self._report.reason) from broken
        except BaseException as error:
            self._note(episode, Outcome(False, str(error) or type(error).__name__))
            raise
        self._note(episode, outcome)

    def _follow(self, episode: _Playing) -> Outcome:
        until_s = time.monotonic() + episode.judge.time_limit_s + VERDICT_SLACK_S
        while True:
            self._tick()
            for truth in self._witness.take_truths():
                outcome = episode.take(truth)
                if outcome is not None:
                    return outcome
            if time.monotonic() > until_s:
                raise DemoError("there was no verdict in time: ground truth comes too slowly")
            if self._time_to_look():
                self._show_progress(episode)

    def _bring_to_rest(self) -> None:
        self._watch.excuse(DRIVER)
        self._witness.say("")
        started_s = time.monotonic()
        moved_s = started_s
        while time.monotonic() - moved_s < REST_FOR_S:
            self._tick()
            if not at_rest(self._last_truth()):
                moved_s = time.monotonic()
            if moved_s - started_s > REST_LIMIT_S:
                raise DemoError(f"told to stop, the robot still moved after {REST_LIMIT_S:.0f} s")
        self._report.collisions = self._last_truth().collisions

    def _note(self, playing: _Playing, outcome: Outcome) -> None:
        episode = Episode.judged(
            instruction=playing.task.instruction,
            family=playing.task.family,
            success=outcome.success,
            reason=outcome.reason,
            time_s=playing.time_s,
            path_length_m=playing.judge.path_length_m,
            collisions=playing.collisions,
            latencies_ms=self._witness.take_latencies(),
        )
        self._report.episodes.append(episode)
        self._report.collisions = self._last_truth().collisions
        self._display.episode(episode)

    def _tick(self) -> None:
        """Wait a moment, and look whether everybody still does his part."""
        time.sleep(TICK_S)
        self._ear.check()
        now_s = time.monotonic()
        self._measure_memory(now_s)
        self._watch.heard(SIMULATOR, self._witness.truth_at_s)
        self._watch.heard(GATE, self._witness.gate_command_at_s)
        self._watch.heard(DRIVER, self._witness.policy_command_at_s)
        trouble = self._watch.trouble(now_s, self._new_exits())
        if trouble is not None:
            raise BrokenError(trouble)

    def _watch_the_robot(self, trouble: Trouble) -> None:
        """See what the robot does now, and write it down."""
        if self._report.aftermath is not None:
            return
        self._show_log(trouble.name)
        if not self._armed:
            said = last_words(self._outputs.log(trouble.name))
            self._report.reason = f"{trouble.what}: {said}" if said else trouble.what
            return
        self._display.passing(f"{trouble.what}: watching what the robot does")
        until_s = time.monotonic() + GRACE_S
        while time.monotonic() < until_s:
            time.sleep(TICK_S)
            self._measure_memory(time.monotonic())
            self._new_exits()
        aftermath = reconstruct(
            trouble, self._witness.truths_seen(), self._witness.commands_seen()
        )
        self._report.aftermath = aftermath
        self._report.reason = aftermath.sentence

    def _new_exits(self) -> list[Exit]:
        exits = self._supervisor.exits()
        self._report.died += [str(each) for each in exits]
        return exits

    def _measure_memory(self, now_s: float) -> None:
        self._memory.sample(self._supervisor.pids.values(), now_s)
        self._report.peak_memory_mb = self._memory.peak_mb

    def _last_truth(self) -> Truth:
        truth = self._witness.last_truth
        if truth is None:
            raise DemoError("the simulation has not said where the robot is")
        return truth

    def _time_to_look(self) -> bool:
        now_s = time.monotonic()
        if now_s - self._looked_s < LOOK_S:
            return False
        self._looked_s = now_s
        return True

    def _show_progress(self, episode: _Playing) -> None:
        last_ms = self._witness.latency.last_ms
        latency = "" if last_ms is None else f", latency {last_ms:.0f} ms"
        self._display.passing(f"{episode.describe()}{latency}")

    def _show_log(self, process: str) -> None:
        self._display.log(process, last_lines(self._outputs.log(process)))


class _Playing:
    """An episode under way: the judge, the path so far, and how long it has taken."""

    def __init__(self, task: Task, room: Room, start: Truth) -> None:
        self.task = task
        self.judge = Judge(task, room, start.pose)
        self.path = [(start.pose.x, start.pose.y)]
        self._first = start
        self._last = start

    @property
    def time_s(self) -> float:
        return self._last.stamp_s - self._first.stamp_s

    @property
    def collisions(self) -> int:
        return self._last.collisions - self._first.collisions

    def take(self, truth: Truth) -> Outcome | None:
        self._last = truth
        self.path.append((truth.pose.x, truth.pose.y))
        speed = (truth.linear, truth.angular)
        return self.judge.update(truth.stamp_s, truth.pose, speed, truth.collisions)

    def describe(self) -> str:
        return f"{self.time_s:.0f} s, {self.judge.progress}, {self._last.linear:+.2f} m/s"
