# SPDX-License-Identifier: Apache-2.0
"""`vla faults`: breaks one thing after the other in the running stack and measures the gate.

`cases/` has one module for each thing that is broken; `stage.py` starts the processes, `probe.py`
speaks and listens, `measurement.py` is what comes out.
"""
