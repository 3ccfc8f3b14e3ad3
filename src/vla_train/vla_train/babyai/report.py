# SPDX-License-Identifier: Apache-2.0
"""What was measured, beside the paper's figures: a table and the model cards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vla_train.babyai.checkpoint import BabyAICheckpoint
from vla_train.babyai.levels import FIRST_TRAINING_SEED, Level, find_level
from vla_train.markdown import markdown_table

_NAMES = {"end_to_end": "EndToEndVLA", "rt1": "RT1"}


def results_table(reports: Sequence[Mapping[str, Any]]) -> str:
    """The reports as a Markdown table, a row each."""
    head = ["level", "policy", "demonstrations", "success", "95 % interval", "episodes", "paper"]
    rows = [
        [
            report["level"],
            _NAMES.get(report["policy"], report["policy"]),
            _thousands(report.get("demonstrations")),
            f"{report['success_rate']:.1%}",
            f"{report['wilson_low']:.1%} to {report['wilson_high']:.1%}",
            f"{report['count']} (seeds {report['first_seed']} to {report['last_seed']})",
            paper_figures(find_level(report["level"])),
        ]
        for report in reports
    ]
    return markdown_table(head, rows)


def paper_figures(level: Level) -> str:
    """What the paper reports of imitating the bot on this level."""
    low, high = level.paper_demonstrations
    return f"{level.paper_success} % with 1 million; 99 % takes {low} to {high} thousand"


def card(config: BabyAICheckpoint, report: Mapping[str, Any] | None) -> str:
    """The model card as Markdown; every figure of ours in it was measured."""
    network, training = config.network, config.training
    level = find_level(network.level)
    lines = [
        "---",
        "license: apache-2.0",
        "pipeline_tag: robotics",
        "---",
        "",
        f"# {_NAMES[network.architecture]} on {level.environment}",
        "",
        "Plain imitation of BabyAI's own bot (arXiv 1810.08272) from partial views of 7 x 7 "
        "cells; see `docs/babyai.md`.",
        "",
        f"- Demonstrations: {training['demonstrations']} ({training['frames']} frames), of the "
        f"seeds from {FIRST_TRAINING_SEED} on; "
        + (
            "colours, kinds of things and sides changed at random in training."
            if training["symmetry"]
            else "used as they are."
        ),
        f"- Training: {training['steps']} steps of {training['batch_size']} windows in "
        f"{training['seconds']} s, seed {training['seed']}.",
        *_begun(training.get("initial")),
        f"- Hardware: {training['hardware']}; torch {training['torch']}.",
        f"- Size: {training['parameters'] / 1e6:.2f} million parameters.",
        "- Actions: " + ", ".join(config.actions.names) + ".",
        "",
        "## Measured success",
        "",
    ]
    if report is None:
        return "\n".join([*lines, "Not measured yet: `make eval-babyai`.", ""])
    lines += [
        f"{report['successes']} of {report['count']} episodes, {report['success_rate']:.1%} "
        f"(95 % Wilson interval {report['wilson_low']:.1%} to {report['wilson_high']:.1%}), of "
        f"seeds {report['first_seed']} to {report['last_seed']}, none of which is "
        "demonstrated. An episode succeeds when minigrid gives its reward within the level's "
        "time limit.",
        "",
        f"The paper's own network: {paper_figures(level)} demonstrations.",
        "",
    ]
    return "\n".join(lines)


def _begun(initial: Mapping[str, Any] | None) -> list[str]:
    if initial is None:
        return []
    return [
        f"- Begun with what an {_NAMES[initial['architecture']]} had learnt to see: "
        f"{initial['tensors']} of {initial['of']} tensors, of {initial['demonstrations']} "
        f"demonstrations, {initial['steps']} steps of {initial['batch_size']} frames in "
        f"{initial['seconds']} s; {initial['hardware']}."
    ]


def _thousands(count: int | None) -> str:
    return "" if count is None else f"{count / 1000:g} thousand"
