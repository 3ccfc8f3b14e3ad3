# SPDX-License-Identifier: Apache-2.0
"""How well the node is doing, as a level and one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from vla_node.pilot import Phase, Pilot


class Level(IntEnum):
    """The levels of diagnostic_msgs/DiagnosticStatus."""

    OK = 0
    WARN = 1
    ERROR = 2


@dataclass(frozen=True)
class Health:
    """A judgement: level, sentence, and the numbers behind it."""

    level: Level
    message: str
    values: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Vitals:
    """What inference is judged by.

    Attributes:
        state: label of the lifecycle state.
        phase: what the pilot does and why.
        image_age_s: since the last image arrived; None before the first.
        busy_s: how long the policy has been at work on the present image.
        age_ms: from image stamp to chunk in the last inference; None before the first.
        failures_in_a_row: inferences that failed since the last success.
        error: what failed last.
        slow_age_s: age from which inference counts as slow.
        chunk_s: time that a chunk covers.
        image_timeout_s: time without an image from which the camera counts as silent.
        silent_cameras: further cameras that are silent.
    """

    state: str
    phase: Phase
    image_age_s: float | None
    busy_s: float
    age_ms: float | None
    failures_in_a_row: int
    error: str
    slow_age_s: float
    chunk_s: float
    image_timeout_s: float
    silent_cameras: tuple[str, ...] = ()


def judge_inference(vitals: Vitals) -> tuple[Level, str]:
    """The level and the sentence for the inference, the gravest finding first."""
    if vitals.state != "active":
        return _judge_inactive(vitals.state)
    if vitals.failures_in_a_row:
        return Level.ERROR, f"the policy fails: {vitals.error}"
    if vitals.busy_s > vitals.chunk_s:
        return Level.ERROR, "the policy does not come back: longer at work than a chunk lasts"
    age_s = None if vitals.age_ms is None else vitals.age_ms * 1e-3
    if age_s is not None and vitals.phase is Phase.RAN_OUT and age_s > vitals.chunk_s:
        return Level.ERROR, (
            "a chunk is past its end before it is ready: "
            "the model is too slow, or the clocks of camera and node differ"
        )
    if vitals.image_age_s is None:
        return Level.WARN, "no image has come yet"
    if vitals.image_age_s > vitals.image_timeout_s:
        return Level.WARN, "the camera is silent"
    if vitals.silent_cameras:
        return Level.WARN, f"no image from {', '.join(vitals.silent_cameras)}: no inference"
    if age_s is not None and age_s > vitals.slow_age_s and vitals.phase is Phase.DRIVING:
        return Level.WARN, "slow: a chunk is older than slow_age_s when it is ready"
    return Level.OK, vitals.phase.value


def judge_instruction(pilot: Pilot) -> Health:
    """Health of what the robot is told."""
    instruction = pilot.instruction
    values: dict[str, float | str] = {"instruction": instruction.text, "task": instruction.task}
    if instruction.refusal:
        return Health(Level.ERROR, f"refused, stopped: {instruction.refusal}", values)
    if instruction.active:
        return Health(Level.OK, "following", values)
    if instruction.spoken:
        return Health(Level.OK, "stopped by an empty instruction", values)
    return Health(Level.OK, "none yet", values)


def _judge_inactive(state: str) -> tuple[Level, str]:
    if state == "inactive":
        return Level.WARN, "inactive: the policy is loaded and waits for activation"
    return Level.ERROR, f"no policy is loaded ({state})"
