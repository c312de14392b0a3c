#!/usr/bin/env bash
# Builds dconv and runs its tests; ends with the line `N passed, N failed`.
#
#   tools/test.sh [--fast | --full]
#
# Three builds: `release` runs everything, and all MLIR files once more with a
# round trip through the printer and the parser; `asan` (address and undefined
# behaviour) everything again with a seeded tenth of the matrix of convolutions;
# `tsan` the tests of the runtime.
#
#   --fast   only `release`, without the second round
#   --full   the whole matrix under `asan` too
#
# DCONV_MATRIX_SEED picks another tenth.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

mode=${1-}
case $mode in
  '' | --fast | --full) ;;
  -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit ;;
  *) printf 'test: error: unknown option %q; known: --fast --full\n' "$mode" >&2; exit 2 ;;
esac

passed=0 failed=0 skipped=0

title() { printf '\n== %s (%d s)\n' "$1" $SECONDS; }

# build PRESET [TARGET...]: a build that fails counts as one failed test.
build() {
  local preset=$1
  shift
  tools/setup.sh --preset="$preset" "$@" && return
  failed=$((failed + 1))
  return 1
}

# run TITLE FOLDER [VARIABLE=VALUE...]: runs lit over FOLDER and adds to the sums.
run() {
  local folder=$2 results counts status=0
  title "$1"
  results=$(mktemp)
  env "${@:3}" /usr/lib/llvm-22/bin/lit -sv --output "$results" "$folder" \
    </dev/null || status=$?
  counts=$(python3 - "$results" "$status" <<'PYTHON'
import collections, json, sys

path, status = sys.argv[1:]
try:
    with open(path) as file:
        tests = json.load(file)["tests"]
except (OSError, ValueError):
    tests = []
counts = collections.Counter(test["code"] for test in tests)
passed = counts["PASS"] + counts["FLAKYPASS"] + counts["XFAIL"]
skipped = counts["UNSUPPORTED"] + counts["SKIPPED"] + counts["EXCLUDED"]
failed = len(tests) - passed - skipped
if failed == 0 and (status != "0" or passed == 0):
    failed = 1  # lit itself failed, or there was nothing to run
print(passed, failed, skipped)
PYTHON
  ) || counts="0 1 0"
  rm -f "$results"
  local now
  read -ra now <<<"$counts"
  printf '%d passed, %d failed, %d skipped in: %s\n' "${now[@]}" "$1"
  passed=$((passed + now[0]))
  failed=$((failed + now[1]))
  skipped=$((skipped + now[2]))
}

title "build release"
if build release; then
  run "release" build/test
  if [[ $mode != --fast ]]; then
    run "release, round trip" build/test DCONV_ROUNDTRIP=1
  fi
fi

if [[ $mode != --fast ]]; then
  share=0.1
  if [[ $mode == --full ]]; then share=1; fi
  title "build tsan"
  build tsan dconv-test-depends && run "tsan, runtime" build-tsan/test/Unit
  title "build asan"
  build asan dconv-test-depends &&
    run "asan and ubsan, $share of the matrix" build-asan/test \
      DCONV_MATRIX_SAMPLE="$share" DCONV_MATRIX_SEED="${DCONV_MATRIX_SEED:-1}"
fi

printf '\n'
if ((skipped)); then
  printf '%d passed, %d failed, %d skipped\n' $passed $failed $skipped
else
  printf '%d passed, %d failed\n' $passed $failed
fi
((failed == 0 && passed > 0))
