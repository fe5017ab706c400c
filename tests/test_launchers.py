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


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the launcher, and in ``bin`` all programs that it may find."""
    shutil.copy(ROOT / "run.sh", tmp_path)
    (tmp_path / "static" / "npm").mkdir(parents=True)
    for name in ("pyproject.toml", "constraints.txt", "static/npm/package-lock.json"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "bin").mkdir()
    for name in ("bash", "dirname", "cat", "cksum", "mkdir", "cp"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or name)
    return system(tmp_path, "Linux")


def system(checkout: Path, name: str) -> Path:
    return program(checkout, "uname", f"echo {name}")


def program(checkout: Path, name: str, script: str) -> Path:
    """Let the launcher find a program."""
    path = checkout / "bin" / name
    path.unlink(missing_ok=True)
    path.write_text(f"#!{shutil.which('bash')}\n{script}\n")  # not the one in ``bin``: such a line ends at a space
    path.chmod(0o755)
    return checkout


PYTHON = """
printf '%s\\n' "{name} $*" >>"$CALLS"
case "$*" in
*version_info*) exit {usable} ;;
*ensurepip*) exit {venv} ;;
*"import torch") exit 1 ;;
*--version) echo "Python of {name}" ;;
*"-m venv"*) mkdir "${{@: -1}}" "${{@: -1}}/bin"; cp "$0" "${{@: -1}}/bin/python"; cp "$0" "${{@: -1}}/bin/pip" ;;
*--index-url*) exit {torch} ;;
esac
exit 0
"""


def python(checkout: Path, name: str, *, usable: bool = True, venv: bool = True, torch: bool = True) -> None:
    """Let the launcher find a Python."""
    program(checkout, name, PYTHON.format(name=name, usable=int(not usable), venv=int(not venv), torch=int(not torch)))


def run(checkout: Path, *words: str, **environment: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Return how the launcher ended, and how Pythons were called after the search for one."""
    calls = checkout / "calls"
    calls.write_text("")
    done = subprocess.run(
        [checkout / "bin" / "bash", checkout / "run.sh", *words], capture_output=True, text=True, check=False,
        env={"PATH": str(checkout / "bin"), "CALLS": str(calls), **environment})
    return done, [line for line in calls.read_text().splitlines() if " -m " in line]


unix = pytest.mark.skipif(os.name == "nt", reason="Windows has run.bat")


@unix
@pytest.mark.parametrize(("name", "advice"), [("Linux", "sudo apt install python3 python3-venv"), ("Darwin", "brew install")])
def test_without_a_usable_python_the_launcher_says_what_to_install(checkout: Path, name: str, advice: str) -> None:
    python(system(checkout, name), "python3", usable=False)
    done, _ = run(checkout, "--help")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: Python 3.10 or newer was not found") and advice in done.stderr


@unix
def test_a_python_without_venv_is_passed_over_or_explained(checkout: Path) -> None:
    python(checkout, "python3.12", venv=False)
    done, _ = run(checkout, "--help")
    assert done.returncode == 1 and "Error: python3.12 cannot make virtual environments" in done.stderr
    assert "sudo apt install python3-venv" in done.stderr
    python(checkout, "python3.10")
    assert "Making .venv with Python of python3.10" in run(checkout, "--help")[0].stderr


@unix
@pytest.mark.parametrize(("there", "taken"), [
    (("python3", "python3.13", "python3.12", "python3.10"), "python3.12"), (("python3.13", "python3"), "python3"),
    (("python3.13",), "python3.13")])
def test_the_python_is_the_newest_that_every_package_is_built_for(checkout: Path, there: tuple[str, ...], taken: str) -> None:
    for name in there:
        python(checkout, name)
    _, calls = run(checkout, "--help")
    assert calls[0].startswith(f"{taken} -m venv ")


@unix
@pytest.mark.skipif(Path("/proc/driver/nvidia/version").exists() or Path("/dev/dxg").exists(), reason="there is a GPU")
def test_the_machine_decides_which_pytorch(checkout: Path) -> None:
    python(checkout, "python3")
    assert any(" torch" in call and "download.pytorch.org/whl/cpu" in call for call in run(checkout, "--help")[1])
    for name in ("Darwin", "Linux"):
        shutil.rmtree(checkout / ".venv")
        program(system(checkout, name), "nvidia-smi", "exit 0")
        assert not any("--index-url" in call for call in run(checkout, "--help")[1])


@unix
@pytest.mark.skipif(Path("/proc/driver/nvidia/version").exists() or Path("/dev/dxg").exists(), reason="there is a GPU")
def test_where_the_small_pytorch_cannot_be_had_the_ordinary_one_does(checkout: Path) -> None:
    python(checkout, "python3", torch=False)
    done, calls = run(checkout, "--version")
    assert done.returncode == 0 and "the ordinary one does as well" in done.stderr
    assert "--editable" in calls[-3] and calls[-1].endswith("-m spag4d --version")


@unix
def test_an_installation_compiles_what_a_conversion_needs(checkout: Path) -> None:
    python(checkout, "python3")
    done, calls = run(checkout, "--version")
    assert "Compiling its loops" in done.stderr and calls[-2].endswith("-m spag4d.warm_up")
    assert not any("warm_up" in call for call in run(checkout, "--version")[1])


@unix
@pytest.mark.parametrize(("name", "environment", "opens"), [
    ("Linux", {}, False), ("Linux", {"DISPLAY": ":0"}, True), ("Linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
    ("Linux", {"DISPLAY": ":0", "CI": "true"}, False), ("Darwin", {}, True), ("Darwin", {"SSH_CONNECTION": "1 2"}, False)])
def test_the_page_is_shown_where_there_is_a_screen(
    checkout: Path, name: str, environment: dict[str, str], opens: bool
) -> None:
    python(system(checkout, name), "python3")
    _, calls = run(checkout, **environment)
    assert calls[-1].split(" -m ")[1] == ("spag4d serve --open" if opens else "spag4d serve")
    assert run(checkout, "serve", **environment)[1][-1].endswith("-m spag4d serve")
