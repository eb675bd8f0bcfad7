#!/usr/bin/env bash
# Builds the image of kubeflow/Dockerfile, tries it, and prints its size, and its digest where it was pushed.
#   IMAGE    its name (default bertline:VERSION-cpu, or -gpu)
#   ENCODER  that is baked in, as encoder.handle (default all-MiniLM-L6-v2); ENCODER= leaves it out
#   GPU=1    with CUDA's libraries
#   PUSH=1   push it to the registry that IMAGE names
#   BASE     the base image (default debian:trixie-slim), better by its digest: debian:trixie-slim@sha256:...
#   ENGINE   docker, podman or buildah (default: the first of them that runs)
#   PIP_CONFIG_FILE  pip's settings, for an index of your own; a build secret, of which nothing stays in the image
set -euo pipefail
case $0 in */*) cd "${0%/*}/.." ;; *) cd .. ;; esac

die() { echo "image: $*" >&2; exit 1; }

# ---------------------------------------------------------------- which engine

runs() { # ENGINE: whether it is there and could build
    case $1 in
        docker) docker version --format '{{.Server.Version}}' ;;
        podman | buildah) "$1" info ;;
        *) false ;;
    esac >/dev/null 2>&1
}

choose_engine() {
    local engine missing=""
    for engine in ${ENGINE:-docker podman buildah}; do
        runs "$engine" && { echo "$engine"; return; }
        if command -v "$engine" >/dev/null; then
            missing+="${missing:+, }$engine is installed but does not answer (is its daemon running, may you use it?)"
        else
            missing+="${missing:+, }$engine is not installed"
        fi
    done
    die "no container engine runs here: $missing. Start or install one; without one, as root," \
        "python -m tests.kubeflow.rootfs FOLDER executes the Dockerfile in a plain folder"
}

# ---------------------------------------------------------------- build, try, push

version() { sed -n 's/^ *version="\(.*\)",$/\1/p' setup.py; }

revision() { # of the working tree
    local commit
    commit=$(git rev-parse HEAD 2>/dev/null) || { echo unknown; return; }
    [ -z "$(git status --porcelain 2>/dev/null)" ] || commit+=-modified
    echo "$commit"
}

created() { git log -1 --format=%cI 2>/dev/null || date --utc +%Y-%m-%dT%H:%M:%SZ; } # of the sources: the same image always

build() {
    # TFX has wheels for this platform alone.
    local options=(--platform linux/amd64 --file kubeflow/Dockerfile --target "$TARGET" --tag "$IMAGE")
    options+=(--build-arg "VERSION=$VERSION" --build-arg "REVISION=$(revision)" --build-arg "CREATED=$(created)")
    [ -z "${BASE:-}" ] || options+=(--build-arg "BASE=$BASE")
    [ -z "${ENCODER+set}" ] || options+=(--build-arg "ENCODER=$ENCODER")
    [ ! -f "${PIP_CONFIG_FILE:-}" ] || options+=(--secret "id=pip,src=$PIP_CONFIG_FILE")
    # OCI's own format has no health check.
    [ "$ENGINE" = docker ] || options+=(--format docker)
    "$ENGINE" build "${options[@]}" .
}

try() { # as a cluster may run it
    local container
    if [ "$ENGINE" = buildah ]; then
        container=$(buildah from "$IMAGE")
        buildah run "$container" /opt/bertline/health
        buildah rm "$container" >/dev/null
    else
        "$ENGINE" run --rm --read-only --tmpfs /tmp --cap-drop ALL --entrypoint /opt/bertline/health "$IMAGE"
    fi
}

size() {
    if [ "$ENGINE" = buildah ]; then
        buildah images --format '{{.Size}}' "$IMAGE"
    else
        "$ENGINE" image inspect --format '{{.Size}}' "$IMAGE" | awk '{printf "%.0f MB\n", $1 / 1e6}'
    fi
}

push() { # prints the digest, which the registry gives
    local file
    if [ "$ENGINE" = docker ]; then
        docker push --quiet "$IMAGE" >/dev/null
        docker image inspect --format '{{index .RepoDigests 0}}' "$IMAGE"
    else
        file=$(mktemp)
        "$ENGINE" push --quiet --digestfile "$file" "$IMAGE" >&2
        echo "$(repository)@$(cat "$file")"
        rm -f "$file"
    fi
}

repository() { # IMAGE without its tag; a registry's port is no tag
    local last=${IMAGE##*/}
    echo "${IMAGE%"$last"}${last%%:*}"
}

main() {
    ENGINE=$(choose_engine)
    VERSION=$(version)
    TARGET=cpu
    [ "${GPU:-}" != 1 ] || TARGET=gpu
    IMAGE=${IMAGE:-bertline:$VERSION-$TARGET}
    build
    try
    echo "image: $IMAGE ($TARGET), $(size), built by $ENGINE in $SECONDS s"
    if [ "${PUSH:-}" = 1 ]; then
        echo "kubeflow.image: $(push)"
    else
        echo "It has a digest once it is pushed (PUSH=1); that is what kubeflow.image names"
    fi
}

main
