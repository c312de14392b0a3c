#!/usr/bin/env bash
# Measures dconv beside oneDNN, PyTorch and XLA.
#
#   benchmarks/run.sh [--layers=A,B] [--targets=1,2,3,4,5] --out=DIR
#
# Writes DIR/results.json, DIR/table.md and DIR/plot.png; docs/performance.md says
# what they hold. The peers go into a virtual environment of their own, in build-peers/
# or where DCONV_PEERS says; dconv-run is that of build/, or of DCONV_BUILD. While
# something is timed the file that DCONV_BENCHMARK_LOCK names is locked, if it names one.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")

say() { printf 'run.sh: %s\n' "$*" >&2; }
fail() { say "$1"; exit "${2-1}"; }

for argument in "$@"; do
  case $argument in
    -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit ;;
  esac
done
python3 -B "$here/peers/options.py" "$@"

export DCONV_BUILD=${DCONV_BUILD-$root/build}
export DCONV_PEERS=${DCONV_PEERS-$root/build-peers}
for tool in dconv-run dconv-opt; do
  [[ -x $DCONV_BUILD/bin/$tool ]] ||
    fail "no $tool in '$DCONV_BUILD/bin'; build it with tools/setup.sh, or say where with DCONV_BUILD" 2
done

# Once per list of packages.
python=$DCONV_PEERS/venv/bin/python
list=$here/peers/requirements.txt
if ! cmp -s "$list" "$DCONV_PEERS/installed.txt"; then
  say "installing the peers in $DCONV_PEERS (some GB)"
  mkdir -p "$DCONV_PEERS"
  python3 -m venv "$DCONV_PEERS/venv" ||
    fail "cannot make a virtual environment; install python3-venv"
  "$python" -m pip install --quiet --requirement "$list" ||
    fail "pip cannot install the peers (above)"
  cp "$list" "$DCONV_PEERS/installed.txt"
fi

# compile NAME OPTION...: the program of peers/NAME.cpp, where that is newer.
compile() {
  local source=$here/peers/$1.cpp program=$DCONV_PEERS/$1
  if [[ ! $program -nt $source ]]; then
    clang++-22 -O2 -std=c++17 "$source" -o "$program" "${@:2}" ||
      fail "$source does not compile (above)"
  fi
}
compile onednn -I"$DCONV_PEERS/venv/include" -L"$DCONV_PEERS/venv/lib" -ldnnl \
  -Wl,-rpath,"$DCONV_PEERS/venv/lib"
compile roofline -march=native
exec "$python" -B "$here/peers/compare.py" "$@"
