"""A server for the tests of a run, and pictures to send to it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.box_room import BoxRoom
from tests.clips.clip_files import encode
from tests.web.running_server import RunningServer


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
