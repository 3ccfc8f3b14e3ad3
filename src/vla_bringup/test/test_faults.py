# SPDX-License-Identifier: Apache-2.0
"""What a fault run is made of; the run itself is `make faults`."""

from __future__ import annotations

import json
import math

import pytest
from rich.console import Console

from vla_bringup.errors import RefusedError
from vla_bringup.faults import run as faults
from vla_bringup.faults.cases import CASES
from vla_bringup.faults.cases.obstacle import in_step
from vla_bringup.faults.measurement import (
    at_least,
    at_most,
    holds,
    middle,
    percentile,
    write_report,
)
from vla_bringup.faults.probe import FaultError, wait_until


@pytest.mark.parametrize(("measured", "kept"), [(0.1, True), (0.2, True), (math.nan, False)])
def test_promise_is_kept_up_to_its_limit_and_never_by_nan(measured, kept):
    assert at_most("p", 0.2, measured).passed is kept
    assert at_least("p", 0.1, measured).passed is kept


def test_promise_is_broken_beyond_its_limit():
    assert not at_most("p", 0.2, 0.21).passed
    assert not at_least("p", 0.2, 0.19).passed
    assert not holds("p", False).passed


def test_percentile_is_one_of_the_values():
    assert percentile(range(100), 0.99) == 99
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert math.isnan(percentile([], 0.5))


def test_one_spoilt_try_of_three_tells_nothing_and_two_tell_all():
    tries = [[at_most("p", 0.2, each)] for each in (0.1, 0.9, 0.15, math.nan, 0.8)]
    assert middle(tries[:3]) == tries[2]
    assert not middle(tries[1:4])[0].passed
    assert middle([tries[3], tries[0], tries[2]]) == tries[2]


def test_report_has_an_entry_for_each_promise_and_is_plain_json(tmp_path):
    path = tmp_path / "report.json"
    write_report(path, [at_most("one", 0.2, 0.1, "s"), at_most("two", 0.2, math.nan)])
    report = json.loads(path.read_text())
    assert not report["passed"]
    assert report["measurements"][0] == {
        "name": "one",
        "limit": 0.2,
        "measured": 0.1,
        "passed": True,
        "unit": "s",
    }
    assert report["measurements"][1]["measured"] is None


def test_unknown_case_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(RefusedError, match="known: silence, nonsense"):
        faults.run_faults(["meteor"], tmp_path, Console())


def test_case_that_cannot_be_played_is_a_broken_promise(tmp_path, monkeypatch):
    def fails(folder):
        raise FaultError("the gate did not come")

    monkeypatch.setitem(CASES, "rival", fails)
    monkeypatch.setenv("ROS_DOMAIN_ID", "1")
    assert faults.run_faults(["rival"], tmp_path, Console()) == 1
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["measurements"][0]["name"] == "rival: could be played"


def test_waiting_has_an_end():
    with pytest.raises(FaultError, match="the moon did not come within"):
        wait_until(lambda: False, 0.01, "the moon")


def test_robot_that_drives_at_the_wall_touches_nothing_and_leaves_again():
    touched, way = in_step(seed=3)
    assert touched == 0
    assert way > 0.1
