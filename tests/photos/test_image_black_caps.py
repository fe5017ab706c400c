from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spag4d.photos.black_caps import black_caps
from spag4d.photos.image import panorama_from_array, read_panorama

HEIGHT = 256
RADIUS = 50


def scene(low: float = 0.2, high: float = 0.9) -> np.ndarray:
    noise = np.random.default_rng(5).random((HEIGHT, 2 * HEIGHT, 3), np.float32)
    return low + (high - low) * noise


def with_cap(radius: np.ndarray | int, pole: str = "bottom", value: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    picture = scene()
    cap = np.broadcast_to(np.arange(HEIGHT)[:, None] < radius, (HEIGHT, 2 * HEIGHT))
    cap = cap[::-1] if pole == "bottom" else cap
    picture[cap] = value
    return picture, cap


def wavy(amplitude: float) -> np.ndarray:
    azimuth = 2 * np.pi * np.arange(2 * HEIGHT) / (2 * HEIGHT)
    return np.rint(RADIUS * (1 + amplitude * np.sin(3 * azimuth))).astype(int)


@pytest.mark.parametrize("pole", ["bottom", "top"])
@pytest.mark.parametrize("radius", [8, RADIUS, 100, wavy(0.05), wavy(0.2)])
def test_a_cap_is_found_with_a_narrow_rim(pole: str, radius: int | np.ndarray) -> None:
    picture, cap = with_cap(radius, pole)
    found = black_caps(picture)
    assert found is not None and found[cap].all()
    wider = np.roll(cap, -4 if pole == "bottom" else 4, 0) | cap
    assert not found[~wider].any()


def test_two_caps() -> None:
    picture, bottom = with_cap(RADIUS)
    picture[:20] = 1 / 255
    found = black_caps(picture)
    assert found is not None and found[bottom].all() and found[:20].all() and not found[30:180].any()


@pytest.mark.parametrize("quality", [60, 95])
def test_jpeg_noise_does_not_matter(tmp_path: Path, quality: int) -> None:
    picture, cap = with_cap(wavy(0.1))
    Image.fromarray(np.rint(picture * 255).astype(np.uint8)).save(tmp_path / "cap.jpg", quality=quality)
    valid = read_panorama(tmp_path / "cap.jpg").valid
    assert valid is not None
    assert valid[cap].mean() < 0.02 and valid[~cap].mean() > 0.95


def test_a_patch_that_does_not_reach_round_stays() -> None:
    picture, cap = with_cap(RADIUS)
    picture[-1, 100:140] = 0.5
    assert black_caps(picture) is None


def test_a_few_black_rows_are_no_cap() -> None:
    assert black_caps(with_cap(3)[0]) is None


def test_a_night_sky_that_fades_in_stays() -> None:
    brightness = np.clip((np.arange(HEIGHT) - 30) / 98 * 0.3, 0, 0.3)[:, None, None]
    noise = np.random.default_rng(1).normal(0, 1.5 / 255, (HEIGHT, 2 * HEIGHT, 3)) * (brightness > 0)
    assert black_caps(np.clip(brightness + noise, 0, 1).astype(np.float32)) is None


def test_a_black_night_sky_over_a_skyline_stays() -> None:
    azimuth = 2 * np.pi * np.arange(2 * HEIGHT) / (2 * HEIGHT)
    skyline = np.rint(HEIGHT * (0.42 - 0.1 * np.abs(np.sin(5 * azimuth)))).astype(int)
    assert black_caps(with_cap(skyline, "top")[0]) is None


@pytest.mark.parametrize("pole", ["bottom", "top"])
def test_a_dark_ceiling_with_noise_stays(pole: str) -> None:
    picture, cap = with_cap(RADIUS, pole)
    picture[cap] = np.random.default_rng(0).random((cap.sum(), 3), np.float32) * 6 / 255
    assert black_caps(picture) is None


@pytest.mark.parametrize("value", [12 / 255, 0.1])
def test_a_dark_constant_surface_stays(value: float) -> None:
    assert black_caps(with_cap(RADIUS, value=value)[0]) is None


@pytest.mark.parametrize("value", [0.0, 0.5])
def test_a_picture_of_one_value_stays(value: float) -> None:
    assert black_caps(np.full((HEIGHT, 2 * HEIGHT, 3), value, np.float32)) is None


def test_black_bands_of_a_narrow_lens_are_caps_however_wide() -> None:
    picture, cap = with_cap(100, "top")
    picture[-100:] = 0
    found = black_caps(picture)
    assert found is not None and 206 <= found.sum(0).min() <= found.sum(0).max() <= 208


def test_shadows_at_the_rim_are_not_followed() -> None:
    picture, cap = with_cap(RADIUS)
    picture[-110:, 200:206] = 0
    found = black_caps(picture)
    assert found is not None and found.sum(0).max() <= RADIUS + 20


def test_arrays_of_all_types_are_treated_alike() -> None:
    picture, cap = with_cap(RADIUS)
    for array in (picture, (picture * 255).astype(np.uint8), (picture * 65535).astype(np.uint16)):
        valid = panorama_from_array(array).valid
        assert valid is not None and not valid[cap].any() and valid[:200].all()
