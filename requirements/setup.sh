#!/usr/bin/env bash
# Builds the virtual environment (VENV, default .venv) from the locks: once, and again only when a lock has changed.
#   STACK=A  Python 3.10, TFX 1.16, any glibc from 2.17      STACK=B  Python 3.11 to 3.13, TFX 1.21, glibc from 2.39
# Unset: the stack that stands, else B where glibc and a Python permit, else A.
#   GPU=1    CUDA's libraries as well, 3 GB (the driver is the system's)      GPU=0    without them
# Unset: as it stands, else without.
# The stamp is written last, so an environment whose making was killed is made anew and never taken for done.
set -euo pipefail
cd "$(dirname "$0")/.."

VENV=$(realpath -m "${VENV:-.venv}")
STAMP=$VENV/bertline-setup.stamp
LOG=$VENV/setup.log
B_GLIBC=2.39
B_PYTHONS="3.13 3.12 3.11"
A_PYTHON=3.10

die() { echo "setup: $*" >&2; exit 1; }

# ---------------------------------------------------------------- which Python, which stack

usable_python() { # COMMAND VERSION: prints the interpreter's path if it is that version and can make environments
    "$1" -c "
import sys, ensurepip, venv
assert '%d.%d' % sys.version_info[:2] == '$2'
print(getattr(sys, '_base_executable', None) or sys.executable)" 2>/dev/null
}

find_python() { # VERSION: prints the path of a Python found on the PATH, under pyenv or by uv; fails if there is none
    local version=$1 candidate
    for candidate in "python$version" python3 python \
        "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python "$(uv python find "$version" 2>/dev/null || true)"; do
        [ -n "$candidate" ] && usable_python "$candidate" "$version" && return
    done
    return 1
}

glibc_version() { getconf GNU_LIBC_VERSION 2>/dev/null | awk '{print $2}'; }

b_permitted() { [ "$(printf '%s\n' "$B_GLIBC" "$(glibc_version)" | sort -V | head -n 1)" = "$B_GLIBC" ]; }

how_to_get() { # VERSION
    echo "install it with 'uv python install $1' or 'pyenv install $1', or your system's python$1 and python$1-venv"
}

choose_b() {
    local version
    b_permitted || return 1
    for version in $B_PYTHONS; do
        PYTHON=$(find_python "$version") && STACK=B && return
    done
    return 1
}

choose_a() { PYTHON=$(find_python "$A_PYTHON") && STACK=A; }

choose_stack() {
    [ "$(uname -sm)" = "Linux x86_64" ] || die "TFX has wheels for Linux on x86-64 only, and this is $(uname -sm); use a container or a virtual machine"
    [ -n "$(glibc_version)" ] || die "TFX's wheels need glibc, and this system has none (musl?); use Debian, Ubuntu, Fedora..."
    case ${STACK:-} in
        A) choose_a || die "stack A needs Python $A_PYTHON, and none was found: $(how_to_get "$A_PYTHON")" ;;
        B)
            b_permitted || die "stack B needs glibc $B_GLIBC, and this system has $(glibc_version); leave STACK unset or set STACK=A"
            choose_b || die "stack B needs Python 3.11 to 3.13 with venv, and none was found: $(how_to_get 3.13)"
            ;;
        "") choose_b || choose_a || die "no suitable Python was found: $(how_to_get "$(b_permitted && echo 3.13 || echo "$A_PYTHON")")" ;;
        *) die "STACK is A or B, not '$STACK'" ;;
    esac
}

# ---------------------------------------------------------------- what stands already

lock_of() { echo "requirements/stack-${1,,}.lock"; }

locks_of() { # STACK GPU: prints the paths of all that is installed
    lock_of "$1"
    [ "$2" = 0 ] || echo "requirements/gpu-${1,,}.lock"
    echo requirements/dev.lock
}

digest_of_locks() { locks_of "$1" "$2" | xargs cat | sha256sum | cut -d " " -f 1; }

# The packages that an editable install maps are those it found, so a new one asks for it again.
digest_of_project() { { cat setup.py; ls -- */__init__.py; } | sha256sum | cut -d " " -f 1; }

# A moved environment is broken: its path is part of the stamp.
stamp_of() { echo "$1$([ "$2" = 0 ] || echo +gpu) $(digest_of_locks "$1" "$2") $VENV"; } # STACK GPU

stamped_gpu() { # prints 1 or 0: whether what stands, be it of older locks, has CUDA's libraries
    case $(head -n 1 "$STAMP" 2>/dev/null) in ?+gpu\ *) echo 1 ;; *) echo 0 ;; esac
}

