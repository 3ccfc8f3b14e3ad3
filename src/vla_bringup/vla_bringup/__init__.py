# SPDX-License-Identifier: Apache-2.0
"""Launch files, parameter files, the demo and the vla command."""
