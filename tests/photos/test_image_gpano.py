from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from spag4d.errors import InputError
from spag4d.photos.gpano import crop_from_xmp, gpano_fields
from spag4d.photos.image import read_panorama
from spag4d.progress import Notice, Progress
from tests.photos.picture_files import crop_fields, gpano_packet, tiff_bytes

FULL_WH, SIZE_WH, LEFT, TOP = (128, 64), (80, 24), 30, 12


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(3).integers(40, 220, (SIZE_WH[1], SIZE_WH[0], 3)).astype(np.uint8)


def save(path: Path, pixels: np.ndarray, xmp: bytes) -> None:
    image = Image.fromarray(pixels)
    if path.name.startswith("deep"):
        path.write_bytes(tiff_bytes(pixels.astype(np.uint16) * 257, xmp=xmp))
    elif path.suffix == ".png":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp.decode())
        image.save(path, pnginfo=info)
    elif path.suffix == ".tif":
        path.write_bytes(tiff_bytes(pixels, xmp=xmp))
    elif path.suffix == ".webp":
        image.save(path, xmp=xmp, lossless=True)
    else:  # the segment by hand, as old versions of Pillow do not write it
        image.save(path, quality=100, subsampling=0)
        segment = b"http://ns.adobe.com/xap/1.0/\0" + xmp
        data = path.read_bytes()
        path.write_bytes(data[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + data[2:])


def read(path: Path) -> tuple[np.ndarray, np.ndarray | None, list[str]]:
    messages: list[str] = []
    listener = Progress(on_event=lambda event: messages.append(event.message) if isinstance(event, Notice) else None)
    panorama = read_panorama(path, progress=listener)
    return panorama.rgb, panorama.valid, messages


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "deep.tif"])
@pytest.mark.parametrize("as_elements", [False, True])
def test_a_crop_is_placed_on_the_sphere(tmp_path: Path, picture: np.ndarray, name: str, as_elements: bool) -> None:
    save(tmp_path / name, picture, gpano_packet(crop_fields(FULL_WH, SIZE_WH, LEFT, TOP), as_elements=as_elements))
    rgb, valid, messages = read(tmp_path / name)
    inside = np.zeros((64, 128), bool)
    inside[TOP:TOP + 24, LEFT:LEFT + 80] = True
    assert valid is not None and np.array_equal(valid, inside)
    assert np.abs(rgb[inside].reshape(24, 80, 3) - picture / 255).mean() < 0.01
    assert not rgb[~inside].any() and messages == []


def test_a_full_sphere_stays_as_it_is(tmp_path: Path) -> None:
    pixels = np.full((64, 128, 3), 99, np.uint8)
    save(tmp_path / "full.png", pixels, gpano_packet(crop_fields(FULL_WH, FULL_WH, 0, 0)))
    rgb, valid, messages = read(tmp_path / "full.png")
    assert rgb.shape == (64, 128, 3) and valid is None and messages == []


def test_a_picture_that_was_made_smaller_afterwards(tmp_path: Path, picture: np.ndarray) -> None:
    save(tmp_path / "small.png", picture, gpano_packet(crop_fields((1280, 640), (800, 240), 300, 120)))
    rgb, valid, _ = read(tmp_path / "small.png")
    assert rgb.shape == (64, 128, 3) and valid is not None
    assert valid[12:36, 30:110].all() and valid.sum() == 24 * 80


def test_transparency_inside_of_a_crop(tmp_path: Path, picture: np.ndarray) -> None:
    alpha = np.full((24, 80, 1), 255, np.uint8)
    alpha[:5] = 0
    save(tmp_path / "alpha.png", np.dstack([picture, alpha]), gpano_packet(crop_fields(FULL_WH, SIZE_WH, LEFT, TOP)))
    valid = read(tmp_path / "alpha.png")[1]
    assert valid is not None and valid.sum() == 19 * 80 and not valid[:17].any()


