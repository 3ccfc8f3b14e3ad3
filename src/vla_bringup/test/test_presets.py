# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from vla_bringup.presets import (
    BASES,
    CAMERA_INFO,
    DRIVERS,
    GENERIC,
    IMAGE,
    NO_DRIVER,
    camera_info_topic,
    image_topic,
)


def test_generic_base_has_the_names_that_our_nodes_have():
    base = BASES[GENERIC]
    assert (base.cmd_vel, base.odom, base.scan) == ("cmd_vel", "odom", "scan")
    assert (base.camera, base.camera_info) == (IMAGE, CAMERA_INFO)
    assert not base.stamped


def test_robots_that_are_asked_for_are_there():
    assert {"turtlebot4", "clearpath", "diff_drive_controller"} <= set(BASES)
    assert {"usb_cam", "v4l2_camera", "realsense2_camera", "oakd"} == set(DRIVERS)


@pytest.mark.parametrize("base", BASES)
def test_topics_are_relative_so_that_a_namespace_moves_them(base):
    assert not [topic for topic in vars(BASES[base]).values() if str(topic).startswith("/")]


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("camera", DRIVERS)
def test_driver_of_ours_publishes_where_the_policy_looks_on_any_base(base, camera):
    assert image_topic(base, camera) == IMAGE
    assert camera_info_topic(base, camera) == CAMERA_INFO


def test_without_a_driver_the_camera_is_that_of_the_base():
    assert image_topic("turtlebot4", NO_DRIVER) == "oakd/rgb/preview/image_raw"
    assert camera_info_topic("turtlebot4", NO_DRIVER) == "oakd/rgb/preview/camera_info"


@pytest.mark.parametrize("camera", DRIVERS)
def test_every_driver_has_an_apt_package_for_any_distribution(camera):
    assert DRIVERS[camera].apt[""]
    assert DRIVERS[camera].packages
