from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.box_room import BoxRoom

HEIGHT = 32
"""Rows of a panorama that converts in a moment."""


@pytest.fixture
def photo(box_room: BoxRoom, tmp_path: Path) -> Path:
    """Write the room as a picture."""
    path = tmp_path / "photo.png"
    Image.fromarray(np.round(box_room.panorama(HEIGHT).rgb * 255).astype(np.uint8)).save(path)
    return path


@pytest.fixture
def depth(box_room: BoxRoom, tmp_path: Path) -> Path:
    """Write the distances of the room."""
    np.save(tmp_path / "depth.npy", box_room.distance(HEIGHT))
    return tmp_path / "depth.npy"
