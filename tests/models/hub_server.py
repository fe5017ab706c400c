"""A local server that plays the model hub, and misbehaves as it is told to."""

import hashlib
import json
import re
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from spag4d.models.weights import WEIGHTS

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class HubServer(ThreadingHTTPServer):
    """Serves one file of one repository at one commit.

    After ``fail_after`` bytes of the file every answer breaks off; ``status`` answers everything with an error; ``said_sha256``
    is what the server claims of the file; ``delay_s`` slows each part down. ``ranges`` and ``revisions`` were asked for.
    """

    daemon_threads = True

    def __init__(self, repository: str, file: str, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repository, self.file, self.content = repository, file, content
        self.said_sha256: str | None = hashlib.sha256(content).hexdigest()
        self.fail_after: int | None = None
        self.status: int | None = None
        self.delay_s = 0.0
        self.ranges: list[tuple[int, int]] = []
        self.revisions: list[str] = []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent about clients that hung up."""


def offer_everything(server: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every model be the file that the server has."""
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    sha256 = hashlib.sha256(server.content).hexdigest()
    for name, weights in list(WEIGHTS.items()):
        monkeypatch.setitem(WEIGHTS, name, replace(
            weights, repository=server.repository, file=server.file, size=len(server.content), sha256=sha256, revision="main"))


class _Handler(BaseHTTPRequestHandler):
    server: HubServer
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer()

    def _answer(self) -> None:
        hub, path = self.server, self.path.split("?")[0]
        api = f"/api/models/{hub.repository}"
        if hub.status is not None:
            self._send(hub.status, b'{"error": "as you wish"}')
        elif path in (api, f"{api}/revision/main", f"{api}/revision/{COMMIT}"):
            hub.revisions.append(path.rpartition("/")[2])
            self._json({"id": hub.repository, "sha": COMMIT, "siblings": [{"rfilename": hub.file}]})
        elif path == f"{api}/paths-info/{COMMIT}" or path.startswith(f"{api}/tree/{COMMIT}"):
            self._json([self._entry()])
        elif path == f"/{hub.repository}/resolve/{COMMIT}/{hub.file}":
            self._file()
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _entry(self) -> dict:
        hub = self.server
        size = len(hub.content)
        lfs = {"lfs": {"oid": hub.said_sha256, "size": size, "pointerSize": 130}} if hub.said_sha256 else {}
        return {"type": "file", "path": hub.file, "size": size, "oid": "a" * 40, **lfs}

    def _file(self) -> None:
        hub = self.server
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        first, last = (int(asked[1]), int(asked[2])) if asked else (0, len(hub.content))
        last = min(last, len(hub.content) - 1)
        hub.ranges.append((first, last))
        time.sleep(hub.delay_s)
        piece = hub.content[first : last + 1]
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(hub.content)}")
        self.send_header("Content-Length", str(len(piece)))
        self.end_headers()
        if hub.fail_after is not None and last >= hub.fail_after:
            self.wfile.write(piece[: max(0, hub.fail_after - first)])
            self.wfile.flush()
            self.connection.close()
            self.close_connection = True
        else:
            self.wfile.write(piece)

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""
