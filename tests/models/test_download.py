import errno
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spag4d.errors import Cancelled, InputError, ResourceError, WeightsError
from spag4d.models import hub as hub_module
from spag4d.models.download import download
from spag4d.models.weights import WEIGHTS, read_record, record_consent, weights_file, weights_path
from spag4d.progress import Event, Notice, Progress, Step
from tests.models.hub_server import COMMIT, HubServer

PART = 1000
CONTENT = np.random.default_rng(0).bytes(10 * PART + 234)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """The hub, with a small file in the place of dap's; a home with a name that tries the patience of programs."""
    dap = WEIGHTS["dap"]
    monkeypatch.setitem(WEIGHTS, "dap", replace(dap, size=len(CONTENT)))
    monkeypatch.setenv("SPAG4D_HOME", str(tmp_path / "meine Häuser & Modelle"))
    monkeypatch.setattr(hub_module, "_PART_BYTES", PART)
    with HubServer(dap.repository, dap.file, CONTENT) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        yield server
        server.shutdown()


def parts() -> list[Path]:
    return list(weights_file("dap").parent.glob("*.part"))


def elsewhere() -> subprocess.Popen[bytes]:
    """Start the same download in a process of its own."""
    code = f"""
from dataclasses import replace
from spag4d.models import download, hub
from spag4d.models.weights import WEIGHTS
WEIGHTS["dap"], hub._PART_BYTES = replace(WEIGHTS["dap"], size={len(CONTENT)}), {PART}
download.download("dap")
"""
    return subprocess.Popen([sys.executable, "-c", code])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses between tries are skipped."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


def test_a_download_is_whole_recorded_and_not_repeated(server: HubServer) -> None:
    steps: list[Event] = []
    path = download("dap", progress=Progress(steps.append))
    assert path == weights_file("dap") == weights_path("dap") and path.read_bytes() == CONTENT
    assert read_record("dap").items() >= {"commit": COMMIT, "sha256": SHA256, "size": len(CONTENT)}.items()
    fetched = [step.done for step in steps if isinstance(step, Step) and step.stage == "Fetching dap (0 MB)"]
    assert fetched == [*range(0, len(CONTENT), PART), len(CONTENT)]
    assert parts() == []
    server.ranges.clear()
    assert download("dap") == path
    assert server.ranges == []


@pytest.mark.usefixtures("impatient")
def test_an_interrupted_download_goes_on_where_it_was(server: HubServer) -> None:
    server.fail_after = 4 * PART + 10
    with pytest.raises(WeightsError, match=r"dap could not be fetched.*start again.*By hand: put http://127.0.0.1"):
        download("dap")
    assert [path.stat().st_size for path in parts()] == [4 * PART]
    assert not weights_file("dap").exists()
    server.fail_after = None
    server.ranges.clear()
    assert download("dap").read_bytes() == CONTENT
    assert min(first for first, _ in server.ranges) == 4 * PART
    assert sum(last + 1 - first for first, last in server.ranges) == len(CONTENT) - 4 * PART


def test_cancelling_keeps_what_has_come(server: HubServer) -> None:
    answers = iter([False] * 4 + [True] * 9)
    with pytest.raises(Cancelled):
        download("dap", progress=Progress(is_cancelled=lambda: next(answers)))
    assert [path.stat().st_size for path in parts()] == [4 * PART]
    assert download("dap").read_bytes() == CONTENT



def test_a_killed_download_goes_on_where_it_was(server: HubServer) -> None:
    server.delay_s = 0.02
    with elsewhere() as process:
        while not (parts() and parts()[0].stat().st_size >= 3 * PART):
            time.sleep(0.005)
        process.kill()
    kept = parts()[0].stat().st_size
    server.ranges.clear()
    assert download("dap").read_bytes() == CONTENT
    assert min(first for first, _ in server.ranges) == kept >= 3 * PART


def test_two_processes_fetch_it_once(server: HubServer) -> None:
    server.delay_s = 0.02
    heard: list[Event] = []
    with elsewhere() as process:
        while not parts():
            time.sleep(0.005)
        assert download("dap", progress=Progress(heard.append)).read_bytes() == CONTENT
    assert process.returncode == 0
    assert sum(last + 1 - first for first, last in server.ranges) == len(CONTENT)
    assert any(isinstance(event, Notice) and "another process" in event.message for event in heard)


