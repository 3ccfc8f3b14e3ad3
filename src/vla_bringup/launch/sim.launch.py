# SPDX-License-Identifier: Apache-2.0
"""A simulated robot in a MuJoCo room, with everything that drives it."""

from __future__ import annotations

from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration

from launch import LaunchDescription
from vla_bringup.launching import (
    aggregator,
    argument,
    configured,
    environment,
    our_node,
    switch,
    value_of,
)


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            *environment(),
            argument("namespace", ""),
            argument("seed", configured("vla_sim", "seed")),
            argument("policy", configured("vla_node", "policy")),
            argument("device", configured("vla_node", "device")),
            switch("monitor", True),
            our_node("vla_sim", parameters={"seed": value_of("seed", int)}),
            our_node("vla_safety"),
            our_node(
                "vla_node",
                parameters={
                    "policy": value_of("policy", str),
                    "device": value_of("device", str),
                },
            ),
            our_node("vla_monitor", condition=IfCondition(LaunchConfiguration("monitor"))),
            aggregator(
                "analyzers", "analyzers_sim", condition=IfCondition(LaunchConfiguration("monitor"))
            ),
        ]
    )
