"""``spag4d download-models`` as people call it, against a local hub."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from spag4d.commands import cli
from spag4d.models.weights import WEIGHTS, has_consent, models_folder, weights_file
from tests.models.hub_server import HubServer, offer_everything

CONTENT = b"weights" * 1000


@pytest.fixture(autouse=True)
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A hub that holds one small file, which every model is."""
    monkeypatch.setenv("SPAG4D_HOME", str(tmp_path))
    with HubServer("somebody/models", "weights.pth", CONTENT) as server:
        offer_everything(server, monkeypatch)
        yield server
        server.shutdown()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["download-models", *arguments])


def test_the_list_names_everything_there_is() -> None:
    run("--model", "dap")
    lines = run("--list").output.splitlines()
    for name, weights in WEIGHTS.items():
        (line,) = [line for line in lines if line.startswith(f"{name} ")]
        assert weights.licence in line and weights.good_for in line
        assert (" yes " if name == "dap" else " no ") in line
    assert str(models_folder("x").parents[1]) in lines[-1]


def test_models_are_fetched_once_each(server: HubServer) -> None:
    done = run("--model", "dap", "--model", "da3", "--model", "dap")
    assert done.exit_code == 0
    assert [line.split(",")[0] for line in done.stdout.splitlines()] == ["dap: installed", "da3: installed"]
    assert len(server.ranges) == 2
    again = run("--model", "dap")
    assert again.exit_code == 0 and "already installed" in again.stdout and len(server.ranges) == 2
    assert run("--model", "dap", "--quiet").output == ""


def test_one_that_fails_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WEIGHTS, "panda", replace(WEIGHTS["panda"], sha256="0" * 64))
    done = run("--model", "panda", "--model", "dap")
    assert done.exit_code == 3
    assert "Error: " in done.stderr and "expected 0000" in done.stderr
    assert run("--model", "sharp", "--model", "panda").exit_code == 2
    assert run("--model", "panda", "--model", "sharp").exit_code == 3
    assert weights_file("dap").is_file() and not weights_file("panda").exists()


def test_all_is_all_but_what_was_not_agreed_to() -> None:
    done = run("--model", "all")
    assert done.exit_code == 2
    assert "--accept-sharp-license" in done.stderr and "research" in WEIGHTS["sharp"].good_for
    assert [name for name in WEIGHTS if not weights_file(name).is_file()] == ["sharp"]
    assert run("--model", "all", "--accept-sharp-license").exit_code == 0
    assert weights_file("sharp").is_file() and has_consent("sharp")


def test_consent_for_one_model_is_not_given_by_fetching_another() -> None:
    assert run("--model", "dap", "--accept-sharp-license").exit_code == 0
    assert not has_consent("sharp")


def test_without_a_model_it_says_what_to_name() -> None:
    done = run()
    assert done.exit_code == 2 and "--model" in done.stderr and "--list" in done.stderr
    assert run("--model", "pandas").exit_code == 2


def test_nothing_to_verify_is_said() -> None:
    done = run("--verify")
    assert done.exit_code == 0 and "No model is installed" in done.stdout
    named = run("--verify", "--model", "dap")
    assert named.exit_code == 3 and "not installed" in named.stderr


def test_what_was_damaged_later_does_not_verify() -> None:
    run("--model", "sharp", "--accept-sharp-license")
    good = run("--verify")
    assert "sharp: the file is complete" in good.stdout and "not a checkpoint" in good.stderr
    weights_file("sharp").write_bytes(CONTENT[::-1])
    bad = run("--verify")
    assert bad.exit_code == 3 and "altered" in bad.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("answer", ["y", "n"])
def test_a_terminal_is_asked(answer: str, server: HubServer) -> None:
    code = f"""
from dataclasses import replace
from spag4d.models.weights import WEIGHTS
from spag4d.commands import main
WEIGHTS["sharp"] = replace(WEIGHTS["sharp"], repository="{server.repository}", file="{server.file}",
                           size={len(CONTENT)}, sha256="{WEIGHTS['sharp'].sha256}", revision="main")
main()
"""
    import pty

    terminal, inside = pty.openpty()
    os.write(terminal, f"{answer}\n".encode())
    done = subprocess.run([sys.executable, "-c", code, "download-models", "--model", "sharp"], stdin=inside,
                          capture_output=True, text=True, timeout=60, check=False)
    os.close(inside)
    os.close(terminal)
    assert WEIGHTS["sharp"].consent in done.stderr and "Do you agree" in done.stderr
    assert done.returncode == (0 if answer == "y" else 2)
    assert weights_file("sharp").is_file() == has_consent("sharp") == (answer == "y")