@pytest.mark.parametrize(("change", "reason"), [
    ({"FullPanoWidthPixels": "many"}, "FullPanoWidthPixels is 'many'"),
    ({"FullPanoHeightPixels": ""}, "FullPanoHeightPixels is missing"),
    ({"FullPanoWidthPixels": -256}, "does not lie inside"),
    ({"FullPanoWidthPixels": "inf"}, "is 'inf'"),
    ({"CroppedAreaLeftPixels": 256}, "does not lie inside"),
    ({"CroppedAreaTopPixels": -1}, "does not lie inside"),
    ({"CroppedAreaImageWidthPixels": 0}, "does not lie inside"),
    ({"FullPanoHeightPixels": 256}, "256 x 256 is not 2:1"),
    ({"CroppedAreaImageHeightPixels": 60}, "it describes 128 x 60 pixels and the picture has 128 x 64"),
])
def test_nonsense_is_reported_and_ignored(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    pixels = np.full((64, 128, 3), 99, np.uint8)
    fields = crop_fields((256, 128), (128, 64), 30, 12)
    save(tmp_path / "sane.png", pixels, gpano_packet(fields))
    assert read(tmp_path / "sane.png")[0].shape == (128, 256, 3)
    save(tmp_path / "odd.png", pixels, gpano_packet(fields | change))
    rgb, valid, messages = read(tmp_path / "odd.png")
    assert rgb.shape == (64, 128, 3) and valid is None
    assert len(messages) == 1 and messages[0].startswith("the GPano data of odd.png was ignored: ") and reason in messages[0]


def test_another_projection_is_refused_unless_forced(tmp_path: Path) -> None:
    save(tmp_path / "a.png", np.full((64, 128, 3), 99, np.uint8), gpano_packet({"ProjectionType": "Cylindrical"}))
    with pytest.raises(InputError, match=r"projection is cylindrical.*--force-erp"):
        read(tmp_path / "a.png")
    assert read_panorama(tmp_path / "a.png", force_erp=True).size_hw == (64, 128)


@pytest.mark.parametrize(("size_wh", "left"), [((80, 24), 100), ((128, 64), 30), ((40, 12), 100)])
def test_a_crop_over_the_seam_goes_on_from_the_left(tmp_path: Path, size_wh: tuple[int, int], left: int) -> None:
    full_wh, shrunk = ((128, 64), 1) if size_wh[0] != 40 else ((128, 64), 2)
    pixels = np.rint(255 * np.random.default_rng(1).random((size_wh[1], size_wh[0], 3))).astype(np.uint8)
    told = (size_wh[0] * shrunk, size_wh[1] * shrunk)
    save(tmp_path / "a.png", pixels, gpano_packet(crop_fields(full_wh, told, left, 0)))
    rgb, valid, messages = read(tmp_path / "a.png")
    width = full_wh[0] // shrunk
    columns = (left // shrunk + np.arange(size_wh[0])) % width
    assert messages == [] and rgb.shape[1] == width
    assert np.array_equal(rgb[:size_wh[1], columns], (pixels / np.float32(255)))
    assert valid is None or (valid.sum() == size_wh[0] * size_wh[1] and valid[:size_wh[1], columns].all())


@pytest.mark.parametrize("xmp", [
    b"<x", b'<?xml version="1.0" encoding="foo"?><x/>', b'<?xml version="1.0" encoding="EUC-JP"?><x/>',
    b"\xff\xfe\x00", b'<!DOCTYPE x [<!ENTITY e "boom">]><x>&e;</x>',
    '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'.encode("utf-16"),
])
def test_damaged_and_hostile_xmp(xmp: bytes) -> None:
    with pytest.raises(ValueError, match="its XMP"):
        gpano_fields(xmp)


def test_other_prefix_other_namespaces_and_padding() -> None:
    packet = b'''<r:RDF xmlns:r="x" xmlns:p="http://ns.google.com/photos/1.0/panorama/" xmlns:o="http://other/">
        <r:D p:FullPanoWidthPixels=" 128 " o:FullPanoHeightPixels="7"><p:FullPanoHeightPixels> 64
        </p:FullPanoHeightPixels></r:D></r:RDF>''' + b"\0" * 9
    assert gpano_fields(packet) == {"FullPanoWidthPixels": "128", "FullPanoHeightPixels": "64"}


@pytest.mark.parametrize("xmp", [b"", b"<x/>", gpano_packet({"UsePanoramaViewer": "True"})])
def test_without_sizes_nothing_is_cropped(xmp: bytes) -> None:
    assert crop_from_xmp(xmp, (10, 20)) is None


def test_a_crop_of_too_large_a_sphere(tmp_path: Path, picture: np.ndarray) -> None:
    save(tmp_path / "huge.png", picture, gpano_packet(crop_fields((40000, 20000), SIZE_WH, 0, 0)))
    with pytest.raises(InputError, match=r"full sphere of .*huge\.png has 40000 x 20000 pixels"):
        read_panorama(tmp_path / "huge.png")
