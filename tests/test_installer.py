"""What install.bat does once it has a Python: every step on stand-ins, the download of pip from a server."""

import hashlib
import io
import json
import os
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from release import installer
from release.installer import CPU, CUDA, DONE, InstallError, Machine
from spag4d.first_run import offered, sentence

PYTHON = f"""#!{sys.executable}
import json, os, pathlib, sys
place = pathlib.Path(__file__).parent
words = sys.argv[1:]
with open(place / "calls", "a") as calls:
    print(json.dumps(words), file=calls)
if "convert" in words:
    pathlib.Path(words[4]).write_bytes(b"ply")
    print(json.dumps({{"splat_count": 95916, "device": os.environ.get("DEVICE", "cpu")}}))
if words[0] == "-c":
    print("PanDA, large, 1.3 GB: " + words[1])
failing = os.environ.get("FAILING")
sys.exit(7 if failing and failing in " ".join(words) else 0)
"""

SMI = """#!/bin/sh
case "$1" in
-L) echo "$CARDS" ;;
*) [ -n "$CAPABILITIES" ] && echo "$CAPABILITIES" ;;
esac
"""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are scripts")


class Installing:
    """An extracted release with a stand-in for its Python, what it said, and what it was asked to do."""

    def __init__(self, root: Path, **environment: str) -> None:
        self.said: list[str] = []
        self.answers = ["n"]
        self.home = root / "python_embed"
        self.home.mkdir(parents=True)
        self.python = self.home / "python.exe"
        self.python.write_text(PYTHON)
        self.python.chmod(0o755)
        (self.home / "python312._pth").write_text("python312.zip\n.\n\n# Uncomment to run site.main()\n#import site\n")
        (root / "spag4d-0.1.0-py3-none-any.whl").write_bytes(b"wheel")
        (root / "constraints.txt").write_text("torch==2.13.0\n")
        self.root, self.environment = root, {"PATH": str(root / "tools"), **environment}

    @property
    def calls(self) -> list[list[str]]:
        file = self.home / "calls"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []

    @property
    def machine(self) -> Machine:
        return Machine(self.root, self.python, self.environment, self.said.append, lambda question: self.answers.pop(0))

    def run(self) -> None:
        (self.home / "calls").unlink(missing_ok=True)
        installer.install(self.machine)

    def with_gpu(self, capabilities: str, cards: str = "GPU 0: NVIDIA") -> "Installing":
        tool = self.root / "tools" / "nvidia-smi"
        tool.parent.mkdir(exist_ok=True)
        tool.write_text(SMI)
        tool.chmod(0o755)
        self.environment |= {"CARDS": cards, "CAPABILITIES": capabilities}
        return self


