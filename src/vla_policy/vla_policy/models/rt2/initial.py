# SPDX-License-Identifier: Apache-2.0
"""The first embeddings of a model that begins with nothing.

Drawn at random, *crimson* is as far from *red* as from *stop*, and 0.51 m as far from 0.50 m as
from 3 m. Words begin instead where MiniLM has them, and the bins of a number in a row.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from tokenizers import Tokenizer

from vla_policy.models.rt2.backbone import Backbone
from vla_policy.models.rt2.numbers import BINS, SPOKEN
from vla_policy.models.rt2.vocabulary import Vocabulary
from vla_policy.safetensors_map import map_safetensors
from vla_policy.sentence import find_model

STD = 0.02
"""Of every embedding, as the rest of the network is drawn."""
WAVES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Periods over the range of a number."""
OWN_SHARE = 0.3
"""How much of a number's embedding is its own, and not that of its neighbours too."""


@torch.no_grad()
def begin_embeddings(backbone: Backbone, vocabulary: Vocabulary) -> None:
    """Set the embeddings of words that MiniLM has, and those of all numbers."""
    table = backbone.table
    known, words = _minilm_words(vocabulary)
    mixing = torch.linalg.qr(torch.randn(words.shape[1], table.shape[1]))[0]
    table[known] = _of_size(words @ mixing)
    first = vocabulary.size - SPOKEN
    for begin in range(first, vocabulary.size, BINS):
        table[begin : begin + BINS] = _row(table.shape[1])


def _minilm_words(vocabulary: Vocabulary) -> tuple[torch.Tensor, torch.Tensor]:
    """The tokens that are MiniLM's, too, and its embeddings of them."""
    directory = find_model()
    theirs = Tokenizer.from_file(str(directory / "tokenizer.json")).get_vocab()
    mine = vocabulary.tokenizer.get_vocab()
    shared = [(mine[word], theirs[word]) for word in mine if word in theirs]
    table = map_safetensors(directory / "model.safetensors")["embeddings.word_embeddings.weight"]
    rows = np.asarray(table[[number for _, number in shared]], dtype=np.float32)
    centred = rows - rows.mean(axis=0)
    return torch.tensor([number for number, _ in shared]), torch.from_numpy(centred)


def _row(width: int) -> torch.Tensor:
    """Embeddings ``[BINS, width]`` of which each is like its neighbours."""
    place = torch.linspace(0, 1, BINS)[:, None]
    angles = 2 * math.pi * place * torch.tensor(WAVES)
    waves = torch.cat([place, angles.sin(), angles.cos()], dim=1)
    common = _of_size(waves @ torch.randn(waves.shape[1], width) + torch.randn(width))
    return _of_size(common + OWN_SHARE * STD * torch.randn(BINS, width))


def _of_size(rows: torch.Tensor) -> torch.Tensor:
    return STD * rows / rows.std(dim=1, keepdim=True)
