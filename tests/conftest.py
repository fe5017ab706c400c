"""Fixtures that several layers share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.box_room import BoxRoom
from tests.small_models import QUICK_DEPTH, install_small_models, write_small_models
from tests.surroundings import same_everywhere

same_everywhere()

_HOME = os.environ.get("SPAG4D_HOME")
_LONGEST = (
    "web/test_page.py", "web/test_hard_times.py", "web/test_conversions.py", "test_core_video.py", "networks/test_sharp.py")
"""Files that one worker works through for long, the longest first: begun at the end they would leave the other one idle."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ranks = {Path(__file__).parent / name: number for number, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))


@pytest.fixture(scope="session")
def box_room() -> BoxRoom:
    return BoxRoom()


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    folder = Path(os.environ.get("SPAG4D_SHARED", Path(__file__).parents[2] / "shared"))
    if not folder.is_dir():
        pytest.skip(f"needs the folder of shared test material, which is not at {folder}")
    return folder


@pytest.fixture(scope="session")
def small_checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("spag4d home")
    write_small_models(home)
    return home


@pytest.fixture
def small_models(no_models: None, small_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All published models are installed, with small random weights; returns SPAG4D_HOME."""
    install_small_models(small_checkpoints, monkeypatch)
    return small_checkpoints


@pytest.fixture(scope="module")
def quick_depth() -> Iterator[None]:
    """In this process the built-in model looks at small pictures: for tests that need depth, but not a good one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*QUICK_DEPTH)
        yield


@pytest.fixture(autouse=True)
def no_models(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is installed on the machine changes no test; a test that wants it asks for `published_models`."""
    monkeypatch.setenv("SPAG4D_HOME", str(tmp_path_factory.getbasetemp() / "nothing installed"))


@pytest.fixture
def published_models(no_models: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bring back what is installed on the machine."""
    if _HOME is None:
        monkeypatch.delenv("SPAG4D_HOME")
    else:
        monkeypatch.setenv("SPAG4D_HOME", _HOME)
