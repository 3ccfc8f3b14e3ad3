# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses

import pytest

from vla_node.health import Level, Vitals, judge_inference, judge_instruction
from vla_node.pilot import Phase, Pilot

WELL = Vitals(
    state="active",
    phase=Phase.DRIVING,
    image_age_s=0.03,
    busy_s=0.01,
    age_ms=60.0,
    failures_in_a_row=0,
    error="",
    slow_age_s=0.25,
    chunk_s=0.8,
    image_timeout_s=0.5,
)


@pytest.mark.parametrize(
    ("change", "level", "words"),
    [
        ({}, Level.OK, "driving"),
        ({"phase": Phase.SILENT}, Level.OK, "first instruction"),
        ({"state": "inactive"}, Level.WARN, "inactive"),
        ({"state": "unconfigured"}, Level.ERROR, "no policy"),
        ({"failures_in_a_row": 1, "error": "ValueError: x"}, Level.ERROR, "ValueError: x"),
        ({"busy_s": 0.9}, Level.ERROR, "does not come back"),
        ({"age_ms": 900.0, "phase": Phase.RAN_OUT}, Level.ERROR, "past its end"),
        ({"image_age_s": None}, Level.WARN, "no image has come"),
        ({"image_age_s": 0.6, "phase": Phase.BLIND}, Level.WARN, "camera is silent"),
        ({"silent_cameras": ("wrist", "rear")}, Level.WARN, "no image from wrist, rear"),
        ({"age_ms": 300.0}, Level.WARN, "slow"),
    ],
)
def test_inference_is_judged_by_the_gravest_finding(change, level, words):
    judged, message = judge_inference(dataclasses.replace(WELL, **change))
    assert judged is level
    assert words in message


def test_refused_instruction_is_an_error_until_the_next_one():
    pilot = Pilot(1)
    assert judge_instruction(pilot).message == "none yet"
    pilot.hear("a" * 10_000, 0)
    assert judge_instruction(pilot).level is Level.ERROR
    pilot.hear("go", 0)
    assert judge_instruction(pilot).message == "following"
    pilot.hear("", 0)
    assert judge_instruction(pilot).level is Level.OK
