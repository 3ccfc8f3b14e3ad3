# SPDX-License-Identifier: Apache-2.0
"""Policies around policies: each adds one thing and leaves the other policy as it is."""
