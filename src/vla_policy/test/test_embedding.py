# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch

from vla_policy.embedding import EMBEDDINGS
from vla_policy.models.config import PARTS
from vla_policy.models.language import LANGUAGE_ENCODERS
from vla_policy.words import VOCABULARY, word_numbers

LONG = "first go to the red ball that stands over there, then turn around"


def test_each_language_encoder_has_its_embedding():
    assert tuple(EMBEDDINGS) == PARTS["language"]


@pytest.mark.parametrize("language", PARTS["language"])
def test_an_input_with_room_for_all_words_means_the_same(language):
    """A graph has inputs of one shape: behind the last word there is nothing to attend to."""
    torch.manual_seed(0)
    encoder = LANGUAGE_ENCODERS[language](dim=16).eval()
    place = EMBEDDINGS[language].blank()
    for text in (LONG, "stop", LONG):  # what was there before is gone
        EMBEDDINGS[language].fill(place, text)
        short = encoder.embed([text])
        assert place.shape[1] > short.shape[1]
        padded = encoder(torch.from_numpy(place))
        assert torch.allclose(padded, encoder(short), atol=1e-5)


def test_numbers_of_words_are_those_that_networks_were_trained_with():
    numbers = word_numbers(["Go to the RED ball, then stop", "stop", ""])
    assert numbers.shape == (3, 8)
    assert numbers[0].tolist() == [835, 1821, 1925, 1957, 118, 579, 1644, 1119]
    assert numbers[1].tolist() == [1119] + [0] * 7
    assert not numbers[2].any()
    assert numbers.max() < VOCABULARY
    assert word_numbers([]).shape == (0, 1)
    assert word_numbers(["go " * 100]).shape == (1, 40)
    assert np.unique(word_numbers(["go " * 100])).size == 1
