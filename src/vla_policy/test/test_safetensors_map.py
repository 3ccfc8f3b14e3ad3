# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from safetensors.numpy import save_file

from vla_policy.safetensors_map import map_safetensors


@pytest.fixture
def path(tmp_path):
    rng = np.random.default_rng(0)
    tensors = {
        "a": rng.random((3, 4), dtype=np.float32),
        "b.c": np.arange(5, dtype=np.int64),
        "half": np.ones((2, 1, 2), dtype=np.float16),
    }
    save_file(tensors, tmp_path / "x.safetensors", metadata={"format": "np"})
    return tmp_path / "x.safetensors", tensors


def test_what_the_format_s_own_library_wrote_is_read(path):
    file, tensors = path
    mapped = map_safetensors(file)
    assert set(mapped) == set(tensors)
    for name, value in tensors.items():
        assert mapped[name].dtype == value.dtype
        assert np.array_equal(mapped[name], value)


def test_nothing_can_be_written_into_the_file(path):
    with pytest.raises(ValueError, match="read-only"):
        map_safetensors(path[0])["a"][0, 0] = 1.0


@pytest.mark.parametrize("keep", [4, 30, -8])
def test_a_file_that_is_cut_off_is_refused(path, keep):
    file = path[0]
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"header|ends at byte"):
        map_safetensors(file)


def test_a_type_that_is_not_read_is_named(tmp_path):
    save_file({"flag": np.ones(2, dtype=bool)}, tmp_path / "x.safetensors")
    with pytest.raises(ValueError, match="flag has the type BOOL"):
        map_safetensors(tmp_path / "x.safetensors")
