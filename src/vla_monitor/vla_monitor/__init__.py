# SPDX-License-Identifier: Apache-2.0
"""Watches camera, policy and gate: diagnostics, metrics, plots and an event log."""
