# SPDX-License-Identifier: Apache-2.0
"""Lets torchvision be imported beside a build of PyTorch that its compiled part is not for.

LeRobot imports torchvision for data sets and for policies that are not run here. Its published
wheel is built for CUDA: beside the CPU build of PyTorch its operators do not load, and then its
import fails on the first of them. Declared by name they do no harm: nobody calls them.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import torch

_DECLARED: list[torch.library.Library] = []
"""A library's declarations last as long as it does."""


def declare_missing() -> None:
    """Declare what torchvision's import asks for, where its compiled part cannot be loaded."""
    found = importlib.util.find_spec("torchvision")
    if found is None or found.origin is None:
        return
    folder = Path(found.origin).parent
    try:
        for compiled in folder.glob("_C*.so"):
            torch.ops.load_library(compiled)
    except OSError:
        asked_for = (folder / "_meta_registrations.py").read_text(encoding="utf-8")
        names = re.findall(r'register_(?:meta|fake)\("(?:torchvision::)?(\w+)"', asked_for)
        library = torch.library.Library("torchvision", "DEF")
        for name in sorted(set(names)):
            library.define(f"{name}(Tensor x) -> Tensor")
        _DECLARED.append(library)
