# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

from setuptools import find_packages, setup

PACKAGE = "vla_bringup"


def files(pattern: str) -> list[str]:
    return [str(path) for path in sorted(Path().glob(pattern))]


setup(
    name=PACKAGE,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={PACKAGE: ["py.typed", "fastdds.xml"]},
    data_files=[
        ("bin", ["scripts/vla"]),
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
        (f"share/{PACKAGE}/config", files("config/*")),
        (f"share/{PACKAGE}/dashboards", files("dashboards/*")),
        (f"share/{PACKAGE}/launch", files("launch/*.launch.py")),
    ],
    install_requires=["setuptools"],
    zip_safe=False,
    maintainer="VLA for ROS 2 maintainers",
    maintainer_email="maintainers@vla-ros2.org",
    description="Launch files, parameter files, the demo and the vla command.",
    license="Apache-2.0",
    extras_require={"test": ["pytest", "hypothesis"]},
    entry_points={
        "console_scripts": [
            "vla = vla_bringup.cli:main",
        ],
        "vla.verbs": [
            "say = vla_bringup.verbs.say:say",
            "status = vla_bringup.verbs.status:status",
            "arm = vla_bringup.verbs.arm:arm",
            "disarm = vla_bringup.verbs.arm:disarm",
            "estop = vla_bringup.verbs.estop:estop",
            "reset = vla_bringup.verbs.estop:reset",
            "demo = vla_bringup.verbs.demo:demo",
            "sim = vla_bringup.verbs.sim:sim",
            "faults = vla_bringup.verbs.faults:faults",
            "parity = vla_bringup.verbs.parity:parity",
            "serve = vla_bringup.verbs.serve:serve",
            "health = vla_bringup.verbs.health:health",
        ],
    },
)
