# SPDX-License-Identifier: Apache-2.0
"""Puts the results into the README; a test holds the two together.

python -m benchmarks.readme
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.__main__ import NAMES
from benchmarks.figures import RESULTS
from benchmarks.processes import ROOT

README = ROOT / "README.md"
BEGIN, END = "<!-- results of make bench -->", "<!-- end of results -->"
_BLOCK = re.compile(f"{BEGIN}.*?{END}", re.DOTALL)
NOTHING = "No results are kept yet: `make bench` measures them."
LEFT_OUT = "largest error"
"""Exactness stands in docs/backends.md, backend by backend."""


def block(folder: Path = RESULTS) -> str:
    """What stands between the marks: one row for each figure."""
    rows = [row for name in NAMES for row in _rows(folder / f"{name}.json")]
    if not rows:
        return f"{BEGIN}\n{NOTHING}\n{END}"
    head = ["| what | measured | to reach | command |", "| --- | --- | --- | --- |"]
    return "\n".join([BEGIN, *head, *rows, END])


def shown(text: str) -> str:
    """What stands between the marks in a document.

    Raises:
        ValueError: the marks are missing.
    """
    found = _BLOCK.search(text)
    if found is None:
        raise ValueError(f"the document has no {BEGIN} ... {END}")
    return found.group()


def _rows(path: Path) -> list[str]:
    if not path.is_file():
        return []
    result: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    rows = []
    for figure in result["figures"]:
        if LEFT_OUT in figure["name"]:
            continue
        sign = "at most" if figure["better"] == "lower" else "at least"
        value = f"{figure['value']:g}" + ("" if figure["passed"] else " (not reached)")
        what = f"{result['benchmark'].replace('_', ' ')}: {figure['name']}"
        rows.append(f"| {what} | {value} | {sign} {figure['bar']:g} | `{result['command']}` |")
    return rows


def main() -> None:
    """Write the README anew."""
    text = README.read_text(encoding="utf-8")
    README.write_text(text.replace(shown(text), block()), encoding="utf-8")


if __name__ == "__main__":
    main()
