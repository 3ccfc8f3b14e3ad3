# SPDX-License-Identifier: Apache-2.0
"""The verbs of BabyAI where there is no `vla` command: ``python -m vla_train.babyai --help``."""

from __future__ import annotations

import typer

from vla_train.babyai import verbs

if __name__ == "__main__":
    app = typer.Typer(no_args_is_help=True, add_completion=False)
    app.command("demos")(verbs.demos)
    app.command("train")(verbs.train)
    app.command("eval")(verbs.evaluate)
    app()
