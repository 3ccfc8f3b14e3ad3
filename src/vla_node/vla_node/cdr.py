# SPDX-License-Identifier: Apache-2.0
"""A serialised sensor_msgs/Image, looked at where it lies.

rclpy would build a message from it and copy the pixels twice; a raw subscription hands out the
bytes as they came, and here they are read in place. The format is the Common Data Representation
(OMG DDSI-RTPS 2.5, section 10.5): a head of four bytes, then the fields in their order, each
number at a multiple of its size counted from the end of the head.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from vla_node.errors import ImageError

_HEAD = 4
_BIG, _LITTLE = (0x0000, 0x0006), (0x0001, 0x0007)
"""Plain CDR and plain CDR2; no field of an image is larger than four bytes, so both are alike."""


@dataclass(frozen=True, eq=False)
class SerialisedImage:
    """The fields of an image that are of use here, named as in sensor_msgs/Image.

    Attributes:
        stamp: of the header [ns].
        data: the pixels, a view of `serialised`.
        serialised: the whole message as it came.
    """

    stamp: int
    height: int
    width: int
    encoding: str
    step: int
    data: memoryview
    serialised: bytes


class _Reader:
    """Reads field after field."""

    def __init__(self, serialised: bytes) -> None:
        kind = int.from_bytes(serialised[:2], "big")
        if kind not in (*_BIG, *_LITTLE):
            raise ImageError(f"an image message is in the unknown representation 0x{kind:04x}")
        self._order = ">" if kind in _BIG else "<"
        self._body = memoryview(serialised)[_HEAD:]
        self._place = 0

    def word(self) -> int:
        """The next number of four bytes."""
        self._place += -self._place % 4
        (value,) = struct.unpack_from(f"{self._order}I", self._body, self._place)
        self._place += 4
        return int(value)

    def octets(self, count: int) -> memoryview:
        """The next `count` bytes."""
        start, self._place = self._place, self._place + count
        if self._place > len(self._body):
            raise struct.error(f"{count} bytes were promised")
        return self._body[start : self._place]

    def text(self) -> str:
        """The next string, without the zero at its end."""
        return bytes(self.octets(self.word())).rstrip(b"\0").decode("utf-8", "replace")


def read_image(serialised: bytes) -> SerialisedImage:
    """The image in a serialised message; its pixels are not copied.

    Raises:
        ImageError: the message is cut short, or in a representation that is not known.
    """
    reader = _Reader(serialised)
    try:
        seconds, nanoseconds = reader.word(), reader.word()
        reader.text()  # frame_id
        height, width = reader.word(), reader.word()
        encoding = reader.text()
        reader.octets(1)  # is_bigendian
        step = reader.word()
        data = reader.octets(reader.word())
    except struct.error as error:
        raise ImageError(
            f"an image message of {len(serialised)} bytes is cut short: {error}"
        ) from error
    signed = seconds - (1 << 32) if seconds >> 31 else seconds
    stamp = signed * 1_000_000_000 + nanoseconds
    return SerialisedImage(stamp, height, width, encoding, step, data, serialised)
