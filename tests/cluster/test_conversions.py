"""Videos and reconstructions on a real Ray cluster are those of one machine."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from spag4d import SPAG4D, on_cluster
from spag4d.world.colmap_model import Points
from spag4d.world.known_poses import write_poses
from tests.clips.clip_files import contents, encode, walking_square
from tests.world.rooms import PLACES, panorama_from

pytestmark = [pytest.mark.usefixtures("ray_cluster", "quick_depth"), pytest.mark.filterwarnings("ignore")]

FAST: dict[str, Any] = {"device": "cpu", "stride": 8, "sharp_refine": False, "depth_model": "builtin"}


@pytest.fixture(autouse=True)
def quick_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_cluster, "CONVERTER", "tests.cluster.quick_work:quick")


def test_a_video(tmp_path: Path) -> None:
    clip = encode(tmp_path / "clip.mp4", walking_square(4), "-c:v", "libx264", "-crf", "12", fps="5")
    converter = SPAG4D(**FAST, fps=5.0, format="splat")
    list(converter.convert_video(clip, tmp_path / "here"))
    frames = list(converter.convert_video(clip, tmp_path / "there", cluster="auto"))
    assert sorted(frame.number for frame in frames) == [1, 2, 3, 4]
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
    converter = SPAG4D(**FAST, fps=5.0)
    converter.convert_clip(clip, tmp_path / "here.4dgs")
    converter.convert_clip(clip, tmp_path / "there.4dgs", cluster="auto")
    assert (tmp_path / "there.4dgs").read_bytes() == (tmp_path / "here.4dgs").read_bytes()


def test_a_reconstruction(tmp_path: Path) -> None:
    room, names = tmp_path / "room", ("a.png", "b.png", "c.png")
    room.mkdir()
    for name, pose in zip(names, PLACES, strict=True):
        Image.fromarray((255 * panorama_from(pose, 32).rgb).astype(np.uint8)).save(room / name)
    nothing = Points(np.empty((0, 3)), np.empty(0), np.empty(0, np.int64), np.empty(0, np.int64))
    write_poses(room, dict(zip(names, PLACES, strict=True)), nothing, (32, 64))
    here = SPAG4D(**FAST).reconstruct([room], tmp_path / "here.ply", poses=room)
    there = SPAG4D(**FAST).reconstruct([room], tmp_path / "there.ply", poses=room, cluster="auto")
    assert there.output_paths[0].read_bytes() == here.output_paths[0].read_bytes()
    assert there.warnings == here.warnings
