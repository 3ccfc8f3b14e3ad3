# SPDX-License-Identifier: Apache-2.0
import json

import pytest

from vla_train.card import model_card, this_machine
from vla_train.evaluation import EpisodeResult, evaluate, report_of, summarise


def results(successes, count):
    return [
        EpisodeResult(0, "go_to", "go", i < successes, "", 10.0, 3.0, int(i >= successes))
        for i in range(count)
    ]


def test_the_interval_is_wilsons():
    # 45 of 50: by hand, (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n).
    summary = summarise(results(45, 50))
    assert summary["success_rate"] == 0.9
    assert summary["wilson_low"] == pytest.approx(0.7864, abs=2e-4)
    assert summary["wilson_high"] == pytest.approx(0.9565, abs=2e-4)
    assert summary["collision_rate"] == 0.1


def test_the_report_is_json_with_every_episode():
    report = json.loads(json.dumps(report_of(results(2, 3))))
    assert len(report["episodes"]) == 3
    assert report["families"]["go_to"]["count"] == 3


def test_the_expert_is_judged_in_closed_loop_the_same_each_time(spec):
    first, second = (list(evaluate(None, spec, "validation", 2, 7, workers=1)) for _ in range(2))
    assert first == second
    assert all(result.success for result in first)


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
