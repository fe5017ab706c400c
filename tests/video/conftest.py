from pathlib import Path

import cv2
import numpy as np
import pytest

from spag4d.data import Panorama
from spag4d.photos.image import read_panorama

TEST_IMAGE = Path(__file__).parents[2] / "TestImage" / "interior.jpg"


@pytest.fixture(scope="session")
def interior() -> Panorama:
    """A furnished room, 512 rows."""
    rgb = read_panorama(TEST_IMAGE).rgb
    return Panorama(np.asarray(cv2.resize(rgb, (1024, 512), interpolation=cv2.INTER_AREA)), "interior")
