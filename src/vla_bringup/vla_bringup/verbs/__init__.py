# SPDX-License-Identifier: Apache-2.0
"""The verbs of the `vla` command, one a module."""
