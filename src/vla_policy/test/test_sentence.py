# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from vla_policy.errors import CheckpointError
from vla_policy.sentence import (
    BATCH,
    EMBEDDING_DIM,
    MAX_WORDS,
    SentenceEncoder,
    shared_encoder,
)


def meaning(text):
    """The mean of a text's last states, of length one, as sentence-transformers gives it."""
    encoder = shared_encoder()
    mean = encoder.states(np.array([encoder.ids(text)]))[0].mean(axis=0)
    return mean / np.linalg.norm(mean)


def test_states_are_those_of_the_reference_implementation():
    # First values that sentence-transformers gives for the same weights.
    expected = [0.0947, -0.0439, -0.0395, 0.0376, -0.0034]
    embedding = meaning("go to the red ball")
    assert embedding.shape == (EMBEDDING_DIM,)
    assert embedding[:5] == pytest.approx(expected, abs=6e-5)


def test_what_means_the_same_is_near_and_what_does_not_is_far():
    texts = ("go to the red ball", "drive to the red ball", "turn around")
    a, b, c = (meaning(text) for text in texts)
    assert a @ b > 0.8 > a @ c


def test_tokens_are_those_of_the_words_whatever_else_is_encoded_with_them():
    encoder = SentenceEncoder()
    alone = encoder.tokens(["go to the red ball"])
    texts = ["stop", "go to the red ball", "go to the blue cone now", "turn to the left now"]
    together = SentenceEncoder().tokens(texts)
    assert alone.shape == (1, 5, EMBEDDING_DIM)
    assert alone.dtype == np.float16
    assert np.allclose(together[1, :5], alone[0], atol=2e-3)
    assert not together[0, 1:].any()
    assert not together[1, 5:].any()
    states = encoder.states(np.array([encoder.ids("stop")]))[0, 1:-1]
    assert np.array_equal(together[0, :1], states.astype(np.float16))


def test_more_texts_than_are_encoded_together_stay_in_order():
    texts = [f"go {number} metres" for number in range(2 * BATCH + 3)]
    tokens = SentenceEncoder(cache_size=0).tokens(texts)
    for place in (0, BATCH, 2 * BATCH + 2):
        alone = SentenceEncoder().tokens([texts[place]])[0]
        assert np.allclose(tokens[place, : len(alone)], alone, atol=2e-3)


def test_a_text_that_says_too_much_is_cut_off():
    assert shared_encoder().tokens(["go " * 100]).shape == (1, MAX_WORDS, EMBEDDING_DIM)


def test_no_text_has_no_tokens():
    tokens = shared_encoder().tokens([""])
    assert tokens.shape == (1, 1, EMBEDDING_DIM)
    assert not tokens.any()


def test_a_text_is_encoded_once(monkeypatch):
    encoder = SentenceEncoder()
    first = encoder.tokens(["turn left"])
    monkeypatch.setattr(encoder, "states", lambda ids: pytest.fail("encoded again"))
    assert np.array_equal(encoder.tokens(["turn left"]), first)


def test_only_so_many_texts_are_kept(monkeypatch):
    encoder, encoded = SentenceEncoder(cache_size=1), []
    inner = encoder.states
    monkeypatch.setattr(encoder, "states", lambda ids: encoded.append(ids.shape[1]) or inner(ids))
    for text in ("go", "go", "go back", "go"):
        encoder.tokens([text])
    assert encoded == [3, 4, 3]
    nothing_kept = SentenceEncoder(cache_size=0)
    assert np.array_equal(nothing_kept.tokens(["turn left"]), nothing_kept.tokens(["turn left"]))
    assert not nothing_kept._cache


def test_a_directory_without_the_model_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=str(tmp_path)):
        SentenceEncoder(tmp_path)


def test_the_variable_names_the_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("VLA_SENTENCE_MODEL", str(tmp_path))
    with pytest.raises(CheckpointError, match=str(tmp_path)):
        SentenceEncoder()
