# SPDX-License-Identifier: Apache-2.0
"""Labels of recordings that come without lessons."""

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_policy.action import ActionSpec
from vla_policy.memory import LOST
from vla_policy.pose import PoseTracker
from vla_train.config import DatasetSource
from vla_train.errors import TrainError
from vla_train.labels import IGNORED, labels_of
from vla_train.recording import Recording

SPEC = ActionSpec(("linear.x", "angular.z"), (-0.6, -1.5), (0.6, 1.5), 0.1, 4)
NAMES = {"observation.state": ["x", "y", "yaw"], "action": ["linear.x", "angular.z"]}


def record(root, episodes, states=None, fps=10, names=NAMES):
    """A recording without images: of each episode its linear speeds."""
    speeds = [speed for episode in episodes for speed in episode]
    count = len(speeds)
    numbers = np.repeat(np.arange(len(episodes)), [len(episode) for episode in episodes])
    states = np.zeros((count, 3)) if states is None else states
    columns = {
        "observation.state": pa.array([list(map(float, state)) for state in states]),
        "action": pa.array([[float(speed), -float(speed)] for speed in speeds]),
        "episode_index": pa.array(numbers),
        "task_index": pa.array(numbers % 2),
    }
    features = {
        key: {"dtype": "float64", "names": names.get(key)} for key in columns if "index" not in key
    }
    info = {
        "codebase_version": "v3.0",
        "fps": fps,
        "total_frames": count,
        "features": features,
    }
    for folder in ("meta", "data/chunk-000"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "meta/info.json").write_text(json.dumps(info))
    pq.write_table(pa.table(columns), root / "data/chunk-000/file-000.parquet")
    pq.write_table(
        pa.table({"task_index": [0, 1], "task": ["go", "stop"]}), root / "meta/tasks.parquet"
    )
    return Recording.open(root)


def labels(recording, spec=SPEC, **options):
    return labels_of(recording, DatasetSource(str(recording.root), **options), spec, (6, 8))


def speeds_of(labels):
    return np.stack([SPEC.unnormalise(chunk)[:, 0] for chunk in labels.columns["actions"]])


def test_a_chunk_is_what_followed_and_the_last_action_stays(tmp_path):
    found = speeds_of(labels(record(tmp_path, [[0.1, 0.2, 0.3], [0.4]])))
    assert found == pytest.approx(
        np.array([[0.1, 0.2, 0.3, 0.3], [0.2, 0.3, 0.3, 0.3], [0.3] * 4, [0.4] * 4]), abs=1e-6
    )


def test_a_faster_recording_is_taken_at_the_policys_step(tmp_path):
    found = labels(record(tmp_path, [np.arange(9) / 20], fps=20))
    assert speeds_of(found)[0] == pytest.approx([0.0, 0.1, 0.2, 0.3], abs=1e-6)


@pytest.mark.parametrize("fps", [5, 15, 24])
def test_a_rate_that_does_not_fit_is_refused(tmp_path, fps):
    with pytest.raises(TrainError, match=rf"multiple of 10 frames a second.*got {fps}"):
        labels(record(tmp_path, [[0.1]], fps=fps))


def test_the_task_is_the_sentence_and_nothing_is_said_about_where_things_are(tmp_path):
    found = labels(record(tmp_path, [[0.1, 0.2], [0.3]]))
    assert [found.texts[n] for n in found.columns["sentences"]] == ["go", "go", "stop"]
    assert found.first.tolist() == [0, 1, 2, 3]
    assert set(found.columns["cells"].tolist()) == {IGNORED}
    assert set(found.columns["modes"].tolist()) == {LOST}
    assert np.isnan(found.columns["spots"]).all()
    assert not found.columns["memories"].any()


POSES = st.lists(
    st.tuples(st.floats(-5, 5), st.floats(-5, 5), st.floats(-0.8, 0.8)), min_size=1, max_size=8
)


