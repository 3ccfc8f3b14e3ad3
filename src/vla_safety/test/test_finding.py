# SPDX-License-Identifier: Apache-2.0
from vla_safety.finding import Finding, Severity, gravest_of_a_kind


def finding(check, severity, detail=""):
    return Finding(check, check, severity, detail)


def test_gravest_of_each_check_stays_in_the_place_of_its_first():
    slow, stop = finding("camera", Severity.SLOW), finding("camera", Severity.STOP)
    other = finding("age", Severity.STOP)
    assert gravest_of_a_kind([slow, None, other, stop]) == (stop, other)


def test_first_of_equals_is_kept():
    first, second = (finding("age", Severity.STOP, detail) for detail in "ab")
    assert gravest_of_a_kind([first, second]) == (first,)


def test_only_stop_and_latch_keep_out():
    assert [s.keeps_out for s in Severity] == [False, False, True, True]
