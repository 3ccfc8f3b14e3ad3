# SPDX-License-Identifier: Apache-2.0
import dataclasses

import numpy as np
import pytest

from vla_policy.action import ActionSpec
from vla_policy.memory import LOST, SEEN, Sight
from vla_policy.models.config import EndToEndConfig
from vla_policy.surroundings import RANGES, SECTORS
from vla_sim.geometry import Pose
from vla_sim.room import Solid, generate_room
from vla_train.config import RoundConfig, RunConfig
from vla_train.dataset_writer import write_dataset
from vla_train.lesson import Lesson
from vla_train.shard import ShardBuilder, Taught

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
        "tiny", spec, model, rounds, rooms_per_shard=1, episodes_per_room=2, batch_size=8
    )


@pytest.fixture
def make_image():
    """Images that a seed tells apart, of the size that the tiny network takes."""

    def make(seed):
        return np.random.default_rng(seed).integers(0, 256, (48, 64, 3), dtype=np.uint8)

    return make


@pytest.fixture
def make_lesson():
    """Lessons whose every value tells which one it is."""

    def make(value, instruction="go to the red ball", pixel=None, names_thing=True):
        state = np.array([value, 0, 0], np.float32)
        memory = np.array([1, value, 0], np.float32)
        actions = np.full((4, 2), value / 1000, np.float32)
        sight = (
            Sight(LOST if pixel is None else SEEN, (value, 1.0), False) if names_thing else None
        )
        stage, more, mirrors = value % 2, value == 10, sight is None or sight.mode == SEEN
        return Lesson(instruction, stage, state, memory, actions, sight, pixel, more, mirrors)

    return make


@pytest.fixture
def taught():
    """Makes a frame in which something is near on the right, and nothing else."""
    about, ranges = np.zeros(SECTORS, np.float32), np.full(RANGES, 5.0, np.float32)
    about[0] = ranges[0] = 0.5
    return lambda image, lessons, *questions: Taught(image, lessons, about, ranges, questions)


@pytest.fixture
def write(config, taught):
    """Writes a data set of episodes, each a list of (image, lessons, questions ...)."""

    def write_episodes(root, episodes):
        builder = ShardBuilder(config.action, config.image_size)
        for episode in episodes:
            builder.add_episode(taught(*frame) for frame in episode)
        write_dataset(root, [builder.part()], config.action, config.image_size)
        return root

    return write_episodes


@pytest.fixture
def write_shards(tmp_path, write, make_image, make_lesson):
    """Writes shards of two episodes: one of two frames with one and three lessons, one of one."""

    def write_all(count):
        paths = []
        for shard in range(count):
            base = 100 * shard
            many = [
                make_lesson(base + 20),
                make_lesson(base + 21, "stop", names_thing=False),
                make_lesson(base + 22, f"say {shard}"),
            ]
            turns = [make_lesson(base + 30 + i, "turn left", names_thing=False) for i in range(2)]
            driven = [
                (make_image(base + 1), [make_lesson(base + 10, pixel=(0.0, 0.0))]),
                (make_image(base + 2), many),
            ]
            path = tmp_path / "round_0.shards" / f"shard_{shard:03d}"
            paths.append(write(path, [driven, [(make_image(base + 3), turns)]]))
        return paths

    return write_all
