# SPDX-License-Identifier: Apache-2.0
from setuptools import find_packages, setup

PACKAGE = "vla_policy"

setup(
    name=PACKAGE,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={
        PACKAGE: [
            "py.typed",
            "checkpoints/*/*",
            "checkpoints/*/backbone/*",
            "models/rt2/backbones/*/*",
        ]
    },
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=False,
    maintainer="VLA for ROS 2 maintainers",
    maintainer_email="maintainers@vla-ros2.org",
    description="Vision-language-action policies in PyTorch, free of ROS.",
    license="Apache-2.0",
    extras_require={"test": ["pytest", "hypothesis"]},
)
