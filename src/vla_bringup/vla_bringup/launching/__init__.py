# SPDX-License-Identifier: Apache-2.0
"""What our launch files are made of; it needs `launch` and `launch_ros`."""

from __future__ import annotations

from vla_bringup.launching.arguments import arguments, switched_on
from vla_bringup.launching.arming import arming
from vla_bringup.launching.cameras import camera_driver
from vla_bringup.launching.gazebo import gazebo, gazebo_bridge
from vla_bringup.launching.inclusion import included
from vla_bringup.launching.nodes import OurNode, aggregator, moved_topics, training_file
from vla_bringup.launching.packages import required_package
from vla_bringup.launching.surroundings import after_start, environment

__all__ = [
    "OurNode",
    "after_start",
    "aggregator",
    "arguments",
    "arming",
    "camera_driver",
    "environment",
    "gazebo",
    "gazebo_bridge",
    "included",
    "moved_topics",
    "required_package",
    "switched_on",
    "training_file",
]
