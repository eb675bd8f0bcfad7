#!/bin/sh
# Whether a step could begin in this container: /tmp can be written, the caches are there, the baked encoder is whole, and
# the entry point loads. Without TensorFlow, so it takes a tenth of a second.
set -eu

fail() {
    echo "unhealthy: $*" >&2
    exit 1
}

probe=$(mktemp "${TMPDIR:-/tmp}/health.XXXXXX") || fail "${TMPDIR:-/tmp} cannot be written; mount a volume there"
rm -f "$probe"

for cache in "$BERTLINE_CACHE" "$TFHUB_CACHE_DIR"; do
    ls "$cache" >/dev/null 2>&1 || fail "$cache is missing or cannot be read"
done

encoder=/opt/bertline/encoder
if [ -L "$encoder" ]; then
    for file in saved_model.pb variables/variables.index assets; do
        [ -r "$encoder/$file" ] || fail "$encoder/$file is missing or cannot be read"
    done
fi

python -c "import pipeline.kubeflow.container.step" || fail "the entry point of the steps does not load"
echo healthy
