"""Which pictures are read, which are known by their names, and which are of lenses that nobody stitched."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spag4d.clips.photo_or_clip import media_kind
from spag4d.errors import InputError
from spag4d.photos.decode import declared_size
from spag4d.photos.fisheye import circles_in
from spag4d.photos.image import panorama_from_array, read_panorama
from spag4d.photos.picture_kinds import picture_kind
from tests.photos.picture_files import circles, codes, smooth

NAMED = {
    b"\xff\x0a\xfa\x7f": "JPEG XL", b"\0\0\0\x0cJXL \r\n\x87\n": "JPEG XL", b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG 2000",
    b"GIF89a": "GIF",
    b"8BPS\0\1": "Photoshop", b"\x76\x2f\x31\x01": "OpenEXR", b"#?RADIANCE\n": "Radiance HDR", b"P6\n2 1\n": "PPM",
}


@pytest.mark.parametrize("head", NAMED)
def test_other_kinds_are_refused_by_their_names(head: bytes, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(head.ljust(500, b"\0"))
    for look in (read_panorama, media_kind, declared_size):
        with pytest.raises(InputError, match=rf"photo\.jpg is a picture of the kind {NAMED[head]}, which is not read"):
            look(path)


def brands(*names: bytes) -> bytes:
    return (16 + 4 * (len(names) - 1)).to_bytes(4, "big") + b"ftyp" + names[0] + bytes(4) + b"".join(names[1:]) + b"rest"


@pytest.mark.parametrize(("head", "kind"), [
    (brands(b"heic", b"mif1", b"heic"), "HEIC"), (brands(b"mif1", b"miaf", b"heic"), "HEIC"), (brands(b"avif"), "AVIF"),
    (brands(b"mif1", b"avif"), "AVIF"), (brands(b"msf1", b"hevc"), "HEIC"), (brands(b"heix"), "HEIC"),
    (brands(b"isom", b"mp41", b"avc1"), None), (brands(b"qt  "), None), (b"\0\0\0\xffftyp", None)])
def test_pictures_and_videos_share_a_container(head: bytes, kind: str | None) -> None:
    assert picture_kind(head) == kind


def test_heic_without_its_package_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "a.jpg").write_bytes(brands(b"heic").ljust(500, b"\0"))
    with pytest.raises(InputError, match=r"a\.jpg is .* HEIC.*pip install pillow-heif"):
        read_panorama(tmp_path / "a.jpg")


@pytest.mark.parametrize("kind", [b"heic", b"avif"])
def test_damaged_pictures_of_phones(tmp_path: Path, kind: bytes) -> None:
    if kind == b"heic":
        pytest.importorskip("pillow_heif", reason="the package that reads HEIC is not installed")
    (tmp_path / "a.jpg").write_bytes(brands(kind).ljust(500, b"\0"))
    with pytest.raises(InputError, match="cannot be decoded"):
        read_panorama(tmp_path / "a.jpg")


def test_a_dng_is_more_than_its_thumbnail(tmp_path: Path) -> None:
    Image.fromarray(codes(smooth(32))).save(tmp_path / "a.tif", tiffinfo={50706: b"\1\4\0\0"})
    with pytest.raises(InputError, match="raw picture of a camera"):
        read_panorama(tmp_path / "a.tif")


@pytest.mark.parametrize("share", [0.9, 0.97, 1.0])
@pytest.mark.parametrize("maker", ["Arashi Vision", "RICOH", ""])
def test_fisheye_circles_are_refused_with_what_to_do(tmp_path: Path, share: float, maker: str) -> None:
    image = Image.fromarray(codes(circles(128, 2, share)))
    exif = Image.Exif()
    exif[271] = maker
    image.save(tmp_path / "IMG.insp", "JPEG", exif=exif)
    studio = {"Arashi Vision": "Insta360 Studio", "RICOH": "THETA", "": "the software of the camera"}[maker]
    with pytest.raises(InputError, match=rf"two fisheye lenses.*{studio}.*--force-erp"):
        read_panorama(tmp_path / "IMG.insp")
    assert read_panorama(tmp_path / "IMG.insp", force_erp=True).size_hw == (128, 256)


def test_what_a_camera_stitched_itself_is_a_panorama(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[271] = "Arashi Vision"
    Image.fromarray(codes(smooth(64))).save(tmp_path / "IMG.insp", "JPEG", exif=exif)
    assert read_panorama(tmp_path / "IMG.insp").size_hw == (64, 128)


def test_one_circle_is_named_and_not_only_its_shape() -> None:
    with pytest.raises(InputError, match="circle of a fisheye lens"):
        panorama_from_array(circles(64, 1))


@pytest.mark.parametrize("kind", ["night", "capped", "vignette", "black", "tall"])
def test_dark_panoramas_are_no_fisheyes(kind: str) -> None:
    rgb = smooth(128)
    y, x = np.mgrid[:128, :256]
    if kind == "night":
        rgb = rgb * 0.02
        rgb[60:70, 100:120] = 0.9
    elif kind == "capped":
        rgb[:25] = rgb[-25:] = 0
    elif kind == "vignette":
        rgb = rgb * np.clip(1.3 - np.hypot((x - 128) / 128, (y - 64) / 64), 0.05, 1)[..., None].astype(np.float32)
    elif kind == "black":
        rgb = rgb * 0
    else:
        rgb = rgb[:, :100]
    assert circles_in(rgb) == 0
