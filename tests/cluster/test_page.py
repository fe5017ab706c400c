"""The page's jobs on a real Ray cluster."""

import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spag4d import InputError
from spag4d.settings import Settings
from spag4d.web import remote_worker
from spag4d.web.service import Limits, Service
from spag4d.web.uploads import Upload

pytestmark = [pytest.mark.usefixtures("ray_cluster"), pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    colors = np.random.default_rng(0).integers(0, 255, (32, 64, 3)).astype(np.uint8)
    Image.fromarray(colors).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def test_jobs_are_done_by_the_workers_of_the_cluster(picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPAG4D_HOME", str(tmp_path / "home"))
    service = Service(Limits(), "auto")
    service.start()
    try:
        assert service.runner._crew is not None and service.runner._crew.count == 2
        job = service.add([Upload(picture, "photo", "photo.png")], Settings.of(stride=8, device="cpu"), "photo")
        end = time.monotonic() + 120
        while (found := service.jobs.get(job.id)) is None or not found.has_ended:
            assert time.monotonic() < end
            time.sleep(0.1)
        assert found.status == "done", found.error
        assert found.result is not None and {"scene.ply", "scene.splat"} <= found.files.keys()
    finally:
        service.stop()


def test_machines_that_cannot_do_the_jobs_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_worker, "__version__", "99")
    with pytest.raises(InputError, match="has SPAG-4D 0.*and this machine 99"), remote_worker.crew_of("auto", tmp_path):
        pass
