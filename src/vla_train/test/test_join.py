# SPDX-License-Identifier: Apache-2.0
import signal
import subprocess
import sys
import time

import pytest

from vla_train import dataset_writer, join
from vla_train.errors import TrainError
from vla_train.join import join_shards, remove_shards
from vla_train.recording import Recording

JOIN = """
import sys
from pathlib import Path
from vla_policy.action import ActionSpec
from vla_train.join import join_shards

spec = ActionSpec(("linear.x", "angular.z"), (-0.6, -1.5), (0.6, 1.5), 0.1, 4)
shards = sorted(Path(sys.argv[1] + ".shards").iterdir())
print("joining", flush=True)
join_shards(Path(sys.argv[1]), shards, spec, (48, 64))
"""


def contents(root):
    recording = Recording.open(root)
    return recording.frames, recording.vectors("observation.state").tolist()


@pytest.fixture
def joined(tmp_path, config):
    def join_to(shards):
        join_shards(tmp_path / "round_0", shards, config.action, config.image_size)
        return tmp_path / "round_0"

    return join_to


def test_joined_shards_are_gone_and_their_frames_are_in_the_data_set(joined, write_shards):
    shards = write_shards(3)
    states = [state for shard in shards for state in contents(shard)[1]]
    assert contents(joined(shards)) == (9, states)
    assert not shards[0].parent.exists()


@pytest.mark.parametrize("moment", range(6))
def test_cut_off_at_any_moment_it_leaves_the_shards_or_the_whole(
    moment, joined, tmp_path, config, write_shards, monkeypatch
):
    """Each step of joining fails once, as if the process ended there."""
    shards = write_shards(2)
    whole = [state for shard in shards for state in contents(shard)[1]]
    steps = [
        (dataset_writer._Writer, "append"),
        (dataset_writer._Files, "close"),
        (dataset_writer._Writer, "describe"),
        (dataset_writer._Writer, "_info"),
        (type(tmp_path), "rename"),
        (join, "remove_shards"),
    ]

    def cut_off(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(*steps[moment], cut_off)
        with pytest.raises(KeyboardInterrupt):
            joined(shards)
    root = tmp_path / "round_0"
    if root.exists():
        assert contents(root) == (6, whole)
        remove_shards(root, shards)
    else:
        assert sum(contents(shard)[0] for shard in shards) == 6
        joined(shards)
    assert contents(root) == (6, whole)
    assert sorted(path.name for path in tmp_path.glob("*round_0*")) == ["round_0"]


@pytest.mark.parametrize("delay_s", [0.0, 0.03, 0.1, 0.3])
def test_a_killed_process_loses_nothing(delay_s, tmp_path, write_shards, joined):
    shards = write_shards(8)
    whole = [state for shard in shards for state in contents(shard)[1]]
    root = tmp_path / "round_0"
    process = subprocess.Popen(
        [sys.executable, "-c", JOIN, str(root)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "joining\n"
    time.sleep(delay_s)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    if not root.exists():
        joined(shards)
    assert contents(root) == (24, whole)


def test_a_damaged_shard_is_named_and_what_to_do(joined, write_shards):
    shards = write_shards(2)
    file = next((shards[1] / "data").glob("*/*"))
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(TrainError, match=r"file-000.*remove .*shard_001.*collected again"):
        joined(shards)
    assert all(shard.exists() for shard in shards)
