# SPDX-License-Identifier: Apache-2.0
import json

import pytest

from vla_train.babyai.evaluation import EpisodeResult, play, report_of
from vla_train.babyai.levels import EVALUATION_SEEDS, LEVELS, find_level
from vla_train.babyai.players import BotPlayer, RandomPlayer
from vla_train.babyai.results import find_contestants, judge_all
from vla_train.errors import TrainError

pytest.importorskip("gymnasium")
level = pytest.mark.parametrize("level", LEVELS.values(), ids=list(LEVELS))


@level
def test_the_bot_succeeds_in_every_episode(level):
    seeds = EVALUATION_SEEDS[:10]
    results = list(play(level, seeds, BotPlayer, side_by_side=4))
    assert sorted(result.seed for result in results) == list(seeds)
    assert all(result.success for result in results)


def test_chance_does_not_put_things_next_to_each_other():
    results = list(play(find_level("PutNextLocal"), EVALUATION_SEEDS[:8], RandomPlayer))
    assert not any(result.success for result in results)
    assert {result.steps for result in results} == {128}  # the level's own time limit


def test_an_episode_goes_alike_whatever_is_played_beside_it():
    level = find_level("GoToLocal")
    alone, beside = (
        {(r.seed, r.success, r.steps) for r in play(level, range(20), RandomPlayer, number)}
        for number in (1, 7)
    )
    assert alone == beside


def test_successes_are_counted_with_their_interval():
    results = [EpisodeResult(seed, "go", seed >= 25, 7) for seed in range(100)]
    report = report_of(results[::-1])
    assert report["successes"] == 75 and report["success_rate"] == 0.75
    # Wilson's interval of 75 of 100.
    assert (report["wilson_low"], report["wilson_high"]) == (0.657, 0.8245)
    assert [failure["seed"] for failure in report["failures"]] == list(range(25))
    assert (report["first_seed"], report["last_seed"]) == (0, 99)


def test_an_evaluation_leaves_its_figures_and_a_table(tmp_path):
    said = []
    judge_all("bot,random", "GoToLocal", 6, 1, tmp_path, False, said.append)
    reports = json.loads((tmp_path / "results.json").read_text())
    assert [report["policy"] for report in reports] == ["bot", "random"]
    assert reports[0]["success_rate"] == 1.0
    table = (tmp_path / "table.md").read_text()
    assert "| GoToLocal | bot |  | 100.0% |" in table


def test_evaluation_refuses_what_it_cannot_judge(tmp_path):
    with pytest.raises(TrainError, match="1000 seeds"):
        judge_all("bot", "", 1001, 1, tmp_path, False, print)
    with pytest.raises(TrainError, match="cannot be read"):
        judge_all(str(tmp_path), "", 1, 1, tmp_path, False, print)
    with pytest.raises(TrainError, match="no 'nobody' to judge: expected bot, random, a direc"):
        judge_all("nobody", "", 1, 1, tmp_path, False, print)


def test_a_shipped_network_is_judged_by_its_name():
    (one,) = find_contestants("goto_rt1", "GoTo")
    assert (one.name, one.checkpoint.name) == ("rt1", "goto_rt1")
    assert not list(find_contestants("goto_rt1", "GoToLocal"))
