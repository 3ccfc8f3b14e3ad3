# SPDX-License-Identifier: Apache-2.0
from vla_policy.backends.widths import narrow


def test_the_widest_convolutions_are_worth_eight_bits_and_the_others_are_not():
    weights = {"stem": 1200, "fine": 36_864, "wide": 73_728, "widest": 147_456}
    assert narrow(weights) == ["stem", "fine"]


def test_a_network_without_convolutions_has_none():
    assert narrow({}) == []
