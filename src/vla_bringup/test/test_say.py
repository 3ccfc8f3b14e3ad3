# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from vla_bringup.errors import RefusedError
from vla_bringup.verbs.say import checked, spoken


def test_sentence_is_sent_without_superfluous_spaces():
    assert checked("  go to   the red ball ") == "go to the red ball"


@pytest.mark.parametrize("text", ["x" * 513, "go\x07 forward"])
def test_sentence_that_nobody_would_follow_is_refused(text):
    with pytest.raises(RefusedError):
        checked(text)


def test_longest_sentence_is_accepted():
    assert len(checked("x" * 512)) == 512


def test_empty_sentence_is_said_to_mean_stop():
    assert "stop" in spoken(checked("   "), ["vla_node"])


def test_who_heard_the_sentence_is_named():
    assert spoken("go forward", ["vla_monitor", "vla_node"]).endswith(
        "(heard by vla_monitor, vla_node)"
    )


def test_missing_driver_is_mentioned():
    assert "vla_node was not there" in spoken("go forward", ["vla_monitor"])
