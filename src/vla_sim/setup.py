# SPDX-License-Identifier: Apache-2.0
from setuptools import find_packages, setup

PACKAGE = "vla_sim"

setup(
    name=PACKAGE,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={PACKAGE: ["py.typed", "splits/*.yaml"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=False,
    maintainer="VLA for ROS 2 maintainers",
    maintainer_email="maintainers@vla-ros2.org",
    description="A MuJoCo room with a robot, a camera and a scanner, and a thin ROS node over it.",
    license="Apache-2.0",
    extras_require={"test": ["pytest", "hypothesis"]},
    entry_points={
        "console_scripts": [
            "vla_sim = vla_sim.node:main",
        ],
    },
)
