"""Fixtures that several layers share."""

import os
from pathlib import Path

import pytest

from tests.box_room import BoxRoom


@pytest.fixture(scope="session")
def box_room() -> BoxRoom:
    return BoxRoom()


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    folder = Path(os.environ.get("SPAG4D_SHARED", Path(__file__).parents[2] / "shared"))
    if not folder.is_dir():
        pytest.skip(f"needs the folder of shared test material, which is not at {folder}")
    return folder
