# SPDX-License-Identifier: Apache-2.0
"""The e-stop latch on disk, so that a gate that is started anew is as latched as before."""

from __future__ import annotations

from pathlib import Path

from vla_safety.errors import LatchFileError

UNREADABLE = "what the gate was latched for cannot be read any more"


class LatchFile:
    """A file that exists exactly while the e-stop is latched; its text is the cause."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> str:
        """The cause of the latch; empty when there is none. In doubt there is one."""
        try:
            return self.path.read_text(encoding="utf-8").strip() or UNREADABLE
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError):
            return UNREADABLE

    def write(self, cause: str) -> None:
        """Note the latch; LatchFileError when the disk does not take it."""
        part = self.path.with_suffix(".part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(f"{cause}\n", encoding="utf-8")
            part.replace(self.path)  # whole or not at all
        except OSError as error:
            raise LatchFileError(
                f"the e-stop latch is not kept over a restart: {self.path} cannot be written "
                f"({error})"
            ) from error

    def clear(self) -> None:
        """Forget the latch; LatchFileError when that fails, and a restart would be latched."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise LatchFileError(
                f"a restart will find the e-stop latched: {self.path} cannot be removed ({error})"
            ) from error
