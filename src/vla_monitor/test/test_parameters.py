# SPDX-License-Identifier: Apache-2.0
import math
from pathlib import Path

import pytest
import yaml

from vla_monitor.errors import ParameterError
from vla_monitor.limits import LIMITS
from vla_monitor.parameters import PARAMETERS, make_settings

YAML = Path(__file__).parents[2] / "vla_bringup" / "config" / "vla_monitor.yaml"
DEVIATIONS: dict[str, object] = {}  # values of the file that are not the default of the code


def flat(tree, prefix=""):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def test_the_yaml_file_holds_every_parameter_with_its_default():
    (node,) = yaml.safe_load(YAML.read_text()).values()
    defaults = {parameter.name: parameter.default for parameter in PARAMETERS}
    told = dict(flat(node["ros__parameters"]))
    in_types = {
        name: tuple(value) if isinstance(value, list) else value for name, value in told.items()
    }
    assert in_types == {**defaults, **DEVIATIONS}


def test_the_defaults_make_settings():
    settings = make_settings({})
    assert settings.robot_name == "robot"
    assert set(settings.limits) == {row.key for row in LIMITS}
    assert settings.limits["camera.rate_hz"].warn == 24.0


def test_a_whole_number_is_taken_for_a_float():
    assert make_settings({"window_s": 20}).window_s == 20.0


def test_whole_numbers_in_a_list_are_taken_for_floats():
    settings = make_settings({"action.training.mean": [0, 1]})
    assert settings.training_actions.mean == (0.0, 1.0)


def test_one_empty_name_means_that_the_training_is_not_known():
    assert make_settings({"action.training.axes": [""]}).training_actions is None


def test_hysteresis_reaches_every_limit():
    limits = make_settings({"hysteresis": 0.3}).limits
    assert {limit.margin for limit in limits.values()} == {0.3}


def test_names_of_rclpy_itself_are_let_through():
    make_settings({"use_sim_time": True, "qos_overrides./scan.subscription.depth": 3})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"camera.rate_hz.wran": 3.0}, "camera.rate_hz.wran is not .* mean camera.rate_hz.warn"),
        ({"elephant": 3.0}, "elephant is not a parameter of vla_monitor: check its spelling"),
        ({"prometheus.port": 70000}, r"prometheus.port must be in \[0, 65535\] \(got 70000\)"),
        ({"prometheus.port": 9464.0}, "prometheus.port must be an int"),
        ({"event_log.files": 0}, "event_log.files must be in"),
        ({"event_log.enabled": "yes"}, "event_log.enabled must be a bool"),
        ({"processes.names": "vla_node"}, "processes.names must be a list"),
        ({"processes.names": ["a", 3]}, "processes.names must be a string"),
        ({"action.training.mean": [0.0]}, "action.training.axes, mean and std must be of one"),
        ({"action.training.std": [0.1, 0.0]}, "action.training.std must be > 0"),
        ({"action.training.axes": ["linear.x", "yaw"]}, "action.training.axes .* 'yaw'"),
        ({"camera.rate_hz.warn": -1.0}, r"camera.rate_hz.warn must be in .* Hz \(got -1\)"),
        ({"camera.rate_hz.warn": math.nan}, "camera.rate_hz.warn must be in"),
        ({"camera.rate_hz.warn": 5.0}, "camera.rate_hz: warn must be >= error"),
        ({"inference.p95_ms.error": 5.0}, "inference.p95_ms: warn must be <= error"),
        ({"window_s": "long"}, "window_s must be a float"),
        ({"enable_stamped_cmd_vel": 1}, "enable_stamped_cmd_vel must be a bool"),
        ({"robot_name": " "}, "robot_name must not be empty"),
        ({"level_window_s": 60.0}, "level_window_s must be <= window_s"),
    ],
)
def test_a_bad_value_is_refused_by_name(given, words):
    with pytest.raises(ParameterError, match=words):
        make_settings(given)


def test_every_parameter_is_described():
    assert all(parameter.description for parameter in PARAMETERS)
    assert len({parameter.name for parameter in PARAMETERS}) == len(PARAMETERS)
