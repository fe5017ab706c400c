"""Scenes that move in the page: read as Python reads them, and drawn at every time as `spag4d render` draws them."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("playwright")
from playwright.sync_api import Browser, expect, sync_playwright

from spag4d.data import Gaussians, PinholeCamera, Pose
from spag4d.formats.moving import opened_moving, write_moving
from spag4d.formats.moving_page import write_moving_page
from spag4d.io.static_files import static_folder
from spag4d.render.view import render_view
from tests.box_room import BoxRoom
from tests.clips.clip_files import encode
from tests.formats.test_fourdgs import things
from tests.web.browser import CHROMIUM, Visit, launched
from tests.web.moving_scenes import LINE, parts
from tests.web.running_server import RunningServer

NODE = shutil.which("node")
_TURN = np.array([1, -1, -1])
"""From y up, as the file has it, to y down."""
_COUNT_UPLOADS = """
window.uploads = { order: 0, other: 0 };
const context = WebGL2RenderingContext.prototype;
for (const name of ["texImage2D", "texImage3D", "texSubImage2D", "texSubImage3D", "bufferData", "bufferSubData"]) {
  const send = context[name];
  context[name] = function (...given) {
    const bytes = given.find((one) => ArrayBuffer.isView(one))?.byteLength ?? 0;
    window.uploads[name === "texSubImage2D" && given[4] === 4096 ? "order" : "other"] += bytes;
    return send.apply(this, given);
  };
}
"""
"""Bytes that go to the graphics card: Spark's order of drawing has rows of 4096, nothing else does."""

_NOTE_YELLOW = """() => {
    const stage = document.getElementById("stage");
    const small = Object.assign(document.createElement("canvas"), { width: 100, height: 65 }).getContext("2d");
    window.seen = [];
    new MutationObserver(() => {
        small.drawImage(stage.querySelector("canvas"), 0, 0, 100, 65);
        const { data } = small.getImageData(0, 0, 100, 65);
        let count = 0;
        for (let i = 0; i < data.length; i += 4) count += Math.min(data[i], data[i + 1]) - data[i + 2] > 75;
        window.seen.push([Number(stage.dataset.time), count]);
    }).observe(stage, { attributeFilter: ["data-time"] });
}"""
"""Note the time of each picture, and how many of its 6500 points are as yellow as the ball."""


