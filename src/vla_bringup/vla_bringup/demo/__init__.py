# SPDX-License-Identifier: Apache-2.0
"""The demo: real processes drive a robot through a room, and ground truth judges them.

The way through the modules: `plan` decides what to say, `run` directs, `witness` listens to
the topics, `watch` notices a process that dies or falls silent, `aftermath` tells what the
robot did then, `report`, `video` and `picture` write down what happened.
"""
