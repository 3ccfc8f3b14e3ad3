# SPDX-License-Identifier: Apache-2.0
"""Keeps what `make eval` measured, for the tables of the documents.

make eval SPLIT=all && python -m benchmarks.policies out/eval
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import RESULTS
from vla_train.markdown import markdown_table
from vla_train.report import REPORTED, RT1_PERCENT, table

KEPT = RESULTS / "policies"
EPISODES = "episodes"
"""The one part of a report that is not kept: each episode with its path."""
FIRST = "end_to_end"
NOTHING = "No results are kept yet: `make eval` measures them.\n"

Report = dict[str, Any]


def keep(evaluated: Path, folder: Path = KEPT) -> list[Path]:
    """Copy the reports of an evaluation without their episodes.

    Raises:
        FileNotFoundError: there is no report.
    """
    found = [evaluated / f"{split}.json" for split in REPORTED]
    written = []
    for path in filter(Path.is_file, found):
        report: Report = json.loads(path.read_text(encoding="utf-8"))
        kept = folder / report["policy"] / path.name
        kept.parent.mkdir(parents=True, exist_ok=True)
        short = {key: value for key, value in report.items() if key != EPISODES}
        kept.write_text(json.dumps(short, indent=1) + "\n", encoding="utf-8")
        written.append(kept)
    if not written:
        raise FileNotFoundError(f"{evaluated} holds none of {', '.join(p.name for p in found)}")
    return written


def kept(folder: Path = KEPT) -> list[Report]:
    """The reports, split by split; in each the shipped policy first, the baselines after it."""
    files = [path for split in REPORTED for path in sorted(folder.glob(f"*/{split}.json"))]
    reports = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    return sorted(
        reports,
        key=lambda each: (REPORTED.index(each["split"]), each["policy"] != FIRST, each["policy"]),
    )


def families(folder: Path = KEPT) -> str:
    """The whole table, as `make eval` writes it."""
    reports = kept(folder)
    return table(reports) if reports else NOTHING


def summary(folder: Path = KEPT) -> str:
    """The shipped policy's success on each split."""
    reports = [report for report in kept(folder) if report["policy"] == FIRST]
    if not reports:
        return NOTHING
    head = ["split", "success", "95 % interval", "RT-1's own", "collisions", "command"]
    return markdown_table(head, map(_row, reports))


def _row(report: Report) -> list[str]:
    rt1 = RT1_PERCENT.get(report["split"])
    return [
        report["split"],
        f"{report['success_rate']:.1%} of {report['count']}",
        f"{report['wilson_low']:.1%} to {report['wilson_high']:.1%}",
        "" if rt1 is None else f"{rt1} %",
        f"{report['collision_rate']:.1%}",
        f"`make eval SPLIT={report['split']} EPISODES={report['count']} SEED={report['seed']}`",
    ]


def main(arguments: Sequence[str]) -> int:
    """Keep the reports of the named folders."""
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    for name in arguments:
        for path in keep(Path(name)):
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
