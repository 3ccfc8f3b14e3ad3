# SPDX-License-Identifier: Apache-2.0
"""Sentences as tokens of RT-2's own language model, without torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from vla_policy.architectures import ModelConfig
from vla_policy.embedding import Embedding
from vla_policy.errors import CheckpointError
from vla_policy.models.rt2.config import RT2Config
from vla_policy.models.rt2.vocabulary import PADDING, Vocabulary, read_tokenizer

HUB_FILES = ("*.json", "*.safetensors")


class Words:
    """What RT-2 is told of a sentence: the tokens of `RT2Config.template` with it in."""

    def __init__(self, config: RT2Config, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._template = config.template
        self._most = config.max_words

    @classmethod
    def of(cls, config: RT2Config) -> Words:
        """Those of a configuration, whose tokenizer is read.

        Raises:
            CheckpointError: the tokenizer is missing, damaged, or of no use.
        """
        return cls(config, Vocabulary.of(read_tokenizer(backbone_directory(config))))

    def numbers(self, sentences: list[str]) -> npt.NDArray[np.int64]:
        """Tokens' numbers from 1 on ``[len(sentences), N]``, 0 behind the last; N at least 1."""
        texts = [self._template.format(sentence=sentence) for sentence in sentences]
        return self.vocabulary.padded(texts, self._most) - PADDING


def embedding(sizes: ModelConfig) -> Embedding:
    """How RT-2 takes a sentence; its tokenizer is read with the first one."""
    assert isinstance(sizes, RT2Config)
    words: list[Words] = []

    def embed(sentences: list[str]) -> npt.NDArray[np.int64]:
        if not words:
            words.append(Words.of(sizes))
        return words[0].numbers(sentences)

    return Embedding((sizes.max_words,), np.int64, embed)


def backbone_directory(config: RT2Config) -> Path:
    """Where the files of the backbone lie: on this machine, or a copy from the Hub.

    Raises:
        CheckpointError: there are none.
    """
    if config.directory is not None:
        return config.directory
    try:
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(config.backbone, allow_patterns=list(HUB_FILES)))
    except Exception as error:
        # The Hub's client raises errors of its own and of its transport's.
        raise CheckpointError(
            f"no vision-language model {config.backbone!r}: no directory, and it could not be "
            f"had from the Hugging Face Hub ({error})"
        ) from error
