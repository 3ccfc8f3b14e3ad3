# SPDX-License-Identifier: Apache-2.0
import torch

from vla_train.sentences import PIECE, Sentences


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


def test_many_sentences_are_embedded_in_pieces_and_it_is_said_how_far_that_is():
    encoder, said = Encoder(), []
    sentences = Sentences(encoder.embed)
    texts = ["go", *(f"go {number} metres" for number in range(2 * PIECE))]
    sentences.numbers(texts)
    rows = sentences.rows(lambda done, every: said.append((done, every)))
    assert said == [(PIECE, 2 * PIECE + 1), (2 * PIECE, 2 * PIECE + 1), (2 * PIECE + 1,) * 2]
    assert [text for asked in encoder.asked for text in asked] == texts
    assert rows[0].tolist() == [2, 0, 0]
    assert rows[-1].tolist() == [2, 4, 6]


def test_without_a_sentence_there_is_no_row():
    assert len(Sentences(lambda texts: torch.zeros(len(texts), 1)).rows()) == 0
