# SPDX-License-Identifier: Apache-2.0
"""Makes a small vision-language model for RT-2: its configuration and its tokenizer.

It is a FastVLM (arXiv 2412.13303): convolutions see, and a Qwen2 (arXiv 2407.10671) speaks. Ours
has a ResNet (arXiv 1512.03385) to see with, since convolutions learn from little. Its words are
pieces of MiniLM's, so that a word never heard in training, too, begins where words like it do.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from vla_policy.models.rt2.config import RT2Config
from vla_policy.models.rt2.numbers import BINS, QUANTITIES
from vla_policy.models.rt2.vocabulary import WORDS
from vla_policy.sentence import find_model
from vla_sim.relation import plural
from vla_sim.room import COLOURS, OTHER_COLOURS, SHAPES
from vla_sim.splits import train_side
from vla_train.questions import question_texts

MARKS = ("[PAD]", "[UNK]", "[END]", "[IMAGE]")
COMMON_WORDS = 880
"""Of the words that MiniLM knows, so many of the most frequent are known as well."""
COMMON_PIECES = 120
"""And so many of the most frequent pieces of others."""
_FIRST_WORD = 1996
"""In BERT's vocabulary all that is in front of *the* are marks and single characters."""


def make_backbone(directory: Path, texts: Iterable[str] = ()) -> None:
    """Write `config.json` and `tokenizer.json`; the weights are drawn when it is first loaded.

    Args:
        texts: further sentences whose words it is to know.
    """
    directory.mkdir(parents=True, exist_ok=True)
    tokenizer = make_tokenizer([*training_texts(), *texts])
    tokenizer.save(str(directory / "tokenizer.json"))
    size = tokenizer.get_vocab_size()
    text = json.dumps(fast_vlm_config(size), indent=2, sort_keys=True) + "\n"
    (directory / "config.json").write_text(text, encoding="utf-8")


def training_texts() -> Iterator[str]:
    """Every word that training says or asks, in some sentence."""
    side = train_side()
    yield from itertools.chain.from_iterable(side.wordings.values())
    for amounts in (side.turns, side.drives):
        yield from itertools.chain.from_iterable(amounts.values())
    yield from (f"{colour} {shape} {plural(shape)}" for colour in COLOURS for shape in SHAPES)
    yield " ".join((*OTHER_COLOURS, *side.distractor_shapes))
    yield from question_texts()
    yield " ".join(WORDS)


def make_tokenizer(texts: Iterable[str]) -> Tokenizer:
    """Word pieces of MiniLM's vocabulary: those of the texts, and the commonest.

    A word that is in neither falls into pieces, in the end into letters. The last tokens stand
    for numbers (`vla_policy.models.rt2.bins`); no text can be read as one of them.
    """
    known = Tokenizer.from_file(str(find_model() / "tokenizer.json"))
    known.no_truncation()
    known.no_padding()
    by_number = sorted(known.get_vocab().items(), key=lambda item: item[1])
    frequent = [word for word, number in by_number if number >= _FIRST_WORD and word.isascii()]
    chosen: dict[str, None] = {}
    for text in texts:
        chosen.update(dict.fromkeys(known.encode(text, add_special_tokens=False).tokens))
    words = [word for word in frequent if word.isalpha()]
    pieces = [word for word in frequent if word.startswith("##") and word[2:].isalpha()]
    chosen.update(dict.fromkeys(words[:COMMON_WORDS]))
    chosen.update(dict.fromkeys(pieces[:COMMON_PIECES]))
    letters = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    chosen.update(dict.fromkeys(letters))
    chosen.update(dict.fromkeys(f"##{letter}" for letter in letters))
    for mark in (*MARKS, "[CLS]", "[SEP]", "[MASK]"):
        chosen.pop(mark, None)
    numbers = [f"<{name} {place}>" for name in QUANTITIES for place in range(BINS)]
    actions = [f"<action {place}>" for place in reversed(range(BINS))]
    vocabulary = {word: i for i, word in enumerate([*MARKS, *chosen, *numbers, *actions])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=MARKS[1]))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def fast_vlm_config(vocabulary: int) -> dict[str, Any]:
    """A FastVLM of under 5 million parameters, as `transformers` reads it.

    The tower makes 8 x 10 embeddings of an image of 120 x 160 pixels, about as many as RT-1 takes
    (81; arXiv 2212.06817, section 5.1). Its five channels are colour and place, see
    `vla_policy.models.rt2.backbone.COORDINATES`.
    """
    width = 256
    return {
        "model_type": "fast_vlm",
        "architectures": ["FastVlmForConditionalGeneration"],
        "image_token_index": MARKS.index("[IMAGE]"),
        "image_seq_length": 80,
        "tie_word_embeddings": True,
        "vision_config": {
            "model_type": "resnet",
            "num_channels": 5,
            "embedding_size": 32,
            "hidden_sizes": [48, 96, 144],
            "depths": [1, 2, 2],
            "layer_type": "basic",
            "hidden_size": 144,
        },
        "text_config": {
            "model_type": "qwen2",
            "vocab_size": vocabulary,
            "hidden_size": width,
            "intermediate_size": 2 * width,
            "num_hidden_layers": 5,
            "num_attention_heads": 8,
            "num_key_value_heads": 4,
            "max_position_embeddings": 512,
            "tie_word_embeddings": True,
            "initializer_range": 0.02,
            "bos_token_id": None,
            "eos_token_id": MARKS.index("[END]"),
            "pad_token_id": MARKS.index("[PAD]"),
        },
    }


def main() -> None:
    """Make the backbone that comes with the package anew: the words of training have changed."""
    directory = RT2Config().directory
    assert directory is not None
    make_backbone(directory)


if __name__ == "__main__":
    main()
