# SPDX-License-Identifier: Apache-2.0
import dataclasses

import pytest
import torch

from vla_train.babyai.demonstrations import record
from vla_train.babyai.frames import replay
from vla_train.babyai.fusion import NEVER
from vla_train.babyai.levels import FIRST_TRAINING_SEED, find_level
from vla_train.babyai.networks import ARCHITECTURES, NetworkConfig, ask, build_network
from vla_train.babyai.vision import GridEncoder, nearest_cell
from vla_train.babyai.window import around, crop, first_cells, marks, numbers_of, put_back
from vla_train.errors import TrainError

pytest.importorskip("gymnasium")
CPU = torch.device("cpu")
LEVEL = find_level("GoTo")
architecture = pytest.mark.parametrize("architecture", ARCHITECTURES)


@pytest.fixture(scope="module")
def frames():
    return replay(record(LEVEL, [FIRST_TRAINING_SEED]), LEVEL.reach, CPU)


def small(architecture, **sizes):
    config = NetworkConfig.of(LEVEL, architecture)
    history = min(2, config.history)
    return dataclasses.replace(
        config, history=history, channels=16, language_dim=16, dim=32, **sizes
    )


def seen_at(*cells):
    images = torch.zeros(1, 3, 40, 40)
    for row, column in cells:
        images[0, 0, row, column] = 1 / 255
    return images


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([(20, 20)], (8, 8)),  # 8 to 31, the middle between 19 and 20
        ([(0, 0), (20, 20)], (0, 0)),
        ([(20, 20), (39, 39)], (16, 16)),  # not beyond the map's end
        ([(9, 20), (31, 20)], (8, 8)),  # 23 rows that begin at an odd one
        ([(10, 3), (31, 20)], (10, 0)),
    ],
)
def test_a_window_holds_all_that_was_seen_and_begins_at_a_whole_cell(cells, expected):
    first = first_cells(seen_at(*cells), window=24, stride=2)
    assert first.tolist() == [list(expected)]
    for row, column in cells:
        assert expected[0] <= row < expected[0] + 24
        assert expected[1] <= column < expected[1] + 24


@pytest.mark.parametrize("lowest", range(18))
def test_wherever_the_walls_are_no_seen_cell_is_left_out(lowest):
    """The 22 cells between the outer walls, the robot somewhere among them."""
    first = first_cells(seen_at((lowest, 20), (lowest + 21, 20)), window=24, stride=2)
    assert first[0, 0] % 2 == 0
    assert 0 <= first[0, 0] <= lowest
    assert lowest + 21 < first[0, 0] + 24 <= 40


def test_parts_come_from_and_go_back_to_their_places():
    whole = torch.arange(2 * 5 * 6).view(2, 1, 5, 6).float()
    first = torch.tensor([[0, 3], [2, 1]])
    part = crop(whole, first, 3, 2)
    assert part[0, 0].tolist() == [[3, 4], [9, 10], [15, 16]]
    assert part[1, 0, 0].tolist() == [43, 44]
    numbers = numbers_of(marks(first, 3, 2).float(), 6)
    assert numbers[0].tolist() == [3, 4, 9, 10, 15, 16]
    back = put_back(part.flatten(2).transpose(1, 2), numbers, torch.full((30, 1), -1.0))
    assert back.shape == (2, 30, 1)
    kept = back != -1.0
    assert kept.sum() == 12
    assert torch.equal(back[kept], whole.flatten(2).transpose(1, 2)[kept])


def test_around_a_corner_there_is_nothing():
    cells = around(torch.ones(1, 1, 3, 3), torch.tensor([[0, 2]]), 1)
    assert cells[0, 0].tolist() == [[0, 0, 0], [1, 1, 0], [1, 1, 0]]


def test_a_window_as_large_as_the_map_changes_nothing(frames):
    batch = frames.windows(torch.arange(0, len(frames), 3), 1)
    plain = build_network(small("end_to_end", window=0)).eval()
    windowed = build_network(small("end_to_end", window=40)).eval()
    windowed.load_state_dict(plain.state_dict())
    for one, other in zip(
        *(ask(n, batch.images, batch.words, batch.states) for n in (plain, windowed)), strict=True
    ):
        assert torch.equal(one, other)


@architecture
def test_the_named_cell_is_always_one_that_is_looked_at(architecture, frames):
    config = small(architecture)
    network = build_network(config).eval()
    batch = frames.windows(torch.arange(len(frames)), config.history)
    answers = ask(network, batch.images, batch.words, batch.states)
    cells = nearest_cell(batch.targets[:, -1], config.size, config.stride)
    assert answers.targets.shape == (len(frames), 1, 401)
    assert (answers.targets[:, 0].gather(1, cells[:, None]) > NEVER / 2).all()
    assert (answers.targets == NEVER).sum() == (
        len(frames) * (400 - 144) if architecture == "end_to_end" else 0
    )


def test_what_a_blank_cell_looks_like_is_learnt(frames):
    network = build_network(small("rt1"))
    batch = frames.windows(torch.arange(12), network.config.history)
    answers = ask(network, batch.images, batch.words, batch.states)
    answers.targets.logsumexp(dim=2).sum().backward()
    assert network.vision.blank.grad.abs().sum() > 0


def test_the_encoder_computes_the_window_alone(frames):
    batch = frames.windows(torch.arange(4), 1)
    features = GridEncoder(8, 2, 1, 24)(batch.images[:, 0].float() / 255.0)
    assert features.shape[2:] == (12, 12)


@pytest.mark.parametrize("window", [-2, 22, 25, 42])
def test_a_window_that_cannot_hold_the_walls_is_refused(window):
    with pytest.raises(TrainError, match="window must be"):
        NetworkConfig("GoTo", window=window)
