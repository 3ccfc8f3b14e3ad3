#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the checks of style, types and spelling: all of them, or those that are named, and fails if one of them fails.
#     scripts/lint.sh [ruff|format|mypy|codespell]...
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

check_ruff() { python -m ruff check --quiet .; }
check_format() { python -m ruff format --check --quiet .; }
check_codespell() { python -m codespell_lib; }
check_mypy() { # one run over the code of all packages, each found by the others as it is when installed
  local packages=(src/*/) sources=() package
  for package in "${packages[@]%/}"; do sources+=("$package/${package##*/}"); done
  MYPYPATH=$(IFS=: && echo "${packages[*]%/}") python -m mypy --no-error-summary "${sources[@]}" benchmarks
}

if [ $# -eq 0 ]; then set -- ruff format mypy codespell; fi
failed=()
for name in "$@"; do
  echo "lint: $name"
  "check_$name" || failed+=("$name")
done

if [ ${#failed[@]} -gt 0 ]; then
  echo "lint: failed: ${failed[*]} ('make format' mends what can be mended by itself)" >&2
  exit 1
fi
