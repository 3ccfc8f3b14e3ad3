# SPDX-License-Identifier: Apache-2.0
"""The executable: it can be told to end even while its libraries are still being loaded."""

from __future__ import annotations

from vla_node.process import EndSignals


def main(args: list[str] | None = None) -> int:
    """Run the node until it is told to end; 0 unless it could not start."""
    with EndSignals() as end:
        end.interrupts = True
        try:
            from vla_node.node import main as run
        except KeyboardInterrupt:
            return 0
    return run(args)