standing_stack() { # GPU: prints the stack of the complete, current environment with or without it; fails if there is none
    local stack
    stack=$(head -c 1 "$STAMP" 2>/dev/null) || return 1
    [ "$(head -n 1 "$STAMP")" = "$(stamp_of "$stack" "$1")" ] && "$VENV/bin/python" -c "" 2>/dev/null && echo "$stack"
}

project_stands() { [ "$(sed -n 2p "$STAMP")" = "$(digest_of_project)" ]; }

# ---------------------------------------------------------------- building

step() { # TEXT COMMAND...: runs quietly, says how long it took, and shows the end of the log if it fails
    local text=$1 start=$SECONDS
    shift
    printf '  %-74s' "$text"
    "$@" >>"$LOG" 2>&1 </dev/null || {
        printf 'failed\n\n'
        { grep -v '^WARNING' "$LOG" || true; } | tail -n 25
        die "failed at '$text'; the whole log is $LOG, and running it again starts afresh"
    }
    printf '%4d s\n' $((SECONDS - start))
}

# --no-compile: byte-compiling comes last, on all processors. --no-build-isolation: the few packages without a wheel are
# built with the locked setuptools, not with whatever is newest today.
pip_install() { "$VENV/bin/python" -m pip install --quiet --no-input --no-deps --no-compile --no-build-isolation "$@"; }

install_build_tools() {
    awk '/^[^ #]/ { wanted = /^(setuptools|wheel)==/ } wanted' "$1" >"$VENV/build-tools.lock" &&
        pip_install -r "$VENV/build-tools.lock"
}

install_project() { pip_install --editable .; }

byte_compile() { # some packages carry templates that are not Python, so its status says nothing
    "$VENV/bin/python" -m compileall -qq -j 0 "$VENV/lib" || true
}

start_afresh() {
    if [ -e "$VENV" ] && [ ! -e "$LOG" ] && [ ! -e "$VENV/pyvenv.cfg" ]; then
        rmdir "$VENV" 2>/dev/null || die "$VENV is no virtual environment; move it away or set VENV to another folder"
    fi
    mkdir -p "$VENV"
    rm -f "$STAMP"
    : >"$LOG" # stays to the last, as the sign that the folder is ours
    [ "$(ls -A "$VENV")" = setup.log ] || step "removing what stood there" empty_but_log
}

empty_but_log() { find "$VENV" -mindepth 1 -maxdepth 1 ! -path "$LOG" -exec rm -rf {} +; }

need_compiler() { # stack A has one package without a wheel (pyfarmhash)
    command -v g++ c++ clang++ >/dev/null || die "stack A compiles one small package: install a C++ compiler (apt-get install g++)"
    [ -e "$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ] ||
        die "stack A compiles one small package: install Python's headers (apt-get install python$A_PYTHON-dev)"
}

build() { # GPU
    local lock size="about 1 GB" start=$SECONDS requirements=()
    lock=$(lock_of "$STACK")
    mapfile -t requirements < <(locks_of "$STACK" "$1" | sed 's/^/--requirement=/')
    [ "$1" = 0 ] || size="about 3 GB"
    [ "$STACK" = B ] || need_compiler
    echo "Setting up $VENV: stack $STACK$([ "$1" = 0 ] || echo " with CUDA") ($(grep -oE '^tfx==[0-9.]+' "$lock" | sed 's/==/ /'), $("$PYTHON" --version), glibc $(glibc_version))"
    start_afresh
    step "virtual environment" "$PYTHON" -m venv "$VENV"
    step "build tools" install_build_tools "$lock"
    step "locked packages ($size to download, unless pip has them cached)" pip_install "${requirements[@]}"
    step "bertline itself, editable" install_project
    step "byte code" byte_compile
    printf '%s\n%s\n' "$(stamp_of "$STACK" "$1")" "$(digest_of_project)" >"$STAMP.new"
    mv "$STAMP.new" "$STAMP"
    echo "Set up in $((SECONDS - start)) s, $(du -sh "$VENV" | cut -f 1). To make it anew: rm -rf $VENV"
}

update_project() {
    local standing
    standing=$(head -n 1 "$STAMP")
    step "bertline itself, editable" install_project
    printf '%s\n%s\n' "$standing" "$(digest_of_project)" >"$STAMP.new"
    mv "$STAMP.new" "$STAMP"
}

main() {
    local standing gpu
    unset PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME
    exec 9<"requirements/setup.sh"
    command -v flock >/dev/null && { flock --nonblock 9 || { echo "Waiting for another set-up to end"; flock 9; }; }
    gpu=${GPU:-$(stamped_gpu)}
    [[ $gpu = [01] ]] || die "GPU is 1 or 0, not '$gpu'"
    if standing=$(standing_stack "$gpu") && [ "${STACK:-$standing}" = "$standing" ]; then
        project_stands || update_project
    else
        choose_stack
        build "$gpu"
    fi
}

main