def test_what_arrives_damaged_is_thrown_away(server: HubServer) -> None:
    server.said_sha256 = "0" * 64
    with pytest.raises(WeightsError, match="arrived damaged.*Start again"):
        download("dap")
    assert parts() == [] and not weights_file("dap").exists()


@pytest.mark.parametrize(("change", "words"), [({"sha256": "1" * 64}, "expected 1111"), ({"size": 77}, "a different file")])
def test_a_file_that_is_not_the_published_one_is_refused(
    server: HubServer, change: dict, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WEIGHTS, "dap", replace(WEIGHTS["dap"], **change))
    with pytest.raises(WeightsError, match=words):
        download("dap")
    assert parts() == [] and not weights_file("dap").exists()


def test_a_file_that_the_hub_changed_does_not_replace_the_recorded_one(server: HubServer) -> None:
    download("dap").write_bytes(b"damaged")
    server.content = CONTENT[::-1]
    server.said_sha256 = None
    with pytest.raises(WeightsError, match="was altered or is a different file"):
        download("dap")
    assert weights_file("dap").read_bytes() == b"damaged"
    assert server.revisions[-1] == COMMIT


@pytest.mark.usefixtures("impatient")
def test_a_damaged_file_is_fetched_anew_and_stays_until_then(server: HubServer) -> None:
    path = download("dap")
    path.write_bytes(CONTENT[:-1] + b"?")
    server.fail_after = 2 * PART
    with pytest.raises(WeightsError, match="could not be fetched"):
        download("dap")
    assert path.read_bytes()[-1:] == b"?"
    server.fail_after = None
    heard: list[Event] = []
    assert download("dap", progress=Progress(heard.append)).read_bytes() == CONTENT
    assert any(isinstance(event, Notice) and "altered" in event.message for event in heard)


@pytest.mark.parametrize(("status", "words"), [
    (404, "no longer on the hub"), (401, "HF_TOKEN"), (403, "refuses access"),
])
def test_what_the_hub_answers_is_said_in_words(server: HubServer, status: int, words: str) -> None:
    server.status = status
    with pytest.raises(WeightsError, match=words):
        download("dap")


def test_a_file_that_is_gone(server: HubServer) -> None:
    server.file = "renamed.pth"
    with pytest.raises(WeightsError, match="could not be fetched"):
        download("dap")


def test_no_network_is_said_in_words(server: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
    with pytest.raises(WeightsError, match="check the connection.*By hand: put"):
        download("dap")


def test_a_disk_without_room_is_found_before_the_first_byte(server: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(0, 0, 5_000_000))
    with pytest.raises(ResourceError, match="5 MB free, 200 MB are needed.*SPAG4D_HOME"):
        download("dap")
    assert server.ranges == []


def test_a_disk_that_fills_up_keeps_what_has_come(server: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    reported = []

    def fill(event: Event) -> None:
        reported.append(event)
        if len(reported) == 4:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ResourceError, match="disk is full.*what has arrived is kept"):
        download("dap", progress=Progress(fill))
    assert [path.stat().st_size for path in parts()] == [3 * PART]
    assert download("dap").read_bytes() == CONTENT


def test_a_folder_that_cannot_be_written(server: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SPAG4D_HOME", str(tmp_path / "file"))
    with pytest.raises(WeightsError, match="cannot write to.*SPAG4D_HOME"):
        download("dap")


def test_nothing_is_fetched_before_the_licence_was_agreed_to(server: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    sharp = replace(WEIGHTS["sharp"], repository=server.repository, file=server.file, size=len(CONTENT), sha256=SHA256)
    sharp = replace(sharp, revision="main")
    monkeypatch.setitem(WEIGHTS, "sharp", sharp)
    with pytest.raises(InputError, match="--accept-sharp-license"):
        download("sharp")
    assert server.ranges == [] and server.revisions == []
    record_consent("sharp")
    assert download("sharp").read_bytes() == CONTENT


def test_offline_mode_is_respected_and_said(server: HubServer) -> None:
    code = "from spag4d.models.download import download; download('dap')"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "HF_HUB_OFFLINE": "1"}, capture_output=True, text=True, check=False)
    assert "WeightsError" in done.stderr and "switched off by HF_HUB_OFFLINE; unset it" in done.stderr
    assert server.revisions == []
