# SPDX-License-Identifier: Apache-2.0
import torch

from vla_policy.models import frozen_minilm
from vla_policy.sentence import EMBEDDING_DIM, shared_encoder

CPU = torch.device("cpu")
TEXTS = [
    "go to the red ball",
    "",
    "stop",
    "first turn around, then go to the box between the balls",
]


def test_it_reads_as_the_encoder_without_torch_does(monkeypatch):
    monkeypatch.setattr(frozen_minilm, "BATCH", 3)  # so that there are several
    tokens = frozen_minilm.read_tokens(shared_encoder(), TEXTS, CPU)
    expected = torch.from_numpy(shared_encoder().tokens(TEXTS))
    assert tokens.shape == expected.shape
    assert torch.allclose(tokens.float(), expected.float(), atol=2e-3)
    assert torch.equal(tokens == 0.0, expected == 0.0)


def test_no_texts_are_no_rows():
    tokens = frozen_minilm.read_tokens(shared_encoder(), [], CPU)
    assert tokens.shape == (0, 1, EMBEDDING_DIM)
