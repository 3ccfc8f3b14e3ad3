# SPDX-License-Identifier: Apache-2.0
"""What holds the packages together: metadata, dependencies, and who may import whom."""

from __future__ import annotations

import ast
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = sorted(path.parent.name for path in ROOT.glob("src/*/package.xml"))

ROS = {
    "ament_index_python",
    "builtin_interfaces",
    "cv_bridge",
    "diagnostic_aggregator",
    "diagnostic_msgs",
    "geometry_msgs",
    "launch",
    "launch_ros",
    "lifecycle_msgs",
    "nav_msgs",
    "rcl_interfaces",
    "rclpy",
    "rosgraph_msgs",
    "sensor_msgs",
    "std_msgs",
    "std_srvs",
}
"""Imported under the name that package.xml has for them."""

NOT_AMONG_THE_WHEELS = {"launch", "launch_ros"}

STARTED_NOT_IMPORTED = {"diagnostic_aggregator"}
"""Declared for the executables that launch files start."""

THIRD_PARTY: dict[str, tuple[str | None, str]] = {
    # import: (rosdep key that rosdistro has, or None; package of requirements/)
    "cv2": ("python3-opencv", "opencv-python-headless"),
    "gymnasium": (None, "gymnasium"),  # judges the networks on BabyAI; no robot needs it
    "honcho": (None, "honcho"),  # shows `vla sim` and `vla demo`; no launch file needs it
    "huggingface_hub": ("python3-huggingface-hub-pip", "huggingface-hub"),
    "minigrid": (None, "minigrid"),  # as gymnasium
    "msgpack": ("python3-msgpack", "msgpack"),
    "mujoco": ("python3-mujoco-pip", "mujoco"),
    "numpy": ("python3-numpy", "numpy"),
    "onnx": (None, "onnx"),  # writes graphs with eight bits; no robot needs it
    "onnxruntime": (None, "onnxruntime"),  # runs graphs: one backend of several
    "PIL": ("python3-pil", "pillow"),
    "prometheus_client": ("python3-prometheus-client", "prometheus-client"),
    "psutil": ("python3-psutil", "psutil"),
    "pyarrow": (None, "pyarrow"),  # reads and writes data sets; nothing on a robot needs it
    "rich": ("python3-rich", "rich"),
    "safetensors": ("python3-transformers-pip", "safetensors"),
    "scipy": ("python3-scipy", "scipy"),
    "tokenizers": ("python3-transformers-pip", "tokenizers"),
    "torch": ("python3-pytorch-pip", "torch"),
    "transformers": ("python3-transformers-pip", "transformers"),
    "typer": ("python3-typer", "typer"),
    "websockets": (None, "websockets"),  # that of Ubuntu 24.04 is too old
    "yaml": ("python3-yaml", "pyyaml"),
}

MAY_IMPORT_ROS = {
    "executors.py",  # turns callbacks
    "inputs.py",  # listens
    "node.py",  # wires
    "messages.py",  # converts
    "output.py",  # publishes commands
    "parameters.py",  # declares
    "process.py",  # starts and ends
    "qos.py",
    "reporting.py",  # publishes what the node says of itself
}
"""The files of a package with a node that may; all others of it decide without ROS."""


@cache
def manifest(package: str) -> ElementTree.Element:
    return ElementTree.parse(ROOT / "src" / package / "package.xml").getroot()


def text_of(package: str, tag: str) -> str:
    return (manifest(package).findtext(tag) or "").strip()


def dependencies(package: str) -> set[str]:
    tags = ("depend", "exec_depend")
    return {
        (element.text or "").strip() for tag in tags for element in manifest(package).iter(tag)
    }


