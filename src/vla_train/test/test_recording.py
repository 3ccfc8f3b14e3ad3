# SPDX-License-Identifier: Apache-2.0
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vla_train.errors import TrainError
from vla_train.layout import IMAGE_KEY
from vla_train.recording import Recording, encoded_images


@pytest.fixture
def root(write_shards):
    return write_shards(1)[0]


def describe(root, **changes):
    path = root / "meta/info.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_folder_without_a_data_set_is_named(tmp_path):
    with pytest.raises(TrainError, match=r"nothing: expected a LeRobot data set v3\.0"):
        Recording.open(tmp_path / "nothing")


def test_an_older_version_is_refused(root):
    describe(root, codebase_version="v2.1")
    with pytest.raises(
        TrainError, match=r"info\.json: expected codebase_version v3\.0 \(got v2\.1"
    ):
        Recording.open(root)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("{", "expected JSON"), ("[]", "got none"), ('{"codebase_version": "v3.0"}', "total_frames")],
)
def test_a_damaged_description_is_named(root, text, sentence):
    (root / "meta/info.json").write_text(text)
    with pytest.raises(TrainError, match=rf"info\.json: .*{sentence}"):
        Recording.open(root)


def test_a_missing_file_is_noticed_by_its_frames(root):
    next((root / "data").glob("*/*")).unlink()
    with pytest.raises(TrainError, match=r"expected the 3 frames .* found 0 in 0 file"):
        Recording.open(root)


def test_a_damaged_file_is_named(root):
    file = next((root / "data").glob("*/*"))
    file.write_bytes(b"PAR1 and then nothing")
    with pytest.raises(TrainError, match=rf"{file}: expected a Parquet file"):
        Recording.open(root)


def test_bytes_that_rotted_are_told_by_file_and_column(root):
    file = next((root / "data").glob("*/*"))
    data = bytearray(file.read_bytes())
    data[4 : len(data) // 2] = bytes(len(data) // 2 - 4)
    file.write_bytes(bytes(data))
    with pytest.raises(TrainError, match=rf"{file}: .*{IMAGE_KEY}"):
        list(encoded_images(file, IMAGE_KEY))


def test_a_column_that_is_not_there_is_named(root):
    with pytest.raises(TrainError, match=r"file-000\.parquet: expected the column colour"):
        Recording.open(root).vectors("colour")


def test_a_column_that_holds_no_images_is_told(root):
    with pytest.raises(TrainError, match=r"expected images .* in the column action"):
        list(encoded_images(next((root / "data").glob("*/*")), "action"))


def test_missing_tasks_are_named(root):
    (root / "meta/tasks.parquet").unlink()
    with pytest.raises(TrainError, match=r"tasks\.parquet is missing"):
        Recording.open(root).sentences()


@pytest.mark.parametrize("name", ["task", "__index_level_0__"])
def test_tasks_are_found_by_their_number_however_pandas_called_them(root, name):
    table = pa.table({"task_index": [1, 0], name: ["stop", "go"]})
    pq.write_table(table, root / "meta/tasks.parquet")
    assert Recording.open(root).sentences() == ["go", "stop"]


def test_tasks_with_a_gap_are_refused(root):
    pq.write_table(
        pa.table({"task_index": [0, 2], "task": ["a", "b"]}), root / "meta/tasks.parquet"
    )
    with pytest.raises(TrainError, match="expected the task_index 0 to 1, each once"):
        Recording.open(root).sentences()
