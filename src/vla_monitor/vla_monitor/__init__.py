# SPDX-License-Identifier: Apache-2.0
"""Watches camera, policy and gate: latencies, rates and action norms as diagnostics."""
