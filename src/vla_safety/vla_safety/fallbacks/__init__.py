# SPDX-License-Identifier: Apache-2.0
"""The fallback policies that come with the gate, by name."""

from __future__ import annotations

from vla_safety.fallback import Fallback
from vla_safety.fallbacks.avoid import Avoid
from vla_safety.fallbacks.brake import Brake
from vla_safety.fallbacks.hold import Hold
from vla_safety.fallbacks.retreat import Retreat
from vla_safety.fallbacks.stop import Stop

BUILTIN_FALLBACKS: dict[str, type[Fallback]] = {
    fallback.name: fallback for fallback in (Stop, Brake, Hold, Retreat, Avoid)
}
