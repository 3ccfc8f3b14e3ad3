# SPDX-License-Identifier: Apache-2.0
import dataclasses
import json

import pytest

from vla_policy.checkpoint import CheckpointConfig, save_checkpoint
from vla_policy.errors import BackendError
from vla_policy.models.end_to_end import EndToEndVLA
from vla_sim.splits import held_out_side
from vla_train.benchmark import SPLITS
from vla_train.card import model_card, this_machine
from vla_train.errors import TrainError
from vla_train.evaluation import (
    Contestant,
    EpisodeResult,
    evaluate,
    find_contestant,
    report_of,
    summarise,
)
from vla_train.report import table


def result(success, **changes):
    values = {
        "room": 0,
        "family": "go_to",
        "kind": "go_to",
        "instruction": "go",
        "success": success,
        "reason": "",
        "wrong_object": False,
        "time_s": 10.0,
        "path_length_m": 3.0,
        "spl": 0.5 if success else 0.0,
        "collisions": int(not success),
    }
    return EpisodeResult(**{**values, **changes})


def results(successes, count):
    return [result(i < successes) for i in range(count)]


EXPERT = "expert"


def test_the_interval_is_wilsons():
    # 45 of 50: by hand, (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n).
    summary = summarise(results(45, 50))
    assert summary["success_rate"] == 0.9
    assert summary["wilson_low"] == pytest.approx(0.7864, abs=2e-4)
    assert summary["wilson_high"] == pytest.approx(0.9565, abs=2e-4)
    assert summary["collision_rate"] == 0.1
    assert summary["spl"] == 0.45


def test_the_report_is_json_with_every_episode():
    report = json.loads(json.dumps(report_of(results(2, 3))))
    assert len(report["episodes"]) == 3
    assert report["families"]["go_to"]["count"] == 3


def judge(spec, split, episodes, contestant=None, **options):
    contestant = contestant or Contestant(spec, baseline=EXPERT)
    return list(evaluate(contestant, split, episodes, workers=1, **options))


@pytest.mark.parametrize("split", SPLITS)
def test_the_expert_is_judged_in_closed_loop_the_same_each_time(spec, split):
    spec = dataclasses.replace(spec, horizon=8)  # a chunk outlasts the latency of any split
    first, second = (judge(spec, split, 4, seed=7) for _ in range(2))
    assert first == second
    assert sum(result.success for result in first) >= 3
    assert len({result.instruction for result in first}) > 1


def test_another_seed_is_other_rooms_and_other_tasks(spec):
    one, other = (judge(spec, "seen", 3, seed=seed) for seed in (0, 1))
    assert {result.room for result in one}.isdisjoint({result.room for result in other})


def test_unseen_instructions_are_held_out_and_ones_own_take_their_place(spec):
    held_out = {s for sentences in held_out_side().wordings.values() for s in sentences}
    own = {kind: (s.replace("stop", "whoa"),) for kind, s in [("stop", "stop robot")]}
    own["go_to"] = ("scoot to the {thing}",)
    said = judge(spec, "unseen", 9, wordings=own)
    goes = [result.instruction for result in said if result.family == "go_to"]
    assert goes
    assert all(sentence.startswith("scoot to the ") for sentence in goes)
    for result in judge(spec, "unseen", 9):
        if result.family in ("stop",):
            assert result.instruction in held_out


def test_a_random_policy_goes_nowhere(spec):
    went = [
        result
        for result in judge(spec, "seen", 9, Contestant(spec, baseline="random"))
        if result.family == "go_to"
    ]
    assert not any(result.success for result in went)


@pytest.mark.parametrize("baseline", ["blind", "deaf"])
def test_a_policy_can_be_made_blind_or_deaf(tmp_path, config, baseline):
    checkpoint = CheckpointConfig(model=config.model, action=config.action)
    save_checkpoint(tmp_path / "tiny", EndToEndVLA(config.model), checkpoint)
    contestant = Contestant(config.action, tmp_path / "tiny", baseline)
    assert len(judge(config.action, "seen", 1, contestant)) == 1


def test_a_policys_network_is_run_by_the_backend_that_is_asked_for(tmp_path, config):
    checkpoint = CheckpointConfig(model=config.model, action=config.action)
    save_checkpoint(tmp_path / "tiny", EndToEndVLA(config.model), checkpoint)
    folder = str(tmp_path / "tiny")
    assert find_contestant(folder, "", config.action).load().backend == "torch"
    assert find_contestant("expert", "", config.action, "onnx").load() is None
    with pytest.raises(BackendError, match="no backend 'abacus'"):
        find_contestant(folder, "", config.action, "abacus").load()


def test_an_unknown_split_is_refused_by_name(spec):
    with pytest.raises(TrainError, match=r"unknown split 'holiday'.*distractors"):
        judge(spec, "holiday", 1)


def test_the_table_has_a_row_for_each_split_and_a_column_for_each_family():
    report = {"split": "seen", "policy": "p", **report_of(results(45, 50))}
    head, _, row = table([report]).splitlines()
    assert head.count("|") == row.count("|")
    assert "| seen | p | 50 | 90.0% | 78.6% to 95.7% | 97 % |" in row


def test_the_card_states_what_was_measured(config):
    rounds = [
        {
            "round": 0,
            "frames": 1234,
            "collect_s": 60,
            "train_s": 120,
            "validation": summarise(results(1, 4)),
        }
    ]
    card = model_card(config, rounds, report_of(results(45, 50)), this_machine())
    assert "| all | 50 | 90.0% | 78.6% to 95.7% | 10.0% | 10.0 s |" in card
    assert "1234 frames" in card
    assert "3 minutes" in card
