# SPDX-License-Identifier: Apache-2.0
"""What lives while a policy is loaded, free of ROS: from arrays and texts to commands."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from vla_node.blending import RTC, make_blending
from vla_node.cameras import FurtherCameras, Lens
from vla_node.chunk import ChunkPlayer
from vla_node.continuing import Continuation
from vla_node.health import Health, Level, Vitals, judge_inference
from vla_node.history import ImageHistory
from vla_node.instruction import Heard
from vla_node.motion import MotionEstimate
from vla_node.parameters import Settings
from vla_node.pilot import Command, Pilot
from vla_node.rate import RateLimiter
from vla_node.statistics import Statistics, inference_values
from vla_node.worker import InferenceWorker, Request, Result
from vla_policy.policy import Policy, further_cameras, image_size

MAX_STEP_S = 0.5
"""Dead reckoning over a longer pause of the process would only guess."""


class Session:
    """Carries images and instructions to the policy, and its answers to commands.

    Its methods are not made for two threads at once; `deliver` is called in the worker's.
    `steady_ns` is the steady clock, `now_ns` the node clock.
    """

    def __init__(
        self,
        policy: Policy,
        settings: Settings,
        deliver: Callable[[Result], None],
        now_ns: Callable[[], int],
    ) -> None:
        self.policy = policy
        self.settings = settings
        continuation = Continuation() if settings.blending == RTC else None
        self.worker = InferenceWorker(policy, deliver, now_ns, continuation=continuation)
        self.statistics = Statistics()
        self._begin(first_task=0)

    def restart(self) -> None:
        """Begin anew, without an instruction, images or motion."""
        # Numbers go on, so that no late answer passes for one to a later task.
        self._begin(first_task=self.pilot.instruction.task + 1)

    def _begin(self, first_task: int) -> None:
        player = ChunkPlayer(
            make_blending(self.settings.blending), round(self.settings.ramp_down_s * 1e9)
        )
        timeout_ns = round(self.settings.image_timeout_s * 1e9)
        self.pilot = Pilot(timeout_ns, first_task, player)
        self.motion = MotionEstimate()
        lens = Lens(self.policy.history, self.policy.spec.step_ns, image_size(self.policy))
        self._history = ImageHistory(lens.history, lens.spacing_ns, lens.size)
        self._further = FurtherCameras(further_cameras(self.policy), lens, timeout_ns)
        self._limiter = RateLimiter(self.settings.max_inference_rate_hz)
        self._last: tuple[Command, int] | None = None
        self.worker.queue.clear()

    def see(
        self, image: npt.NDArray[np.uint8], stamp: int, steady_ns: int, conversion_ns: int
    ) -> None:
        """Take an image ``[H, W, 3]``; it goes to the policy if there is something to do."""
        self.statistics.images_received += 1
        self.pilot.see(stamp, steady_ns)
        self._history.add(image, stamp)
        instruction = self.pilot.instruction
        # A camera that is silent would have the policy act on what was: rather no chunk comes.
        if not instruction.active or self._further.silent(steady_ns):
            return
        if not self._limiter.admit(steady_ns):
            return
        self.worker.queue.put(
            Request(
                images=self._history.frames(),
                further_images=self._further.frames(),
                instruction=instruction.text,
                task=instruction.task,
                stamp=stamp,
                state=self.motion.state(),
                seen_ns=steady_ns,
                conversion_ns=conversion_ns,
            )
        )

    def see_further(
        self,
        camera: str,
        image: npt.NDArray[np.uint8],
        stamp: int,
        steady_ns: int,
        conversion_ns: int = 0,
    ) -> None:
        """Take an image ``[H, W, 3]`` of one of the policy's further cameras."""
        self._further.see(camera, image, stamp, steady_ns)

    def hear(self, said: str, steady_ns: int) -> Heard:
        """Take a sentence; where it changes the task, what waits for the old one is dropped."""
        heard = self.pilot.hear(said, steady_ns)
        if heard is not Heard.REPEAT:
            self.worker.queue.clear()
            self._limiter.reset()
            self.motion.restart()
        return heard

    def take(self, result: Result, steady_ns: int) -> bool:
        """Take an answer of the policy; True where its chunk is driven from now on."""
        if result.chunk is None:
            return False
        request = result.request
        return self.pilot.accept(result.chunk, request.task, request.seen_ns, steady_ns)

    def due(self, now_ns: int, steady_ns: int) -> Command | None:
        """The command for this instant; None means that none is sent."""
        self._advance(steady_ns)
        command = self.pilot.due(now_ns, steady_ns)
        self.statistics.follow(self.pilot.phase)
        self._last = None if command is None else (command, steady_ns)
        return command

    def values(self, result: Result) -> dict[str, float]:
        """The numbers of one inference."""
        return inference_values(result, self.statistics, self.worker.queue.dropped)

    def health(self, state: str, steady_ns: int) -> Health:
        """Health of the inference in lifecycle state `state`, with its numbers."""
        level, message = self.judge(state, steady_ns)
        return Health(level, message, self._health_values(steady_ns))

    def judge(self, state: str, steady_ns: int) -> tuple[Level, str]:
        """How the inference is doing in lifecycle state `state`."""
        last = self.statistics.last
        vitals = Vitals(
            state=state,
            phase=self.pilot.phase,
            image_age_s=self.pilot.image_age_s(steady_ns),
            busy_s=self.worker.busy_s(steady_ns),
            age_ms=None if last is None else last.age_ms,
            failures_in_a_row=self.statistics.failures_in_a_row,
            error="" if last is None else last.error,
            slow_age_s=self.settings.slow_age_s,
            chunk_s=self.policy.spec.duration,
            image_timeout_s=self.settings.image_timeout_s,
            silent_cameras=tuple(self._further.silent(steady_ns)),
        )
        return judge_inference(vitals)

    def _advance(self, steady_ns: int) -> None:
        if self._last is None:
            self.motion.advance(0.0, 0.0, 0.0, steady_ns)
            return
        command, since_ns = self._last
        step_s = min((steady_ns - since_ns) * 1e-9, MAX_STEP_S)
        linear = command.values.get("linear.x", 0.0)
        angular = command.values.get("angular.z", 0.0)
        self.motion.advance(linear, angular, step_s, steady_ns)

    def _health_values(self, steady_ns: int) -> dict[str, float | str]:
        statistics = self.statistics
        image_age_s = self.pilot.image_age_s(steady_ns)
        values: dict[str, float | str] = {
            "policy": self.policy.name,
            "phase": self.pilot.phase.value,
            "pose_source": self.motion.source.value,
            "inference_rate_hz": statistics.rate_hz(steady_ns),
            "image_age_s": "none yet" if image_age_s is None else image_age_s,
            "images_refused": statistics.images_refused,
            "inferences": statistics.inferences,
        }
        if statistics.last is not None:
            values.update(self.values(statistics.last))
        return values
