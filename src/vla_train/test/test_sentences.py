# SPDX-License-Identifier: Apache-2.0
import torch

from vla_train.sentences import Sentences


class Encoder:
    """Gives the length of each word, and remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def embed(self, texts):
        self.asked.append(texts)
        words = [[len(word) for word in text.split()] for text in texts]
        longest = max(map(len, words))
        return torch.tensor([row + [0] * (longest - len(row)) for row in words])


def test_each_sentence_is_embedded_once():
    encoder = Encoder()
    sentences = Sentences(encoder.embed)
    assert sentences.numbers(["stop", "turn left", "stop"]).tolist() == [0, 1, 0]
    assert sentences.rows().tolist() == [[4, 0], [4, 4]]
    assert sentences.numbers(["go on", "turn left"]).tolist() == [2, 1]
    sentences.rows()
    assert encoder.asked == [["stop", "turn left"], ["go on"]]


def test_rows_of_later_sentences_are_filled_up_to_the_longest():
    sentences = Sentences(Encoder().embed)
    sentences.numbers(["stop"])
    sentences.rows()
    sentences.numbers(["go to it", "on"])
    assert sentences.rows().tolist() == [[4, 0, 0], [2, 2, 2], [2, 0, 0]]
    assert sentences.texts() == ["stop", "go to it", "on"]
