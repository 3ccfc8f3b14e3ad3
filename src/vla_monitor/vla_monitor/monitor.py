# SPDX-License-Identifier: Apache-2.0
"""All measurements of one robot, and when they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vla_monitor.gpu import GpuSample
from vla_monitor.journal import Journal, Status
from vla_monitor.levels import Level
from vla_monitor.measure_action import ActionMeasure
from vla_monitor.measure_camera import CameraMeasure
from vla_monitor.measure_command import CommandMeasure, PolicyCommandMeasure
from vla_monitor.measure_gate import GateMeasure, InterventionMeasure
from vla_monitor.measure_inference import InferenceMeasure, InferenceSample
from vla_monitor.measure_instruction import InstructionMeasure
from vla_monitor.measure_resources import GpuMeasure, ProcessMeasure
from vla_monitor.metrics import Metrics
from vla_monitor.report import Report
from vla_monitor.resources import ProcessSample
from vla_monitor.settings import Settings

INTERVENTION_EVENTS = ("intervention started", "intervention")
"""Which events of the gate count as interventions; one that does not say counts too."""


class Monitor:
    """Takes what happens on the topics, gives one report for each subject.

    `now_s` is the steady clock, for windows and silence; `at_ns` the node clock, for ages.
    `metrics` holds the same for Prometheus, `journal` what is to be written down.
    """

    def __init__(self, settings: Settings, start_s: float) -> None:
        self.metrics = Metrics(settings.robot_name)
        self.journal = Journal()
        self._camera = CameraMeasure(settings, start_s)
        self._inference = InferenceMeasure(settings, start_s)
        self._action = ActionMeasure(settings)
        self._policy_command = PolicyCommandMeasure(settings, start_s)
        self._command = CommandMeasure(settings, start_s)
        self._gate = GateMeasure(settings)
        self._interventions = InterventionMeasure(settings)
        self._instruction = InstructionMeasure()
        self._processes = ProcessMeasure(settings)
        self._gpu = GpuMeasure(settings)

    def image(self, stamp_ns: int, at_ns: int, now_s: float) -> None:
        """The header of an image, received at `at_ns`."""
        interval_s = self._camera.image(stamp_ns, at_ns, now_s)
        self._time("vla_camera_interval_seconds", interval_s)

    def inference(self, sample: InferenceSample | None, now_s: float) -> float | None:
        """One inference, None for a message that could not be read.

        Returns the distance of its action from the training, where that is known.
        """
        if sample is None:
            self._inference.unreadable()
            return None
        self.journal.inference(sample)
        repeated = self._inference.sample(sample, now_s)
        self._camera.picture(repeated, now_s)
        self._time("vla_inference_seconds", 1e-3 * sample.inference_ms)
        self._time("vla_preprocess_seconds", 1e-3 * sample.preprocess_ms)
        self._time("vla_queue_wait_seconds", 1e-3 * sample.queue_wait_ms)
        if sample.error:
            return None
        return self._action.action(sample.action_norm, sample.action, now_s)

    def policy_command(self, stamp_ns: int, at_ns: int, now_s: float) -> float | None:
        """A command of the policy with the stamp of its image; its age [ms] if that is new."""
        self._gate.policy_command(now_s)
        age_ms = self._policy_command.command(stamp_ns, at_ns, now_s)
        if age_ms is not None:
            self._command.policy_command(stamp_ns)
            self._time("vla_policy_command_age_seconds", 1e-3 * age_ms)
        return age_ms

    def command(self, at_ns: int, now_s: float, moving: bool) -> float | None:
        """A command to the base; its age [ms] if it is the first for an image, else None."""
        self._camera.command(moving)
        self._time("vla_command_interval_seconds", self._command.tick(now_s))
        age_ms = self._command.age_ms(at_ns, now_s)
        if age_ms is not None:
            self._time("vla_command_age_seconds", 1e-3 * age_ms)
        return age_ms

    def gate_state(
        self, level: int, message: str, values: Mapping[str, str], now_s: float
    ) -> None:
        """A state of the gate."""
        self._gate.state(level, message, values, now_s)
        self.journal.gate_state(level, message, values)

    def gate_event(
        self, level: int, message: str, values: Mapping[str, str], now_s: float
    ) -> None:
        """An event of the gate: an intervention that starts or ends, or a change of state."""
        self.journal.gate_event(level, message, values)
        if values.get("event", "intervention") in INTERVENTION_EVENTS:
            self._interventions.intervention(values.get("check") or message, now_s)

    def instruction(self, text: str, now_s: float) -> None:
        """An instruction."""
        self.journal.instruction(text)
        self._instruction.instruction(text, now_s)

    def statuses(self, statuses: Sequence[Status]) -> None:
        """What other nodes say of themselves in /diagnostics."""
        self.journal.statuses(statuses)

    def processes(self, samples: Sequence[ProcessSample]) -> None:
        """What our processes take just now."""
        self._processes.sample(samples)

    def gpus(self, samples: Sequence[GpuSample]) -> None:
        """What the GPUs do just now."""
        self._gpu.sample(samples)

    def camera_rate_hz(self, now_s: float) -> float | None:
        """Images a second; None as long as that is not known."""
        return self._camera.rate_hz(now_s)

    def reports(self, now_s: float, image_topic: str) -> list[Report]:
        """Judges everything; one report for each subject, always in the same order.

        The last is that of the camera's topic, named after it as greenwave_monitor does.
        """
        active = self._policy_should_run()
        camera = self._camera.report(now_s)
        reports = [
            camera,
            self._inference.report(now_s, active),
            self._action.report(now_s),
            self._policy_command.report(now_s, active),
            self._command.report(now_s),
            self._gate.report(now_s),
            self._interventions.report(now_s),
            self._instruction.report(now_s),
            self._processes.report(now_s),
            self._gpu.report(now_s),
            self._camera.topic_report(image_topic, camera, now_s),
        ]
        return [report for report in reports if report is not None]

    def _policy_should_run(self) -> bool:
        """Whether there is an instruction; a monitor that missed it judges by what it saw."""
        wants_motion = self._instruction.wants_motion
        return self._inference.seen if wants_motion is None else wants_motion

    def _time(self, metric: str, seconds: float | None) -> None:
        if seconds is not None:
            self.metrics.time(metric, seconds)


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
