# SPDX-License-Identifier: Apache-2.0
import pytest
import torch

from vla_policy.errors import CheckpointError
from vla_policy.sentence import EMBEDDING_DIM, SentenceEncoder, shared_encoder


def test_embeddings_are_those_of_the_reference_implementation():
    # First values that sentence-transformers gives for the same weights.
    expected = torch.tensor([0.0947, -0.0439, -0.0395, 0.0376, -0.0034])
    embedding = shared_encoder()(["go to the red ball"])
    assert embedding.shape == (1, EMBEDDING_DIM)
    assert torch.allclose(embedding[0, :5], expected, atol=6e-5)
    assert embedding.norm().item() == pytest.approx(1.0, abs=1e-5)


def test_what_means_the_same_is_near_and_what_does_not_is_far():
    a, b, c = shared_encoder()(["go to the red ball", "drive to the red ball", "turn around"])
    assert a @ b > 0.8 > a @ c


def test_a_text_is_encoded_once(monkeypatch):
    encoder = SentenceEncoder()
    first = encoder(["turn left"])
    monkeypatch.setattr(encoder, "_encode", lambda text: pytest.fail("encoded again"))
    assert torch.equal(encoder(["turn left"]), first)


def test_a_directory_without_the_model_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=str(tmp_path)):
        SentenceEncoder(tmp_path)


def test_the_variable_names_the_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("VLA_SENTENCE_MODEL", str(tmp_path))
    with pytest.raises(CheckpointError, match=str(tmp_path)):
        SentenceEncoder()


def test_tokens_are_those_of_the_words_whatever_else_is_encoded_with_them():
    encoder = shared_encoder()
    alone = encoder.tokens(["go to the red ball"])
    together = encoder.tokens(["stop", "go to the red ball", "go to the blue cone now"])
    assert alone.shape == (1, 5, EMBEDDING_DIM)
    assert torch.allclose(together[1, :5].float(), alone[0].float(), atol=2e-3)
    assert together[0, 1:].abs().max() == 0
    assert together[1, 5:].abs().max() == 0


def test_no_text_has_no_tokens():
    assert shared_encoder().tokens([""]).abs().max() == 0
