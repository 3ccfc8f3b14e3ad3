# SPDX-License-Identifier: Apache-2.0
"""`python -m vla_bringup` is the `vla` command."""

from __future__ import annotations

from vla_bringup.cli import main

if __name__ == "__main__":
    main()
