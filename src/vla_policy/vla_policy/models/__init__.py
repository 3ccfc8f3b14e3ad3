# SPDX-License-Identifier: Apache-2.0
"""The networks, one family a file."""
