# SPDX-License-Identifier: Apache-2.0
"""What can run a network: one interface, one backend a file, the table of them in `registry`."""
