# SPDX-License-Identifier: Apache-2.0
import pytest

from vla_policy.errors import PolicyError
from vla_train.config import DatasetSource, load_config, shipped_configs
from vla_train.errors import TrainError


@pytest.mark.parametrize("name", shipped_configs())
def test_every_shipped_configuration_loads(name):
    assert load_config(name).name == name


def test_a_configuration_that_is_not_there_is_named():
    with pytest.raises(TrainError, match=r"no configuration 'nothing'.*end_to_end"):
        load_config("nothing")


ACTION = "action: {names: [linear.x], low: [0], high: [1], dt: 0.1, horizon: 2}\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "no YAML"),
        ("name: x\n", "'action'"),
        ("colour: red\n", "unknown keys: colour"),
        (f"name: x\n{ACTION}rounds: []\n", "at least one round"),
        (f"name: x\n{ACTION}rounds: [{{}}]\n", "missing"),
        (f"name: x\n{ACTION}rounds: []\nbatch_size: 0\n", "batch_size must be >= 1"),
        (
            f"name: x\n{ACTION}rounds: []\nquestions_per_frame: -1\n",
            "questions_per_frame must be >= 0",
        ),
        (
            f"name: x\n{ACTION}rounds: [{{datasets: [{{path: /d, state: [x]}}]}}]\n",
            "/d: state must name x, y and heading",
        ),
        (f"name: x\n{ACTION}rounds: [{{datasets: [{{colour: red}}]}}]\n", "colour"),
        (f"name: x\n{ACTION}rounds: [{{datasets: [3]}}]\n", "must be a path, .*got 3"),
        (f"name: x\n{ACTION}rounds: [3]\n", "a round must be keys with values"),
        (f"name: x\n{ACTION}model: {{colour: 3}}\nrounds: []\n", "colour"),
    ],
)
def test_nonsense_is_refused_by_name(tmp_path, text, sentence):
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises((TrainError, PolicyError), match=sentence):
        load_config(str(path))


def test_recordings_are_named_by_their_folder_or_with_how_to_read_them(tmp_path):
    path = tmp_path / "run.yaml"
    plan = "shards: 0, policy_share: 0, samples: 9, learning_rate: 1.0e-3, final_rate: 1.0e-4"
    own = "{path: own, image_key: observation.images.top, state: [x, y, yaw]}"
    path.write_text(f"name: x\n{ACTION}rounds: [{{{plan}, datasets: [first, {own}]}}]\n")
    assert load_config(str(path)).rounds[0].datasets == (
        DatasetSource("first"),
        DatasetSource("own", "observation.images.top", ("x", "y", "yaw")),
    )


def test_values_are_changed_by_name():
    changes = ["model.history=1", "batch_size=32", "rounds.0.samples=64", "initial=null"]
    changed = load_config("rt1_mini", changes)
    assert (changed.model.history, changed.batch_size) == (1, 32)
    assert (changed.rounds[0].samples, changed.initial) == (64, None)
    assert changed.rounds[1:] == load_config("rt1_mini").rounds[1:]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("model.history", "NAME=VALUE, as model.history=1 .got 'model.history'"),
        ("=1", "NAME=VALUE"),
        ("model.histories=1", "histories"),
        ("models.history=1", "no place for models.history"),
        ("name.history=1", "no place for name.history"),
        ("rounds.9.samples=1", "no place for rounds.9.samples"),
        ("rounds.9=1", "no place for rounds.9"),
        ("batch_size={", "batch_size: '{' is no YAML"),
        ("batch_size=0", "batch_size must be >= 1"),
        ("initial_parts=language", "initial_parts must be a list of names .got 'language'"),
        ("batch_size=many", "batch_size must be a whole number"),
        ("weight_decay=.nan", "weight_decay must be a number"),
        ("ema_decay=1.5", r"ema_decay must lie in \[0, 1\]"),
        ("memory_weight=-1.0", "memory_weight must be >= 0"),
        ("early_episodes=-1", "early_episodes must be >= 0"),
        ("compiled=2", "compiled must be true or false"),
        ("initial=3", "initial must be a text"),
        ("precision=half", "precision must be one of"),
        ("rounds=[]", "at least one round"),
        ("rounds=3", "rounds must be a list"),
        ("rounds.0=3", "a round must be keys with values"),
        ("rounds.0.samples=-1", "samples must be >= 0 .got -1"),
        ("rounds.0.shards=1.5", "shards must be a whole number"),
        ("rounds.0.learning_rate=1e-3", "learning_rate must be a number, as 1.0e-3 .got '1e-3'"),
        ("rounds.0.final_rate=-1.0", "final_rate must be >= 0"),
        ("rounds.0.policy_share=2.0", "policy_share must lie in"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_by_name(change, sentence):
    with pytest.raises((TrainError, PolicyError), match=sentence):
        load_config("rt1_mini", [change])
