"""The page in a real browser, used as a person would."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("playwright")
from playwright.sync_api import Browser, Error, Page, expect

from tests.clips.clip_files import encode, remuxed
from tests.web.browser import NEEDS_CHROMIUM, Visit, Visiting, likeness, perspective
from tests.web.running_server import RunningServer

expect.set_options(timeout=30_000)

EXAMPLE = Path(__file__).parents[2] / "TestImage" / "courtyard.jpg"

pytestmark = NEEDS_CHROMIUM

BRIGHTNESS = (0.2, 0.5, 0.8)


@pytest.fixture(scope="module")
def film(server: RunningServer, room: Path) -> dict:
    """Three frames, each brighter than the one before."""
    rgb = np.asarray(Image.open(room).convert("RGB"), float)
    frames = [(rgb * factor).astype(np.uint8) for factor in BRIGHTNESS]
    return server.converted(encode(room.with_name("brighter.mp4"), frames, fps="10"), fps=10, stride=4)


NOTE_FRAMES = """() => {
    const stage = document.getElementById("stage");
    const small = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
    window.seen = [];
    new MutationObserver(() => {
        small.drawImage(stage.querySelector("canvas"), 0, 0, 1, 1);
        window.seen.push([stage.dataset.frame, small.getImageData(0, 0, 1, 1).data[1]]);
        if (window.seen.length === 6) stage.dataset.twice = "";
    }).observe(stage, { attributeFilter: ["data-frame"] });
}"""
"""Note each frame that the stage tells of, with how bright the picture is then, and mark the stage after two rounds."""


SCREENSHOTS = os.environ.get("SPAG4D_SCREENSHOTS", "")
"""A folder for the pictures of the documentation."""


def test_from_the_example_to_a_scene_one_stands_in(browser: Browser, tmp_path: Path) -> None:
    server = RunningServer(tmp_path / "home")
    visit = Visit(browser, server.address)
    page = visit.open()
    expect(page.locator("#chosen")).to_contain_text("courtyard.jpg")
    page.fill("#setting-stride", "8")
    page.click("#convert")
    expect(page.locator("#job progress")).to_be_visible()
    visit.wait_for_scene("/scene.")
    picture = visit.picture(tmp_path)
    seen = perspective(np.asarray(Image.open(EXAMPLE).convert("RGB"), np.float32) / 255, picture.shape[:2], 75)
    assert likeness(picture, seen) > 0.95 and abs(picture.mean() - seen.mean()) < 0.01
    assert likeness(picture[:, ::-1], seen) < 0.7 and likeness(picture[::-1], seen) < 0.7
    expect(page.locator("#job .warnings")).to_contain_text("small built-in depth model")
    page.keyboard.down("w")
    expect(page.locator("#stage")).to_have_attribute("data-position", re.compile(r",-(0\.[1-9]|[1-9])"), timeout=20_000)
    page.keyboard.up("w")
    visit.wait_until_still()
    x, y, z = (float(value) for value in visit.stage("position").split(","))
    assert z <= -0.1 and abs(y) < 0.05  # as high above the floor, which is not level in depth that is estimated
    assert abs(x) < 0.01  # though the range ends a quarter of a metre ahead, and is wider beside it
    moved = visit.picture(tmp_path)
    assert np.abs(moved - picture).mean() > 0.005 and likeness(moved, seen) < likeness(picture, seen)

    with page.expect_download() as download:
        page.click("#job a:has-text('PLY')")
    assert download.value.suggested_filename == "courtyard.ply"
    assert Path(download.value.path()).read_bytes()[:4] == b"ply\n"
    address = page.url
    assert "?job=" in address
    visit.context.close()
    assert visit.complaints == [] and visit.foreign == []

    server.stop()
    again = RunningServer(tmp_path / "home")
    reopened = Visit(browser, again.address)
    page = reopened.open(address.removeprefix(server.address))
    reopened.wait_for_scene("/scene.")
    assert likeness(reopened.picture(tmp_path), seen) > 0.95
    expect(page.locator("#cards .card")).to_have_count(1)
    reopened.context.close()
    again.stop()


def test_a_conversion_can_be_cancelled(visit: Visiting, large: Path) -> None:
    page = visit().open()
    page.set_input_files("#files", large)
    page.fill("#setting-stride", "1")
    page.click("#convert")
    page.click("#job button:has-text('Cancel')")
    expect(page.locator("#job")).to_contain_text("This was cancelled.")
    expect(page.locator("#job button:has-text('Delete')")).to_be_visible()


def test_several_files_queue_up(visit: Visiting, pictures: Path, tmp_path: Path) -> None:
    names = [f"batch {number}.png" for number in (1, 2, 3)]
    for name in names:
        (tmp_path / name).write_bytes((pictures / "room.png").read_bytes())
    (tmp_path / names[1]).write_bytes(b"no picture")
    visitor = visit()
    page = visitor.open()
    page.set_input_files("#files", [tmp_path / name for name in names])
    expect(page.locator("#convert")).to_have_text("Convert 3 files")
    page.click("#convert")
    expect(page.locator("#form-error")).to_contain_text("batch 2.png is neither a picture nor a video")
    visitor.complaints.clear()  # the browser's own remark on that answer
    for name in (names[0], names[2]):
        expect(page.locator("#cards .card", has_text=name).locator(".card-status")).to_have_text("ready")


def test_several_pictures_may_become_one_scene(visit: Visiting, pictures: Path) -> None:
    page = visit().open()
    expect(page.locator("#one-place")).to_be_hidden()
    names = ["medium.png", "room.png"]
    page.set_input_files("#files", [pictures / name for name in names])
    expect(page.locator("#convert")).to_have_text("Convert 2 files")
    page.get_by_label(re.compile("One scene")).check()
    expect(page.locator("#convert")).to_have_text("Make one scene")
    page.click("#convert")
    expect(page.locator(".job-title")).to_have_text(f"{names[0]} and 1 more")
    expect(page.locator(".job-error")).to_contain_text("hardly moved", timeout=90_000)
    page.get_by_role("button", name="Convert again").click()
    expect(page.locator("#chosen")).to_contain_text("one place")
    expect(page.locator("#convert")).to_have_text("Make one scene")


def test_a_bad_file_is_said_in_words_and_the_page_goes_on(visit: Visiting, room: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.jpg").write_bytes(b"these are notes")
    Image.new("RGB", (300, 200)).save(tmp_path / "flat.png")
    visitor = visit()
    page = visitor.open()
    page.set_input_files("#files", tmp_path / "notes.jpg")
    page.click("#convert")
    expect(page.locator("#form-error")).to_contain_text("notes.jpg is neither a picture nor a video")
    visitor.complaints = [words for words in visitor.complaints if "422" not in words]  # the browser's own remark on the answer
    page.click("#chosen button")
    page.set_input_files("#files", room)
    expect(page.locator("#convert")).to_have_text("Convert")
    page.click("#convert")
    visitor.wait_for_scene("/scene.")
    expect(page.locator("#form-error")).to_be_hidden()


def test_what_is_certain_to_be_refused_is_not_sent(visit: Visiting, tmp_path: Path) -> None:
    Image.new("RGB", (300, 200), "gray").save(tmp_path / "flat.png")
    visitor = visit()
    visitor.page.route("**/api/health", lambda route: route.fulfill(
        json={**route.fetch().json(), "max_upload_bytes": 100_000}))
    page = visitor.open()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method) if request.method != "GET" else None)
    (tmp_path / "large.mp4").write_bytes(bytes(100_001))
    page.set_input_files("#files", [tmp_path / "flat.png", tmp_path / "large.mp4"])
    expect(page.locator("#chosen")).to_contain_text("This is 300 × 200.")
    expect(page.locator("#chosen")).to_contain_text("this server takes files of 100 kB at most")
    page.click("#convert")
    expect(page.locator("#form-error")).to_contain_text("flat.png")
    assert sent == []
    page.click("#chosen button:has-text('Use as a full sphere')")
    page.click("#chosen button[aria-label='Remove large.mp4']")
    page.click("#convert")
    expect(page.locator("#job .job-title")).to_have_text("flat.png")
    assert sent == ["PUT", "POST"]


def test_a_file_is_sent_once_though_its_job_is_refused_at_first(visit: Visiting, room: Path) -> None:
    visitor = visit()
    page = visitor.open()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method) if request.method != "GET" else None)
    full = {"status": 503, "json": {"detail": "too many jobs are waiting already."}}
    page.route("**/api/jobs", lambda route: route.fulfill(**full), times=1)
    page.set_input_files("#files", room)
    page.fill("#setting-stride", "8")
    page.click("#convert")
    expect(page.locator("#form-error")).to_contain_text("too many jobs")
    visitor.complaints.clear()  # the browser's own remark on that answer
    page.click("#convert")
    expect(page.locator("#job .job-title")).to_have_text("room.png")
    assert sent == ["PUT", "POST", "POST"]


def test_a_video_is_told_of_before_it_is_sent(visit: Visiting, clip: Path) -> None:
    remuxed(clip, clip.with_name("long.mp4"), before=("-stream_loop", "8"))
    page = visit().open()
    page.set_input_files("#files", clip.with_name("long.mp4"))
    plan = page.locator("#chosen .chosen-plan")
    expect(plan).to_contain_text("2 s of 4.5 s: 20 scenes")
    expect(page.locator("#setting-duration")).to_have_value("2")
    page.fill("#setting-fps", "5")
    expect(plan).to_contain_text("2 s of 4.5 s: 10 scenes")


def test_a_setting_out_of_bounds_is_shown_where_it_is(visit: Visiting) -> None:
    page = visit().open()
    page.fill("#setting-thickness", "7")
    page.click("#all-settings summary")
    page.click("#convert")
    expect(page.locator("#form-error")).to_contain_text("Thickness")
    expect(page.locator("#setting-thickness")).to_be_focused()
    page.click("#reset-settings")
    expect(page.locator("#setting-thickness")).to_have_value("0.1")
    expect(page.locator("#reset-settings")).to_be_hidden()


def test_only_settings_that_matter_are_shown(visit: Visiting, clip: Path) -> None:
    page = visit().open()
    shown = page.locator("#settings .setting:visible label")
    expect(page.locator("#setting-fps")).to_be_hidden()
    assert "Duration" not in shown.all_inner_texts()
    for absent in ("#setting-da3_projection", "#setting-sharp_mode", "#setting-depth_tiles", "#setting-depth_map_unit"):
        expect(page.locator(absent)).to_be_hidden()
    page.set_input_files("#files", clip)
    expect(page.locator("#setting-fps")).to_be_visible()
    assert "Duration" in shown.all_inner_texts()


def test_typing_in_a_field_does_not_move_the_camera(visit: Visiting, scene: dict) -> None:
    visitor = visit()
    page = visitor.open()
    visitor.wait_until_still()
    for field in ("#setting-device", "#setting-stride", "#setting-depth_model"):
        page.focus(field)
        page.keyboard.press("w")
        page.keyboard.down("d")
        page.wait_for_timeout(200)
        page.keyboard.up("d")
    assert visitor.stage("position") in ("", "0.00,0.00,0.00")
    page.click("#open-models")
    page.keyboard.press("w")
    page.keyboard.press("Escape")
    assert visitor.stage("position") in ("", "0.00,0.00,0.00")
    visitor.open(f"/?job={scene['id']}")
    visitor.wait_for_scene()
    page.focus("#stage canvas")
    page.keyboard.down("d")
    page.wait_for_timeout(400)
    page.keyboard.up("d")
    visitor.wait_until_still()
    assert float(visitor.stage("position").split(",")[0]) > 0.02
    page.keyboard.press("r")
    expect(page.locator("#stage")).to_have_attribute("data-position", "0.00,0.00,0.00")


def test_walking_ends_where_the_picture_does_and_flying_does_not(visit: Visiting, scene: dict) -> None:
    visitor = visit()
    page = visitor.open(f"/?job={scene['id']}")
    visitor.wait_for_scene()
    page.focus("#stage canvas")

    def ahead_after(milliseconds: int) -> float:
        page.keyboard.down("Shift")
        page.keyboard.down("w")
        page.wait_for_timeout(milliseconds)
        page.keyboard.up("w")
        page.keyboard.up("Shift")
        visitor.wait_until_still()
        return -float(visitor.stage("position").split(",")[2])

    hint = page.locator(".notice-hint")
    stopped = ahead_after(2500)
    assert stopped > 0.02 and abs(stopped - scene["result"]["walking_range_m"]["+z"]) < 0.1
    expect(hint).to_have_text(re.compile("falls apart.*Press V"))
    expect(hint).to_be_hidden()
    ahead_after(500)
    assert hint.is_hidden(), "it is said once"
    page.keyboard.press("v")
    assert ahead_after(1500) > stopped + 0.3


def test_the_mouse_looks_and_the_wheel_zooms(visit: Visiting, scene: dict, tmp_path: Path) -> None:
    visitor = visit()
    page = visitor.open(f"/?job={scene['id']}")
    visitor.wait_for_scene()
    before = visitor.picture(tmp_path)
    box = page.locator("#stage canvas").bounding_box()
    assert box
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.wheel(0, -400)
    visitor.wait_until_still()
    zoomed = visitor.picture(tmp_path)
    assert np.abs(zoomed - before).mean() > 0.01
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 200, middle[1], steps=8)
    page.mouse.up()
    expect(page.locator("#stage")).not_to_have_attribute("data-heading", "0")
    visitor.wait_until_still()
    assert 200 < float(visitor.stage("heading")) < 355  # what was ahead went to the right with the mouse


def test_panorama_and_depth_lie_as_the_scene_does(visit: Visiting, scene: dict, tmp_path: Path) -> None:
    visitor = visit()
    page = visitor.open(f"/?job={scene['id']}")
    visitor.wait_for_scene()
    inside = visitor.picture(tmp_path)
    page.click("#stage button:has-text('Panorama')")
    page.wait_for_selector('#stage[data-state="ready"][data-view="panorama"]')
    visitor.wait_until_still()
    sphere = visitor.picture(tmp_path)
    assert likeness(sphere, inside) > 0.97 > likeness(sphere[:, ::-1], inside)
    page.click("#stage button:has-text('Flat')")
    flat = page.locator("#stage img")
    expect(flat).to_be_visible()
    assert flat.get_attribute("src") == f"/api/jobs/{scene['id']}/files/panorama.jpg"
    page.click("#stage button:has-text('Depth')")
    page.wait_for_selector('#stage[data-state="ready"][data-view="depth"]')
    assert (flat.get_attribute("src") or "").endswith("depth.jpg")


def test_a_video_is_scrubbed(visit: Visiting, film: dict) -> None:
    visitor = visit()
    page = visitor.open(f"/?job={film['id']}")
    visitor.wait_for_scene("frame_")
    stage, slider = page.locator("#stage"), page.locator("#stage .timeline-scrubber")
    expect(stage).to_have_attribute("data-frame", "0")
    slider.fill("2")
    expect(stage).to_have_attribute("data-frame", "2")
    expect(stage).to_have_attribute("data-shown", re.compile("frame_00003"))
    for number in ("0", "2", "0", "1"):
        slider.fill(number)
    expect(stage).to_have_attribute("data-shown", re.compile("frame_00002"))


def test_a_video_plays_frame_by_frame(visit: Visiting, film: dict) -> None:
    visitor = visit()
    page = visitor.open(f"/?job={film['id']}")
    visitor.wait_for_scene("frame_")
    page.evaluate(NOTE_FRAMES)
    page.click("#stage button[aria-label*='Play']")
    page.wait_for_selector("#stage[data-twice]")
    page.click("#stage button[aria-label*='Pause']")
    visitor.wait_until_still()
    before = visitor.stage("frame")
    seen = page.evaluate("window.seen")
    assert [int(frame) for frame, _ in seen] == [(1 + number) % 3 for number in range(len(seen))]
    for frame, level in seen:
        assert level == pytest.approx(BRIGHTNESS[int(frame)] * seen[1][1] / BRIGHTNESS[2], abs=12), seen
    page.wait_for_timeout(300)
    assert visitor.stage("frame") == before


def test_files_are_dropped_and_pasted(visit: Visiting) -> None:
    page = visit().open()
    for kind in ("drop", "paste"):
        page.evaluate("""(kind) => {
            const data = new DataTransfer();
            data.items.add(new File(["x"], `${kind}ped.png`, { type: "image/png" }));
            const event = kind === "drop" ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
                : new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
            document.body.dispatchEvent(event);
        }""", kind)
        expect(page.locator("#chosen")).to_contain_text(f"{kind}ped.png")
    expect(page.locator("#convert")).to_have_text("Convert 2 files")


def test_scenes_are_reopened_converted_again_and_deleted(visit: Visiting, server: RunningServer, room: Path) -> None:
    job = server.converted(room, stride=3, sky_dome=False)
    visitor = visit()
    page = visitor.open()
    card = page.locator(f"#cards .card:has(img[src*='{job['id']}'])")
    card.locator(".card-open").click()
    visitor.wait_for_scene(job["id"])
    page.click("#job button:has-text('Convert again')")
    expect(page.locator("#setting-stride")).to_have_value("3")
    expect(page.locator("#setting-sky_dome")).not_to_be_checked()
    page.click("#convert")
    expect(page).not_to_have_url(re.compile(job["id"]))
    visitor.wait_for_scene("/scene.")
    page.go_back()  # to what was to be converted
    page.go_back()
    visitor.wait_for_scene(job["id"])
    page.once("dialog", lambda dialog: dialog.accept())
    page.click("#job button:has-text('Delete')")
    expect(card).to_have_count(0)
    expect(page.locator("#job")).to_be_hidden()


def test_models_show_size_and_licence_and_the_research_one_asks_for_consent(visit: Visiting) -> None:
    page = visit().open()
    page.click("#open-models")
    dialog = page.locator("#models")
    expect(dialog).to_be_visible()
    sharp = dialog.locator(".model:has(.tag:text-is('sharp'))")
    expect(sharp).to_contain_text("2.8 GB")
    expect(sharp).to_contain_text("Apple Machine Learning Research Model License")
    expect(sharp.locator("button:has-text('Fetch')")).to_be_disabled()
    sharp.locator("input").check()
    expect(sharp.locator("button:has-text('Fetch')")).to_be_enabled()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#open-models")).to_be_focused()


def test_the_first_visit_offers_a_model_once(visit: Visiting, server: RunningServer) -> None:
    page = visit().open()
    offer = page.locator("#offer")
    expect(offer).to_contain_text("PanDA, large, 1.3 GB, licence: none stated")
    panda = next(model for model in server.get("/api/models").json()["models"] if model["name"] == "panda")
    begun = {**panda, "state": "fetching", "stage": "Fetching panda (1.3 GB)"}
    page.route("**/api/models/panda/fetch*", lambda route: route.fulfill(status=202, json=begun))
    offer.locator("button:has-text('Download it')").click()
    expect(offer).to_be_hidden()
    expect(page.locator("#models .model:has(.tag:text-is('panda'))")).to_contain_text("Fetching panda")
    page.reload()
    expect(page.locator("#settings .setting").first).to_be_attached()
    expect(offer).to_be_hidden()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_phone_shows_everything_one_below_the_other(theme: str, visit: Visiting, scene: dict) -> None:
    visitor = visit(width=390, height=844, has_touch=True, is_mobile=True, color_scheme=theme)
    page = visitor.open(f"/?job={scene['id']}")
    visitor.wait_for_scene()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    boxes = {name: page.locator(f"#{name}").bounding_box() for name in ("open-models", "stage", "job", "new", "gallery")}
    tops = [box["y"] for box in boxes.values() if box]
    assert len(tops) == 5 and tops == sorted(tops)
    assert boxes["stage"] and boxes["stage"]["height"] > 500
    for button in page.locator("button:visible, a.button:visible").all():
        box = button.bounding_box()
        assert box and box["height"] >= 28 and box["width"] >= 28, button.inner_text()


def test_a_kiosk_shows_only_the_scene(visit: Visiting, scene: dict) -> None:
    visitor = visit(reduced_motion="no-preference")
    page = visitor.open(f"/?kiosk&spin=20&job={scene['id']}")
    page.wait_for_selector('#stage[data-shown*="/scene."]')
    for hidden in (".top", "#make", "#job", ".gallery"):
        expect(page.locator(hidden)).to_be_hidden()
    box = page.locator("#stage canvas").bounding_box()
    assert box and (box["width"], box["height"]) == (900, 440)
    before = visitor.stage("heading")
    page.wait_for_timeout(1500)
    assert visitor.stage("heading") != before


def test_without_the_libraries_the_page_says_what_is_missing(visit: Visiting, scene: dict) -> None:
    visitor = visit()
    visitor.page.route("**/api/health", lambda route: route.fulfill(
        json={**route.fetch().json(), "viewer": False}))
    page = visitor.open(f"/?job={scene['id']}")
    expect(page.locator("#missing")).to_contain_text("three.js and Spark")
    expect(page.locator("#stage img")).to_be_visible()
    expect(page.locator("#job a:has-text('PLY')")).to_be_visible()


def test_a_server_that_goes_away_is_noticed(browser: Browser, tmp_path: Path) -> None:
    server = RunningServer(tmp_path)
    visitor = Visit(browser, server.address)
    page = visitor.open()
    server.kill()
    expect(page.locator("#connection")).to_be_visible(timeout=30_000)
    page.click("#convert")
    expect(page.locator("#form-error")).to_contain_text("does not answer")
    with pytest.raises(Error):
        page.goto(server.address)
    visitor.context.close()


def test_everything_has_a_name_and_can_be_reached_by_keyboard(visit: Visiting, scene: dict) -> None:
    visitor = visit()
    reachable = {"/": {"convert", "browse", "open-models", "setting-stride"}, f"/?job={scene['id']}": {"new", "CANVAS"}}
    for path, wanted in reachable.items():
        page = visitor.open(path)
        visitor.wait_until_still()
        assert wanted <= named_and_reached(page)


def named_and_reached(page: Page) -> set[str]:
    """Check that every control has a name, and return which ones the Tab key reaches."""
    for control in page.locator("button:visible, input:visible, select:visible, a:visible, summary:visible").all():
        name = control.evaluate("""(one) => one.getAttribute("aria-label") || one.labels?.[0]?.textContent
            || one.textContent.trim() || (one.getAttribute("aria-hidden") === "true" && "hidden")""")
        assert name, control.evaluate("(one) => one.outerHTML")
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    return reached


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [":root {", ':root[data-theme="light"] {'])
def test_text_stands_out_from_what_is_behind_it(theme: str) -> None:
    css = (EXAMPLE.parents[1] / "static" / "css" / "base.css").read_text(encoding="utf-8")
    block = css.split(theme)[1].split("}")[0]
    colors = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
    for text in ("text", "muted", "accent", "good", "warn", "bad"):
        for ground in ("bg", "panel", "raised"):
            light, dark = sorted((luminance(colors[text]), luminance(colors[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)
    light, dark = sorted((luminance(colors["accent"]), luminance(colors["on-accent"])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_keys_do_nothing_where_no_scene_is_seen(visit: Visiting, scene: dict) -> None:
    visitor = visit()
    page = visitor.open(f"/?job={scene['id']}")
    visitor.wait_for_scene()
    page.evaluate("""() => {
        window.taken = [];
        addEventListener("keydown", (event) => event.defaultPrevented && window.taken.push(event.code));
    }""")

    def press_all() -> list[str]:
        page.evaluate("document.activeElement.blur(); window.taken = []")
        for key in ("w", "ArrowDown", "ArrowRight", "Space", "k", "v", "r"):
            page.keyboard.press(key, delay=80)
        return page.evaluate("window.taken")

    page.click("#stage button:has-text('Panorama')")
    page.wait_for_selector('#stage[data-state="ready"][data-view="panorama"]')
    assert press_all() == ["ArrowDown", "ArrowRight", "KeyR"]
    page.click("#stage button:has-text('Flat')")
    expect(page.locator("#stage img")).to_be_visible()
    assert press_all() == []
    expect(page.locator("#stage .notice-hint")).to_be_hidden()

    page.click("#stage button:has-text('Scene')")
    visitor.wait_until_still()
    assert (visitor.stage("position"), visitor.stage("heading")) == ("0.00,0.00,0.00", "0")
    expect(page.locator("#stage button[aria-label^='Fly']")).to_be_visible()
    assert press_all() == ["ArrowDown", "ArrowRight", "KeyV", "KeyR"]
    visitor.wait_until_still()
    assert page.evaluate("""() => {
        const stage = document.getElementById("stage");
        const before = stage.dataset.settled;
        const key = new KeyboardEvent("keydown", { code: "KeyW", bubbles: true, cancelable: true });
        stage.querySelector("canvas").dispatchEvent(key);
        return [before, stage.dataset.settled];
    }""") == ["true", "false"]


AS_ON_A_GPU = """
const now = performance.now.bind(performance);
const next = requestAnimationFrame;
performance.now = () => now() / 40;
window.requestAnimationFrame = (draw) => next((time) => draw(time / 40));
const told = WebGL2RenderingContext.prototype.getParameter;
WebGL2RenderingContext.prototype.getParameter = function (name) {
  const value = told.call(this, name);
  return typeof value === "string" ? value.replace(/swiftshader|llvmpipe/gi, "card") : value;
};
"""
"""A processor passes for a graphics card: by its name, and as time goes by so slowly that it seems quick. All is drawn."""


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningServer, str]]:
    """A server with the example's scene, and the address of that."""
    running = RunningServer(tmp_path_factory.mktemp("example"))
    sent = running.submit(EXAMPLE, max_splats=500_000)  # as many as a processor draws in ten seconds
    job = running.wait(sent.json()["id"], patience_s=900)
    yield running, f"/?job={job['id']}"
    running.stop()


