# SPDX-License-Identifier: Apache-2.0
"""Writing XML: numbers, lists and switches as both simulators read them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable


def add(parent: ET.Element, tag: str, content: object = None, **attributes: object) -> ET.Element:
    """A new element within `parent`, with its content and its attributes as text."""
    texts = {key: text_of(value) for key, value in attributes.items()}
    element = ET.SubElement(parent, tag, texts)
    if content is not None:
        element.text = text_of(content)
    return element


def text_of(value: object) -> str:
    """A value as XML has it: six digits, `true`, and spaces between the items of a list."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Iterable):
        return " ".join(text_of(item) for item in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)
