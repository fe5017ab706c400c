"""A Windows to try the launchers on: Wine's cmd, with stand-ins for the programs that Wine lacks.

A stand-in is a real ``.exe`` (the launcher of pip's distlib) that starts a batch file, which starts `ANSWER` as a program of
this system: Wine does not wait for such a program, so the batch file waits for what it leaves. It fetches, hashes and extracts
for true; as ``python.exe`` it notes how it was called, and runs SPAG-4D where it is asked for that.
"""

import functools
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pip._vendor import distlib

TOOLS = ("curl", "certutil", "tar", "nvidia-smi")
CALLS, CODE, BEGUN = "calls.txt", "exit-code.txt", "begun.txt"

BRIDGE = r"""@echo off
set "LEFT=C:\bridge\left-%RANDOM%-%RANDOM%"
C:\bridge\answer.exe "%LEFT%" %*
:wait
if not exist "%LEFT%.code" goto wait
type "%LEFT%.out"
set /p CODE=<"%LEFT%.code"
del "%LEFT%.code" "%LEFT%.out"
exit /b %CODE%
"""

ANSWER = r"""#!{python}
import hashlib, pathlib, subprocess, sys, traceback, urllib.error, urllib.request, zipfile

DRIVES = {{"C:": {drive!r}, "Z:": ""}}

def path(word):
    return pathlib.Path(DRIVES[word[:2].upper()] + word[2:].replace("\\", "/"))

def translated(word):
    return str(path(word)) if word[:2].upper() in DRIVES else word

def curl(*words):
    target, url = path(words[words.index("--output") + 1]), words[-1]
    try:
        target.write_bytes(urllib.request.urlopen(url, timeout=20).read())
    except urllib.error.HTTPError:
        return 22
    except OSError:
        return 7
    return 0

def certutil(option, file, kind):
    print("SHA256 hash of", file)
    print(hashlib.sha256(path(file).read_bytes()).hexdigest())
    print("CertUtil: -hashfile command completed successfully.")
    return 0

def tar(option, archive, change, folder):
    zipfile.ZipFile(path(archive)).extractall(path(folder))
    return 0

def python(*words):
    with open({calls!r}, "a", encoding="utf-8") as calls:
        print(*map(translated, words), sep="|", file=calls)
    if words[:2] == ("-m", "spag4d") and "serve" not in words:
        return subprocess.run([{python!r}, *map(translated, words)], stdout=sys.stdout, stderr=sys.stdout).returncode
    return int(open({code!r}).read())

left, tool, *words = sys.argv[1:]
with open(f"{{path(left)}}.out", "w", encoding="utf-8") as sys.stdout:
    try:
        code = globals()[path(tool).stem](*words)
    except Exception:
        traceback.print_exc(file=sys.stdout)
        code = 255
part = pathlib.Path(f"{{path(left)}}.part")
part.write_text(f"{{code}}\n")
part.rename(f"{{path(left)}}.code")
"""


@functools.cache
def missing() -> str:
    """Return why there is no Windows to try, or nothing."""
    if sys.platform != "linux":
        return "only Linux has this Wine"
    if shutil.which("wine") is None:
        return "needs Wine (apt install --no-install-recommends wine)"
    return ""


@dataclass(frozen=True)
class Windows:
    """A Wine prefix with the stand-ins in it."""

    folder: Path

    @property
    def calls(self) -> list[list[str]]:
        """How ``python.exe`` was called so far."""
        file = self.folder / CALLS
        return [line.split("|") for line in file.read_text(encoding="utf-8").splitlines()] if file.is_file() else []

    def set_up(self) -> "Windows":
        """Make the prefix, with a server of Wine's that waits for more for a minute."""
        self._run_once("ver", typed="")
        subprocess.run(["wineserver", "-p60"], check=False, env=self._environment)
        system = self.folder / "prefix" / "drive_c"
        (system / "bridge").mkdir()
        (system / "bridge" / "run.bat").write_text(f"@echo off\necho 1> C:\\bridge\\{BEGUN}\n%COMMAND%\n", newline="\r\n")
        (system / "bridge" / "bridge.bat").write_text(BRIDGE, newline="\r\n")
        answer = system / "bridge" / "answer.exe"
        answer.write_text(ANSWER.format(
            python=sys.executable, drive=str(system), calls=str(self.folder / CALLS), code=str(self.folder / CODE)))
        answer.chmod(0o755)
        for tool in TOOLS[:3]:
            (system / "windows" / "system32" / f"{tool}.exe").unlink(missing_ok=True)
            (system / "windows" / "system32" / f"{tool}.exe").write_bytes(stand_in())
        return self

    def python_says(self, code: int) -> None:
        """Let ``python.exe`` end with a code from now on, and forget how it was called."""
        (self.folder / CODE).write_text(str(code))
        (self.folder / CALLS).unlink(missing_ok=True)

    def run(self, *words: str, typed: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command, with the standard output of all that it starts, as Explorer and people do: between quotation marks.

        On a busy machine Wine itself fails to start now and then; what has not begun is run again.
        """
        begun = self.folder / "prefix" / "drive_c" / "bridge" / BEGUN
        begun.unlink(missing_ok=True)
        done = self._run_once(*words, typed=typed, **environment)
        return done if begun.is_file() else self._run_once(*words, typed=typed, **environment)

    def _run_once(self, *words: str, typed: str, **environment: str) -> subprocess.CompletedProcess[str]:
        environment["COMMAND"] = " ".join(f'"{word}"' if set(word) & set(" &()") else word for word in words)
        with tempfile.TemporaryFile() as said:  # a pipe would stay open as long as anything of Wine's runs
            done = subprocess.run(
                ["wine", "cmd", "/c", "C:\\bridge\\run.bat"], input=typed.encode(), stdout=said, stderr=subprocess.STDOUT,
                check=False, timeout=120, cwd=self.folder, env={**self._environment, **environment})
            said.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, said.read().decode("utf-8", "replace"), "")

    def end(self) -> None:
        """End what Wine keeps running for this prefix."""
        subprocess.run(["wineserver", "-k"], check=False, env=self._environment)

    @property
    def _environment(self) -> dict[str, str]:
        # no .NET, no browser, and not Wine's empty certutil
        return {**os.environ, "WINEPREFIX": str(self.folder / "prefix"), "WINEDEBUG": "-all", "DISPLAY": "",
                "LC_ALL": "C.UTF-8", "WINEDLLOVERRIDES": "mscoree,mshtml=;certutil.exe=n"}


def named(path: Path) -> str:
    """Return how Windows calls a file of this system."""
    return "Z:" + str(path).replace("/", "\\")


def stand_in() -> bytes:
    """Return an ``.exe`` that starts the bridge with its own name and arguments, and ends as that does."""
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(zipfile.ZipInfo("empty"), "")
    start = b"#!C:\\windows\\system32\\cmd.exe /c C:\\bridge\\bridge.bat\r\n"
    return (Path(distlib.__file__).parent / "t64.exe").read_bytes() + start + archive.getvalue()
