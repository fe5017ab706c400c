#!/usr/bin/env bash
# SPAG-4D on Linux and macOS.
#   ./run.sh                                   the web page, at http://localhost:7860 or the next free port
#   ./run.sh convert panorama.jpg scene.ply    the command line (any "spag4d" command)
#   ./run.sh test                              the test suite
# The first call makes .venv beside this file and installs into it; nothing else on the system is touched.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv="$root/.venv"

fail() {
    echo "Error: $*" >&2
    exit 1
}

is_usable() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1
}

# Debian's python3 may come without what makes virtual environments.
makes_environments() {
    "$1" -c 'import ensurepip, venv' >/dev/null 2>&1
}

# The newest Pythons come last: not every package has a build for them.
find_python() {
    local name seen=""
    for name in ${SPAG4D_PYTHON:+"$SPAG4D_PYTHON"} python3.12 python3.11 python3.10 python3 python3.13 python3.14; do
        is_usable "$name" || continue
        if makes_environments "$name"; then
            echo "$name"
            return
        fi
        seen=$name
    done
    if [ -n "$seen" ]; then
        fail "$seen cannot make virtual environments, as its modules venv and ensurepip are missing. $(advice python3-venv)"
    fi
    fail "Python 3.10 or newer was not found. $(advice "python3 python3-venv")"
}

advice() {
    case "$(uname -s 2>/dev/null)" in
    Darwin) echo "Install it with: brew install python@3.12 (or from python.org)." ;;
    *) echo "Debian and Ubuntu: sudo apt install $1. Fedora: sudo dnf install python3. Arch: sudo pacman -S python." ;;
    esac
}

# A .venv without a working Python or without pip is left from an attempt that failed, or from a Python that is gone.
make_venv() {
    local python
    is_usable "$venv/bin/python" && [ -x "$venv/bin/pip" ] && return
    python=$(find_python)
    echo "Making .venv with $("$python" --version) ..." >&2
    "$python" -m venv --clear "$venv" || fail "the virtual environment could not be made (see above)."
}

has_nvidia_gpu() {
    [ -e /proc/driver/nvidia/version ] || [ -e /dev/dxg ] || nvidia-smi -L >/dev/null 2>&1  # dxg: Linux inside of Windows
}

# The ordinary PyTorch is right for macOS (MPS) and for NVIDIA GPUs. Elsewhere on Linux it would bring gigabytes of CUDA.
install_torch() {
    [ "$(uname -s)" = Linux ] && ! has_nvidia_gpu || return 0
    "$venv/bin/python" -c 'import torch' >/dev/null 2>&1 && return
    echo "No NVIDIA GPU was found: installing the PyTorch for processors ..." >&2
    "$venv/bin/python" -m pip install --disable-pip-version-check --quiet --retries 1 --timeout 15 \
        --constraint "$root/constraints.txt" --index-url "${SPAG4D_TORCH_URL:-https://download.pytorch.org/whl}/cpu" torch ||
        echo "It could not be fetched; the ordinary one does as well." >&2
}

# What draws scenes in the page could not be fetched at the installation: try again, and go on without it all the same.
fetch_viewer() {
    "$venv/bin/python" -m pip install --disable-pip-version-check --quiet --retries 0 --timeout 5 \
        --no-deps --editable "$root" >/dev/null 2>&1 || true
}

# A stamp that names what was installed: a run that was interrupted, or newer requirements, install again.
install() {
    local extras=$1 stamp="$venv/installed-$1" wanted
    wanted=$(cat "$root/pyproject.toml" "$root/constraints.txt" "$root/static/npm/package-lock.json" | cksum; echo "$root")
    make_venv
    if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
        [ -e "$root/static/vendor/fetched" ] || fetch_viewer
        return
    fi
    echo "Installing SPAG-4D into .venv (a few minutes the first time) ..." >&2
    install_torch
    "$venv/bin/python" -m pip install --disable-pip-version-check --quiet \
        --constraint "$root/constraints.txt" --editable "$root${extras:+[$extras]}" >&2 ||
        fail "the installation stopped (see above). Check the network connection and start again; it goes on where it was."
    echo "Compiling its loops for this processor ..." >&2
    "$venv/bin/python" -m spag4d.warm_up 2>/dev/null || true  # without it the first conversion compiles them
    echo "$wanted" >"$stamp"
}

if [ "${1:-}" = test ]; then
    shift
    install dev
    cd "$root"
    OMP_NUM_THREADS=1 exec "$venv/bin/python" -m pytest "$@"  # two workers share the cores
fi

# Whether there is somebody to show a page to.
has_screen() {
    [ -z "${CI:-}" ] && [ -z "${SSH_CONNECTION:-}" ] || return 1
    [ "$(uname -s)" = Darwin ] || [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]
}

if [ -e "$venv/installed-dev" ]; then install dev; else install ""; fi
if [ $# -eq 0 ]; then
    set -- serve
    if has_screen; then set -- serve --open; fi
fi
exec "$venv/bin/python" -m spag4d "$@"
