"""A server of its own process, as people start it, and what tests ask of it."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import requests

PATIENCE_S = 90.0


class RunningServer:
    """``spag4d serve`` with its files in ``home``; ``options`` are more of the command line, ``prefix`` comes before it."""

    def __init__(self, home: Path, *options: str, prefix: tuple[str, ...] = (), **environment: str) -> None:
        self.home = home
        command = [*prefix, sys.executable, "-m", "spag4d", "serve", "--no-example", "--port", "0", *options]
        self.process = subprocess.Popen(
            command, env={**os.environ, "SPAG4D_HOME": str(home), **environment},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline()
        found = re.search(r"http://[^/]+:(\d+)/(\?token=\S+)?", self.said)
        assert found, self.said + self.process.stdout.read()
        self.port, self.query = int(found[1]), found[2] or ""
        self.address = f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        self._close()

    def kill(self) -> None:
        """End it as a crash does."""
        self.process.kill()
        self.process.wait(30)
        self._close()

    def _close(self) -> None:
        assert self.process.stdout is not None
        self.process.stdout.close()

    def workers(self) -> list[int]:
        """Return the processes that convert for this server."""
        done = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False)
        return [int(line) for line in done.stdout.split()]

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(self.address + path, timeout=PATIENCE_S, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return requests.post(self.address + path, timeout=PATIENCE_S, **options)

    def put(self, path: str, **options: Any) -> requests.Response:
        return requests.put(self.address + path, timeout=PATIENCE_S, **options)

    def upload(self, content: bytes | BinaryIO | Iterator[bytes], name: str = "photo.jpg") -> requests.Response:
        """Send the content of a file."""
        return requests.put(f"{self.address}/api/uploads/{quote(name, safe='')}", data=content, timeout=PATIENCE_S)

    def submit(self, file: Path, **settings: Any) -> requests.Response:
        """Send a file and ask for its conversion; the answer is the refusal of the file where it is refused."""
        with file.open("rb") as opened:
            sent = self.upload(opened, file.name)
        return self.convert(sent.json()["id"], **settings) if sent.status_code == 201 else sent

    def convert(self, id: str, **settings: Any) -> requests.Response:
        """Ask for the conversion of an upload, or of a job's file."""
        return self.post("/api/jobs", json={"uploads": [id], "settings": settings})

    def job(self, id: str) -> dict[str, Any]:
        return self.get(f"/api/jobs/{id}").json()

    def wait(
        self, id: str, until: Callable[[dict[str, Any]], bool] = lambda job: job["ended_s"] is not None,
        patience_s: float = PATIENCE_S,
    ) -> dict[str, Any]:
        """Return a job once it has ended, or once something holds of it."""
        end = time.monotonic() + patience_s
        while not until(job := self.job(id)):
            assert time.monotonic() < end, job
            time.sleep(0.02)
        return job

    def converted(self, file: Path, **settings: Any) -> dict[str, Any]:
        """Return the ended job of a file."""
        answer = self.submit(file, **settings)
        assert answer.status_code == 201, answer.text
        return self.wait(answer.json()["id"])
