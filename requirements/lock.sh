#!/usr/bin/env bash
# Resolves requirements/*.in into the pinned, hashed locks. Versions stay as they are locked, unless an .in asks for
# another one or UPGRADE=1 is set. uv does it, since pip's resolver does not finish on TFX.
set -euo pipefail
cd "$(dirname "$0")"

command -v uv >/dev/null || { echo "make locks needs uv: pip install uv" >&2; exit 1; }

compile() { # NAME PYTHON FURTHER-OPTIONS...
    local name=$1 python=$2
    shift 2
    echo "Resolving $name.in"
    uv pip compile "$name.in" --output-file "$name.lock" --python-version "$python" --generate-hashes --quiet \
        --excludes excludes.txt --custom-compile-command "make locks" ${UPGRADE:+--upgrade} "$@"
}

compile stack-a 3.10 --overrides overrides-a.txt --python-platform x86_64-manylinux_2_28
# One lock for Python 3.11 to 3.13: markers tell apart the few packages that differ.
compile stack-b 3.11 --overrides overrides-b.txt --universal
# CUDA's libraries alone: what the stack has is not named again.
compile_gpu() { # a|b PYTHON PLATFORM
    local of_stack
    mapfile -t of_stack < <(sed -n 's/^\([A-Za-z0-9._-]*\)==.*/--no-emit-package=\1/p' "stack-$1.lock")
    compile "gpu-$1" "$2" --constraints "stack-$1.lock" --overrides "overrides-$1.txt" --python-platform "$3" "${of_stack[@]}"
}
compile_gpu a 3.10 x86_64-manylinux_2_28
compile_gpu b 3.13 x86_64-manylinux_2_39
# The tools share the stacks' environment, so what they have in common has one version.
compile dev 3.10 --constraints stack-a.lock --constraints stack-b.lock --universal \
    --excludes excludes-dev.txt
# The benchmarks' environment is its own; its Python is the stack's.
compile benchmarks 3.10 --universal
