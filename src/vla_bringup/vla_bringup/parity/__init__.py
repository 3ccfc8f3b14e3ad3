# SPDX-License-Identifier: Apache-2.0
"""Parity: the robot with ROS does as well as the benchmark, which has none, says.

The way through the modules: `run` plays every room both ways, `reading` takes the verdicts
from the report of a demo, `report` shows and writes down what came of it.
"""
