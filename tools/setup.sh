#!/usr/bin/env bash
# Installs the Debian packages that are missing, configures and builds.
#
#   tools/setup.sh [--preset=NAME] [--no-build] [TARGET...]
#
# NAME is a preset of CMakePresets.json, `release` (folder build/) by default.
# Needs Debian bookworm, and root or sudo where a package is missing. A second
# call takes seconds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packages=(
  ccache
  chromium # opens pages in tests
  clang-22
  cmake
  git
  libclang-rt-22-dev
  libgmock-dev
  libgtest-dev
  libisal-dev
  libmlir-22-dev
  libyaml-cpp-dev
  lld-22
  llvm-22
  llvm-22-dev
  llvm-22-tools
  mlir-22-tools
  ninja-build
  nlohmann-json3-dev
  python3
  python3-psutil # lit's time limit
  python3-venv
)

say() { printf 'setup: %s\n' "$*" >&2; }
fail() {
  say "error: $1"
  shift
  for line in "$@"; do say "  $line"; done
  exit 1
}

trap 'say "error: line $LINENO: $BASH_COMMAND"' ERR

preset=release
build=1
targets=()
for argument in "$@"; do
  case $argument in
    --preset=?*) preset=${argument#--preset=} ;;
    --no-build) build=0 ;;
    -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit ;;
    -*) fail "unknown option '$argument'" "known: --preset=NAME --no-build --help" ;;
    *) targets+=("$argument") ;;
  esac
done

# Runs a command silently; its output is shown if it fails.
quietly() {
  local log status=0
  log=$(mktemp)
  "$@" </dev/null >"$log" 2>&1 || status=$?
  if ((status)); then tail -n 100 "$log" >&2; fi
  rm -f "$log"
  return $status
}

install_missing() {
  command -v dpkg-query >/dev/null ||
    fail "this is not Debian: no dpkg-query" "install by other means: ${packages[*]}"
  local installed missing
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' \
    "${packages[@]}" 2>/dev/null | sed -n 's/^installed //p') || true
  mapfile -t missing < <(printf '%s\n' "${packages[@]}" |
    grep -vxF -f <(printf '%s\n' "$installed"))
  ((${#missing[@]})) || return 0

  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      fail "packages are missing and there is no sudo" \
        "as root: apt-get install ${missing[*]}"
    as_root=(sudo)
    [[ -t 0 ]] || as_root+=(-n) # nobody there to type a password
  fi
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get
    -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)

  say "installing ${missing[*]}"
  quietly "${apt[@]}" update ||
    fail "apt-get update failed (above)" "check the network and /etc/apt"
  quietly "${apt[@]}" install -y --no-install-recommends "${missing[@]}" ||
    fail "apt-get install failed (above)" \
      "LLVM 22 is in bookworm-security: is that suite in /etc/apt?"
}

# ccache wants a folder it can write to, wherever HOME points.
find_ccache_folder() {
  [[ ${CCACHE_DIR-} ]] && return
  local parent=${XDG_CACHE_HOME:-${HOME:-/nonexistent}}
  while [[ ! -e $parent && $parent == */* ]]; do parent=${parent%/*}; done
  [[ -d $parent && -w $parent ]] || export CCACHE_DIR=$PWD/build-ccache
}

configure() {
  say "configuring $preset in $folder/"
  quietly cmake --preset "$preset" ||
    fail "cmake --preset $preset failed (above)" \
      "after a change of compiler or LLVM: rm -rf $folder, then again"
}

install_missing
find_ccache_folder

folder=build
[[ $preset == release ]] || folder=build-$preset
# Ninja configures again by itself when a CMake file has changed.
if [[ ! -f $folder/build.ninja || CMakePresets.json -nt $folder/build.ninja ]]; then
  configure
fi
((build)) || exit 0

# Jobs by cores, and by memory: one may need 2 GiB.
memory=$(awk '/^MemAvailable/ { print int($2 / 2097152) }' /proc/meminfo)
jobs=$(nproc)
if ((memory < jobs)); then jobs=$((memory > 0 ? memory : 1)); fi

say "building $folder/"
if [[ -t 2 ]]; then
  ninja -C "$folder" -j "$jobs" "${targets[@]}" </dev/null >&2
else
  quietly ninja -C "$folder" -j "$jobs" "${targets[@]}"
fi || fail "the build failed (above)" "again with all output: ninja -C $folder"
say "done"
