#!/usr/bin/env bash
# Builds dconv and runs the demo: see demo/README.md. Options are demo/run.py's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools/setup.sh

# The project's virtual environment holds what the pictures need.
if ! cmp -s demo/requirements.txt .venv/demo-requirements.txt; then
  [[ -x .venv/bin/python ]] || python3 -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check \
    --no-deps -r demo/requirements.txt
  cp demo/requirements.txt .venv/demo-requirements.txt
fi

exec .venv/bin/python demo/run.py "$@"
