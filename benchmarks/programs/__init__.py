# SPDX-License-Identifier: Apache-2.0
"""The processes of the measurements, each started by a command of its own."""
