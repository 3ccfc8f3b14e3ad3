# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys

LOADED = "import sys, vla_node.node, vla_policy.checkpoint; print('torch' in sys.modules)"


def test_the_node_itself_loads_no_torch():
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.strip() == "False", done.stderr
