# SPDX-License-Identifier: Apache-2.0
"""Optional packages: imported when they are needed, named in a sentence when they are missing."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from types import ModuleType

from vla_policy.errors import BackendError

INSTALLED_AS = {
    "cuda.bindings.runtime": "cuda-python",
    "nncf": "nncf",
    "onnx": "onnx",
    "onnxruntime": "onnxruntime",
    "onnxscript": "onnxscript",
    "openvino": "openvino",
    "tensorrt": "tensorrt",
    "torch": "torch",
    "torchao": "torchao",
}
"""Modules, and the packages that bring them."""


def load(module: str, purpose: str) -> ModuleType:
    """The module, imported.

    Raises:
        BackendError: it is not installed, or cannot be loaded; `purpose` says what for.
    """
    package = INSTALLED_AS[module]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise BackendError(
            f"{purpose} needs the package {package}, which is not installed: pip install "
            f"{package} (tested versions: requirements/)"
        ) from error
    except (ImportError, OSError) as error:
        raise BackendError(
            f"{purpose} needs the package {package}, which cannot be loaded: {error}"
        ) from error


def missing(modules: tuple[str, ...]) -> list[str]:
    """The packages among these that are not installed; nothing is imported."""
    return [INSTALLED_AS[module] for module in modules if not _is_there(module)]


def versions(modules: tuple[str, ...]) -> dict[str, str]:
    """Versions by package, of those that are installed."""
    found = {}
    for module in modules:
        package = INSTALLED_AS[module]
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _is_there(module: str) -> bool:
    # Asking for a part of a package would import the package.
    return importlib.util.find_spec(module.partition(".")[0]) is not None
