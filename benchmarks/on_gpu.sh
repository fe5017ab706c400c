#!/bin/sh
# Everything that a GPU does for SPAG-4D, on a bare machine that has one: sh benchmarks/on_gpu.sh [--device cuda] [--tiny]
# Needs torch, numpy and safetensors; what else is missing is named, and its part left out. See benchmarks/on_gpu.py.
set -eu
cd "$(dirname "$0")/.."
exec "${SPAG4D_PYTHON:-python3}" -m benchmarks.on_gpu "$@"