@pytest.mark.skipif(not SCREENSHOTS, reason="SPAG4D_SCREENSHOTS names no folder for the pictures of the documentation")
@pytest.mark.parametrize("name, options", [
    ("web_page", {"width": 1440, "height": 900, "color_scheme": "dark"}),
    ("web_depth", {"width": 1440, "height": 900, "color_scheme": "light"}),
    ("web_phone", {"width": 390, "height": 844, "color_scheme": "dark", "is_mobile": True, "has_touch": True}),
])
def test_pictures_for_the_documentation(
        name: str, options: dict[str, Any], browser: Browser, example: tuple[RunningServer, str]) -> None:
    server, path = example
    visit = Visit(browser, server.address, reduced_motion="reduce", **options)
    visit.context.add_init_script(AS_ON_A_GPU)
    visit.page.set_default_timeout(300_000)  # pictures take long with a processor
    page = visit.open(path)
    visit.wait_for_scene("/scene.")
    if name == "web_depth":
        page.click("#stage button:has-text('Depth')")
        page.wait_for_selector('#stage[data-state="ready"][data-view="depth"]')
    page.wait_for_timeout(40_000)  # half a second at rest, and what was said of the loading is gone
    visit.wait_until_still()
    page.screenshot(path=Path(SCREENSHOTS) / f"{name}.jpg", type="jpeg", quality=82)
    visit.context.close()
