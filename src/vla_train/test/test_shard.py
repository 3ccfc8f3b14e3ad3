# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from vla_train.columns import decode_image, vectors
from vla_train.layout import ACTION_KEY, IMAGE_KEY
from vla_train.shard import ShardBuilder


@pytest.fixture
def builder(config):
    return ShardBuilder(config.action, config.image_size)


def test_a_frame_without_a_lesson_is_refused(builder, taught, make_image):
    with pytest.raises(ValueError, match="at least one lesson"):
        builder.add_episode([taught(make_image(1), [])])


def test_a_frame_shows_its_own_lesson_and_its_place(builder, taught, make_image, make_lesson):
    builder.add_episode([taught(make_image(n), [make_lesson(n), make_lesson(9)]) for n in (1, 2)])
    builder.add_episode([taught(make_image(3), [make_lesson(3, "stop")])])
    frames, lessons, _, sentences = builder.part()
    assert len(builder) == 3
    assert frames["episode_index"].to_pylist() == [0, 0, 1]
    assert frames["frame_index"].to_pylist() == [0, 1, 0]
    assert frames["timestamp"].to_pylist() == pytest.approx([0.0, 0.1, 0.0])
    assert vectors(frames[ACTION_KEY])[:, 0] == pytest.approx([0.001, 0.002, 0.003])
    assert lessons["index"].to_pylist() == [0, 0, 1, 1, 2]
    assert [sentences[n] for n in frames["task_index"].to_pylist()][2] == "stop"


def test_images_lose_nothing_and_get_the_networks_size(builder, taught, make_lesson, make_image):
    image = make_image(1)
    wide = image.repeat(2, axis=0).repeat(2, axis=1)
    builder.add_episode([taught(image, [make_lesson(1)]), taught(wide, [make_lesson(1)])])
    for stored in builder.part().frames[IMAGE_KEY].to_pylist():
        assert np.array_equal(decode_image(stored["bytes"]), image)
