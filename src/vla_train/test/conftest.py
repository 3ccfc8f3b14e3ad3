# SPDX-License-Identifier: Apache-2.0
import dataclasses

import pytest

from vla_policy.action import ActionSpec
from vla_policy.models.end_to_end import EndToEndConfig
from vla_sim.geometry import Pose
from vla_sim.room import Solid, generate_room
from vla_train.config import RoundConfig, RunConfig

BALL = Solid("red", "ball", 2.0, 0.0, 0.2, 0.4, 0.0, (0.9, 0.0, 0.0))


@pytest.fixture
def spec():
    return ActionSpec(("linear.x", "angular.z"), (-0.6, -1.5), (0.6, 1.5), 0.1, 4)


@pytest.fixture
def room():
    """An empty room of 6 m by 6 m with one red ball, two metres ahead of the robot."""
    start = Pose(0.0, 0.0, 0.0)
    return dataclasses.replace(
        generate_room(0), width=6.0, depth=6.0, objects=(BALL,), start=start, pictures=()
    )


@pytest.fixture
def config(spec):
    model = EndToEndConfig(
        language="transformer",
        image_height=48,
        image_width=64,
        horizon=4,
        vision_channels=8,
        language_dim=8,
        fusion_dim=16,
    )
    rounds = (RoundConfig(1, 0.0, 64, 1e-3, 1e-4), RoundConfig(1, 1.0, 32, 1e-3, 1e-4))
    return RunConfig(
        "tiny", spec, model, rounds, rooms_per_shard=1, episodes_per_room=1, batch_size=8
    )