def sources(package: str) -> list[Path]:
    folder = ROOT / "src" / package
    return sorted([*(folder / package).rglob("*.py"), *folder.glob("launch/*.py")])


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def modules_named(nodes: Iterator[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.split(".")[0]


def imports(path: Path) -> set[str]:
    """The top-level modules that a file imports anywhere, the standard library left out."""
    return set(modules_named(ast.walk(tree(path)))) - sys.stdlib_module_names


def imports_when_loaded(path: Path) -> set[str]:
    """Those that it imports as soon as it is imported itself."""
    return set(modules_named(outside_functions(tree(path)))) - sys.stdlib_module_names


def outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from outside_functions(child)


@cache
def pins() -> dict[str, str]:
    """Every requirement by its normalised name, and the file that pins it."""
    found: dict[str, str] = {}
    files = ("ros", "base", "encoder", "runtimes", "backends", "rt2", "babyai", "dev")
    for name in (f"{file}.txt" for file in files):
        for line in requirement_lines(ROOT / "requirements" / name):
            key = re.split(r"[\[=<>!~; ]", line)[0].lower().replace("_", "-")
            assert key not in found, f"{key} is in {found[key]} and in {name}"
            found[key] = name
    return found


def requirement_lines(path: Path) -> list[str]:
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in path.read_text().splitlines())
    return [line for line in lines if line]


@pytest.mark.parametrize("package", PACKAGES)
def test_package_xml_is_complete_and_valid_for_ament(package: str):
    root = manifest(package)
    assert root.get("format") == "3"
    assert text_of(package, "name") == package
    assert text_of(package, "description")
    assert text_of(package, "license") == "Apache-2.0"
    # An address that breaks this rule makes colcon take the package for plain Python, silently.
    address = root.find("maintainer")
    assert address is not None
    assert re.fullmatch(
        r"[-a-zA-Z0-9_%+]+(\.[-a-zA-Z0-9_%+]+)*@[-a-zA-Z0-9.]+\.[a-zA-Z]{2,}",
        address.get("email", ""),
    )
    assert root.findtext("export/build_type") == "ament_python"
    assert "ament_python" not in {element.text for element in root.iter("buildtool_depend")}


@pytest.mark.parametrize("package", PACKAGES)
def test_setup_py_tells_what_package_xml_tells(package: str):
    folder = ROOT / "src" / package
    said = setup_arguments(folder / "setup.py")
    maintainer = manifest(package).find("maintainer")
    assert maintainer is not None
    assert said["version"] == text_of(package, "version")
    assert said["license"] == text_of(package, "license")
    assert said["maintainer"] == maintainer.text
    assert said["maintainer_email"] == maintainer.get("email")
    assert said["description"] == text_of(package, "description")


def setup_arguments(path: Path) -> dict[str, str]:
    """The arguments of `setup(...)` that are plain strings."""
    calls = (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call))
    call = next(node for node in calls if getattr(node.func, "id", "") == "setup")
    return {
        word.arg: word.value.value
        for word in call.keywords
        if word.arg and isinstance(word.value, ast.Constant) and isinstance(word.value.value, str)
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_package_is_laid_out_as_ros_looks_for_it(package: str):
    folder = ROOT / "src" / package
    assert (folder / "resource" / package).is_file()
    assert (folder / package / "py.typed").is_file()
    assert (folder / "CHANGELOG.rst").is_file()
    configuration = (folder / "setup.cfg").read_text()
    assert f"script_dir=$base/lib/{package}" in configuration
    assert f"install_scripts=$base/lib/{package}" in configuration


def test_all_packages_have_one_version():
    assert len({text_of(package, "version") for package in PACKAGES}) == 1


def test_colcon_settings_name_packages_that_exist():
    import json

    assert set(json.loads((ROOT / "colcon.meta").read_text())["names"]) <= set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_import_is_declared(package: str):
    declared = dependencies(package)
    missing = set()
    for path in sources(package):
        for module in imports(path) - {package}:
            if module in ROS or module in PACKAGES:
                key = module
            else:
                assert module in THIRD_PARTY, (
                    f"{path.relative_to(ROOT)} imports {module}: add it to the tables of this test"
                )
                key = THIRD_PARTY[module][0]
            if key is not None and key not in declared:
                missing.add(f"<exec_depend>{key}</exec_depend> for {path.relative_to(ROOT)}")
    assert not missing, f"package.xml of {package} lacks:\n" + "\n".join(sorted(missing))


@pytest.mark.parametrize("package", PACKAGES)
def test_every_declared_dependency_is_imported_or_started(package: str):
    used = {module for path in sources(package) for module in imports(path)}
    keys = {THIRD_PARTY[module][0] for module in used & set(THIRD_PARTY)}
    superfluous = dependencies(package) - used - keys - STARTED_NOT_IMPORTED - set(PACKAGES)
    assert not superfluous, f"nothing in {package} needs {sorted(superfluous)}"


def test_what_rosdep_does_not_know_is_in_the_installation_guide():
    guide = (ROOT / "docs" / "installation.md").read_text()
    unknown = [package for key, package in THIRD_PARTY.values() if key is None]
    assert [package for package in unknown if f"`{package}`" not in guide] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_rosdep_key_is_one_we_know(package: str):
    keys = {key for key, _ in THIRD_PARTY.values()}
    assert dependencies(package) <= ROS | set(PACKAGES) | keys


def test_every_import_is_pinned():
    needed = {
        module for package in PACKAGES for path in sources(package) for module in imports(path)
    }
    ros = (needed & ROS) - NOT_AMONG_THE_WHEELS
    wanted = {
        "cv-bridge" if module == "cv_bridge" else f"ros-{module.replace('_', '-')}"
        for module in ros
    }
    assert wanted <= {name for name, file in pins().items() if file == "ros.txt"}
    wanted = {THIRD_PARTY[module][1] for module in needed & set(THIRD_PARTY)}
    files = ("ros.txt", "base.txt", "runtimes.txt", "backends.txt", "babyai.txt", "rt2.txt")
    assert wanted <= {name for name, file in pins().items() if file in files}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name
)
def test_requirements_are_pinned_exactly(path: Path):
    loose = [
        line
        for line in requirement_lines(path)
        if not re.fullmatch(r"[\w.-]+(\[[\w,]+\])?==[\w.+]+", line)
    ]
    assert not loose


def test_constraints_pin_only_what_no_other_file_pins():
    constraints = {
        line.split("==")[0]
        for line in requirement_lines(ROOT / "requirements" / "constraints.txt")
    }
    assert not constraints & set(pins())


@pytest.mark.parametrize("package", ["vla_safety", "vla_monitor"])
def test_what_guards_the_robot_never_loads_the_model(package: str):
    assert not {
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sources(package)
        for module in imports(path) & (set(PACKAGES) - {package} | {"torch", "mujoco"})
    }


@pytest.mark.parametrize("package", ["vla_policy", "vla_train"])
def test_model_and_training_are_free_of_ros(package: str):
    assert not {
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sources(package)
        for module in imports_when_loaded(path) & ROS
    }


@pytest.mark.parametrize("package", ["vla_node", "vla_safety", "vla_monitor", "vla_sim"])
def test_decisions_are_free_of_ros(package: str):
    assert not {
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sources(package)
        if path.name not in MAY_IMPORT_ROS
        for module in imports_when_loaded(path) & ROS
    }


def test_every_python_file_names_its_licence():
    files = [
        path for folder in ("src", "scripts", "test") for path in (ROOT / folder).rglob("*.py")
    ]
    line = "# SPDX-License-Identifier: Apache-2.0"
    assert not [str(path) for path in files if line not in path.read_text().splitlines()[:2]]
