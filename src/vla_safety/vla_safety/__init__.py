# SPDX-License-Identifier: Apache-2.0
"""The command gate: every command passes its checks, or the robot stops and the gate says why."""
