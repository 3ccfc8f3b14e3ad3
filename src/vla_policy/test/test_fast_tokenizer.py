# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.fft import dct

from vla_policy.errors import ActionSpecError
from vla_policy.fast_tokenizer import FastTokenizer, _cosines


def smooth(count, horizon=8, seed=0):
    """Chunks as a driver gives them: a speed that changes slowly, and a turn."""
    rng = np.random.default_rng(seed)
    start, slope, phase = rng.uniform(-1, 1, (3, count, 1, 2))
    steps = np.linspace(0.0, 1.0, horizon)[None, :, None]
    return (start + 0.5 * slope * steps + 0.2 * np.sin(3 * phase * steps)).clip(-1.0, 1.0)


@pytest.fixture(scope="module")
def tokenizer():
    return FastTokenizer.fit(smooth(2000))


def test_the_transform_is_that_of_scipy():
    chunk = np.random.default_rng(0).uniform(-1, 1, (8, 2))
    assert np.allclose(_cosines(8) @ chunk, dct(chunk, axis=0, norm="ortho"), atol=1e-6)
    assert np.allclose(_cosines(5) @ _cosines(5).T, np.eye(5), atol=1e-6)


@settings(max_examples=200)
@given(arrays(np.float32, (8, 2), elements=st.floats(-1.5, 1.5, width=32)))
def test_no_chunk_comes_back_further_off_than_said(tokenizer, chunk):
    again = tokenizer.detokenise(tokenizer.tokenise(chunk))
    assert again.shape == (8, 2)
    assert np.abs(again - chunk.clip(-1.0, 1.0)).max() <= tokenizer.error + 1e-5


def test_the_error_that_is_said_falls_with_the_scale(tokenizer):
    finer = FastTokenizer.fit(smooth(200), scale=100.0)
    assert tokenizer.error == pytest.approx(10 * finer.error)
    assert 0.1 < tokenizer.error < 0.15
    chunks = smooth(50, seed=3)
    errors = [np.abs(finer.detokenise(finer.tokenise(c)) - c).max() for c in chunks]
    assert max(errors) < finer.error


def test_chunks_like_those_it_learnt_from_become_fewer_tokens(tokenizer):
    lengths = [len(tokenizer.tokenise(chunk)) for chunk in smooth(200, seed=1)]
    assert np.mean(lengths) < 16 / 2
    noise = np.random.default_rng(0).uniform(-1, 1, (50, 8, 2))
    assert np.mean([len(tokenizer.tokenise(chunk)) for chunk in noise]) > np.mean(lengths)


def test_standing_still_is_the_fewest_tokens_and_comes_back_exactly(tokenizer):
    tokens = tokenizer.tokenise(np.zeros((8, 2)))
    assert len(tokens) <= 2
    assert not tokenizer.detokenise(tokens).any()


def test_the_lowest_frequencies_are_said_first(tokenizer):
    chunk = np.full((8, 2), 0.5)
    tokens = tokenizer.tokenise(chunk)
    assert np.abs(tokenizer.detokenise(tokens[:1])[:, 0]).max() > 0.3
    assert np.abs(tokenizer.detokenise([*tokens, *tokens]) - chunk).max() <= tokenizer.error
    assert not tokenizer.detokenise([]).any()


def test_what_is_saved_says_the_same_when_it_is_loaded(tokenizer, tmp_path):
    tokenizer.save(tmp_path / "fast.json")
    again = FastTokenizer.load(tmp_path / "fast.json")
    for chunk in smooth(20, seed=2):
        assert again.tokenise(chunk) == tokenizer.tokenise(chunk)
    assert again.error == tokenizer.error


@pytest.mark.parametrize("text", ["", "{}", '{"horizon": 1}'])
def test_another_file_is_refused(tmp_path, text):
    (tmp_path / "fast.json").write_text(text)
    with pytest.raises(ActionSpecError, match="is no FAST tokenizer"):
        FastTokenizer.load(tmp_path / "fast.json")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda t: t.tokenise(np.zeros((7, 2))), r"expected a chunk of shape \[8, 2\]"),
        (lambda t: t.tokenise(np.full((8, 2), np.nan)), "of a chunk must be finite"),
        (lambda t: t.detokenise([10**6]), "no token 1000000"),
        (lambda t: t.detokenise([-1]), "no token -1"),
        (lambda t: FastTokenizer.fit(np.zeros((4, 8))), "expected chunks of shape"),
        (lambda t: FastTokenizer.fit(np.full((4, 8, 2), np.inf)), "of a chunk must be finite"),
        (lambda t: FastTokenizer.fit(smooth(3), vocabulary=20), "vocabulary must be >= 59"),
        (lambda t: FastTokenizer.fit(smooth(3), scale=0.0), "must be > 0"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(tokenizer, make, sentence):
    with pytest.raises(ActionSpecError, match=sentence):
        make(tokenizer)
