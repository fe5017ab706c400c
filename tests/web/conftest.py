"""A server for the tests of a run, a browser, and pictures to send."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from tests.box_room import BoxRoom
from tests.clips.clip_files import encode
from tests.web.running_server import RunningServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.web.browser import Visiting


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    running = RunningServer(tmp_path_factory.mktemp("server"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory, box_room: BoxRoom) -> Path:
    """A folder with room.png, which is small, medium.png, whose conversion takes a second, and large.png with a long one."""
    folder = tmp_path_factory.mktemp("pictures")
    for name, height in (("room", 128), ("medium", 320), ("large", 1024)):
        rgb = np.rint(box_room.panorama(height).rgb * 255).astype(np.uint8)
        Image.fromarray(rgb).save(folder / f"{name}.png", compress_level=1)
    return folder


@pytest.fixture(scope="session")
def room(pictures: Path) -> Path:
    return pictures / "room.png"


@pytest.fixture(scope="session")
def medium(pictures: Path) -> Path:
    return pictures / "medium.png"


@pytest.fixture(scope="session")
def large(pictures: Path) -> Path:
    return pictures / "large.png"


@pytest.fixture(scope="session")
def clip(pictures: Path, box_room: BoxRoom) -> Path:
    """Half a second of video that stands still, at 10 frames per second."""
    rgb = np.rint(box_room.panorama(128).rgb * 255).astype(np.uint8)
    return encode(pictures / "clip.mp4", [rgb] * 5, fps="10")


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright

    from tests.web.browser import launched

    with sync_playwright() as playwright:
        yield launched(playwright)


@pytest.fixture
def visit(browser: "Browser", server: RunningServer) -> "Iterator[Visiting]":
    """Open pages; in the end none of them has complained, nor asked another machine for anything."""
    from tests.web.browser import Visit

    visits: list[Visit] = []

    def visiting(address: str = server.address, **options: Any) -> Visit:
        visits.append(Visit(browser, address, **options))
        return visits[-1]

    yield visiting
    for one in visits:
        one.context.close()
    assert [one.complaints for one in visits] == [[]] * len(visits)
    assert [one.foreign for one in visits] == [[]] * len(visits)


@pytest.fixture(scope="session")
def scene(server: RunningServer, room: Path) -> dict:
    """The job of a small scene."""
    return server.converted(room, stride=2)
