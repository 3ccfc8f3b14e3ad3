# SPDX-License-Identifier: Apache-2.0
"""The inference node: image and instruction in, velocity command out.

The way of the data: `messages` (ROS image to array) -> `history` -> `latest` (the one waiting
place) -> `worker` (the policy, in its own thread) -> `pilot` and `chunk` (which command is due
now) -> `output`. `node` only wires.
"""
