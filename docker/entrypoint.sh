#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs a command in the environment of the built workspace.
set -e
# shellcheck disable=SC1091
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/env.sh"
exec "$@"
