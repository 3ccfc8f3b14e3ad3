# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import pytest

from vla_bringup.parameters import read_parameter
from vla_bringup.trained import training_parameters
from vla_monitor.parameters import make_settings
from vla_safety.checks.action_drift import ActionDrift


def change(checkpoint, **values):
    path = checkpoint / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_monitor_gets_the_statistics_by_the_names_of_its_parameters(checkpoint):
    told = training_parameters(str(checkpoint))["vla_monitor"]
    training = make_settings(told).training_actions
    assert training.axes == ("linear.x", "angular.z")
    assert (training.mean, training.std) == ((0.1, 0.3), (0.2, 0.4))


def test_gate_gets_the_statistics_by_the_names_of_its_parameters(checkpoint):
    told = training_parameters(str(checkpoint))["vla_safety"]
    assert set(told) <= {parameter.name for parameter in ActionDrift.parameters}
    assert told == {
        "action_drift.mean": 0.5,
        "action_drift.deviation": 0.25,
        "action_drift.linear": 0.6,
        "action_drift.angular": 1.5,
    }


def test_gate_rests_where_an_action_does_not_stand_for_a_speed(checkpoint):
    spec = json.loads((checkpoint / "config.json").read_text())["action_spec"]
    change(checkpoint, action_spec={**spec, "low": [-0.1, -1.5]})
    told = training_parameters(str(checkpoint))
    assert told["vla_safety"] == {}
    assert told["vla_monitor"]


@pytest.mark.parametrize("values", [{"action_statistics": None}, {"action_spec": {}}])
def test_checkpoint_that_does_not_say_overrides_nothing(checkpoint, values):
    change(checkpoint, **values)
    assert training_parameters(str(checkpoint)) == {}


@pytest.mark.parametrize("policy", ["no_such_policy", "owner/name", "", "http://host:8000"])
def test_policy_that_is_not_on_this_machine_overrides_nothing(policy):
    assert training_parameters(policy) == {}


def test_damaged_configuration_overrides_nothing(checkpoint):
    (checkpoint / "config.json").write_text("[")
    assert training_parameters(str(checkpoint)) == {}


def test_parameters_are_written_as_ros_reads_them(checkpoint, tmp_path):
    from vla_bringup.parameters import write_overrides

    path = tmp_path / "training.yaml"
    write_overrides(path, training_parameters(str(checkpoint)))
    assert read_parameter(path, "action.training.mean") == [0.1, 0.3]
