# SPDX-License-Identifier: Apache-2.0
"""Puts the results into the documents; a test holds the two together.

python -m benchmarks.readme
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import ablations, policies, rates
from benchmarks.__main__ import NAMES
from benchmarks.figures import RESULTS
from benchmarks.processes import ROOT
from vla_train.markdown import markdown_table

END = "<!-- end of results -->"
NOTHING = "No results are kept yet: `make bench` measures them.\n"
WITHOUT_AMX = RESULTS / "without_amx"
"""Of a second machine, whose processor has no hardware for matrices."""
LEFT_OUT = "largest error"
"""Exactness stands in docs/backends.md, backend by backend."""


@dataclass(frozen=True)
class Place:
    """Where a table stands in a document.

    Attributes:
        document: the file.
        begin: the mark before it.
        make: gives the table.
    """

    document: Path
    begin: str
    make: Callable[[], str]

    def wanted(self) -> str:
        """What is to stand there, with its marks."""
        return f"{self.begin}\n{self.make()}{END}"

    def shown(self) -> str:
        """What stands there.

        Raises:
            ValueError: the marks are missing.
        """
        text = self.document.read_text(encoding="utf-8")
        begin = text.find(self.begin)
        end = text.find(END, begin)
        if -1 in (begin, end):
            raise ValueError(f"{self.document} has no {self.begin} ... {END}")
        return text[begin : end + len(END)]

    def write(self) -> None:
        """Put the present table there."""
        text = self.document.read_text(encoding="utf-8")
        self.document.write_text(text.replace(self.shown(), self.wanted()), encoding="utf-8")


def speed(folder: Path = RESULTS) -> str:
    """What `make bench` measured: one row for each figure."""
    rows = [row for name in NAMES for row in _rows(folder / f"{name}.json")]
    if not rows:
        return NOTHING
    return markdown_table(["what", "measured", "to reach", "command"], rows)


def speed_without_amx() -> str:
    """The same of the second machine."""
    return speed(WITHOUT_AMX)


PLACES = (
    Place(ROOT / "README.md", "<!-- results of make bench -->", speed),
    Place(ROOT / "benchmarks" / "README.md", "<!-- results of make bench -->", speed_without_amx),
    Place(ROOT / "README.md", "<!-- results of make eval -->", policies.summary),
    Place(ROOT / "docs" / "benchmark.md", "<!-- results of make eval -->", policies.families),
    Place(ROOT / "docs" / "benchmark.md", "<!-- results of make bench -->", rates.table),
    Place(ROOT / "docs" / "rt1.md", "<!-- results of ablations -->", ablations.table),
)


def _rows(path: Path) -> list[list[str]]:
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
        rows.append([what, value, f"{sign} {figure['bar']:g}", f"`{result['command']}`"])
    return rows


def main() -> None:
    """Write the tables anew."""
    for place in PLACES:
        place.write()


if __name__ == "__main__":
    main()
