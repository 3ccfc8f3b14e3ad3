# SPDX-License-Identifier: Apache-2.0
"""Policies on another machine: the messages, the client and the server."""

from __future__ import annotations

import re

from vla_policy.errors import RemoteError
from vla_policy.policy import Policy

_ADDRESS = re.compile(r"wss?://.+")


def is_address(policy: str) -> bool:
    """Whether the name of a policy is the address of a server, e.g. ``ws://10.0.0.7:8000``."""
    return _ADDRESS.fullmatch(policy) is not None


def connect_policy(address: str) -> Policy:
    """The policy that `vla serve` offers at an address.

    Raises:
        RemoteError: nobody answers there, or the library for it is missing or too old.
    """
    try:
        from vla_policy.remote.client import RemotePolicy
    except ImportError as error:
        raise RemoteError(
            f"{address}: a policy elsewhere needs msgpack and websockets 13 or newer "
            f"(pip install msgpack websockets): {error}"
        ) from error
    return RemotePolicy(address)
