"""Honest pictures, depth maps and what stands beside the pixels in them."""

import io
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

_HEIGHT = 48
_XMP = ('<?xpacket begin="\ufeff" id="x"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:GPano="http://ns.google.com/photos/1.0/panorama/" GPano:ProjectionType="equirectangular" '
        f'GPano:FullPanoWidthPixels="{2 * _HEIGHT}" GPano:FullPanoHeightPixels="{_HEIGHT}" '
        f'GPano:CroppedAreaImageWidthPixels="{2 * _HEIGHT}" GPano:CroppedAreaImageHeightPixels="{_HEIGHT}" '
        'GPano:CroppedAreaLeftPixels="0" GPano:CroppedAreaTopPixels="0"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>').encode()


def _pixels(bits: int = 8) -> np.ndarray:
    """Return a picture (h, 2 h, 3) with something in every corner."""
    y, x = np.mgrid[:_HEIGHT, :2 * _HEIGHT]
    waves = np.stack([np.sin(0.2 * x + 0.1 * y + i) + np.cos(0.3 * y - 0.1 * i * x) for i in range(3)], -1)
    noise = np.random.default_rng(0).random(waves.shape)
    return np.rint((0.5 + 0.15 * waves + 0.1 * noise) * (2**bits - 1)).astype(f"u{bits // 8}")


def distances() -> np.ndarray:
    """Return metres (h, 2 h) along the ray of a room and a window."""
    y, x = np.mgrid[:_HEIGHT, :2 * _HEIGHT]
    metres = (3 + np.sin(0.1 * x) + 0.5 * np.cos(0.2 * y)).astype(np.float32)
    metres[5:9, 20:30] = np.inf
    return metres


def _saved(kind: str, pixels: np.ndarray, **options: object) -> bytes:
    packed = io.BytesIO()
    Image.fromarray(pixels).save(packed, kind, **options)
    return packed.getvalue()


def _described() -> dict[str, object]:
    exif = Image.Exif()
    exif[271], exif[274], exif[306] = "A camera", 1, "2026:01:01 00:00:00"
    return {"exif": exif.tobytes(), "icc_profile": _profile()}


def _profile() -> bytes:
    """Return a profile of a matrix and three curves, which is not that of sRGB."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    at = profile.index(b"rXYZ", 132)
    start, = struct.unpack_from(">I", profile, at + 4)
    profile[start + 8:start + 12] = struct.pack(">i", 33000)
    return bytes(profile)


def pictures() -> Iterator[tuple[str, bytes]]:
    """Yield names and files of all kinds of pictures that are read."""
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", _XMP.decode())
    described = _described()
    yield "a.jpg", _saved("JPEG", _pixels(), xmp=_XMP, quality=90, **described)
    yield "progressive.jpg", _saved("JPEG", _pixels(), progressive=True, quality=90)
    yield "a.png", _saved("PNG", _pixels(), pnginfo=info, **described)
    yield "deep.png", cv2.imencode(".png", _pixels(16))[1].tobytes()
    yield "a.tif", _saved("TIFF", _pixels(), compression="tiff_lzw", icc_profile=_profile(), tiffinfo={700: _XMP})
    yield "deep.tif", cv2.imencode(".tif", _pixels(16))[1].tobytes()
    yield "a.webp", _saved("WEBP", _pixels(), xmp=_XMP, quality=90, **described)
    yield "lossless.webp", _saved("WEBP", _pixels(), lossless=True)
    yield "a.bmp", _saved("BMP", _pixels())
    yield "a.avif", _saved("AVIF", _pixels(), quality=90, xmp=_XMP, **described)
    if (heic := _heic()) is not None:
        yield "a.heic", heic


def _heic() -> bytes | None:
    try:
        import pillow_heif
    except ImportError:
        print("HEIC is left out, as pillow-heif is not installed", file=sys.stderr)
        return None
    packed = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(_pixels())).save(packed, format="HEIF", quality=90)
    return packed.getvalue()


def depth_maps(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield names and files of all kinds of depth maps that are read; ``folder`` is for one that only a file can be made of."""
    import OpenEXR

    metres = distances()
    packed = io.BytesIO()
    np.save(packed, metres)
    yield "d.npy", packed.getvalue()
    packed = io.BytesIO()
    np.savez_compressed(packed, depth=metres)
    yield "d.npz", packed.getvalue()
    millimetres = np.where(np.isfinite(metres), metres * 1000, 0).astype(np.uint16)
    yield "d.png", cv2.imencode(".png", millimetres)[1].tobytes()
    yield "d.tif", cv2.imencode(".tif", metres)[1].tobytes()
    OpenEXR.File({"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}, {"Z": metres}).write(
        str(folder / "d.exr"))
    yield "d.exr", (folder / "d.exr").read_bytes()
    yield "d.pfm", b"Pf\n%d %d\n-1.0\n" % metres.shape[::-1] + metres[::-1].tobytes()
