#!/usr/bin/env bash
# Runs .ci/run on stack B in a Debian trixie root, whatever this system's glibc is. Needs root, debootstrap.
#   TRIXIE_ROOT    the root's folder, made on first use (default ~/.cache/bertline/trixie); to make it anew, delete it
#   DEBIAN_MIRROR  where debootstrap fetches packages (default: its own)
#   ARGS           for pytest, as in `make test`
#   COMMAND        what to run there instead (default .ci/run), such as `make demo`
# All mounts live in a mount namespace of this script's own, which ends with it: however it ends, nothing stays mounted.
set -euo pipefail

REPO=$(realpath "$(dirname "$0")/..")
ROOT=$(realpath -m "${TRIXIE_ROOT:-${XDG_CACHE_HOME:-$HOME/.cache}/bertline/trixie}")
COPY=/srv/bertline

die() { echo "test-trixie: $*" >&2; exit 1; }

make_root() {
    local partial=$ROOT.partial
    echo "Making a Debian trixie root in $ROOT (once)"
    mkdir -p "$(dirname "$ROOT")"
    rm -rf --one-file-system "$partial"
    debootstrap --variant=minbase --include=ca-certificates,make,python3,python3-venv trixie "$partial" \
        ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >"$ROOT.log" 2>&1 || { tail -n 20 "$ROOT.log"; die "debootstrap failed; its log is $ROOT.log"; }
    mv "$partial" "$ROOT"
}

copy_in() { # FILES...: to the same paths inside the root; those that do not exist are passed over
    local file
    for file in "$@"; do
        [ -f "$file" ] || continue
        mkdir -p "$ROOT$(dirname "$file")"
        cp --dereference --remove-destination "$file" "$ROOT$file"
    done
}

# What this system needs to reach its package index: name resolution, certificates, pip's settings and the constraints
# that lie beside them.
copy_network_settings() {
    copy_in /etc/resolv.conf /etc/hosts "${SSL_CERT_FILE:-}" "${REQUESTS_CA_BUNDLE:-}" "${CURL_CA_BUNDLE:-}" "${PIP_CERT:-}" \
        "${PIP_CONFIG_FILE:-}" /etc/pip.conf /etc/xdg/pip/*
    local settings
    for settings in .pip/pip.conf .config/pip/pip.conf; do
        [ ! -f "$HOME/$settings" ] || install -D --mode=600 "$HOME/$settings" "$ROOT/root/$settings"
    done
    [ ! -f "${SSL_CERT_FILE:-}" ] || cp --dereference "$SSL_CERT_FILE" "$ROOT/etc/ssl/certs/ca-certificates.crt"
}

copy_working_tree() { # tracked and new files, not the ignored ones; the environment of the last time stays
    mkdir -p "$ROOT$COPY"
    find "$ROOT$COPY" -mindepth 1 -maxdepth 1 ! -name .venv -exec rm -rf --one-file-system {} +
    git -C "$REPO" ls-files --cached --others --exclude-standard -z |
        tar --create --directory "$REPO" --null --files-from - --ignore-failed-read --warning=no-failed-read |
        tar --extract --directory "$ROOT$COPY" --no-same-owner
}

environment_inside() { # prints NAME=VALUE lines, each ended by NUL
    printf '%s\0' HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 STACK=B \
        "TERM=${TERM:-dumb}" "ARGS=${ARGS:-}"
    env --null | grep --null-data -iE '^(PIP_[A-Z_]+|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|(https?|all|no)_proxy)=' |
        grep --null-data -v '^PIP_CACHE_DIR=' || true
}

run_inside() {
    local settings
    mount -t proc proc "$ROOT/proc"
    mount --rbind /dev "$ROOT/dev"
    mapfile -d "" settings < <(environment_inside)
    env --ignore-environment "${settings[@]}" chroot "$ROOT" /bin/sh -c "cd $COPY && exec ${COMMAND:-.ci/run}"
}

if [ "${1:-}" = inside ]; then
    run_inside
    exit
fi

[ "$(id -u)" = 0 ] || die "chroot and mounts need root: sudo make test-trixie"
command -v git >/dev/null || die "git is missing: apt-get install git"
if [ ! -e "$ROOT/usr/bin/python3" ]; then
    command -v debootstrap >/dev/null || die "debootstrap is missing: apt-get install debootstrap"
    make_root
fi
copy_network_settings
copy_working_tree
exec unshare --mount --propagation private --pid --fork --kill-child "$0" inside
