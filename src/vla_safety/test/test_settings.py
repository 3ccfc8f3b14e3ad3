# SPDX-License-Identifier: Apache-2.0
import math

import pytest

from vla_safety.errors import ParameterError, SafetyError
from vla_safety.settings import Settings, is_meant_for_gate


def refusal(**values):
    with pytest.raises(ParameterError) as caught:
        Settings.from_values({name.replace("__", "."): value for name, value in values.items()})
    return str(caught.value)


def test_defaults_are_valid_and_describe_themselves():
    table = Settings.from_values().table
    assert all(row.description for row in table.values())
    assert all(name == row.name for name, row in table.items())


@pytest.mark.parametrize("bad", [math.nan, math.inf, 0.0, -1.0, "fast", True, [1.0]])
@pytest.mark.parametrize(
    "name", ["linear.x.max_velocity", "angular.z.max_deceleration", "cmd_vel_timeout"]
)
def test_nonsense_is_refused_by_name(name, bad):
    text = refusal(**{name: bad})
    assert text.startswith(f"{name} must be a number from ")
    assert text.endswith(f"(got {bad!r})")


def test_refusal_says_what_expected_and_got():
    assert refusal(linear__x__max_velocity=-1.0) == (
        "linear.x.max_velocity must be a number from 0.001 to 100 m/s (got -1.0)"
    )


def test_minimum_above_the_maximum_is_refused_by_name():
    text = refusal(linear__x__min_velocity=0.8, linear__x__max_velocity=0.6)
    assert "linear.x.min_velocity" in text


@pytest.mark.parametrize("value", [2.5, True, 0])
def test_count_must_be_a_whole_number(value):
    assert "fresh_commands_to_resume" in refusal(fresh_commands_to_resume=value)


def test_whole_number_is_good_for_a_limit():
    assert Settings.from_values({"linear.x.max_velocity": 1}).limits.axes["linear.x"].highest == 1


def test_unknown_check_is_refused_with_the_known_ones():
    text = refusal(checks=["finite", "command_timeout", "sixth_sense"])
    assert "'sixth_sense'" in text
    assert "observation_age" in text


@pytest.mark.parametrize("missing", ["finite", "command_timeout"])
def test_essential_check_cannot_be_left_out(missing):
    checks = [name for name in ("finite", "command_timeout") if name != missing]
    assert f"must contain {missing}" in refusal(checks=checks)


def test_check_cannot_be_named_twice():
    assert "once" in refusal(checks=["finite", "finite", "command_timeout"])


def test_check_that_is_taken_from_the_list_may_keep_its_parameters():
    values = {"checks": ["finite", "command_timeout"], "observation_age.max_age": 0.4}
    settings = Settings.from_values(values | {"fallbacks.observation_age": "brake"})
    assert [check.name for check in settings.checks] == ["finite", "command_timeout"]


def test_unknown_fallback_policy_is_refused_with_the_known_ones():
    assert "known: avoid, brake, hold, retreat, stop" in refusal(fallbacks__e_stop="fly")


@pytest.mark.parametrize("reason", ["e_stop", "disarmed"])
@pytest.mark.parametrize("policy", ["hold", "retreat", "avoid"])
def test_disarmed_or_latched_robot_never_sets_itself_in_motion(reason, policy):
    text = refusal(**{f"fallbacks__{reason}": policy})
    assert text.startswith(f"fallbacks.{reason} must be stop or brake")


def test_misspelled_name_is_refused_with_the_right_one():
    assert "did you mean linear.x.max_velocity?" in refusal(linear__x__max_velocty=0.2)


@pytest.mark.parametrize("axes", [[], ["linear.x", "linear.x"], ["linear.w"], "linear.x", [1]])
def test_axes_must_be_axes(axes):
    assert refusal(axes=axes).startswith("axes must")


def test_every_axis_that_is_named_has_limits():
    settings = Settings.from_values({"axes": ["linear.x", "linear.y", "angular.z"]})
    assert set(settings.limits.axes) == {"linear.x", "linear.y", "angular.z"}
    assert "linear.y.max_velocity" in settings.table


def test_change_keeps_the_other_values():
    changed = Settings.from_values({"robot_name": "r2"}).changed({"cmd_vel_timeout": 0.1})
    assert (changed.values["robot_name"], changed.values["cmd_vel_timeout"]) == ("r2", 0.1)


def test_change_is_refused_as_a_whole():
    settings = Settings.from_values()
    with pytest.raises(ParameterError, match=r"angular\.z\.max_velocity"):
        settings.changed({"cmd_vel_timeout": 0.1, "angular.z.max_velocity": math.nan})
    assert settings.values["cmd_vel_timeout"] == 0.2


@pytest.mark.parametrize(
    ("name", "value"),
    [("checks", ["finite", "command_timeout"]), ("axes", ["linear.x"]), ("robot_name", "r2")],
)
def test_what_is_set_at_start_cannot_change(name, value):
    with pytest.raises(ParameterError, match=f"{name} is set at start"):
        Settings.from_values().changed({name: value})


def test_limit_cannot_be_taken_away():
    with pytest.raises(ParameterError, match="cannot be taken away"):
        Settings.from_values().changed({"linear.x.max_acceleration": None})


def test_loosened_knows_the_loose_direction_of_each():
    old = Settings.from_values()
    new = old.changed(
        {
            "cmd_vel_timeout": 0.3,
            "observation_age.max_age": 0.4,
            "fresh_commands_to_resume": 2,
            "linear.x.max_velocity": 0.5,
            "linear.x.min_velocity": -0.7,
        }
    )
    assert sorted(new.loosened(old)) == [
        "cmd_vel_timeout",
        "fresh_commands_to_resume",
        "linear.x.min_velocity",
        "topics.policy.timeout",
        "topics.teleop.timeout",
    ]


def test_every_parameter_that_can_change_knows_its_loose_direction():
    settings = Settings.from_values()
    limits = ("linear.", "angular.")  # Limits compares these as what they mean
    undecided = {
        name
        for name, row in settings.table.items()
        if not row.read_only and row.looser is None and not name.startswith(limits)
    }
    assert undecided == {"preserve_curvature"}


def test_only_names_of_the_gate_are_meant_for_it():
    assert is_meant_for_gate("linear.x.max_velocty")
    assert is_meant_for_gate("cmd_vel_timeout")
    assert is_meant_for_gate("sixth_sense.level", checks=["sixth_sense"])
    assert not is_meant_for_gate("image_size")


def test_parameter_error_is_of_the_family():
    assert issubclass(ParameterError, (SafetyError, ValueError))
