# SPDX-License-Identifier: Apache-2.0
import dataclasses
import io
import json

from rich.console import Console

from vla_policy.checkpoint import load_policy
from vla_train import run
from vla_train.collect import collect_round, round_shards


def test_a_run_goes_from_rooms_to_a_checkpoint_with_its_card_and_goes_on(
    config, tmp_path, monkeypatch
):
    monkeypatch.setattr(run, "EARLY_EPISODES", 1)
    small = dataclasses.replace(config, rounds=config.rounds[:1])
    folder = run.RunFolder(tmp_path / "run")
    console = Console(file=io.StringIO())
    run.train(small, folder, workers=1, test_episodes=1, console=console)
    assert load_policy(folder.checkpoint).spec == config.action
    assert "Measured success" in (folder.checkpoint / "README.md").read_text()
    assert json.loads((folder.root / "test.json").read_text())["count"] == 1
    weights = (folder.checkpoint / "model.safetensors").read_bytes()
    run.train(small, folder, workers=1, test_episodes=1, console=console)
    assert [entry["round"] for entry in folder.entries() if "round" in entry] == [0]
    assert [entry["collected"] for entry in folder.entries() if "collected" in entry] == [0]
    assert folder.collected_s(0) > 0.0
    assert (folder.checkpoint / "model.safetensors").read_bytes() == weights


def test_collected_shards_are_not_collected_again(config, tmp_path):
    for shard in round_shards(config, 0, tmp_path):
        shard.mkdir(parents=True)
    assert list(collect_round(config, 0, tmp_path, None, workers=1)) == [-1]
