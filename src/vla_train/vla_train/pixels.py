# SPDX-License-Identifier: Apache-2.0
"""The images of data sets as plain arrays of the size that a network takes, mapped into memory.

A network asks for its frames in random order, which compressed images answer slowly: an image of
640 by 480 takes longer to decode than a small network to train on it. So each file's images are
decoded and resized once, and lie in a cache. It may be deleted at any time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vla_policy.image import resize_image
from vla_train.columns import decode_image
from vla_train.errors import TrainError
from vla_train.locks import after_others
from vla_train.recording import Recording, encoded_images, open_parquet
from vla_train.videos import video_frames

Image = npt.NDArray[np.uint8]


def cached_pixels(
    recording: Recording, key: str, size: tuple[int, int], cache: Path
) -> Iterator[Image]:
    """For each file its images ``[N, height, width, 3]``, read-only.

    Raises:
        TrainError: an image cannot be read.
    """
    cache.mkdir(parents=True, exist_ok=True)
    for file in recording.files:
        copy = cache / f"{recording.root.name}-{file.parent.name}-{_name_of(file, key, size)}.npy"
        with after_others(cache):  # of those that train together, one decodes
            if not copy.exists():
                _write(recording, file, key, size, copy)
        yield np.load(copy, mmap_mode="r")


def _name_of(file: Path, key: str, size: tuple[int, int]) -> str:
    """Another one for another camera or size, or when the file has been changed."""
    state = file.stat()
    facts = (str(file.resolve()), state.st_size, state.st_mtime_ns, key, size)
    return f"{file.stem}-{hashlib.sha256(repr(facts).encode()).hexdigest()[:16]}"


def _write(recording: Recording, file: Path, key: str, size: tuple[int, int], copy: Path) -> None:
    """Write a file's images; they appear under their name only when they are whole."""
    unfinished = copy.with_suffix(".part")
    shape = (open_parquet(file).metadata.num_rows, *size, 3)
    pixels = np.lib.format.open_memmap(unfinished, mode="w+", dtype=np.uint8, shape=shape)
    if recording.features[key]["dtype"] == "video":
        for number, image in enumerate(video_frames(recording, file, key)):
            resize_image(image, *size, out=pixels[number])
    else:
        _decode(file, key, pixels)
    pixels.flush()
    unfinished.rename(copy)


def _decode(file: Path, key: str, pixels: Image) -> None:
    """Fill `pixels` from encoded images, in threads: decoding frees the interpreter."""

    _, height, width, _ = pixels.shape

    def put(numbered: tuple[int, bytes | None]) -> None:
        number, data = numbered
        try:
            resize_image(decode_image(data), height, width, out=pixels[number])
        except ValueError as error:
            raise TrainError(f"{file}: frame {number} of {key}: {error}") from error

    with ThreadPoolExecutor() as pool:
        for _ in pool.map(put, enumerate(encoded_images(file, key))):
            pass
