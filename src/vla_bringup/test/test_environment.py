# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from vla_bringup.environment import (
    DEFAULTS,
    TRANSPORT,
    TRANSPORT_PROFILES,
    adopt_transport,
    with_defaults,
    with_path,
)


def test_defaults_fill_an_empty_environment():
    assert with_defaults({}) == DEFAULTS


@pytest.mark.parametrize("name", DEFAULTS)
def test_what_the_user_has_set_stays(name):
    assert with_defaults({name: "mine"})[name] == "mine"


@pytest.mark.parametrize("name", TRANSPORT_PROFILES)
def test_transport_is_left_to_a_users_profile(name):
    assert TRANSPORT not in with_defaults({name: "/my/profile.xml"})


def test_own_process_gets_the_transport_of_the_nodes():
    environment: dict[str, str] = {}
    adopt_transport(environment)
    assert environment == {TRANSPORT: "LARGE_DATA"}


def test_own_process_keeps_the_users_transport():
    environment = {TRANSPORT: "UDPv4"}
    adopt_transport(environment)
    assert environment == {TRANSPORT: "UDPv4"}


def test_folders_are_searched_before_the_users_path():
    assert with_path({"PATH": "/usr/bin"}, ["/a", "/b"])["PATH"] == "/a:/b:/usr/bin"
