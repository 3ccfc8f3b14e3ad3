# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from vla_bringup.verbs.status import level_name, status_table


@pytest.mark.parametrize(
    ("level", "name"), [(b"\x00", "OK"), (b"\x01", "WARN"), (b"\x02", "ERROR"), (3, "STALE")]
)
def test_level_is_told_by_name(level, name):
    assert level_name(level)[0] == name


def test_unknown_level_is_told_by_number():
    assert level_name(b"\x09")[0] == "9"


def render(values):
    heard = {
        name: SimpleNamespace(
            level=b"\x00",
            message="is [bold]well",
            values=[SimpleNamespace(key="rate_hz", value="30.0")],
        )
        for name in ("vla_safety: Gate", "vla_monitor: Camera")
    }
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(status_table(heard, values))
    return console.export_text()


def test_table_shows_everyone_in_order():
    text = render(values=False)
    assert text.index("vla_monitor") < text.index("vla_safety")
    assert "is [bold]well" in text
    assert "rate_hz" not in text


def test_table_shows_values_when_wanted():
    assert "rate_hz: 30.0" in render(values=True)
