# SPDX-License-Identifier: Apache-2.0
"""What this workspace claims about speed, measured: `make bench`, or `make bench ONLY=textbook`.

Each benchmark is a module with a function `measure` that returns a `Report`; contenders run side
by side, round after round, and medians are given with their spread. `programs` are the processes
that are measured and that measure.
"""
