# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_node.pilot import Phase
from vla_node.statistics import Statistics, inference_values
from vla_node.worker import Request, Result


def result_of(chunk, image=None):
    picture = np.zeros((240, 320, 3), np.uint8) if image is None else image
    state = np.zeros(3, np.float32)
    request = Request((picture,), "go", task=1, stamp=0, state=state, seen_ns=0)
    error = "" if chunk is not None else "RuntimeError: no"
    return Result(request, chunk, error, 5.0, 2.0, 12.0, 30.0)


def test_numbers_of_an_inference_hold_its_first_action_by_field(make_chunk):
    actions = np.tile(np.float32([0.3, -1.5]), (8, 1))
    result = result_of(make_chunk(actions=actions))
    values = inference_values(result, Statistics(), dropped=3)
    assert values["action.linear.x"] == pytest.approx(0.5)
    assert values["action.angular.z"] == pytest.approx(-1.0)
    assert values["action_norm"] == pytest.approx(np.hypot(0.5, 1.0))
    assert values["images_dropped"] == 3


def test_a_failed_inference_has_no_action():
    values = inference_values(result_of(None), Statistics(), dropped=0)
    assert values["action_norm"] == 0.0
    assert not [key for key in values if key.startswith("action.")]


@given(st.lists(st.sampled_from(Phase)))
def test_overruns_are_the_times_that_a_chunk_ran_out(phases):
    statistics = Statistics()
    for phase in phases:
        statistics.follow(phase)
    runs = [phase for phase, _ in itertools.groupby(phases)]
    assert statistics.chunk_overruns == runs.count(Phase.RAN_OUT)


@pytest.mark.parametrize("height", [1, 48, 240, 1081])
def test_only_the_very_same_picture_again_is_a_repeated_one(make_chunk, height):
    noise = np.random.default_rng(0).integers(0, 256, (2, height, 20, 3), dtype=np.uint8)
    statistics = Statistics()
    for image in (noise[0], noise[0].copy(), noise[1], noise[1], noise[0]):
        statistics.record(result_of(make_chunk(), image), steady_ns=0)
    assert statistics.images_repeated == 2


def test_a_picture_that_moves_by_one_pixel_is_another_one(make_chunk):
    picture = np.zeros((240, 320, 3), np.uint8)
    picture[60:180, 100:140] = 200
    statistics = Statistics()
    for shift in range(5):
        moved = np.roll(picture, shift, axis=1)
        statistics.record(result_of(make_chunk(), moved), steady_ns=0)
    assert statistics.images_repeated == 0


def test_an_image_of_another_size_is_another_one(make_chunk):
    statistics = Statistics()
    for size in ((240, 320, 3), (480, 640, 3)):
        statistics.record(result_of(make_chunk(), np.zeros(size, np.uint8)), steady_ns=0)
    assert statistics.images_repeated == 0


def test_the_picture_is_remembered_not_the_buffer_that_it_came_in(make_chunk):
    statistics, buffer = Statistics(), np.zeros((240, 320, 3), np.uint8)
    for brightness in range(3):
        buffer[:] = brightness
        statistics.record(result_of(make_chunk(), buffer), steady_ns=0)
    assert statistics.images_repeated == 0