@given(episodes=st.lists(POSES, min_size=1, max_size=3), heading=st.floats(-3, 3))
def test_the_pose_is_the_one_that_the_robot_would_have_tracked(
    episodes, heading, tmp_path_factory
):
    """Headings wrap, and each episode has an origin of its own."""
    root = tmp_path_factory.mktemp("recording")
    states, expected = [], []
    for episode in episodes:
        tracker = PoseTracker()
        for x, y, turn in episode:
            heading = float(np.remainder(heading + turn + np.pi, 2 * np.pi) - np.pi)
            tracker.observe(x, y, heading)
            states.append((x, y, heading))
            expected.append(tracker.state())
    found = labels(record(root, [[0.0] * len(e) for e in episodes], states))
    shutil.rmtree(root)
    assert found.columns["states"] == pytest.approx(np.array(expected), abs=1e-4)


def test_names_and_places_choose_values(tmp_path):
    names = {"observation.state": {"axes": ["theta0", "a", "b"]}, "action": ["v", "w"]}
    states = [(0.0, 1.0, 2.0), (0.5, 3.0, 2.0)]
    recording = record(tmp_path, [[0.1, 0.2]], states, names=names)
    found = labels(recording, state=("a", 2, "theta0"), action=("w", "v"))
    assert found.columns["states"][1] == pytest.approx([2.0, 0.0, 0.5])
    assert SPEC.unnormalise(found.columns["actions"][0, 0]) == pytest.approx([-0.1, 0.1])


def test_unnamed_actions_are_taken_in_their_order(tmp_path):
    recording = record(tmp_path, [[0.1]], names={})
    assert speeds_of(labels(recording, state=()))[0, 0] == pytest.approx(0.1)


def test_a_pose_that_is_not_known_is_zero(tmp_path):
    recording = record(tmp_path, [[0.1, 0.1]], [(1, 2, 3), (4, 5, 6)])
    assert not labels(recording, state=()).columns["states"].any()


@pytest.mark.parametrize(
    ("names", "options", "sentence"),
    [
        ({"observation.state": ["a", "b", "c"]}, {}, r"observation\.state, which has \['a'"),
        ({"action": ["v", "w"]}, {"state": ()}, r"in action, which has \['v', 'w'\].*`action: \["),
        ({}, {"state": (0, 1, 7)}, "which has 3: give their names or places as `state"),
        (NAMES, {"action": ("linear.x",)}, "expected 2 actions"),
    ],
)
def test_values_that_are_not_there_are_named_and_the_mend(tmp_path, names, options, sentence):
    recording = record(tmp_path, [[0.1]], names=names)
    with pytest.raises(TrainError, match=sentence):
        labels(recording, **options)


def test_an_episode_in_two_pieces_is_refused(tmp_path):
    recording = record(tmp_path, [[0.1], [0.2], [0.3]])
    file = tmp_path / "data/chunk-000/file-000.parquet"
    table = pq.read_table(file)
    at = table.schema.get_field_index("episode_index")
    pq.write_table(table.set_column(at, "episode_index", pa.array([0, 1, 0])), file)
    with pytest.raises(TrainError, match="expected the frames of an episode together"):
        labels(recording)


def test_a_task_without_a_sentence_is_refused(tmp_path):
    recording = record(tmp_path, [[0.1], [0.2]])
    pq.write_table(pa.table({"task_index": [0], "task": ["go"]}), tmp_path / "meta/tasks.parquet")
    with pytest.raises(TrainError, match="expected task_index below 1"):
        labels(recording)


def test_lessons_of_which_a_file_is_missing_are_refused(tmp_path, write_shards):
    root = write_shards(1)[0]
    file = next((root / "lessons").glob("*/*"))
    table = pq.read_table(file)
    pq.write_table(table.slice(0, 3), file)
    with pytest.raises(TrainError, match="expected lessons of each of the 3 frames"):
        labels(Recording.open(root))
