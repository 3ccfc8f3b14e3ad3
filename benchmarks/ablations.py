# SPDX-License-Identifier: Apache-2.0
"""What RT-1 loses without each of its parts: trained alike, on the same images, and driven alike.

python -m benchmarks.ablations            # hours on two cores; started again, it goes on
python -m benchmarks.ablations "no FiLM"  # some of them

A variant's result is a file of its own, so several can be measured beside each other once the
whole one has collected. Each but "no history" takes up to 15 GB: where two do not fit into memory,
one after the other is faster.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.figures import RESULTS
from benchmarks.processes import ROOT
from vla_train.markdown import markdown_table

CONFIG = "rt1_ablation"
WHOLE = "all of it"
VARIANTS = {
    WHOLE: (),
    "no history": ("model.history=1",),
    "no FiLM": ("model.conditioning=token",),
    "no TokenLearner": ("model.token_learner=false", "model.pool=2"),
    "continuous actions": ("model.actions=continuous",),
    "autoregressive": ("model.autoregressive=true",),
}
"""By what is changed: the changes of the configuration. Without a TokenLearner 2 x 2 cells are a
token, 20 of an image."""
FOLDER = ROOT / "out" / "train" / "ablations"
KEPT = RESULTS / "ablations"
EPISODES = 200
LEFT_OUT = ("policy", "episodes", "families")
"""Of a report's entries: where the policy lay, and what the table does not show."""
NOTHING = "No results are kept yet: `python -m benchmarks.ablations` measures them.\n"


def folder_of(variant: str) -> Path:
    """Where the run of a variant lies."""
    return FOLDER / variant.lower().replace(" ", "_")


def changes_of(variant: str) -> list[str]:
    """Those of the configuration; all but the whole one learn from what that one collected."""
    changes = list(VARIANTS[variant])
    if variant != WHOLE:
        data = folder_of(WHOLE) / "data" / "round_0"
        changes += ["rounds.0.shards=0", "rounds.0.glance_shards=0", f"rounds.0.datasets=[{data}]"]
    return changes


def measure(variant: str, episodes: int = EPISODES) -> dict[str, Any]:
    """How a variant drives, trained first where it is not.

    It drives on ONNX Runtime, which says the same to 1e-6 in a third of the time.

    Raises:
        subprocess.CalledProcessError: it cannot be trained, exported or judged; what it said is
            on the screen.
    """
    folder = folder_of(variant)
    judged = folder / "eval" / "seen.json"
    if not judged.is_file():
        _share_images(folder)
        changes = [word for change in changes_of(variant) for word in ("--set", change)]
        _vla("train", "--config", CONFIG, *changes, "--out", str(folder), "--test-episodes", "1")
        policy, graph = str(folder / "checkpoint"), str(folder / "export")
        _vla("export", "--policy", policy, "--out", graph, "--formats", "onnx")
        driven = ("--split", "seen", "--episodes", str(episodes), "--out", str(judged.parent))
        _vla("eval", "--policy", graph, "--backend", "onnx", *driven)
    report: dict[str, Any] = json.loads(judged.read_text(encoding="utf-8"))
    return {name: value for name, value in report.items() if name not in LEFT_OUT}


def _vla(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "vla_bringup", *words], check=True)


def _share_images(folder: Path) -> None:
    """All learn from the same images: what one run has decoded, the others need not."""
    cache, shared = folder / "cache", folder_of(WHOLE) / "cache"
    shared.mkdir(parents=True, exist_ok=True)  # it may have been deleted, and links to it not
    if not cache.exists():
        folder.mkdir(parents=True, exist_ok=True)
        cache.symlink_to(shared)


def kept_in(folder: Path, variant: str) -> Path:
    """The file of a variant's result."""
    return folder / f"{folder_of(variant).name}.json"


def table(folder: Path = KEPT) -> str:
    """One row for each variant."""
    files = {variant: kept_in(folder, variant) for variant in VARIANTS}
    rows = [
        _row(variant, json.loads(file.read_text(encoding="utf-8")))
        for variant, file in files.items()
        if file.is_file()
    ]
    head = ["", "success", "95 % interval", "collisions", "wrong thing"]
    return markdown_table(head, rows) if rows else NOTHING


def _row(variant: str, report: dict[str, Any]) -> list[str]:
    return [
        variant,
        f"{report['success_rate']:.1%} of {report['count']}",
        f"{report['wilson_low']:.1%} to {report['wilson_high']:.1%}",
        f"{report['collision_rate']:.1%}",
        f"{report['wrong_object_rate']:.1%}",
    ]


def main(arguments: Sequence[str]) -> int:
    """Train and test the named variants, all by default, and keep what came out."""
    unknown = set(arguments) - set(VARIANTS)
    if unknown:
        print(f"no variant {', '.join(sorted(unknown))}: expected {', '.join(VARIANTS)}")
        return 2
    for variant in arguments or VARIANTS:
        try:
            report = measure(variant) | {"machine": machine.describe()}
        except subprocess.CalledProcessError:
            print(
                f"{variant!r} is not measured: see above; all learn from what {WHOLE!r} collects"
            )
            return 1
        except KeyboardInterrupt:
            print("stopped; the same command goes on from here")
            return 130
        KEPT.mkdir(parents=True, exist_ok=True)
        kept_in(KEPT, variant).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(table())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
