# SPDX-License-Identifier: Apache-2.0
"""When the camera last showed something new; the pixels themselves stay outside the gate."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Picture:
    """The newest image: its stamp, a `digest` of its pixels, and since when each is what it is.

    `stamped_ns` [steady] is when the first image with this stamp arrived, `changed_ns` when the
    first with these pixels did.
    """

    stamp_ns: int
    digest: int
    stamped_ns: int
    changed_ns: int

    @staticmethod
    def after(last: Picture | None, stamp_ns: int, digest: int, arrived_ns: int) -> Picture:
        """The picture that an image makes which arrived after `last`."""
        if last is None:
            return Picture(stamp_ns, digest, arrived_ns, arrived_ns)
        return Picture(
            stamp_ns,
            digest,
            last.stamped_ns if stamp_ns == last.stamp_ns else arrived_ns,
            last.changed_ns if digest == last.digest else arrived_ns,
        )
