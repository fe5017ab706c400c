#!/usr/bin/env bash
# SPAG-4D on Linux and macOS.
#   ./run.sh                                   the web page, at http://localhost:7860
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

find_python() {
    local name
    for name in "${SPAG4D_PYTHON:-python3}" python3.12 python3.11 python3.10 python3.13; do
        if is_usable "$name"; then
            echo "$name"
            return
        fi
    done
    fail "Python 3.10 or newer was not found. Debian and Ubuntu: sudo apt install python3 python3-venv." \
        "Fedora: sudo dnf install python3. macOS: brew install python@3.12."
}

# A .venv without a working Python or without pip is left from an attempt that failed, or from a Python that is gone.
make_venv() {
    local python
    is_usable "$venv/bin/python" && [ -x "$venv/bin/pip" ] && return
    python=$(find_python)
    echo "Making .venv with $("$python" --version) ..." >&2
    "$python" -m venv --clear "$venv" ||
        fail "the virtual environment could not be made. Debian and Ubuntu: sudo apt install python3-venv."
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
    "$venv/bin/python" -m pip install --disable-pip-version-check --quiet \
        --constraint "$root/constraints.txt" --editable "$root${extras:+[$extras]}" >&2 ||
        fail "the installation stopped (see above). Check the network connection and start again; it goes on where it was."
    echo "$wanted" >"$stamp"
}

if [ "${1:-}" = test ]; then
    shift
    install dev
    cd "$root"
    OMP_NUM_THREADS=1 exec "$venv/bin/python" -m pytest "$@"  # two workers share the cores
fi

if [ -e "$venv/installed-dev" ]; then install dev; else install ""; fi
[ $# -gt 0 ] || set -- serve
exec "$venv/bin/python" -m spag4d "$@"
