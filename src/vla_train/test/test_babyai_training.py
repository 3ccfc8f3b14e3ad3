# SPDX-License-Identifier: Apache-2.0
import dataclasses
import json

import pytest
import torch

from vla_train.babyai import checkpoint, training
from vla_train.babyai.demonstrations import record, shard_path
from vla_train.babyai.evaluation import play
from vla_train.babyai.frames import replay
from vla_train.babyai.gaze import Gaze
from vla_train.babyai.levels import FIRST_TRAINING_SEED, find_level
from vla_train.babyai.networks import ARCHITECTURES, NetworkConfig, ask, build_network
from vla_train.babyai.players import NetworkPlayer
from vla_train.babyai.runs import train_level
from vla_train.babyai.training import Trainer, TrainingPlan, learning_rate
from vla_train.errors import TrainError
from vla_train.locks import run_alone

pytest.importorskip("gymnasium")
CPU = torch.device("cpu")
LEVEL = find_level("GoToLocal")
SEEDS = range(FIRST_TRAINING_SEED, FIRST_TRAINING_SEED + 6)
PLAN = TrainingPlan(steps=150, batch_size=24, precision="float32", symmetry=False)
architecture = pytest.mark.parametrize("architecture", ARCHITECTURES)


def small(architecture):
    config = NetworkConfig.of(LEVEL, architecture)
    history = min(2, config.history)
    return dataclasses.replace(config, history=history, channels=32, language_dim=32, dim=64)


def silent(*_):
    pass


@architecture
def test_a_few_demonstrations_are_learnt_by_heart_and_played(architecture):
    frames = replay(record(LEVEL, SEEDS), LEVEL.reach, CPU)
    plan = dataclasses.replace(PLAN, ema_decay=0.9, batch_size=8)
    trainer = Trainer(small(architecture), plan, CPU)
    said = []
    trainer.train(frames, None, lambda step, share, values: said.append(values))
    assert said[-1]["right"] > 0.97
    results = list(play(LEVEL, SEEDS, lambda n: NetworkPlayer(trainer.average, trainer.config, n)))
    assert sum(result.success for result in results) == len(SEEDS)


@architecture
def test_a_run_that_was_cut_off_ends_as_one_that_was_not(architecture, tmp_path, monkeypatch):
    frames = replay(record(LEVEL, SEEDS), LEVEL.reach, CPU)
    plan = dataclasses.replace(PLAN, steps=8, batch_size=8, symmetry=True)
    whole = Trainer(small(architecture), plan, CPU)
    whole.train(frames, None, silent)
    cut = Trainer(small(architecture), plan, CPU)

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "REPORT_EVERY", 3)
    monkeypatch.setattr(training, "SAVE_EVERY_S", -1.0)
    with pytest.raises(KeyboardInterrupt):
        cut.train(frames, tmp_path / "state.pt", lambda step, *_: stop() if step == 6 else None)
    resumed = Trainer(small(architecture), plan, CPU)
    resumed.load(tmp_path / "state.pt")
    assert resumed.step == 3
    resumed.train(frames, None, silent)
    assert resumed.step == whole.step == 8
    for name, value in whole.average.state_dict().items():
        assert torch.allclose(value, resumed.average.state_dict()[name], atol=1e-6), name


@architecture
def test_a_checkpoint_answers_as_what_was_trained(architecture, tmp_path):
    shard = shard_path(tmp_path / "data", LEVEL, FIRST_TRAINING_SEED)
    record(LEVEL, SEEDS).save(shard)
    plan = dataclasses.replace(PLAN, steps=2, batch_size=4)
    made = train_level(
        small(architecture), plan, tmp_path / "data", None, tmp_path / "run", CPU, silent
    )
    network, config = checkpoint.load(made)
    assert config.training["demonstrations"] == len(SEEDS)
    assert config.network == small(architecture)
    assert "not measured" in (made / "README.md").read_text().lower()
    trained = Trainer(small(architecture), plan, CPU)
    trained.load(tmp_path / "run" / "state.pt")
    batch = replay(record(LEVEL, SEEDS), LEVEL.reach, CPU).windows(
        torch.arange(5), config.network.history
    )
    with torch.no_grad():
        expected = ask(trained.average.eval(), batch.images, batch.words, batch.states)
        answers = ask(network, batch.images, batch.words, batch.states)
    assert torch.allclose(answers.actions, expected.actions, atol=0.02)


def test_of_two_runs_in_one_folder_the_second_is_refused(tmp_path):
    data = tmp_path / "data"
    record(LEVEL, SEEDS).save(shard_path(data, LEVEL, SEEDS[0]))
    with run_alone(tmp_path), pytest.raises(TrainError, match=r"another .* at work .*--out"):
        train_level(small("rt1"), PLAN, data, None, tmp_path, CPU, silent)


def test_without_demonstrations_nothing_is_begun(tmp_path):
    out = tmp_path / "run"
    with pytest.raises(TrainError, match="make some with `vla babyai-demos`"):
        train_level(small("rt1"), PLAN, tmp_path / "data", None, out, CPU, silent)
    assert not out.exists()


def test_limits_of_a_run_must_be_clear():
    with pytest.raises(TrainError, match="one of the two"):
        TrainingPlan()
    with pytest.raises(TrainError, match="one of the two"):
        TrainingPlan(steps=1, seconds=1.0)


def test_a_run_ends_with_its_time_and_its_rate_falls_till_then():
    frames = replay(record(LEVEL, SEEDS), LEVEL.reach, CPU)
    plan = TrainingPlan(seconds=2.0, batch_size=2, precision="float32")
    trainer = Trainer(small("end_to_end"), plan, CPU)
    trainer.train(frames, None, silent)
    assert trainer.step >= 1
    assert 2.0 <= trainer.seconds < 20.0
    rates = [learning_rate(1.0, 1_000, share / 10) for share in range(11)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == 1.0 and rates[-1] == pytest.approx(0.01)


def test_sizes_that_make_no_sense_are_refused():
    with pytest.raises(TrainError, match="architecture must be one of"):
        NetworkConfig("GoToLocal", "transformer")
    with pytest.raises(TrainError, match="level must be one of"):
        NetworkConfig("GoHome")
    with pytest.raises(TrainError, match="channels must be"):
        NetworkConfig("GoToLocal", channels=0)


def test_a_checkpoint_for_other_choices_is_refused(tmp_path):
    config = small("end_to_end")
    checkpoint.save(tmp_path, build_network(config), checkpoint.BabyAICheckpoint(config, {}))
    values = json.loads((tmp_path / "config.json").read_text())
    values["action_spec"] = {"choices": ["up", "down"]}
    (tmp_path / "config.json").write_text(json.dumps(values))
    with pytest.raises(TrainError, match="up, down"):
        checkpoint.load(tmp_path)


@architecture
def test_step_by_step_a_network_answers_as_for_the_whole_window(architecture):
    config = dataclasses.replace(small(architecture), history=3)
    network = build_network(config).eval()
    frames = replay(record(LEVEL, SEEDS), LEVEL.reach, CPU)
    longest = int(frames.left.argmax())
    gaze = Gaze(network, config.history, count=4)
    with torch.no_grad():
        for step in range(int(frames.left[longest]) + 1):
            batch = frames.windows(torch.tensor([longest + step]), config.history)
            whole = ask(network, batch.images, batch.words, batch.states).actions[:, -1]
            logits = gaze.look([2], batch.images[:, -1], batch.words, batch.states[:, -1])
            assert torch.allclose(logits, whole, atol=1e-4), step
