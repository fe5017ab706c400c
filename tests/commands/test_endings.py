"""Every command ends in words and with the right code, whatever the system, a signal or a slip of the user's does."""

import errno
import io
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from spag4d.commands import cli, endings
from spag4d.commands.endings import in_words
from spag4d.errors import InputError
from spag4d.io.standard_input import kept

ROOT = Path(__file__).parents[2]
posix = pytest.mark.skipif(os.name == "nt", reason="pipes and links of POSIX")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def refused(*arguments: object) -> str:
    done = run(*arguments)
    errors = [line for line in done.stderr.splitlines() if not line.startswith("Note: ")]
    assert done.exit_code == 2 and "Traceback" not in done.output and len(errors) == 1, done.output
    return done.stderr


COMMANDS = {
    "convert": ("convert", "{}", "{folder}/a.ply"), "convert-video": ("convert-video", "{}", "{folder}/frames"),
    "info": ("info", "{}"),
    "check": ("check", "{}"), "render": ("render", "{}", "{folder}/a.png"), "transform": ("transform", "{}", "{folder}/b.ply"),
    "--depth-map": ("convert", "{folder}/photo.png", "{folder}/a.ply", "--depth-map", "{}"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.fromarray(np.full((32, 64, 3), 99, np.uint8)).save(tmp_path / "photo.png")
    return tmp_path


def filled(name: str, given: object, folder: Path) -> list[str]:
    return [word.format(given, folder=folder) for word in COMMANDS[name]]


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("address", ["https://example.org/a/b.jpg", "s3://bucket/a.ply", "file:///a.ply"])
def test_addresses_are_not_fetched(name: str, address: str, folder: Path) -> None:
    said = refused(*filled(name, address, folder))
    assert "Nothing is fetched" in said and (address in said or address.startswith("file"))


@posix
@pytest.mark.parametrize("name", COMMANDS)
def test_pipes_that_nobody_writes_to_are_refused(name: str, folder: Path) -> None:
    os.mkfifo(folder / "pipe.ply")
    assert "is a pipe or a device, not a file" in refused(*filled(name, folder / "pipe.ply", folder))


@posix
@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("given", ["loop.ply", "a" * 300 + ".ply"])
def test_names_that_the_system_refuses(name: str, given: str, folder: Path) -> None:
    (folder / "loop.ply").symlink_to("loop.ply")
    assert given[:100] in refused(*filled(name, folder / given, folder))


@pytest.mark.parametrize("output", ["/dev/stdout", "-", "/dev/null"])
def test_scenes_are_not_written_to_streams(output: str, folder: Path) -> None:
    assert "which needs a file" in refused("convert", folder / "photo.png", output, "--format", "ply")
    assert not Path("/dev/stdout.ply").exists()


def test_the_standard_input_is_kept_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"what comes")))
    with kept(Path("-")) as path:
        assert path.read_bytes() == b"what comes"
    assert not path.exists()
    with kept(Path("a.png")) as path:
        assert path == Path("a.png")


def test_a_panorama_through_the_standard_input(folder: Path) -> None:
    np.save(folder / "depth.npy", np.full((32, 64), 2, np.float32))
    words = ["convert", "-", str(folder / "a.ply"), "--depth-map", str(folder / "depth.npy"), "--stride", "8"]
    done = CliRunner().invoke(cli, words, input=(folder / "photo.png").read_bytes())
    assert done.exit_code == 0, done.output
    assert (folder / "a.ply").is_file()


ENDS = {
    "memory": (MemoryError(), 4, "memory ran out"), "cuda": (RuntimeError("CUDA out of memory"), 4, "memory ran out"),
    "full": (OSError(errno.ENOSPC, "No space left on device", "a.ply"), 4, "refuses a.ply: No space left"),
    "home": (PermissionError(errno.EACCES, "Permission denied", "/root/.cache"), 2, "refuses /root/.cache: Permission denied"),
    "disk": (OSError(errno.EIO, "Input/output error"), 2, "Input/output error"), "stop": (KeyboardInterrupt(), 130, "stopped"),
    "words": (InputError("too small"), 2, "too small"), "pipe": (BrokenPipeError(), 1, ""),
}


@pytest.mark.parametrize("name", ENDS)
def test_a_command_ends_in_words(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    error, code, words = ENDS[name]

    @in_words
    def command() -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        command()
    said = capsys.readouterr().err
    assert ended.value.code == code and words in said and said.count("\n") == bool(words)


def test_a_bug_keeps_its_traceback() -> None:
    @in_words
    def command() -> None:
        raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError):
        command()


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_library_that_swallows_the_wish_to_stop_cannot_hide_it(
    number: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def command() -> None:
        try:
            os.kill(os.getpid(), number)
            threading.Event().wait(5)
        except KeyboardInterrupt:
            raise ImportError("half loaded") from None

    monkeypatch.setattr(sys, "argv", ["a"])
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # the test run may have been started with it ignored
        with pytest.raises(SystemExit) as ended:
            endings.run(click.Command("a", callback=in_words(command)), "a")
    finally:
        endings._stops.clear()
        for one, handler in before.items():
            signal.signal(one, handler)
    assert ended.value.code == 130 and capsys.readouterr().err.startswith("Error: stopped")


@posix
def test_a_stop_while_modules_are_loaded_is_said(tmp_path: Path) -> None:
    """The command line of this run sends itself Ctrl-C where a real one would load its modules."""
    (tmp_path / "spag4d_stop.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    script = ("import sys, signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
              "import spag4d.__main__ as main, importlib.abc\n"
              "class Finder(importlib.abc.MetaPathFinder):\n"
              "    def find_spec(self, name, path, target=None):\n"
              "        if name == 'spag4d.commands': import spag4d_stop\n"
              "sys.meta_path.insert(0, Finder()); main.run()\n")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=False,
                          env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(tmp_path)))})
    assert (done.returncode, done.stdout) == (130, "") and done.stderr == "Error: stopped before anything was begun\n"
