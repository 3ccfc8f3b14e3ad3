# SPDX-License-Identifier: Apache-2.0
from setuptools import find_packages, setup

PACKAGE = "vla_train"

setup(
    name=PACKAGE,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={PACKAGE: ["py.typed", "configs/*.yaml", "babyai/checkpoints/*/*"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=False,
    maintainer="VLA for ROS 2 maintainers",
    maintainer_email="maintainers@vla-ros2.org",
    description="Expert, data, training and closed-loop evaluation, free of ROS.",
    license="Apache-2.0",
    extras_require={"test": ["pytest", "hypothesis"]},
    entry_points={
        "vla.verbs": [
            "data = vla_train.verbs:data",
            "train = vla_train.verbs:train",
            "eval = vla_train.verbs:evaluate",
            "export = vla_train.backend_verbs:export",
            "bench = vla_train.backend_verbs:bench",
            "babyai-demos = vla_train.babyai.verbs:demos",
            "babyai-train = vla_train.babyai.verbs:train",
            "babyai-eval = vla_train.babyai.verbs:evaluate",
        ],
    },
)
