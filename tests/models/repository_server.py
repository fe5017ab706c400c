"""A local server that plays the model hub with a whole repository."""

import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.models.hub_server import COMMIT


class RepositoryServer(ThreadingHTTPServer):
    """Serves ``files`` of one repository; ``asked`` are those that were read. Of safetensors it states the sha256."""

    daemon_threads = True

    def __init__(self, name: str, files: dict[str, bytes], card: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.name, self.files, self.card = name, files, card
        self.sha256 = {path: hashlib.sha256(data).hexdigest() for path, data in files.items() if path.endswith(".safetensors")}
        self.asked: list[str] = []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: RepositoryServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self._json([self._entry(path) for path in self.server.files if path in asked])

    def do_GET(self) -> None:
        hub, path = self.server, self.path.split("?")[0]
        if path in (f"/api/models/{hub.name}", f"/api/models/{hub.name}/revision/{COMMIT}"):
            files = [{"rfilename": found, **self._entry(found)} for found in hub.files]
            self._json({"id": hub.name, "sha": COMMIT, "siblings": files, "cardData": hub.card})
        elif path.startswith(f"/api/models/{hub.name}/tree/"):
            self._json([self._entry(found) for found in hub.files])
        elif (found := path.removeprefix(f"/{hub.name}/resolve/{COMMIT}/")) in hub.files:
            hub.asked.append(found)
            data = hub.files[found]
            asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            first, last = (int(asked[1]), min(int(asked[2]), len(data) - 1)) if asked else (0, len(data) - 1)
            self._send(206 if asked else 200, data[first:last + 1], f"bytes {first}-{last}/{len(data)}")
        else:
            self._send(404, b"{}")

    def _entry(self, path: str) -> dict[str, object]:
        size, sha256 = len(self.server.files[path]), self.server.sha256.get(path)
        lfs = {"lfs": {"oid": sha256, "sha256": sha256, "size": size, "pointerSize": 130}} if sha256 else {}
        return {"type": "file", "path": path, "size": size, "oid": "a" * 40, **lfs}

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode())

    def _send(self, status: int, body: bytes, part: str = "") -> None:
        self.send_response(status)
        if part:
            self.send_header("Content-Range", part)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""
