# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import pytest

from vla_bringup.demo.aftermath import Aftermath
from vla_bringup.demo.report import Episode, Report


def episode(success=True, latencies_ms=(70.0, 80.0)):
    return Episode.judged(
        instruction="go to the red ball",
        family="go_to",
        success=success,
        reason="stands in the goal region" if success else "collided with a wall",
        time_s=12.3456,
        path_length_m=3.45678,
        collisions=0 if success else 1,
        latencies_ms=latencies_ms,
    )


@pytest.fixture
def report():
    report = Report(seed=7, policy="end_to_end", planned=2)
    report.episodes += [episode(), episode()]
    return report


def test_all_planned_episodes_succeeded_is_success(report):
    assert report.success


def test_failed_episode_is_no_success(report):
    report.episodes[1] = episode(success=False)
    assert not report.success


def test_missing_episode_is_no_success(report):
    del report.episodes[1]
    assert not report.success


def test_early_end_is_no_success(report):
    report.reason = "interrupted (SIGINT)"
    assert not report.success


def test_dead_process_is_no_success(report):
    report.died.append("vla_monitor died (signal 9)")
    assert not report.success


def test_collision_between_episodes_is_no_success(report):
    report.collisions = 1
    assert not report.success


def test_nothing_planned_is_no_success():
    assert not Report(seed=7, policy="end_to_end").success


def test_written_report_holds_what_was_promised(report, tmp_path):
    path = tmp_path / "report.json"
    report.write(path)
    values = json.loads(path.read_text())
    assert values["seed"] == 7
    assert values["success"] is True
    assert values["versions"]["python"]
    assert values["episodes"][0] == {
        "instruction": "go to the red ball",
        "family": "go_to",
        "success": True,
        "reason": "stands in the goal region",
        "time_s": 12.35,
        "path_length_m": 3.457,
        "collisions": 0,
        "latency_ms_p50": 70.0,
        "latency_ms_p95": 80.0,
        "latency_samples": 2,
    }


def test_report_of_a_failure_tells_the_aftermath(report, tmp_path):
    report.aftermath = Aftermath("vla_node", "vla_node died (signal 9)", 0.31, 100, 85)
    report.reason = report.aftermath.sentence
    path = tmp_path / "report.json"
    report.write(path)
    values = json.loads(path.read_text())
    assert values["success"] is False
    assert values["aftermath"]["rest_after_s"] == 0.31


def test_episode_without_a_command_has_no_latency():
    assert episode(latencies_ms=()).latency_ms_p95 is None


def test_writing_leaves_no_draft_behind(report, tmp_path):
    report.write(tmp_path / "report.json")
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
