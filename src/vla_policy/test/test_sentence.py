# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from vla_policy.errors import CheckpointError
from vla_policy.sentence import EMBEDDING_DIM, SentenceEncoder, shared_encoder


def test_embeddings_are_those_of_the_reference_implementation():
    # First values that sentence-transformers gives for the same weights.
    expected = [0.0947, -0.0439, -0.0395, 0.0376, -0.0034]
    embedding = shared_encoder()(["go to the red ball"])
    assert embedding.shape == (1, EMBEDDING_DIM)
    assert embedding[0, :5] == pytest.approx(expected, abs=6e-5)
    assert np.linalg.norm(embedding) == pytest.approx(1.0, abs=1e-5)


def test_what_means_the_same_is_near_and_what_does_not_is_far():
    a, b, c = shared_encoder()(["go to the red ball", "drive to the red ball", "turn around"])
    assert a @ b > 0.8 > a @ c


def test_a_text_is_encoded_once(monkeypatch):
    encoder = SentenceEncoder()
    first = encoder(["turn left"])
    monkeypatch.setattr(encoder, "_encode", lambda text: pytest.fail("encoded again"))
    assert np.array_equal(encoder(["turn left"]), first)


def test_a_directory_without_the_model_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=str(tmp_path)):
        SentenceEncoder(tmp_path)


def test_the_variable_names_the_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("VLA_SENTENCE_MODEL", str(tmp_path))
    with pytest.raises(CheckpointError, match=str(tmp_path)):
        SentenceEncoder()


def test_only_so_many_texts_are_kept(monkeypatch):
    encoder, encoded = SentenceEncoder(cache_size=1), []
    inner = encoder._encode
    monkeypatch.setattr(encoder, "_encode", lambda text: encoded.append(text) or inner(text))
    for text in ("a", "a", "b", "a"):
        encoder([text])
    assert encoded == ["a", "b", "a"]
    nothing_kept = SentenceEncoder(cache_size=0)
    assert np.array_equal(nothing_kept(["turn left"]), nothing_kept(["turn left"]))
    assert not nothing_kept._cache
