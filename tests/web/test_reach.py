"""The address that is handed on, and its QR code."""

import cv2
import numpy as np
import pytest

from spag4d.web import server as server_module
from spag4d.web.guard import Access
from spag4d.web.reach import own_address, qr_lines
from tests.web.running_server import RunningServer

ADDRESS = "http://192.168.1.7:7860/?token=abcdefghijklmnopqrstuvwx&job=0123456789abcdef&kiosk"


def read(lines: str) -> str:
    """Return what a code says that is drawn in half blocks, light on dark."""
    light = {" ": (0, 0), "\u2580": (1, 0), "\u2584": (0, 1), "\u2588": (1, 1)}
    halves = np.array([[light[letter] for letter in line] for line in lines.split("\n")], np.uint8)
    modules = halves.transpose(0, 2, 1).reshape(-1, halves.shape[1])
    picture = np.pad(np.kron(modules * 255, np.ones((8, 8), np.uint8)), 32, constant_values=255)
    return cv2.QRCodeDetectorAruco().detectAndDecode(picture)[0]


def test_a_code_in_the_terminal_says_the_address() -> None:
    assert read(qr_lines(ADDRESS)) == ADDRESS


def test_a_terminal_is_told_in_a_code_and_a_log_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        encoding = "utf-8"

        def isatty(self) -> bool:
            return self.encoding == "utf-8"

    monkeypatch.setattr(server_module.sys, "stdout", Terminal())
    said = server_module._greeting("http://here:7860/", Access("secret"), ADDRESS)
    assert ADDRESS in said and read(said.split(f"{ADDRESS}\n")[1].split("\nAnyone")[0]) == ADDRESS
    for encoding in ("ascii", "utf-16"):
        monkeypatch.setattr(Terminal, "encoding", encoding)
        assert "\u2588" not in server_module._greeting("http://here:7860/", Access("secret"), ADDRESS)


def test_an_address_of_version_6_is_put_in_brackets() -> None:
    name = server_module._reachable_name("fe80::1", own_address)
    assert server_module._of(name, 7860, Access()) == "http://[fe80::1]:7860/"


def test_only_this_machine_has_no_address_for_others(server: RunningServer, scene: dict) -> None:
    assert server.get("/api/address").json() == {"address": ""}
    assert server.get(f"/api/jobs/{scene['id']}/qr.svg").status_code == 404
