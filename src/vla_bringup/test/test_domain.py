# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import socket

import pytest

from vla_bringup.domain import CANDIDATES, VARIABLE, chosen_domain, claim_free_domain
from vla_bringup.errors import BringupError


def test_two_claims_get_two_domains(tmp_path):
    with claim_free_domain(folder=tmp_path) as first, claim_free_domain(folder=tmp_path) as second:
        assert first.number != second.number


def test_released_domain_is_claimed_again(tmp_path):
    with claim_free_domain(folder=tmp_path) as first:
        number = first.number
    with claim_free_domain(candidates=[number], folder=tmp_path) as again:
        assert again.number == number


def test_domain_that_somebody_listens_in_is_passed_over(tmp_path):
    busy, free = 97, 96
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as participant:
        participant.bind(("", 7400 + 250 * busy + 10))
        with claim_free_domain(candidates=[busy, free], folder=tmp_path) as domain:
            assert domain.number == free


def test_no_free_domain_is_an_error_that_names_the_variable(tmp_path):
    with (
        claim_free_domain(candidates=[95], folder=tmp_path),
        pytest.raises(BringupError, match=VARIABLE),
    ):
        claim_free_domain(candidates=[95], folder=tmp_path)


def test_folder_that_cannot_be_written_gives_no_domain(tmp_path):
    with pytest.raises(BringupError):
        claim_free_domain(candidates=[95], folder=tmp_path / "missing")


def test_default_domain_is_never_claimed():
    assert 0 not in CANDIDATES
    assert max(CANDIDATES) <= 101


@pytest.mark.parametrize(("text", "number"), [("", None), ("  ", None), ("0", 0), ("232", 232)])
def test_users_domain(monkeypatch, text, number):
    monkeypatch.setenv(VARIABLE, text)
    assert chosen_domain() == number


@pytest.mark.parametrize("text", ["-1", "233", "seven", "1.5"])
def test_domain_that_is_none_is_refused(monkeypatch, text):
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(BringupError, match="0 to 232"):
        chosen_domain()
