from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spag4d.data import DepthMap
from spag4d.depth.from_file import depth_from_file
from spag4d.errors import Cancelled, InputError
from spag4d.photos.write_depth import PNG_UNIT_M, check_depth_path, colored, write_depth
from spag4d.progress import Notice, Progress


@pytest.fixture
def depth() -> DepthMap:
    distance = np.geomspace(0.1, 120, 32 * 64, dtype=np.float32).reshape(32, 64)
    sky = np.zeros(distance.shape, bool)
    sky[:5, :40] = True
    return DepthMap(distance, sky, "metric", "truth")


@pytest.mark.parametrize(("name", "step_m"), [("depth.npy", 0.0), ("depth.png", PNG_UNIT_M / 2), ("DEPTH.PNG", PNG_UNIT_M / 2)])
def test_what_is_written_is_read_back(tmp_path: Path, depth: DepthMap, name: str, step_m: float) -> None:
    warnings: list[object] = []
    write_depth(tmp_path / name, depth, progress=Progress(on_event=warnings.append))
    again = depth_from_file(tmp_path / name, (32, 64))
    assert np.array_equal(again.sky, depth.sky)
    assert np.abs(again.distance - depth.distance)[~depth.sky].max() <= step_m * 1.02  # float32
    assert not [event for event in warnings if isinstance(event, Notice)]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_npy_is_plain_float32_with_infinite_sky(tmp_path: Path, depth: DepthMap) -> None:
    write_depth(tmp_path / "a.npy", depth)
    values = np.load(tmp_path / "a.npy", allow_pickle=False)
    assert values.dtype == np.float32 and np.array_equal(np.isinf(values), depth.sky)


def test_png_is_16_bits_with_sky_0_and_states_its_unit(tmp_path: Path, depth: DepthMap) -> None:
    write_depth(tmp_path / "a.png", depth)
    with Image.open(tmp_path / "a.png") as image:
        counts = np.asarray(image).astype(int)
        assert float(image.info["metres_per_count"]) == PNG_UNIT_M
    assert np.array_equal(counts == 0, depth.sky)
    assert counts.max() == round(120 / PNG_UNIT_M)


def test_png_keeps_surfaces_that_are_too_near_or_too_far(tmp_path: Path) -> None:
    distance = np.full((16, 32), 5.0, np.float32)
    distance[0], distance[1] = 1e-5, 500.0
    warnings: list[str] = []
    listener = Progress(on_event=lambda event: warnings.append(event.message) if isinstance(event, Notice) else None)
    write_depth(tmp_path / "a.png", DepthMap(distance, np.zeros((16, 32), bool)), progress=listener)
    again = depth_from_file(tmp_path / "a.png", (16, 32))
    assert not again.sky.any()
    assert again.distance[1] == pytest.approx(131.07) and again.distance[0] == pytest.approx(PNG_UNIT_M)
    assert len(warnings) == 1 and "6.2% of the depth map lies beyond 131.1 m" in warnings[0]


def test_far_sky_needs_no_warning(tmp_path: Path) -> None:
    events: list[object] = []
    far = DepthMap(np.full((16, 32), 900.0, np.float32), np.ones((16, 32), bool))
    write_depth(tmp_path / "a.png", far, progress=Progress(on_event=events.append))
    assert not [event for event in events if isinstance(event, Notice)]


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.webp"])
def test_preview_is_a_picture(tmp_path: Path, depth: DepthMap, name: str) -> None:
    write_depth(tmp_path / name, depth)
    with Image.open(tmp_path / name) as image:
        assert (image.size, image.mode) == ((64, 32), "RGB")
        assert image.format == ("WEBP" if name.endswith("webp") else "JPEG")


def test_preview_colours(depth: DepthMap) -> None:
    picture = colored(depth).astype(int)
    assert not picture[depth.sky].any()
    near, far = picture[5, 1], picture[-1, -1]
    assert near[0] > near[2] and far[2] > far[0]


def test_preview_of_one_distance_and_of_sky_alone(tmp_path: Path) -> None:
    for sky in (False, True):
        write_depth(tmp_path / "a.jpg", DepthMap(np.full((16, 32), 2, np.float32), np.full((16, 32), sky)))


def test_webp_is_too_small_for_the_largest_maps(tmp_path: Path) -> None:
    wide = DepthMap(np.ones((1, 16384), np.float32), np.zeros((1, 16384), bool))
    with pytest.raises(InputError, match=r"WebP ends at 16383"):
        write_depth(tmp_path / "a.webp", wide)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["depth", "depth.exr", "depth.ply", "npy"])
def test_unknown_extensions(tmp_path: Path, depth: DepthMap, name: str) -> None:
    for refuse in (lambda path: check_depth_path(path), lambda path: write_depth(path, depth)):
        with pytest.raises(InputError, match=r"\.npy \(metres\), \.png \(16 bits\), or \.jpg, \.jpeg or \.webp"):
            refuse(tmp_path / name)


def test_an_older_file_survives_a_stop(tmp_path: Path, depth: DepthMap) -> None:
    (tmp_path / "a.npy").write_bytes(b"older")
    with pytest.raises(Cancelled):
        write_depth(tmp_path / "a.npy", depth, progress=Progress(is_cancelled=lambda: True))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"older"]
