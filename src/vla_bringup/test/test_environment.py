# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from xml.etree import ElementTree

import pytest

from vla_bringup.environment import (
    DEFAULTS,
    PROFILE,
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


@pytest.mark.parametrize("name", [TRANSPORT, *TRANSPORT_PROFILES])
def test_transport_is_left_to_a_user_who_chose_one(name):
    chosen = with_defaults({name: "mine"})
    assert [chosen.get(each) for each in (TRANSPORT, *TRANSPORT_PROFILES)].count("mine") == 1
    assert str(PROFILE) not in chosen.values()


def test_own_process_gets_the_transport_of_the_nodes():
    environment: dict[str, str] = {}
    adopt_transport(environment)
    assert environment == {TRANSPORT_PROFILES[0]: str(PROFILE)}


def test_own_process_keeps_the_users_transport():
    environment = {TRANSPORT: "UDPv4"}
    adopt_transport(environment)
    assert environment == {TRANSPORT: "UDPv4"}


def test_an_image_has_room_in_our_shared_memory():
    profiles = ElementTree.parse(PROFILE).getroot()
    name = "{http://www.eprosima.com}"
    (shared,) = (
        each
        for each in profiles.iter(f"{name}transport_descriptor")
        if each.findtext(f"{name}type") == "SHM"
    )
    for size in ("segment_size", "maxMessageSize"):
        assert int(shared.findtext(f"{name}{size}")) > 2 * 1920 * 1080 * 3


def test_folders_are_searched_before_the_users_path():
    assert with_path({"PATH": "/usr/bin"}, ["/a", "/b"])["PATH"] == "/a:/b:/usr/bin"
