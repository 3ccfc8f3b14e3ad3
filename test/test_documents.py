# SPDX-License-Identifier: Apache-2.0
"""Links within the documents lead somewhere, and what they say to a robot makes sense."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vla_bringup.demo.plan import make_plan

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md")])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file(path: Path):
    links = re.findall(r"\]\(([^)#\s]+)", path.read_text())
    inside = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in inside if not (path.parent / link).exists()] == []


def test_every_sentence_for_a_demo_names_something_in_its_room():
    text = "".join(path.read_text() for path in DOCUMENTS)
    told = re.findall(r'make demo SEED=(\d+) INSTRUCTION="([^"]+)"', text)
    assert told
    for seed, sentence in told:
        assert len(make_plan(int(seed), sentence).tasks) == 1
