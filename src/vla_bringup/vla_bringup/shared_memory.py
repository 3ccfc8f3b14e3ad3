# SPDX-License-Identifier: Apache-2.0
"""Clears away what a killed process left half made in Fast DDS' shared memory.

A process that is killed in the instant in which it makes a port leaves a file that says
"being made" for ever, and every participant on this machine that opens the port waits for it to
be finished, without a word. `fastdds shm clean` does not see such a file either.
"""

from __future__ import annotations

import struct
import time
from pathlib import Path

FOLDER = Path("/dev/shm")
"""Where Linux keeps shared memory."""
FINISHED = 2
"""What the first word of a whole segment says (Boost.Interprocess: InitializedSegment)."""
MAKING_TAKES_S = 5.0
"""Making a port takes microseconds; what is younger than this may still be under way."""


def clear_half_made_ports(folder: Path = FOLDER, now_s: float | None = None) -> list[str]:
    """Remove the ports that nobody will finish, as far as they are ours; a sentence for each."""
    now_s = time.time() if now_s is None else now_s
    sentences = []
    for path in sorted(folder.glob("fastdds_port*")):
        if not path.name.endswith("_el") and _is_half_made(path, now_s):
            try:
                path.unlink()
            except OSError:
                continue  # another user's, or gone by itself
            sentences.append(f"removed {path}, left half made by a process that was killed")
    return sentences


def _is_half_made(path: Path, now_s: float) -> bool:
    try:
        if now_s - path.stat().st_mtime < MAKING_TAKES_S:
            return False
        with path.open("rb") as file:
            word = file.read(4)
    except OSError:
        return False
    return len(word) < 4 or struct.unpack("=I", word)[0] != FINISHED
