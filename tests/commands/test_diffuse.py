"""``spag4d diffuse`` as people call it."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spag4d.animate import video_models
from tests.animate.tiny_video_models import OwnPipeline
from tests.box_room import BoxRoom
from tests.commands.running import run
from tests.models.hub_server import COMMIT
from tests.models.repository_server import RepositoryServer


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    Image.fromarray((BoxRoom().panorama(64).rgb * 255).astype(np.uint8)).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.fixture
def own_pipeline(monkeypatch: pytest.MonkeyPatch) -> OwnPipeline:
    """Whatever folder is named, this pipeline is in it."""
    pipeline = OwnPipeline()
    monkeypatch.setattr(video_models, "check_installed", lambda: None)
    monkeypatch.setattr(video_models, "load_pipeline", lambda folder, device: pipeline)
    return pipeline


def test_a_folder_moves_the_photo(photo: Path, own_pipeline: OwnPipeline) -> None:
    (photo.parent / "model_index.json").write_text("{}")
    done = run("diffuse", photo, photo.with_suffix(".mp4"), "--model", photo.parent, "--region", "-40,-30 40,-30 40,30 -40,30",
               "--size", 64, "--steps", 2, "--frames", 4, "--device", "cpu", "--prompt", "waves")
    assert done.exit_code == 0 and "3 frames" in done.stdout and "takes no words" in done.stderr, done.output
    assert own_pipeline.asked[0] == {"height": 64, "width": 64, "steps": 2} and photo.with_suffix(".mp4").stat().st_size > 1000


def test_a_model_is_fetched_only_when_the_user_says_so(
    photo: Path, own_pipeline: OwnPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPAG4D_HOME", str(photo.parent / "home"))
    region = ("--region", "0,0 30,0 30,30 0,30")
    words = ("diffuse", photo, photo.with_suffix(".mp4"), "--model", "some/one", "--size", 64, *region)
    with RepositoryServer("some/one", {"model_index.json": json.dumps({}).encode()}, {"license": "mine"}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        done = run(*words)
        assert done.exit_code == 3 and "--download fetches it" in done.stderr and "state it: mine" in done.stderr
        assert not (photo.parent / "home").exists()
        done = run(*words, "--download")
        assert done.exit_code == 0 and "state it: mine" in done.stdout, done.output
        server.shutdown()
    assert run(*words).exit_code == 0  # without the hub
    record = json.loads((photo.parent / "home/models/pipelines/some--one/fetched.json").read_text())
    assert record["commit"] == COMMIT


def test_what_is_missing_is_named(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_models, "find_spec", lambda name: None)
    done = run("diffuse", photo, photo.with_suffix(".mp4"), "--model", "some/one")
    assert done.exit_code == 2 and "pip install 'spag4d[animate]'" in done.stderr
    monkeypatch.setattr(video_models, "find_spec", find_spec)
    monkeypatch.setattr(video_models, "check_installed", lambda: None)
    assert "ends in .mp4" in run("diffuse", photo, photo.with_suffix(".4dgs"), "--model", "some/one").stderr
    assert "neither a folder" in run("diffuse", photo, photo.with_suffix(".mp4"), "--model", "one").stderr
