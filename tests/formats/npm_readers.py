"""Readers of other people, installed by npm into a folder that later runs find again."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from filelock import FileLock

_PACKAGES = {"@playcanvas/splat-transform": "3.7.0", "three": "0.187.0"}
_FOLDER = Path(tempfile.gettempdir(), "-".join(["spag4d-readers", *_PACKAGES.values()]))
_ARGUMENTS = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--prefer-offline", "--fetch-retries=0"]


def installed() -> Path:
    """Return the folder node_modules with the packages; skips the test where they cannot be had."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("Node and npm are not installed")
    with FileLock(_FOLDER.with_suffix(".lock")):
        if not (_FOLDER / "node_modules").is_dir():
            _install()
    return _FOLDER / "node_modules"


def _install() -> None:
    part = _FOLDER.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    (part / "package.json").write_text('{"private": true, "type": "module"}')
    names = [f"{name}@{version}" for name, version in _PACKAGES.items()]
    try:
        done = subprocess.run([shutil.which("npm") or "npm", "install", *_ARGUMENTS, *names], cwd=part, capture_output=True,
                              text=True, timeout=180, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npm takes too long to fetch the readers")
    if done.returncode:
        pytest.skip(f"npm cannot fetch the readers: {done.stderr.strip()[-200:]}")
    part.replace(_FOLDER)
