# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# To be sourced in bash: the environment of the built workspace. What the user has set stays as it is.
#     source scripts/env.sh
# With VLA_ENV=underlay it stops short of the workspace's own packages: so the workspace itself is built.

if [ -z "${BASH_VERSION:-}" ]; then
  echo "scripts/env.sh: this shell is not bash; start bash and source it there." >&2
  return 1
fi
if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  echo "scripts/env.sh: source it ('source scripts/env.sh'); run as a command it changes nothing." >&2
  exit 1
fi

_vla_env() {
  local root restore libraries
  root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
  if [ ! -f "$root/.venv/bin/activate" ]; then
    echo "scripts/env.sh: there is no $root/.venv yet; run 'make setup' first." >&2
    return 1
  fi

  # The scripts of venv, ROS and colcon read variables that may be unset.
  restore=$(shopt -po nounset)
  set +u
  # shellcheck disable=SC1091
  . "$root/scripts/distribution.sh" || { eval "$restore"; return 1; }
  # shellcheck disable=SC1091
  . "$root/.venv/bin/activate"

  if [ -z "${ROS_DISTRO:-}" ]; then
    export AMENT_PREFIX_PATH=$VIRTUAL_ENV
    unset COLCON_PREFIX_PATH
    # Every Python of the wheels starts itself anew to set this path, unless it finds the mark that it is set.
    export _ROS_WHEELS_BOOTSTRAP_COMPLETE=1
    if [[ ":${LD_LIBRARY_PATH:-}:" != *":$VIRTUAL_ENV/lib:"* ]]; then
      libraries=$(printf '%s:' "$VIRTUAL_ENV"/lib/python3*/site-packages/ros_*.libs)
      export LD_LIBRARY_PATH=$libraries$VIRTUAL_ENV/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    fi
    # No other machine's robots: a demo that answers to a neighbour's commands helps nobody.
    export ROS_AUTOMATIC_DISCOVERY_RANGE=${ROS_AUTOMATIC_DISCOVERY_RANGE:-LOCALHOST}
  fi

  # A camera image does not fit the default shared memory: best-effort subscribers would miss nearly all of them.
  if [ -z "${FASTRTPS_DEFAULT_PROFILES_FILE:-}${FASTDDS_DEFAULT_PROFILES_FILE:-}${FASTDDS_BUILTIN_TRANSPORTS:-}" ]; then
    export FASTDDS_DEFAULT_PROFILES_FILE=$root/src/vla_bringup/vla_bringup/fastdds.xml
  fi
  export MUJOCO_GL=${MUJOCO_GL:-egl}
  # No node has matrices that are worth a thread on each core; PyTorch's threads are set by parameter.
  export OPENBLAS_NUM_THREADS=${OPENBLAS_NUM_THREADS:-1}

  if [ "${VLA_ENV:-}" != underlay ]; then
    if [ -f "$root/install/local_setup.bash" ]; then
      # shellcheck disable=SC1091
      . "$root/install/local_setup.bash"
    else
      echo "scripts/env.sh: the workspace is not built; run 'make setup' first." >&2
      eval "$restore"
      return 1
    fi
  fi
  eval "$restore"
}

_vla_env
