# SPDX-License-Identifier: Apache-2.0
import math
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from vla_sim.parameters import PARAMETERS, ParameterError, Settings, make_settings

YAML = Path(__file__).parents[2] / "vla_bringup" / "config" / "vla_sim.yaml"
DEVIATIONS: dict[str, object] = {}  # values of the file that are not the default of the code


def test_the_yaml_file_holds_every_parameter_with_its_default():
    (node,) = yaml.safe_load(YAML.read_text()).values()
    defaults = {parameter.name: parameter.default for parameter in PARAMETERS}
    assert node["ros__parameters"] == {**defaults, **DEVIATIONS}


def test_settings_are_the_parameters_of_the_table():
    assert [field.name for field in fields(Settings)] == [p.name for p in PARAMETERS]
    settings = make_settings({"seed": 7})
    assert (settings.seed, settings.split, settings.camera_rate_hz) == (7, "demo", 30.0)


def test_a_whole_number_is_taken_for_a_float():
    assert make_settings({"camera_rate_hz": 15}).camera_rate_hz == 15.0


def test_names_of_rclpy_itself_are_let_through():
    make_settings({"use_sim_time": False, "qos_overrides./scan.publisher.depth": 3})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"sed": 3}, "sed is not a parameter of vla_sim"),
        ({"seed": -1}, r"seed must be in \[0, .*\] \(got -1\)"),
        ({"seed": 1.5}, "seed must be a int"),
        ({"seed": True}, "seed must be a int"),
        ({"split": "mars"}, r"split must be one of train, .* \(got 'mars'\)"),
        ({"camera_rate_hz": 0.0}, r"camera_rate_hz must be in \[1, 120\] Hz \(got 0\)"),
        ({"camera_rate_hz": math.nan}, "camera_rate_hz must be in"),
        ({"cmd_vel_timeout": 0}, "cmd_vel_timeout must be in"),
        ({"publish_clock": "yes"}, "publish_clock must be a bool"),
        ({"base_frame_id": " "}, "base_frame_id must not be empty"),
    ],
)
def test_a_bad_value_is_refused_by_name(given, words):
    with pytest.raises(ParameterError, match=words):
        make_settings(given)


def test_settings_check_themselves():
    values = {parameter.name: parameter.default for parameter in PARAMETERS}
    with pytest.raises(ParameterError, match="seed"):
        Settings(**{**values, "seed": -5})


def test_every_parameter_is_described():
    assert all(parameter.description for parameter in PARAMETERS)
