# SPDX-License-Identifier: Apache-2.0
"""What `make` and the scripts behind it promise, tried without installing or starting anything."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

ECHO = """#!/bin/bash
printf '[%s]' "$@"
exit ${STATUS:-0}
"""


def executable(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def make(tmp_path: Path):
    """Runs make with a verb that prints its arguments, and neither set-up nor environment."""
    verb = executable(tmp_path / "vla", ECHO)

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        clean = {
            key: value
            for key, value in os.environ.items()
            if key not in ("MAKEFLAGS", "MAKELEVEL", "ARGS")
        }
        return subprocess.run(
            ["make", "-s", "-o", "setup", "ENV=true", f"VLA={verb}", *arguments],
            cwd=ROOT,
            env=clean | environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_make_alone_lists_every_target_with_a_line(make):
    listed = dict(re.findall(r"^  make ([a-z-]+) +(\S.*)$", make().stdout, re.MULTILINE))
    assert set(listed) == targets()


def test_every_target_is_phony():
    declared = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert declared and set(declared[1].split()) == targets()


@pytest.mark.parametrize(
    "sentence",
    [
        "go to the red ball",
        "",
        "-x",
        'the robot\'s "red" ball; rm $HOME `id` $(id) $$ $5 \\ # % *',
        "$(shell touch made_by_make)",
        "$(error stopped)",
        "two\nlines",
    ],
)
def test_a_sentence_reaches_the_verb_as_it_was_typed(make, sentence: str):
    assert make("say", f"INSTRUCTION={sentence}").stdout == f"[say][--][{sentence}]"
    assert make("say", INSTRUCTION=sentence).stdout == f"[say][--][{sentence}]"


def test_demo_passes_only_what_was_set(make):
    assert make("demo").stdout == "[demo]"
    assert make("demo", "SEED=7").stdout == "[demo][--seed=7]"
    everything = make("demo", "POLICY=a b", "INSTRUCTION=it's $5", "SEED=7")
    assert everything.stdout == "[demo][--seed=7][--instruction=it's $5][--policy=a b]"


def test_parity_passes_only_what_was_set(make):
    assert make("parity").stdout == "[parity]"
    everything = make("parity", "SEED=7", "POLICY=a b", "ARGS=--rooms 3")
    assert everything.stdout == "[parity][--seed=7][--policy=a b][--rooms][3]"


def test_say_without_a_sentence_tells_how(make):
    result = make("say")
    assert result.returncode != 0
    assert 'make say INSTRUCTION="go to the red ball"' in result.stderr


@pytest.mark.parametrize(("status", "fails"), [("0", False), ("1", True), ("130", True)])
def test_the_status_of_the_demo_is_the_status_of_make(make, status: str, fails: bool):
    assert (make("demo", STATUS=status).returncode != 0) == fails


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the set-up reads, without packages."""
    folder = tmp_path / "checkout"
    for name in ("scripts", "requirements"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder for PATH with the tools of the set-up, and no Python yet."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in (
        "awk",
        "bash",
        "cat",
        "df",
        "dirname",
        "flock",
        "grep",
        "paste",
        "rm",
        "sed",
        "sha256sum",
        "uname",
    ):
        found = shutil.which(name)
        if found:
            (folder / name).symlink_to(found)
    return folder


def set_up(checkout: Path, tools: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "scripts" / "setup.sh"],
        env={"PATH": str(tools), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_an_old_python_is_refused_with_what_to_install(checkout: Path, tools: Path):
    executable(tools / "python3", "#!/bin/bash\necho 3.9\n")
    result = set_up(checkout, tools)
    assert result.returncode == 1
    assert "Python 3.11, 3.12 or 3.13 is needed (found: python3 is 3.9)" in result.stderr
    assert "python3.12-venv" in result.stderr
    assert not (checkout / ".venv").exists()


def test_a_newer_python_beside_an_old_one_is_taken(checkout: Path, tools: Path):
    executable(tools / "python3", "#!/bin/bash\necho 3.9\n")
    # It has no venv module either: the next thing that is checked.
    executable(tools / "python3.12", "#!/bin/bash\n[[ $* != *ensurepip* ]] && echo 3.12\n")
    result = set_up(checkout, tools)
    assert result.returncode == 1
    assert "apt-get install python3.12-venv" in result.stderr


def test_a_machine_without_wheels_is_told_to_install_ros(checkout: Path, tools: Path):
    (tools / "uname").unlink()
    executable(tools / "uname", '#!/bin/bash\n[ "$1" = -s ] && echo Linux || echo aarch64\n')
    result = set_up(checkout, tools)
    assert result.returncode == 1
    assert "Linux on aarch64. Install ROS 2" in result.stderr


def test_a_distribution_that_is_not_there_is_named(checkout: Path, tools: Path):
    result = set_up(checkout, tools, ROS_DISTRO="nowhere")
    assert result.returncode == 1
    assert "ROS_DISTRO is 'nowhere'" in result.stderr
    assert "/opt/ros/nowhere/setup.bash" in result.stderr


def test_an_unknown_argument_is_refused(checkout: Path):
    result = subprocess.run(
        [checkout / "scripts" / "setup.sh", "--fast"], capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 1
    assert "unknown argument '--fast'" in result.stderr


def sourced(command: str, **environment: str) -> dict[str, str]:
    """The environment after a command in bash that starts from `environment` alone."""
    result = subprocess.run(
        ["bash", "-c", f"{command} && env -0"],
        cwd=ROOT,
        env={"PATH": os.defpath, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return dict(pair.split("=", 1) for pair in result.stdout.split("\0") if pair)


needs_build = pytest.mark.skipif(
    not (ROOT / "install" / "local_setup.bash").is_file(),
    reason="the workspace is not built: run `make setup`",
)
needs_wheels = pytest.mark.skipif(
    bool(os.environ.get("ROS_DISTRO")), reason="a ROS 2 distribution is in use"
)


@needs_build
@needs_wheels
def test_the_environment_has_the_defaults_of_the_command():
    from vla_bringup.environment import DEFAULTS, PROFILE, TRANSPORT_PROFILES

    environment = sourced(". scripts/env.sh")
    assert environment["MUJOCO_GL"] == DEFAULTS["MUJOCO_GL"]
    assert Path(environment[TRANSPORT_PROFILES[0]]).resolve() == PROFILE.resolve()
    assert environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    assert environment["VIRTUAL_ENV"] == str(ROOT / ".venv")


@needs_build
@needs_wheels
def test_the_environment_leaves_alone_what_the_user_set():
    chosen = {
        "MUJOCO_GL": "glfw",
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET",
        "OPENBLAS_NUM_THREADS": "3",
    }
    own = sourced(
        ". scripts/env.sh",
        FASTDDS_DEFAULT_PROFILES_FILE="/own.xml",
        LD_LIBRARY_PATH="/own",
        **chosen,
    )
    assert {name: own[name] for name in chosen} == chosen
    assert own["FASTDDS_DEFAULT_PROFILES_FILE"] == "/own.xml"
    assert own["LD_LIBRARY_PATH"].endswith(":/own")


@needs_build
@needs_wheels
def test_sourcing_the_environment_twice_changes_nothing_more():
    once = sourced(". scripts/env.sh")
    twice = sourced(". scripts/env.sh && . scripts/env.sh")
    assert sourced("set -u && . scripts/env.sh && : $PATH").keys() == once.keys()
    for name in ("AMENT_PREFIX_PATH", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH"):
        assert set(twice[name].split(":")) == set(once[name].split(":"))
        assert len(twice[name]) == len(once[name])
