# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# To be sourced: where ROS_DISTRO names a ROS 2 distribution that this shell has not sourced yet, sources it.

# True where the search path of ROS holds rclpy, which every distribution has and our own workspace has not.
_vla_distribution_is_sourced() {
  local prefix prefixes
  IFS=: read -ra prefixes <<<"${AMENT_PREFIX_PATH:-}"
  for prefix in "${prefixes[@]}"; do
    if [ -e "$prefix/share/ament_index/resource_index/packages/rclpy" ]; then return 0; fi
  done
  return 1
}

_vla_source_distribution() {
  if [ -z "${ROS_DISTRO:-}" ] || _vla_distribution_is_sourced; then return 0; fi
  local setup=/opt/ros/$ROS_DISTRO/setup.bash
  if [ ! -f "$setup" ]; then
    echo "ROS_DISTRO is '$ROS_DISTRO', but no ROS 2 is sourced and there is no $setup." \
      "Source your distribution's setup.bash, or run 'unset ROS_DISTRO' to use the ROS 2 wheels." >&2
    return 1
  fi
  # The scripts of ROS read variables that may be unset.
  local restore
  restore=$(shopt -po nounset)
  set +u
  # shellcheck disable=SC1090
  . "$setup"
  eval "$restore"
}

_vla_source_distribution
