"""What a video model makes of views becomes a loop in the photo: nothing else changes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spag4d.animate import generated
from spag4d.animate.generated import write_generated
from spag4d.animate.video_models import Wish
from spag4d.clips.clip import read_clip
from spag4d.errors import Cancelled, InputError
from spag4d.progress import Progress
from tests.animate.rooms import ROWS, cap
from tests.animate.tiny_video_models import OwnPipeline
from tests.box_room import BoxRoom

PHOTO = BoxRoom().panorama(ROWS)
WISH = Wish(size_px=64)


def pictures_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pipeline: Any, **options: Any) -> np.ndarray:
    kept: list[np.ndarray] = []
    monkeypatch.setattr(generated, "write_movie", lambda path, pictures, fps: kept.extend(pictures))
    assert write_generated(PHOTO, tmp_path / "a.mp4", pipeline, WISH, **options) == len(kept)
    return np.stack(kept).astype(np.float32) / 255


def test_all_that_moves_loops(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pipeline = OwnPipeline()
    pictures = pictures_of(monkeypatch, tmp_path, pipeline)
    assert len(pictures) == 6 and len(pipeline.asked) == 1 + 20  # one more, to learn the shape of its latents
    bright = pictures.mean((1, 2, 3)) / PHOTO.rgb.mean()
    frames = np.linspace(1, 0.5, 8)
    assert bright == pytest.approx([frames[6], (frames[7] + frames[1]) / 2, *frames[2:6]], abs=0.03)
    off = np.abs(pictures[2] / frames[2] - PHOTO.rgb)
    assert off.mean() < 0.03  # nothing is turned or mirrored


@pytest.mark.parametrize("towards", [(0.0, 0.1, -1.0), (0.0, -1.0, 0.0)], ids=["edge of the panorama", "zenith"])
def test_only_the_region_changes(towards: tuple[float, float, float], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    region, pipeline = cap(towards, 20), OwnPipeline()
    pictures = pictures_of(monkeypatch, tmp_path, pipeline, region=region)
    still = (PHOTO.rgb * 255 + 0.5).astype(np.uint8) / np.float32(255)
    assert np.array_equal(pictures[:, ~region], np.broadcast_to(still[~region], (6, (~region).sum(), 3)))
    inside = cap(towards, 14)
    assert pictures[5][inside].mean() == pytest.approx(np.linspace(1, 0.5, 8)[5] * PHOTO.rgb[inside].mean(), rel=0.1)
    assert 2 <= len(pipeline.asked) - 1 < 12  # views that do not see it are not made


def test_it_can_be_stopped_and_is_a_video(tmp_path: Path) -> None:
    region = cap((0.0, 0.1, -1.0), 20)
    assert write_generated(PHOTO, tmp_path / "a.mp4", OwnPipeline(), WISH, region=region, fps=10.0) == 6
    clip = read_clip(tmp_path / "a.mp4")
    assert len(clip.ticks) == 6 and clip.rate == pytest.approx(10, abs=0.01)
    answers = iter([False] * 8 + [True] * 99)
    with pytest.raises(Cancelled):
        write_generated(PHOTO, tmp_path / "b.mp4", OwnPipeline(), WISH, region=region,
                        progress=Progress(is_cancelled=lambda: next(answers)))
    assert not (tmp_path / "b.mp4").exists()


def test_what_cannot_be_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ends in .mp4"):
        write_generated(PHOTO, tmp_path / "a.4dgs", OwnPipeline(), WISH)
    with pytest.raises(InputError, match="multiple of 32"):
        write_generated(PHOTO, tmp_path / "a.mp4", OwnPipeline(), Wish(size_px=100))
    with pytest.raises(InputError, match="too small"):
        write_generated(PHOTO, tmp_path / "a.mp4", OwnPipeline(), WISH, region=cap((0.0, 0.0, 1.0), 1))
    with pytest.raises(InputError, match="latents are no pictures"):
        write_generated(PHOTO, tmp_path / "a.mp4", OwnPipeline(packed=True), WISH)
