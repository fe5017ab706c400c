"""Handing a scene on, in a real browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("playwright")
from playwright.sync_api import Page, expect

from spag4d.web.reach import own_address
from tests.web.browser import NEEDS_CHROMIUM, Visiting
from tests.web.running_server import RunningServer

pytestmark = NEEDS_CHROMIUM


@pytest.fixture
def open_server(server: RunningServer, scene: dict, tmp_path: Path) -> Iterator[RunningServer]:
    """A server for others too, which has the scene."""
    shutil.copytree(server.home / "web" / "jobs" / scene["id"], tmp_path / "web" / "jobs" / scene["id"])
    running = RunningServer(tmp_path, "--host", "0.0.0.0")
    yield running
    running.stop()


def shared(page: Page) -> str:
    page.click("#job button:has-text('Share')")
    expect(page.locator("#share")).to_be_visible()
    return page.input_value(".share-address")


def test_on_localhost_the_link_is_said_to_be_this_computers(visit: Visiting, scene: dict) -> None:
    visitor = visit()
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visitor.open(f"/?job={scene['id']}")
    count = page.locator("#cards .card").count()
    link = shared(page)
    assert link == f"{visitor.address}/?job={scene['id']}&kiosk"
    expect(page.locator("#share")).to_contain_text("works on this computer only")
    expect(page.locator(".share-code")).to_be_hidden()
    page.click("#share button:has-text('Copy link')")
    expect(page.locator("#share")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == link
    with page.expect_download() as download:
        page.click("#share button:has-text('Save as a web page')")
    assert download.value.suggested_filename.endswith(".html")
    assert b"<title>room" in Path(download.value.path()).read_bytes()[:2000]
    expect(page.locator("#cards .card")).to_have_count(count)
    page.keyboard.press("Escape")
    expect(page.locator("#job button:has-text('Share')")).to_be_focused()


def test_for_others_the_address_has_the_token_and_is_a_code_that_shows_only_the_scene(
        open_server: RunningServer, visit: Visiting, scene: dict) -> None:
    page = visit(open_server.address, height=700).open(f"/{open_server.query}&job={scene['id']}")
    link = shared(page)
    there = f"http://{own_address()}:{open_server.port}"
    assert link.startswith(f"{there}/{open_server.query}&job={scene['id']}")
    code = page.locator(".share-code")
    expect(code).to_have_js_property("complete", True)
    code.evaluate("(code) => code.style.width = '480px'")  # OpenCV, unlike a camera, misses some codes of fewer pixels
    picture = np.asarray(cv2.imdecode(np.frombuffer(code.screenshot(), np.uint8), cv2.IMREAD_COLOR))
    picture = cv2.copyMakeBorder(picture, 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    assert cv2.QRCodeDetectorAruco().detectAndDecode(picture)[0] == link
    guest = visit(there)
    guest.page.goto(link)
    guest.page.wait_for_selector('#stage[data-shown*="/scene."]')
    expect(guest.page.locator("#job")).to_be_hidden()
    guest.complaints = [words for words in guest.complaints if "Opener-Policy" not in words]  # heeded with TLS only
