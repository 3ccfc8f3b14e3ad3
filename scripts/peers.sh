#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the runtimes that `make bench ONLY=peers` compares with, each into an environment of its own in out/peers.
#     scripts/peers.sh [lerobot] [openpi]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ $# -eq 0 ]; then set -- lerobot openpi; fi
for name in "$@"; do
  if [ ! -f "benchmarks/foreign/$name.txt" ]; then
    echo "peers: there is no '$name' (known: lerobot, openpi)" >&2
    exit 1
  fi
  place=out/peers/$name
  echo "peers: installing $name into $place"
  rm -rf "$place"
  mkdir -p out/peers
  "${PYTHON:-python3}" -m venv "$place"
  # Every package is listed: some ask for an older PyTorch than the one that is here, which they run with all the same.
  "$place/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --no-deps -r "benchmarks/foreign/$name.txt"
done
