# SPDX-License-Identifier: Apache-2.0
"""Other runtimes with our network behind them, each in an environment of its own.

These programs import their peer, `vla_policy`, and nothing of ROS.
"""
