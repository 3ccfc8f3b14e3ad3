# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vla_node.errors import ParameterError
from vla_node.parameters import TABLE, Settings, refusal

YAML = Path(__file__).parents[2] / "vla_bringup" / "config" / "vla_node.yaml"
DEVIATIONS = {"gated": True, "action.names": ["linear.x", "angular.z"]}
"""Whoever starts the node by launch has the gate and a differential drive; run alone it drives
the base itself, whatever that can do."""

NUMBERS = [row for row in TABLE if row.low is not None]
DEFAULTS = {row.name: row.default for row in TABLE}


def flatten(values, prefix=""):
    for key, value in values.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


@pytest.mark.skipif(not YAML.is_file(), reason="vla_bringup is not in this workspace")
def test_yaml_holds_every_parameter_with_the_default_of_the_code():
    content = yaml.safe_load(YAML.read_text())
    values = dict(flatten(content["/**/vla_node"]["ros__parameters"]))
    assert values == {**DEFAULTS, **DEVIATIONS}


def test_defaults_are_allowed():
    settings = Settings.from_values({})
    assert settings.control_rate_hz == 30.0
    assert not settings.gated


def test_every_parameter_is_described():
    for row in TABLE:
        assert row.descriptor().description
        assert not row.description.endswith(".")


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row.name)
def test_number_out_of_its_range_is_refused_by_name(row):
    kind = type(row.default)
    for value in (kind(row.low - 1), kind(row.high + 1)):
        with pytest.raises(ParameterError, match=rf"{row.name} must be from .*got {value}"):
            Settings.from_values({row.name: value})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("control_rate_hz", float("nan"), "from 1 to 200 Hz"),
        ("control_rate_hz", 30, "decimal point"),
        ("threads", 1.5, "whole number"),
        ("threads", True, "whole number"),
        ("gated", "yes", "true or false"),
        ("policy", "  ", "not empty"),
        ("blending", "average", "one of replace, linear, temporal_ensemble"),
        ("action.low", ["a"], "list"),
        ("action.low", 3.0, "list"),
        ("action.names", [1], "list"),
        ("nonsense", 1, "unknown parameter 'nonsense'"),
    ],
)
def test_bad_value_is_refused_in_a_sentence(name, value, words):
    with pytest.raises(ParameterError, match=words):
        Settings.from_values({name: value})


@given(st.sampled_from(NUMBERS), st.data())
def test_any_number_within_its_range_is_allowed(row, data):
    if isinstance(row.default, float):
        value = data.draw(st.floats(row.low, row.high))
    else:
        value = data.draw(st.integers(int(row.low), int(row.high)))
    assert getattr(Settings.from_values({row.name: value}), row.field) == value


def test_spec_that_fits_is_accepted(spec):
    Settings.from_values({}).check_spec(spec)
    Settings.from_values(
        {"action.names": ["linear.x", "angular.z"], "action.low": [-0.6, -1.5]}
    ).check_spec(spec)


def test_spec_for_other_actions_is_refused_by_name(spec):
    settings = Settings.from_values({"action.names": ["linear.x", "linear.y"]})
    with pytest.raises(ParameterError, match=r"'end_to_end'.*action.names.*linear.y.*angular.z"):
        settings.check_spec(spec)


def test_spec_with_other_bounds_is_refused_by_name(spec):
    settings = Settings.from_values({"action.high": [0.3, 1.5]})
    with pytest.raises(ParameterError, match=r"action.high: expected \(0.3, 1.5\), got \(0.6"):
        settings.check_spec(spec)


def test_bounds_of_another_length_are_refused(spec):
    settings = Settings.from_values({"action.high": [0.3]})
    with pytest.raises(ParameterError, match="do not fit the checkpoint"):
        settings.check_spec(spec)


def test_change_at_run_time_is_checked():
    assert refusal(DEFAULTS, {"control_rate_hz": 50.0}, configured=False) == ""
    assert "control_rate_hz" in refusal(DEFAULTS, {"control_rate_hz": 0.0}, configured=False)
    assert "clean it up" in refusal(DEFAULTS, {"control_rate_hz": 50.0}, configured=True)
    assert refusal(DEFAULTS, {"use_sim_time": True}, configured=True) == ""


def test_real_time_chunking_is_refused_for_a_policy_that_cannot(make_policy):
    settings = Settings.from_values({"blending": "rtc"})
    with pytest.raises(ParameterError, match=r"'rtc' is not .* policy 'fake': it takes no plan.*"):
        settings.check_policy(make_policy())
    able = make_policy()
    able.obstacle_to_continuing = lambda: ""
    settings.check_policy(able)


@pytest.mark.parametrize(
    ("wanted", "given", "words"),
    [
        (("wrist",), [], r"looks at 1 further camera\(s\) \(wrist\): .* as many \(got 0\)"),
        ((), ["wrist/image_raw"], r"looks at 0 further camera\(s\): .* as many \(got 1\)"),
    ],
)
def test_other_cameras_than_the_policy_looks_at_are_refused(make_policy, wanted, given, words):
    policy = make_policy()
    policy.further_cameras = wanted
    with pytest.raises(ParameterError, match=words):
        Settings.from_values({"camera.further_topics": given}).check_policy(policy)
    topics = [f"{name}/image_raw" for name in wanted]
    Settings.from_values({"camera.further_topics": topics}).check_policy(policy)
