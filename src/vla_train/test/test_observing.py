# SPDX-License-Identifier: Apache-2.0
import numpy as np

from vla_train.benchmark import find_split
from vla_train.observing import observe_drives

COUNT, DT = 7, 0.1


def test_so_many_observations_come_and_the_same_ones_again():
    first, second = (list(observe_drives(COUNT, DT, find_split("validation"))) for _ in range(2))
    assert sum(map(len, first)) == COUNT
    for one, other in zip(first[0], second[0], strict=True):
        assert np.array_equal(one.images, other.images)
        assert np.array_equal(one.state, other.state)
    stamps = [observation.stamp for observation in first[0]]
    assert stamps == sorted(set(stamps))
    assert len({observation.instruction for observation in first[0]}) == 1


def test_splits_and_seeds_show_other_rooms():
    images = [
        next(iter(observe_drives(1, DT, find_split(split), seed)))[0].images
        for split, seed in (("validation", 0), ("validation", 1), ("seen", 0))
    ]
    assert not np.array_equal(images[0], images[1])
    assert not np.array_equal(images[0], images[2])


def test_a_policy_with_a_history_sees_it():
    drive = next(iter(observe_drives(COUNT, DT, find_split("seen"), history=3)))
    before, now = drive[-2:]
    assert now.images.shape[0] == 3
    assert np.array_equal(now.images[:-1], before.images[1:])
