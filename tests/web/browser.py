"""Debian's Chromium, driven by Playwright, and what its pages say and ask for."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, expect

CHROMIUM = os.environ.get("SPAG4D_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
NEEDS_CHROMIUM = pytest.mark.skipif(
    CHROMIUM is None, reason="needs Chromium: apt install chromium, or name it in SPAG4D_CHROMIUM")
PATIENCE_MS = 90_000
expect.set_options(timeout=30_000)
_OPTIONS = [
    "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist", "--disable-quic",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


def launched(playwright: Playwright) -> Browser:
    """Start Chromium with WebGL computed by the processor, and without talking to anybody by itself."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=_OPTIONS)


class Visit:
    """A page that somebody has open, and what went wrong in it; ``hints`` are for those who come for the first time.

    Transitions, of which a processor draws each picture, are left out unless ``reduced_motion`` is "no-preference".
    """

    def __init__(
        self, browser: Browser, address: str, *, width: int = 900, height: int = 440, hints: bool = False, **options: Any
    ) -> None:
        self.address = address
        calm = {"reduced_motion": "reduce", **options}
        self.context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True, **calm)
        if not hints:
            self.context.add_init_script("try { localStorage.setItem('spag4d.hints', 2) } catch {}")
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self._note(request.url))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} {message.location['url']}")

    def _note(self, url: str) -> None:
        if not url.startswith((self.address, "blob:", "data:")):
            self.foreign.append(url)

    def open(self, path: str = "/") -> Page:
        """Go to the page, wait until it is set up, and unfold its settings."""
        self.page.goto(self.address + path)
        self.page.wait_for_selector("#settings .setting", state="attached")
        self.page.evaluate("document.getElementById('all-settings').open = true")
        return self.page

    def wait_for_scene(self, part: str = "scene.") -> None:
        """Wait until a scene is sorted and drawn whose address contains ``part``."""
        self.page.wait_for_selector(f'#stage[data-state="ready"][data-settled="true"][data-shown*="{part}"]')

    def wait_until_still(self) -> None:
        """Wait until nothing moves any more, once what was just done has begun to show."""
        self.page.wait_for_timeout(150)
        self.page.wait_for_selector('#stage[data-state="ready"][data-settled="true"]')

    def stage(self, name: str) -> str:
        """Return one of the facts that the stage tells."""
        return self.page.get_attribute("#stage", f"data-{name}") or ""

    def picture(self, folder: Path) -> np.ndarray:
        """Return what the canvas shows, (h, w, 3) 0–1, by the page's own button."""
        with self.page.expect_download() as download:
            self.page.click("#stage button[aria-label^='Screenshot'], #stage button[aria-label^='Save']")
        download.value.save_as(folder / "canvas.png")
        return np.asarray(Image.open(folder / "canvas.png").convert("RGB"), np.float32) / 255


Visiting = Callable[..., Visit]
"""Opens pages: an address, if it is not the server's, and options of `Visit`."""


def perspective(panorama: np.ndarray, size_hw: tuple[int, int], fov_deg: float) -> np.ndarray:
    """What a camera in the middle of a panorama (h, 2h, 3) sees straight ahead, written down once more and independently."""
    height, width = size_hw
    focal = height / 2 / np.tan(np.radians(fov_deg) / 2)
    x, y = np.meshgrid(np.arange(width) + 0.5 - width / 2, np.arange(height) + 0.5 - height / 2)
    azimuth, elevation = np.arctan2(x, focal), np.arctan2(-y, np.hypot(x, focal))
    rows, columns = panorama.shape[:2]
    row = ((0.5 - elevation / np.pi) * rows).astype(int).clip(0, rows - 1)
    return panorama[row, ((azimuth / (2 * np.pi) + 0.5) * columns).astype(int) % columns]


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of two pictures at 48 × 32 pixels."""
    pictures = [Image.fromarray((one * 255).astype(np.uint8)) for one in (a, b)]
    small = [np.asarray(picture.resize((48, 32), Image.Resampling.BOX), float) for picture in pictures]
    return float(np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1])
