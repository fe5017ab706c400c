"""The launchers beside the README: what can be said of them without installing anything."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ["install.bat", "run.bat"])
def test_windows_launchers_have_windows_line_ends(name: str) -> None:
    text = (ROOT / name).read_bytes()
    assert text.count(b"\n") == text.count(b"\r\n") > 10
    assert text.isascii()


@pytest.mark.skipif(os.name == "nt", reason="Windows has run.bat")
def test_the_unix_launcher_is_executable_and_well_formed() -> None:
    assert os.access(ROOT / "run.sh", os.X_OK)
    subprocess.run(["bash", "-n", str(ROOT / "run.sh")], check=True)


@pytest.mark.skipif(os.name == "nt", reason="Windows has run.bat")
def test_without_a_usable_python_the_launcher_says_what_to_install(tmp_path: Path) -> None:
    shutil.copy(ROOT / "run.sh", tmp_path)
    (tmp_path / "static" / "npm").mkdir(parents=True)
    for name in ("pyproject.toml", "constraints.txt", "static/npm/package-lock.json"):
        shutil.copy(ROOT / name, tmp_path / name)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "dirname", "cat", "cksum"):
        (tools / name).symlink_to(shutil.which(name) or name)
    done = subprocess.run(
        [tools / "bash", tmp_path / "run.sh", "--help"], env={"PATH": str(tools)}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: Python 3.10 or newer was not found") and "apt install" in done.stderr
