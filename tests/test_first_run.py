"""The question to a new user, put on pictures that cannot be read: it comes before the work."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from spag4d.commands import cli
from spag4d.first_run import offered, sentence
from spag4d.models.weights import WEIGHTS, home_folder, weights_file
from tests.models.hub_server import HubServer, offer_everything

QUESTION = "Download it now? [y/N]"


@pytest.fixture
def picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Not a picture at all; nothing is installed and nobody was asked."""
    monkeypatch.setenv("SPAG4D_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CI", raising=False)
    (tmp_path / "photo.jpg").write_text("not a picture")
    return tmp_path / "photo.jpg"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spag4d.first_run.someone_is_there", lambda: True)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with HubServer("somebody/models", "weights.pth", b"weights" * 1000) as server:
        offer_everything(server, monkeypatch)
        yield server
        server.shutdown()


def convert(picture: Path, *options: str, answer: str = "n\n", command: str = "convert") -> Result:
    target = picture.with_name("scene.ply" if command == "convert" else "frames")
    return CliRunner().invoke(cli, [command, str(picture), str(target), *options], input=answer)


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("command", ["convert", "convert-video"])
def test_it_is_asked_once_and_no_is_remembered(picture: Path, command: str) -> None:
    done = convert(picture, answer="\n", command=command)
    assert QUESTION in done.stderr and sentence("panda") in done.stderr and done.stderr.count("?") == 1
    assert done.exit_code == 2 and not weights_file("panda").exists() and offered() is None
    assert QUESTION not in convert(picture).stderr
    (asked,) = home_folder().iterdir()
    asked.unlink()
    assert QUESTION in convert(picture).stderr


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("options", [
    ["--quiet"], ["--json"], ["--batch"], ["--depth-model", "builtin"], ["--depth-map", "depth.npy"]])
def test_whoever_has_chosen_or_wants_no_words_is_not_asked(picture: Path, options: list[str]) -> None:
    source = picture.parent if options == ["--batch"] else picture
    assert QUESTION not in convert(source, *options).stderr
    assert offered() == "panda", "and the question is still to be put"


@pytest.mark.usefixtures("terminal")
def test_yes_fetches_the_model_that_may_be_used(picture: Path, hub: HubServer) -> None:
    done = convert(picture, "--commercial-ok", answer="y\n")
    assert sentence("da3") in done.stderr and "da3: installed" in done.stdout
    assert weights_file("da3").is_file() and not weights_file("panda").exists()


@pytest.mark.usefixtures("terminal")
def test_a_download_that_fails_is_said_and_the_conversion_goes_on(picture: Path, hub: HubServer) -> None:
    hub.status = 503
    done = convert(picture, answer="y\n")
    assert "panda could not be fetched" in done.stderr and "photo.jpg" in done.stderr.splitlines()[-1]


@pytest.mark.usefixtures("terminal")
def test_where_nothing_can_be_remembered_nothing_is_asked(picture: Path) -> None:
    home_folder().write_text("a file where the folder would be")
    assert QUESTION not in convert(picture).stderr


@pytest.mark.parametrize("name", ["panda", "da3"])
def test_the_sentence_names_the_model_its_size_and_its_licence(name: str) -> None:
    said = sentence(name)
    assert WEIGHTS[name].title in said and "1.3 GB" in said and WEIGHTS[name].licence in said


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("ci", "hidden", "asked"), [
    ("", "", True), ("true", "", False), ("", "stdin", False), ("", "stderr", False)])
def test_only_a_terminal_is_asked(picture: Path, ci: str, hidden: str, asked: bool) -> None:
    import pty

    terminal, inside = pty.openpty()
    os.write(terminal, b"\n")
    streams = {"stdin": inside, "stderr": inside, "stdout": subprocess.PIPE} | ({hidden: subprocess.DEVNULL} if hidden else {})
    command = [sys.executable, "-m", "spag4d", "convert", str(picture), str(picture.with_name("scene.ply"))]
    done = subprocess.run(command, env={**os.environ, "CI": ci}, timeout=60, check=False, **streams)  # type: ignore[call-overload]
    os.close(inside)
    os.close(terminal)
    assert done.returncode == 2
    assert (offered() is None) is asked
