# SPDX-License-Identifier: Apache-2.0
"""The answer to a request that may be refused."""

from __future__ import annotations

from typing import NamedTuple


class Answer(NamedTuple):
    """Whether the request was granted, and a sentence for the person who asked."""

    granted: bool
    sentence: str
