# SPDX-License-Identifier: Apache-2.0
"""Pages to look at: of data sets, and of evaluations."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from vla_train.errors import TrainError
from vla_train.evaluation import EpisodeResult, report_of
from vla_train.look import describe, tiles
from vla_train.recording import Recording
from vla_train.report import draw_report
from vla_train.sheet import (
    BAR_HEIGHT,
    BAR_WIDTH,
    GAP,
    NAME_WIDTH,
    TILE_WIDTH,
    Bar,
    Tile,
    bar_chart,
    contact_sheet,
)

FAILED = EpisodeResult(
    room=3,
    family="go_to",
    kind="go_to",
    instruction="go to the red ball",
    success=False,
    reason="collided with a wall",
    wrong_object=False,
    time_s=4.0,
    path_length_m=1.0,
    spl=0.0,
    collisions=1,
    path=((0.0, 0.0), (1.0, 0.5)),
    target="red ball",
)
DONE = dataclasses.replace(FAILED, success=True, reason="stands in the goal region", spl=1.0)


def plain(colour, size=(160, 120)):
    return Image.new("RGB", size, colour)


@pytest.mark.parametrize("count", [1, 5, 13])
def test_every_tile_is_on_the_page(count):
    colours = [(10 + 15 * index, 100, 200) for index in range(count)]
    page = np.asarray(contact_sheet([Tile(plain(colour), "go") for colour in colours], columns=4))
    there = {tuple(pixel) for pixel in page[:: GAP // 2, :: GAP // 2].reshape(-1, 3).tolist()}
    assert set(colours) <= there
    assert page.shape[1] == min(count, 4) * (TILE_WIDTH + GAP) + GAP


def test_a_caption_that_is_too_long_is_cut_and_does_not_reach_its_neighbours():
    long = Tile(plain("black"), "word " * 200)
    page = np.asarray(contact_sheet([long, Tile(plain("black"), "")], columns=2))
    assert (page[:, TILE_WIDTH + GAP + GAP :][120 * TILE_WIDTH // 160 + GAP + 2 :] == 255).all()


def test_a_bar_is_as_long_as_its_share():
    page = bar_chart("title", [Bar("all", 0.5, 0.4, 0.6, 20), Bar("none", 0.0, 0.0, 0.1, 3)])
    green = (np.asarray(page) == (0x4A, 0x8F, 0x5C)).all(axis=2)
    first, second = np.split(green, [GAP + 2 * (BAR_HEIGHT + GAP) - GAP // 2])
    assert np.ptp(np.flatnonzero(first.any(axis=0))) == pytest.approx(BAR_WIDTH / 2, abs=1)
    assert second.any(axis=0).sum() <= 1
    assert not green[:, : GAP + NAME_WIDTH].any()


def test_a_report_is_drawn_with_its_failures(tmp_path):
    report = {"policy": "p", "split": "seen", **report_of([FAILED, DONE, FAILED])}
    assert report["failures"] == {"collision": 2}
    draw_report(json.loads(json.dumps(report)), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"seen.png", "seen_failures.png"}
    draw_report({**report, **report_of([DONE])}, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"seen.png"}


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("collided with the red ball", "collision"),
        ("stands at the blue box", "at another thing"),
        ("not there after 45 s", "not there in time"),
        ("stands still outside the goal region (gap_m 2.00)", "gave up"),
        ("near it for only 12% of the time", "lost it"),
        ("ate the carpet", "other"),
    ],
)
def test_failures_have_a_cause(reason, cause):
    assert dataclasses.replace(FAILED, reason=reason).cause == cause
    assert DONE.cause is None


def test_a_data_set_shows_frames_all_along_it(tmp_path, write, make_image, make_lesson):
    episodes = [[(make_image(n), [make_lesson(n, f"say {n}")])] for n in range(9)]
    recording = Recording.open(write(tmp_path / "nine", episodes))
    shown = list(tiles(recording, "observation.images.front", 3))
    assert [tile.caption.splitlines()[0] for tile in shown] == ["0: say 0", "4: say 4", "8: say 8"]
    assert "linear.x +0.01, angular.z +0.01" in shown[2].caption
    for tile, number in zip(shown, (0, 4, 8), strict=True):
        assert np.array_equal(np.asarray(tile.picture), make_image(number))
    assert describe(recording)[0] == "9 frames at 10 a second, 9 episodes"
    assert describe(recording)[-1] == "9 lessons"


def test_another_camera_is_refused(tmp_path, write, make_image, make_lesson):
    recording = Recording.open(write(tmp_path / "one", [[(make_image(0), [make_lesson(0)])]]))
    with pytest.raises(TrainError, match=r"no camera top \(there are: observation.images.front"):
        list(tiles(recording, "top", 3))


def test_the_verb_writes_the_page_and_says_what_is_there(tmp_path, write, make_image, make_lesson):
    import typer

    from vla_train.verbs import data

    root = write(tmp_path / "one", [[(make_image(0), [make_lesson(0)])]])
    app = typer.Typer()
    app.command()(data)
    done = CliRunner().invoke(app, [str(root), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "1 frames at 10 a second" in done.output
    assert (tmp_path / "out" / "one.png").is_file()
    failed = CliRunner().invoke(app, [str(tmp_path / "nothing")])
    assert failed.exit_code == 2
    assert "expected a LeRobot data set" in " ".join(failed.output.split())
