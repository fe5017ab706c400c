"""How soon the server answers while it converts: ``python -m benchmarks.serve TestImage/courtyard.jpg --runs 3``."""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

_PAUSE_S = 0.01


class _Server:
    def __init__(self, home: str) -> None:
        self._process = subprocess.Popen([sys.executable, "-m", "spag4d", "serve", "--port", "0"], stdout=subprocess.PIPE,
                                         text=True, env={**os.environ, "SPAG4D_HOME": home})
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        found = re.search(r"http://localhost:\d+", said)
        assert found is not None, said
        self.address = found[0]

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.address + path) as answer:
            return json.load(answer)

    def _send(self, method: str, path: str, body: bytes, kind: str) -> Any:
        request = urllib.request.Request(self.address + path, body, {"Content-Type": kind}, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def submit(self, file: Path, stride: int) -> str:
        upload = self._send("PUT", "/api/uploads/panorama", file.read_bytes(), "application/octet-stream")
        wanted = json.dumps({"uploads": [upload["id"]], "settings": {"stride": stride}})
        return self._send("POST", "/api/jobs", wanted.encode(), "application/json")["id"]


def measured(server: _Server, file: Path, stride: int) -> dict[str, Any]:
    """Convert a picture, and ask for the health and the job all the time until it is done."""
    begun = time.perf_counter()
    id = server.submit(file, stride)
    sent = time.perf_counter() - begun
    waits, first_look = [], None
    while True:
        asked = time.perf_counter()
        server.get("/api/health")
        waits.append(time.perf_counter() - asked)
        job = server.get(f"/api/jobs/{id}")
        if first_look is None and "first-look.splat" in job["files"]:
            first_look = time.perf_counter() - begun
        if job["ended_s"] is not None:
            assert job["status"] == "done", job["error"]
            break
        time.sleep(_PAUSE_S)
    waits.sort()
    return {
        "sent_s": sent, "first_look_s": first_look, "done_s": time.perf_counter() - begun, "asked": len(waits),
        "health_median_ms": 1000 * statistics.median(waits), "health_99_ms": 1000 * waits[int(0.99 * len(waits))],
        "health_worst_ms": 1000 * waits[-1]}


def main() -> None:
    """Print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("panorama", type=Path)
    parser.add_argument("--stride", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        server = _Server(home)
        try:
            runs = [measured(server, options.panorama, options.stride) for _ in range(options.runs)]
        finally:
            server.stop()
    for number, run in enumerate(runs, 1):
        print(f"run {number}: " + ", ".join(f"{name} {value:.2f}" for name, value in run.items() if value is not None))
    print(json.dumps(runs))


if __name__ == "__main__":
    main()
