# SPDX-License-Identifier: Apache-2.0
"""The rule for which sentences are followed at all."""

from __future__ import annotations

import unicodedata

from vla_policy.errors import InstructionError

__all__ = ["MAX_CHARACTERS", "InstructionError", "clean_instruction"]

MAX_CHARACTERS = 512
"""Longer texts are refused: the language encoder reads 256 word pieces at most."""


def clean_instruction(text: str) -> str:
    """The sentence with single spaces and none at its ends; empty means: stop.

    Raises:
        InstructionError: the text is too long, or holds control characters.
    """
    if len(text) > MAX_CHARACTERS:
        raise InstructionError(
            f"an instruction has at most {MAX_CHARACTERS} characters (got {len(text)}): "
            "say it in one short sentence"
        )
    words = " ".join(text.split())
    for character in words:
        if unicodedata.category(character) in ("Cc", "Cs"):
            raise InstructionError(
                f"an instruction is plain text (got the control character {character!r})"
            )
    return words
