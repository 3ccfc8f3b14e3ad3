# SPDX-License-Identifier: Apache-2.0
"""What an evaluation leaves behind: a report for each split, a table, and pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console

from vla_sim.picture import draw_room
from vla_sim.room import generate_room
from vla_sim.splits import FAMILIES, Wordings
from vla_train.benchmark import SPLITS, find_split
from vla_train.config import load_config
from vla_train.evaluation import Contestant, evaluate, find_contestant, report_of
from vla_train.markdown import markdown_table
from vla_train.progress import ProgressBar
from vla_train.sheet import Bar, Tile, bar_chart, contact_sheet

REPORTED = tuple(name for name in SPLITS if name != "validation")
MOST_FAILURES = 60
"""On one page."""
RT1_PERCENT = {"seen": 97, "unseen": 76, "distractors": 83, "backgrounds": 59}
"""RT-1's own success (arXiv 2212.06817, table 2): other tasks, the same protocol."""


def judge_splits(
    policy: str,
    of: str,
    split: str,
    episodes: int,
    seed: int,
    wordings: Wordings | None,
    workers: int,
    out: Path,
    console: Console,
    backend: str = "torch",
) -> None:
    """Judge a policy on one split or on all, and write the reports; see `vla eval`."""
    names = REPORTED if split == "all" else (split,)
    for name in names:
        find_split(name)
    contestant = find_contestant(policy, of, load_config("end_to_end").action, backend)
    out.mkdir(parents=True, exist_ok=True)
    for name in names:
        report = {
            "policy": policy,
            "backend": contestant.backend,
            "split": name,
            "seed": seed,
            **_judge(contestant, policy, name, episodes, seed, wordings, workers, console),
        }
        path = out / f"{name}.json"
        path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        draw_report(report, out)
        console.print(_sentence(report, path))
    written = [out / f"{name}.json" for name in REPORTED if (out / f"{name}.json").is_file()]
    reports = [json.loads(path.read_text(encoding="utf-8")) for path in written]
    (out / "table.md").write_text(table(reports), encoding="utf-8")


def draw_report(report: dict[str, Any], out: Path) -> None:
    """Draw `<split>.png`, the success of each family, and `<split>_failures.png`."""
    split = report["split"]
    causes = ", ".join(f"{cause} {count}" for cause, count in report["failures"].items())
    title = f"{report['policy']} on {split}; failures: {causes or 'none'}"
    rates = {"all": report, **report["families"]}
    bars = [
        Bar(name, r["success_rate"], r["wilson_low"], r["wilson_high"], r["count"])
        for name, r in rates.items()
    ]
    bar_chart(title, bars).save(out / f"{split}.png")
    failures = sorted(
        (episode for episode in report["episodes"] if not episode["success"]),
        key=lambda episode: episode["reason"],
    )
    page = out / f"{split}_failures.png"
    page.unlink(missing_ok=True)
    if failures:
        contact_sheet([_tile(episode, split) for episode in failures[:MOST_FAILURES]]).save(page)


def _tile(episode: dict[str, Any], split: str) -> Tile:
    """The room from above with the way that the robot drove."""
    room = generate_room(episode["room"], find_split(split).rooms)
    target = next((s for s in room.objects if s.name == episode["target"]), None)
    path = [(x, y) for x, y in episode["path"]]
    return Tile(draw_room(room, path, target), f"{episode['instruction']}\n{episode['reason']}")


def table(reports: list[dict[str, Any]]) -> str:
    """The reports as a Markdown table, one row a split."""
    head = ["split", "policy", "episodes", "success", "95 % interval", "RT-1's own"]
    head += ["wrong thing", "collisions", "SPL", *FAMILIES]
    rows = []
    for report in reports:
        rt1 = RT1_PERCENT.get(report["split"])
        spl = report["spl"]
        families = [report["families"].get(name) for name in FAMILIES]
        rows.append(
            [
                report["split"],
                report["policy"],
                str(report["count"]),
                f"{report['success_rate']:.1%}",
                f"{report['wilson_low']:.1%} to {report['wilson_high']:.1%}",
                "" if rt1 is None else f"{rt1} %",
                f"{report['wrong_object_rate']:.1%}",
                f"{report['collision_rate']:.1%}",
                "" if spl is None else f"{spl:.2f}",
                *("" if f is None else f"{f['success_rate']:.0%}" for f in families),
            ]
        )
    return markdown_table(head, rows)


def _judge(
    contestant: Contestant,
    name: str,
    split: str,
    episodes: int,
    seed: int,
    wordings: Wordings | None,
    workers: int,
    console: Console,
) -> dict[str, Any]:
    results = []
    with ProgressBar(console) as bar:
        task = bar.add_task(f"{name} on {split}", total=episodes)
        for result in evaluate(contestant, split, episodes, seed, workers, wordings):
            results.append(result)
            share = sum(r.success for r in results) / len(results)
            bar.update(task, advance=1, description=f"{name} on {split}: {share:.1%}")
    return report_of(results)


def _sentence(report: dict[str, Any], path: Path) -> str:
    low, high = report["wilson_low"], report["wilson_high"]
    return (
        f"{report['split']}: success {report['success_rate']:.1%} (95 %: {low:.1%} to "
        f"{high:.1%}), collisions {report['collision_rate']:.1%}, at another thing "
        f"{report['wrong_object_rate']:.1%}; wrote {path}"
    )