@pytest.fixture
def serve() -> Iterator[Callable[[bytes], str]]:
    """Serve something and return its address."""
    servers = []

    def serving(body: bytes) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # noqa: N802
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        servers.append(HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_address[1]}/pip.whl"

    yield serving
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def wheel(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A wheel that passes for pip."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("pip/__main__.py", "")
    monkeypatch.setattr(installer, "PIP_SHA256", hashlib.sha256(content.getvalue()).hexdigest())
    return content.getvalue()


@pytest.fixture
def installing(tmp_path: Path, serve: Callable[[bytes], str], wheel: bytes, monkeypatch: pytest.MonkeyPatch) -> Installing:
    monkeypatch.setattr(installer, "_ROOM_BYTES", dict.fromkeys(installer._ROOM_BYTES, 0))
    return Installing(tmp_path / "Größe & Gewicht", SPAG4D_PIP_URL=serve(wheel))


def test_everything_is_installed_in_its_order_and_complete_is_said_last(installing: Installing) -> None:
    installing.run()
    assert (installing.home / "Lib/site-packages/pip/__main__.py").is_file()
    assert "import site" in (installing.home / "python312._pth").read_text().splitlines()
    torch, package, model, proof = installing.calls
    assert torch[-3:] == ["--index-url", "https://download.pytorch.org/whl/cpu", "torch"]
    assert package[-1] == str(installing.root / "spag4d-0.1.0-py3-none-any.whl")
    assert package[-3:-1] == torch[-5:-3] == ["--constraint", str(installing.root / "constraints.txt")]
    assert model[0] == "-c" and proof[:3] == ["-m", "spag4d", "convert"]
    assert installing.said[-2] == "courtyard.jpg became 95,916 Gaussians on cpu."
    assert "Installation Complete!" in installing.said[-1]
    assert (installing.home / DONE).is_file()


@pytest.mark.parametrize(("failing", "words"), [
    ("torch", "installing PyTorch failed"), (".whl", "installing SPAG-4D failed"),
    ("convert", "converting courtyard.jpg failed")])
def test_a_step_that_fails_stops_and_the_next_run_begins_there(installing: Installing, failing: str, words: str) -> None:
    installing.environment["FAILING"] = failing
    with pytest.raises(InstallError, match=rf"{words} \(exit code 7; .*\)\..*\n.*start install.bat again"):
        installing.run()
    before = len(installing.calls)
    assert not any("Complete" in words for words in installing.said) and not (installing.home / DONE).exists()
    del installing.environment["FAILING"]
    installing.run()
    assert "Complete" in installing.said[-1]
    assert before + len(installing.calls) == 5  # the four, and the one that failed


def test_a_whole_installation_is_only_proved_again(installing: Installing) -> None:
    installing.run()
    installing.run()
    assert [call[2] for call in installing.calls] == ["convert"]


def test_another_wheel_is_installed_and_two_of_them_are_refused(installing: Installing) -> None:
    installing.run()
    (installing.root / "spag4d-0.2.0-py3-none-any.whl").write_bytes(b"newer")
    with pytest.raises(InstallError, match="there are 2 versions"):
        installing.run()
    (installing.root / "spag4d-0.1.0-py3-none-any.whl").unlink()
    installing.run()
    assert installing.calls[0][-1].endswith("spag4d-0.2.0-py3-none-any.whl")


def test_sources_are_built_with_tools_that_are_installed_before(installing: Installing) -> None:
    (installing.root / "spag4d-0.1.0-py3-none-any.whl").unlink()
    with pytest.raises(InstallError, match="Extract the whole zip"):
        installing.run()
    (installing.root / "pyproject.toml").touch()
    installing.run()
    _, tools, package, *_ = installing.calls
    assert any(word.startswith("hatchling") for word in tools)
    assert "--no-build-isolation" in package and package[-1] == str(installing.root)


@pytest.mark.parametrize(("capabilities", "build"), [
    ("8.9", "cu126"), ("6.1", "cu126"), ("12.0", "cu130"), ("6.1\n12.0", "cu126"), ("", "cu126"), ("[N/A]", "cu126")])
def test_the_gpu_decides_which_pytorch(tmp_path: Path, capabilities: str, build: str) -> None:
    assert installer.torch_build(Installing(tmp_path / "root").with_gpu(capabilities).machine) == build


def test_without_a_gpu_it_is_the_one_for_processors(tmp_path: Path) -> None:
    installing = Installing(tmp_path / "root")
    assert installer.torch_build(installing.machine) == CPU
    assert installer.torch_build(installing.with_gpu("", cards="").machine) == CPU


def test_a_gpu_that_pytorch_does_not_see_is_no_secret(installing: Installing) -> None:
    installing.with_gpu("8.9").run()
    assert installing.calls[0][-2] == f"https://download.pytorch.org/whl/{CUDA}"
    assert "Warning: PyTorch does not see the NVIDIA GPU" in installing.said[-2]
    installing.environment["DEVICE"] = "cuda"
    installing.run()
    assert installing.said[-2] == "courtyard.jpg became 95,916 Gaussians on cuda."


def test_what_is_not_pip_is_never_unpacked(installing: Installing, serve: Callable[[bytes], str]) -> None:
    installing.environment["SPAG4D_PIP_URL"] = serve(b"a page that asks for a password")
    with pytest.raises(InstallError, match="is not pip: its sha256 is"):
        installing.run()
    assert not (installing.home / "Lib").exists() and not installing.calls


def test_without_a_network_it_says_so(installing: Installing) -> None:
    installing.environment["SPAG4D_PIP_URL"] = "http://127.0.0.1:9/pip.whl"
    with pytest.raises(InstallError, match="pip could not be downloaded from http://127.0.0.1:9/pip.whl"):
        installing.run()


def test_a_model_is_fetched_where_it_is_wanted_and_nobody_is_asked_again(
    installing: Installing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    installing.answers = ["Y"]
    installing.run()
    assert ["-m", "spag4d", "download-models", "--model", "panda"] in installing.calls
    (asked,) = [words for words in installing.said if "1.3 GB" in words]
    monkeypatch.setenv("SPAG4D_HOME", str(tmp_path / "home"))
    assert offered() == "panda"
    exec(asked.removeprefix("PanDA, large, 1.3 GB: "))  # what the true Python is asked to print
    assert capsys.readouterr().out.strip() == sentence("panda") and offered() is None


@pytest.mark.parametrize(("models", "fetched"), [("", []), ("da3 dap", ["--model", "da3", "--model", "dap"])])
def test_unattended_nothing_is_asked(installing: Installing, models: str, fetched: list[str]) -> None:
    installing.answers = []
    installing.environment |= {"SPAG4D_UNATTENDED": "1", "SPAG4D_MODELS": models}
    installing.run()
    assert [call[3:] for call in installing.calls if "download-models" in call] == ([fetched] if fetched else [])
    later = "run.bat download-models --model panda"
    assert any(later in words for words in installing.said) is not bool(fetched)


def test_a_full_disk_is_noticed_before_anything_is_fetched(installing: Installing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installer, "_ROOM_BYTES", {CPU: 1e18})
    with pytest.raises(InstallError, match="GB free; .* GB are needed"):
        installing.run()
    assert not installing.calls


def test_the_command_says_what_failed_and_ends_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(installer, "_ROOM_BYTES", {CPU: 0})
    monkeypatch.setattr(sys, "executable", str(Installing(tmp_path / "root").python))
    monkeypatch.setattr(installer, "Machine", lambda root: Machine(root, Path(sys.executable), {"SPAG4D_PIP_URL": "file:///none"}))
    assert installer.main([str(tmp_path / "root")]) == 1
    assert "\nError: pip could not be downloaded from file:///none" in capsys.readouterr().out
