# SPDX-License-Identifier: Apache-2.0
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vla_policy.image import resize_image
from vla_train import pixels
from vla_train.errors import TrainError
from vla_train.layout import IMAGE_KEY
from vla_train.locks import after_others
from vla_train.pixels import cached_pixels
from vla_train.recording import Recording


@pytest.fixture
def root(write_shards):
    return write_shards(1)[0]


def read(root, cache, size=(48, 64)):
    return list(cached_pixels(Recording.open(root), IMAGE_KEY, size, cache))


def test_images_are_mapped_and_lose_nothing(root, tmp_path, make_image):
    (images,) = read(root, tmp_path / "cache")
    assert isinstance(images, np.memmap)
    assert not images.flags.writeable
    assert np.array_equal(images, [make_image(seed) for seed in (1, 2, 3)])


def test_images_get_the_networks_size_as_the_policy_gives_it_to_them(root, tmp_path, make_image):
    (images,) = read(root, tmp_path / "cache", (24, 32))
    assert np.array_equal(images[1], resize_image(make_image(2), 24, 32))


def test_images_are_decoded_once(root, tmp_path, monkeypatch):
    read(root, tmp_path / "cache")

    def fail(*_):
        raise AssertionError

    monkeypatch.setattr(pixels, "decode_image", fail)
    assert len(read(root, tmp_path / "cache")) == 1


def test_a_file_that_changed_is_decoded_again(root, tmp_path, make_image):
    read(root, tmp_path / "cache")
    file = next((root / "data").glob("*/*"))
    table = pq.read_table(file)
    pq.write_table(table.take([2, 1, 0]), file)
    os.utime(file, (1, 1))
    (images,) = read(root, tmp_path / "cache")
    assert np.array_equal(images[0], make_image(3))


def test_what_is_cut_off_is_decoded_again(root, tmp_path, monkeypatch):
    def cut_off(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pixels, "resize_image", cut_off)
        with pytest.raises(KeyboardInterrupt):
            read(root, tmp_path / "cache")
    assert len(read(root, tmp_path / "cache")[0]) == 3


def test_a_damaged_image_is_named(root, tmp_path):
    file = next((root / "data").glob("*/*"))
    table = pq.read_table(file)
    images = table[IMAGE_KEY].to_pylist()
    images[1]["bytes"] = b"no image"
    column = pa.array(images, table.schema.field(IMAGE_KEY).type)
    pq.write_table(table.set_column(0, IMAGE_KEY, column), file)
    with pytest.raises(TrainError, match=rf"{file}: frame 1 of {IMAGE_KEY}: expected an encoded"):
        read(root, tmp_path / "cache")


def test_of_two_that_ask_for_the_same_one_waits_for_the_other(root, tmp_path):
    cache = tmp_path / "cache"
    with ThreadPoolExecutor(1) as pool:
        cache.mkdir()
        with after_others(cache):
            second = pool.submit(read, root, cache)
            with pytest.raises(TimeoutError):
                second.result(timeout=0.3)
        assert len(second.result(timeout=60)[0]) == 3
