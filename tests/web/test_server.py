"""At which port the server listens, and when a browser is opened."""

import re
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from spag4d.commands import cli
from spag4d.web import server as server_module
from tests.web.running_server import PATIENCE_S, RunningServer

BROWSER = """#!{python}
import sys, urllib.request
answer = urllib.request.urlopen(sys.argv[1] + "api/health", timeout=30)
open({file!r}, "w").write(f"{{sys.argv[1]}} {{answer.status}}")
"""


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_without_a_port_a_taken_one_is_passed_over(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "PORT", taken)
    with server_module._free_listener("127.0.0.1") as first, server_module._free_listener("127.0.0.1") as second:
        ports = [listener.getsockname()[1] for listener in (first, second)]
    assert taken < ports[0] < ports[1] < taken + 100


def test_where_every_port_nearby_is_taken_any_free_one_does(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "PORT", taken)
    monkeypatch.setattr(server_module, "_TRIED_PORTS", 1)
    with server_module._free_listener("127.0.0.1") as listener:
        assert listener.getsockname()[1] not in (0, taken)


def test_an_answer_does_not_wait_until_the_other_side_has_acknowledged_its_header() -> None:
    with (server_module._listener("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()),
          listener.accept()[0] as accepted):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_that_was_asked_for_and_is_taken_is_an_error_in_words(
    taken: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPAG4D_HOME", str(tmp_path))
    done = CliRunner().invoke(cli, ["serve", "--port", str(taken)])
    assert done.exit_code == 2
    assert f"cannot listen on 127.0.0.1, port {taken}" in done.stderr and "--port" in done.stderr


def test_an_address_that_is_not_there_is_not_taken_for_a_taken_port() -> None:
    with pytest.raises(server_module.InputError, match="cannot listen on 192.0.2.1"):
        server_module._free_listener("192.0.2.1")


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for a browser is a script")
def test_a_browser_is_opened_once_the_server_answers(tmp_path: Path) -> None:
    browser, seen = tmp_path / "browser", tmp_path / "seen"
    browser.write_text(BROWSER.format(python=sys.executable, file=str(seen)))
    browser.chmod(0o755)
    running = RunningServer(tmp_path / "home", "--open", BROWSER=str(browser))
    try:
        end = time.monotonic() + PATIENCE_S
        while not (seen.is_file() and seen.read_text()):
            assert time.monotonic() < end
            time.sleep(0.05)
        assert seen.read_text() == f"http://localhost:{running.port}/ 200"
    finally:
        running.stop()


def test_a_browser_is_opened_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(server_module.webbrowser, "open", opened.append)
    monkeypatch.setattr(server_module.uvicorn.Server, "run", lambda self, sockets: self._on_ready and self._on_ready())
    for open_page in (False, True):
        listening = server_module.Listening(port=0, open_page=open_page)
        server_module.serve_page(listening, server_module.Limits(), say=lambda words: None)
    assert len(opened) == 1 and opened[0].startswith("http://localhost:")


def test_a_token_that_is_not_sent_alike_by_all_is_refused_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPAG4D_HOME", str(tmp_path))
    for token in ("schlüssel", "a\nb"):
        monkeypatch.setenv("SPAG4D_TOKEN", token)
        done = CliRunner().invoke(cli, ["serve", "--port", "0", "--host", "0.0.0.0"])
        assert done.exit_code == 2 and "SPAG4D_TOKEN" in done.stderr and "ASCII" in done.stderr


def test_only_the_parts_of_the_page_are_served(server: RunningServer) -> None:
    for part in ("css/base.css", "js/main.js", "js/viewer/stage.js", "icon.svg"):
        assert server.get(f"/static/{part}").status_code == 200
    kept = re.findall(r'"(/static/[^"]+)"', server.get("/").text)
    assert len(kept) > 40
    for part in kept[:3]:
        assert "immutable" in server.get(part).headers["cache-control"]
    assert server.get("/static/js/main.js").headers["cache-control"] == "no-cache"
    assert server.get(f"{kept[0].rsplit('/', 1)[0]}/../npm/vendor.py").status_code == 404
    for other in ("npm/vendor.py", "npm/package.json", "index.html", "token.html", "vendor/fetched", "js/../npm/vendor.py",
                  "js/%2e%2e/npm/vendor.py", "css", ""):
        assert server.get(f"/static/{other}").status_code == 404