@pytest.mark.skipif(NODE is None, reason="needs Node")
def test_the_page_reads_what_python_reads(tmp_path: Path) -> None:
    path = tmp_path / "a.4dgs"
    write_moving(path, LINE, [*parts()[:1], things(), *parts()[1:]])
    ran = subprocess.run([str(NODE), str(Path(__file__).with_name("decode_fourdgs.mjs")), str(path)], capture_output=True,
                         text=True, timeout=120, check=True)
    chunks = [json.loads(line) for line in ran.stdout.splitlines()]
    assert {(one["duration"], one["fps"], one["axes"]) for one in chunks} == {(2.0, 10.0, "y-up-right-handed")}
    for theirs, ours in zip(chunks, opened_moving(path).parts(), strict=True):
        count = theirs["count"]
        np.testing.assert_allclose(np.reshape(theirs["means"], (count, 3)) * _TURN, ours.gaussians.means, atol=1e-6)
        np.testing.assert_allclose(np.reshape(theirs["quats"], (count, 4)), _file_quats(ours.gaussians), atol=1e-6)
        for name in ("scales", "colors"):
            found = np.reshape(theirs[name], (count, 3))
            np.testing.assert_allclose(found, getattr(ours.gaussians, name), rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(theirs["opacities"], ours.gaussians.opacities, atol=1e-7)
        np.testing.assert_allclose(np.reshape(theirs["velocities"], (count, 3)) * _TURN, ours.velocities, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(theirs["centers"], ours.centers_s, atol=1e-12)
        np.testing.assert_allclose(np.where(np.array(theirs["sigmas"]) > 1e200, np.inf, theirs["sigmas"]), ours.sigmas_s)
        np.testing.assert_allclose(np.reshape(theirs["windows"], (count, 2)), ours.windows_s)


def _file_quats(gaussians: Gaussians) -> np.ndarray:
    """Return quaternions x, y, z, w as they lie in the file: turned half about x from ours, which that turn gives back."""
    a, b, c, d = gaussians.quats_wxyz.T  # of x, y, z, w in the file: -x, w, -z, y
    return np.stack([-a, d, -c, b], 1)


needs_chromium = pytest.mark.skipif(CHROMIUM is None or not (static_folder() / "vendor" / "spark").is_dir(),
                                    reason="needs Chromium and the libraries that draw scenes")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("moving") / "clip.4dgs"
    write_moving(path, LINE, parts())
    return path


@pytest.fixture(scope="module")
def clip_of_room(tmp_path_factory: pytest.TempPathFactory, box_room: BoxRoom) -> Path:
    """Half a second of a room in which something bright moves from frame to frame."""
    frames = []
    for number in range(5):
        rgb = np.rint(box_room.panorama(64).rgb * 255).astype(np.uint8)
        rgb[26:38, 20 + 16 * number:32 + 16 * number] = (250, 240, 40)
        frames.append(rgb)
    return encode(tmp_path_factory.mktemp("room") / "steps.mp4", frames, fps="10")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield launched(playwright)


@pytest.fixture(scope="module")
def visit(browser: Browser, clip: Path) -> Iterator[Visit]:
    """The page of the clip, opened, paused, and whole; in the end it has neither complained nor asked anybody for anything."""
    page = clip.with_suffix(".html")
    write_moving_page(page, clip, title="<clip> & co")
    visit = Visit(browser, page.as_uri(), width=400, height=260)
    visit.page.add_init_script(_COUNT_UPLOADS)
    visit.page.goto(page.as_uri())
    visit.page.wait_for_selector('#stage[data-state="ready"][data-time]')
    visit.page.click("button[aria-label^='Pause']")
    yield visit
    assert (visit.complaints, visit.foreign) == ([], [])
    visit.context.close()


def seek(visit: Visit, time_s: float) -> None:
    visit.page.eval_on_selector(".timeline-scrubber", """(element, time) => {
        element.value = time;
        element.dispatchEvent(new Event("input", { bubbles: true }));
    }""", time_s)
    visit.page.wait_for_selector(f'#stage[data-time="{time_s:.3f}"][data-state="ready"][data-settled="true"]')


def seen(visit: Visit, clip: Path, time_s: float, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the page's picture at a time, and the renderer's."""
    seek(visit, time_s)
    picture = visit.picture(folder)
    height, width = picture.shape[:2]
    focal = float(height / 2 / np.tan(np.radians(75) / 2))
    camera = PinholeCamera(width, height, focal, focal, width / 2, height / 2, Pose.identity())
    return picture, render_view(opened_moving(clip).at(time_s), camera).rgb


@needs_chromium
@pytest.mark.parametrize("time_s", [0.0, 1.75, 0.35, 1.0, 1.999])  # also backwards
def test_the_page_draws_what_render_draws(visit: Visit, clip: Path, tmp_path: Path, time_s: float) -> None:
    picture, expected = seen(visit, clip, time_s, tmp_path)
    difference = np.abs(_blocks(picture) - _blocks(expected))
    assert difference.mean() < 0.008 and difference.max() < 0.07  # 2 levels of 255, and 18 in any place of 10 x 10 pixels
    assert abs(_yellow(picture) - _yellow(expected)) < 0.5  # pixels, of which the ball crosses 85 in a second


def _blocks(picture: np.ndarray) -> np.ndarray:
    """Return the means of blocks of 10 x 10 pixels."""
    height, width = (size // 10 for size in picture.shape[:2])
    return picture[:10 * height, :10 * width].reshape(height, 10, width, 10, 3).mean((1, 3))


def _yellow(picture: np.ndarray) -> float:
    """Return the column of the middle of what is yellow."""
    weight = (picture[..., :2].min(2) - picture[..., 2] - 0.3).clip(0).sum(0)
    return float((weight * np.arange(len(weight))).sum() / weight.sum())


@needs_chromium
def test_playing_sends_nothing_but_the_order(visit: Visit) -> None:
    seek(visit, 1.5)
    page = visit.page
    page.evaluate("window.uploads = { order: 0, other: 0 }")
    page.click("button[aria-label^='Play']")
    page.wait_for_function("Number(document.getElementById('stage').dataset.time) < 1")  # it has begun again
    page.wait_for_function("Number(document.getElementById('stage').dataset.time) > 1")
    page.click("button[aria-label^='Pause']")
    visit.wait_until_still()
    sent = page.evaluate("window.uploads")
    assert sent["other"] == 0 and sent["order"] > 0


@needs_chromium
def test_what_comes_is_in_the_first_picture_of_its_time(visit: Visit) -> None:
    """At 1 s, and again at 0 s, Gaussians that have not been seen before take over from those whose time is over."""
    seek(visit, 0.8)
    page = visit.page
    page.evaluate(_NOTE_YELLOW)
    page.click("button[aria-label^='Play']")
    page.wait_for_function("window.seen.length > 3 && window.seen.at(-1)[0] > 0.3 && window.seen.at(-1)[0] < 0.7")
    page.click("button[aria-label^='Pause']")
    seen = page.evaluate("window.seen")
    assert len(seen) > 12 and min(count for _, count in seen) > 12, seen


@needs_chromium
def test_one_walks_while_it_plays(visit: Visit) -> None:
    page = visit.page
    page.click("button[aria-label^='Play']")
    page.keyboard.down("w")
    page.wait_for_function("document.getElementById('stage').dataset.position.split(',')[2] < -0.1")
    page.keyboard.up("w")
    page.click("button[aria-label^='Pause']")
    page.click("button[aria-label^='Back to the start']")
    visit.wait_until_still()


@needs_chromium
def test_licences_are_in_the_page(clip: Path) -> None:
    page = clip.with_suffix(".html").read_text(encoding="utf-8")
    for name, place in (("three.js", "vendor/three/LICENSE"), ("Spark", "vendor/spark/LICENSE"), ("SPAG-4D", "../LICENSE")):
        assert f"{name}:\n{(static_folder() / place).read_text(encoding='utf-8')}" in page
    assert "<title>&lt;clip&gt; &amp; co</title>" in page


@needs_chromium
def test_a_video_becomes_one_file_on_the_page_and_plays(browser: Browser, server: RunningServer, clip_of_room: Path) -> None:
    visit = Visit(browser, server.address)
    page = visit.open()
    answers: list[int] = []
    page.on("response", lambda answer: answers.append(answer.status) if answer.url.endswith("scene.4dgs") else None)
    page.set_input_files("#files", clip_of_room)
    page.check("text=in one file")
    page.fill("#setting-fps", "4")
    page.fill("#setting-stride", "8")
    page.click("#convert")
    visit.wait_for_scene("scene.4dgs")
    page.click("button[aria-label^='Play']")
    expect(page.locator("#stage")).to_have_attribute("data-time", re.compile(r"\.\d*[1-9]"))
    assert set(answers) == {206}  # parts of the file, as they are needed
    expect(page.locator("#stage button:has-text('Depth')")).to_be_visible()
    expect(page.locator("#stage button[aria-label^='Measure']")).to_be_visible()  # in what stands
    link = page.locator("#job a:has-text('4DGS')")
    expect(link).to_be_visible()
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "steps.4dgs"
    assert opened_moving(Path(download.value.path())).timeline.fps == 4
    page.click("#job button:has-text('Convert again')")
    expect(page.locator("#setting-fps")).to_have_value("4")
    visit.context.close()
    assert (visit.complaints, visit.foreign) == ([], [])
