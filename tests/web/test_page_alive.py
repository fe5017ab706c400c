"""Bringing a picture alive on the page, in a real browser: paint, arrow, undo, and the result plays at once."""

import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("playwright")
from playwright.sync_api import expect

from tests.web.browser import NEEDS_CHROMIUM, Visiting
from tests.web.running_server import RunningServer

pytestmark = NEEDS_CHROMIUM


def test_water_is_painted_and_flows_at_once(visit: Visiting, server: RunningServer, scene: dict, tmp_path: Path) -> None:
    one = visit(width=1000, height=800)
    page = one.open(f"/?job={scene['id']}")
    one.wait_for_scene("/scene.")
    page.click("#fold")
    page.click("#stage button[aria-label='Bring it alive']")
    page.wait_for_selector('#stage[data-state="ready"][data-view="panorama"]')
    panel = page.locator("#stage [aria-label='Bring it alive'][role='group']")
    page.focus("#stage canvas")
    page.keyboard.press("ArrowDown", delay=600)
    one.wait_until_still()
    before = one.picture(tmp_path)
    panel.get_by_role("button", name="Water", exact=True).click()
    page.fill("[aria-label='Size of the brush']", "18")
    box = page.locator("#stage canvas").bounding_box()
    assert box
    x, y = box["x"] + 0.3 * box["width"], box["y"] + 0.4 * box["height"]

    def drag(*to: tuple[float, float]) -> None:
        page.mouse.move(x, y)
        page.mouse.down()
        for across, down in to:
            page.mouse.move(x + across, y + down, steps=4)
        page.mouse.up()

    drag((-90, 0), (-90, 60))
    one.wait_until_still()
    painted = one.picture(tmp_path)
    assert 0.03 < (np.abs(painted - before).max(2) > 0.1).mean() < 0.6
    panel.get_by_role("button", name="Undo").click()
    expect(panel).to_contain_text("not painted yet")
    panel.get_by_role("button", name="Redo").click()
    panel.get_by_role("button", name="Arrow").click()
    drag((-150, 0))
    expect(page.get_by_label("Water: how fast")).not_to_have_value("0.3")
    page.fill("[aria-label='Length of the loop in seconds']", "2")
    panel.get_by_role("button", name="Make it move").click()
    expect(page.locator("#stage")).to_have_attribute("data-shown", re.compile("scene.4dgs"), timeout=60_000)
    expect(page.locator("#stage")).to_have_attribute("data-time", re.compile(r"\.\d*[1-9]"))  # without a click
    motion, = server.job(page.url.split("job=")[1])["wish"]["motions"]
    assert motion["motion"] == "water" and abs(motion["heading_deg"] % 360 - 270) < 25 and len(motion["strokes"]) == 1
    page.click("#stage button[aria-label='Bring it alive']")  # to go on with it
    expect(page.get_by_label("Water: how fast")).to_have_value(str(motion["amount"]))
