# SPDX-License-Identifier: Apache-2.0
"""A whole evaluation: who is judged on what, and the files that are left behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from vla_train.babyai import checkpoint
from vla_train.babyai.judging import BASELINES, Contestant, judge
from vla_train.babyai.levels import EVALUATION_SEEDS, LEVELS, find_level
from vla_train.babyai.report import card, results_table
from vla_train.errors import TrainError


def judge_all(
    policy: str,
    level: str,
    episodes: int,
    workers: int,
    out: Path,
    keep: bool,
    say: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Judge whoever is meant; write `results.json` and `table.md`. See `vla babyai-eval`.

    Raises:
        TrainError: nobody is meant, or there are not so many seeds.
    """
    if episodes > len(EVALUATION_SEEDS):
        raise TrainError(f"there are {len(EVALUATION_SEEDS)} seeds to judge on (got {episodes})")
    contestants = list(find_contestants(policy, level))
    if not contestants:
        raise TrainError("there is no checkpoint to judge: give --policy, or another --level")
    reports = []
    for contestant in contestants:
        report = judge(contestant, EVALUATION_SEEDS[:episodes], workers, say)
        if contestant.checkpoint is not None:
            made = checkpoint.read_config(contestant.checkpoint)
            report["demonstrations"] = made.training["demonstrations"]
            if keep:
                _keep(contestant.checkpoint, made, report)
        reports.append(report)
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(json.dumps(reports, indent=1) + "\n", encoding="utf-8")
    table = results_table(reports)
    (out / "table.md").write_text(table, encoding="utf-8")
    say(table)
    say(f"wrote {out / 'results.json'} and {out / 'table.md'}")
    return reports


def find_contestants(policy: str, level: str) -> Iterator[Contestant]:
    """Who is meant, in the order of the levels.

    Raises:
        TrainError: there is no such level or checkpoint.
    """
    wanted = [find_level(level).name] if level else list(LEVELS)
    names = [name.strip() for name in policy.split(",") if name.strip()]
    directories = [_directory(name) for name in names if name not in BASELINES]
    if not names:
        directories = checkpoint.shipped()
    found = [(checkpoint.read_config(path).network, path) for path in directories]
    for each in wanted:
        for network, path in found:
            if network.level == each:
                yield Contestant(each, network.architecture, path)
        for name in names:
            if name in BASELINES:
                yield Contestant(each, name)


def _directory(name: str) -> Path:
    """Where the checkpoint of this name lies: a shipped one, or a directory."""
    shipped = {path.name: path for path in checkpoint.shipped()}
    directory = shipped.get(name, Path(name))
    if not directory.is_dir():
        raise TrainError(
            f"there is no {name!r} to judge: expected {', '.join(BASELINES)}, a directory of a "
            f"checkpoint, or a shipped one ({', '.join(shipped) or 'there is none'})"
        )
    return directory


def _keep(directory: Path, made: checkpoint.BabyAICheckpoint, report: dict[str, Any]) -> None:
    text = json.dumps(report, indent=1) + "\n"
    (directory / checkpoint.RESULT_FILE).write_text(text, encoding="utf-8")
    (directory / checkpoint.CARD_FILE).write_text(card(made, report), encoding="utf-8")
