# SPDX-License-Identifier: Apache-2.0
"""Sentences as tokens of RT-2's own language model, without torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from vla_policy.errors import CheckpointError
from vla_policy.models.rt2.config import RT2Config
from vla_policy.models.rt2.vocabulary import Vocabulary, read_tokenizer

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

    def tokens(self, sentences: list[str]) -> npt.NDArray[np.int64]:
        """``[len(sentences), N]``, `PADDING` behind the last; N is at least 1."""
        texts = [self._template.format(sentence=sentence) for sentence in sentences]
        return self.vocabulary.padded(texts, self._most)


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
