# SPDX-License-Identifier: Apache-2.0
"""All measurements of one robot, and when they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vla_monitor.levels import Level
from vla_monitor.measure_action import ActionMeasure
from vla_monitor.measure_camera import CameraMeasure
from vla_monitor.measure_command import CommandMeasure, PolicyCommandMeasure
from vla_monitor.measure_gate import GateMeasure
from vla_monitor.measure_inference import InferenceMeasure, InferenceSample
from vla_monitor.measure_instruction import InstructionMeasure
from vla_monitor.report import Report
from vla_monitor.settings import Settings


class Monitor:
    """Takes what happens on the topics, gives one report for each subject.

    `now_s` is the steady clock, for windows and silence; `at_ns` the node clock, for ages.
    """

    def __init__(self, settings: Settings, start_s: float) -> None:
        self._camera = CameraMeasure(settings, start_s)
        self._inference = InferenceMeasure(settings, start_s)
        self._action = ActionMeasure(settings)
        self._policy_command = PolicyCommandMeasure(settings, start_s)
        self._command = CommandMeasure(settings, start_s)
        self._gate = GateMeasure(settings)
        self._instruction = InstructionMeasure()

    def image(self, stamp_ns: int, now_s: float) -> None:
        """The header of an image."""
        self._camera.image(stamp_ns, now_s)

    def inference(self, sample: InferenceSample | None, now_s: float) -> None:
        """One inference; None for a message that could not be read."""
        if sample is None:
            self._inference.unreadable()
            return
        self._inference.sample(sample, now_s)
        self._action.norm(sample.action_norm, now_s)

    def policy_command(self, stamp_ns: int, at_ns: int, now_s: float) -> None:
        """A command of the policy with the stamp of its image, received at `at_ns`."""
        if self._policy_command.command(stamp_ns, at_ns, now_s):
            self._command.policy_command(stamp_ns)

    def command(self, at_ns: int, now_s: float) -> float | None:
        """A command to the base; its age [ms] if it is the first for an image, else None."""
        return self._command.command(at_ns, now_s)

    def gate_state(self, level: int, message: str, values: Mapping[str, str]) -> None:
        """A state of the gate."""
        self._gate.state(level, message, values)

    def instruction(self, text: str, now_s: float) -> None:
        """An instruction."""
        self._instruction.instruction(text, now_s)

    def camera_rate_hz(self, now_s: float) -> float | None:
        """Images a second; None as long as that is not known."""
        return self._camera.rate_hz(now_s)

    def reports(self, now_s: float) -> list[Report]:
        """Judges everything; one report for each subject, always in the same order."""
        active = self._policy_should_run()
        return [
            self._camera.report(now_s),
            self._inference.report(now_s, active),
            self._action.report(now_s),
            self._policy_command.report(now_s, active),
            self._command.report(now_s),
            self._gate.report(now_s),
            self._instruction.report(now_s),
        ]

    def _policy_should_run(self) -> bool:
        """Whether there is an instruction; a monitor that missed it judges by what it saw."""
        wants_motion = self._instruction.wants_motion
        return self._inference.seen if wants_motion is None else wants_motion


class Cadence:
    """Says when to publish: once a period, and at once when a level changed.

    It is asked at the ticks of a timer; being `early_s` early is near enough, since the next
    tick would be later than that late.
    """

    def __init__(self, period_s: float, early_s: float) -> None:
        self._period_s = period_s
        self._early_s = early_s
        self._last_s: float | None = None
        self._levels: list[Level] = []

    def due(self, reports: Sequence[Report], now_s: float) -> bool:
        """Whether to publish these reports now; True is taken for done."""
        levels = [report.level for report in reports]
        waited = self._last_s is None or now_s - self._last_s >= self._period_s - self._early_s
        if not waited and levels == self._levels:
            return False
        self._last_s, self._levels = now_s, levels
        return True
