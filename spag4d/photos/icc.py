"""Colours converted to sRGB by the embedded ICC profile.

8-bit pictures go through LittleCMS as Pillow wraps it, which knows 8 bits only. Deeper ones are computed here in float, from
the matrix and tone curves that every profile of a camera, phone or working space (Display P3, Adobe RGB, ProPhoto, grey
gamma) consists of. Formulas and layout: ICC.1:2022, sections 7 (header, tag table), 10.6 (curv), 10.18 (para), F.3 (matrix).
"""

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from spag4d.color import linear_from_srgb, srgb_from_linear
from spag4d.errors import reason

Floats = NDArray[np.float32]
Curve = Callable[[Floats], Floats]

_SRGB_CODES = np.linspace(0, 1, 256, dtype=np.float32)
"""Where curves are compared with sRGB's: at all 8-bit values."""
_CODES = np.linspace(0, 1, 1 << 16, dtype=np.float32)
"""All values that 16 bits can have."""
_HIGHEST = 2.0
"""A tone curve leads from 0–1 to 0–1; twice that is room for rounding, and far too little for a damaged table."""
_BAND_ROWS = 64
"""Rows at a time, a few MB of floats. The result does not depend on it."""
_PROFILE_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}


@dataclass(frozen=True)
class MatrixProfile:
    """A colour space made of one tone curve per channel and a matrix to linear light in sRGB primaries."""

    curves: tuple[Curve, Curve, Curve]
    srgb_from_device: NDArray[np.float64]

    def to_srgb(self, rgb: Floats) -> Floats:
        """Convert (h, w, 3) encoded values 0–1 to sRGB 0–1; colours outside of sRGB's gamut are cut at its surface."""
        out = np.empty_like(rgb)
        matrix = self.srgb_from_device.T.astype(np.float32)
        for top in range(0, len(rgb), _BAND_ROWS):  # in bands, so that a large picture needs no second copy
            band = rgb[top:top + _BAND_ROWS]
            linear = np.stack([curve(band[..., i]) for i, curve in enumerate(self.curves)], -1)
            out[top:top + _BAND_ROWS] = srgb_from_linear(np.clip(linear @ matrix, 0, 1))
        return out

    def is_srgb(self) -> bool:
        """Whether conversion would change nothing at 8 bits."""
        curves_agree = all(np.abs(curve(_SRGB_CODES) - linear_from_srgb(_SRGB_CODES)).max() < 2e-3 for curve in self.curves)
        return curves_agree and bool(np.abs(self.srgb_from_device - np.eye(3)).max() < 3e-3)


def matrix_profile(icc: bytes) -> MatrixProfile | None:
    """Read an RGB matrix profile or a grey one; None for profiles made of tables, for CMYK and for broken ones."""
    try:
        tags = _tags(icc)
        if "kTRC" in tags:
            grey = _curve(tags["kTRC"])
            return MatrixProfile((grey, grey, grey), np.eye(3))
        red, green, blue = (_curve(tags[name]) for name in ("rTRC", "gTRC", "bTRC"))
        return MatrixProfile((red, green, blue), np.linalg.inv(_primaries(_srgb_tags())) @ _primaries(tags))
    except (KeyError, struct.error, ValueError, IndexError, ZeroDivisionError, OverflowError, np.linalg.LinAlgError):
        return None


def srgb_image(image: Image.Image, icc: bytes) -> Image.Image:
    """Convert an 8-bit picture of any mode with its profile to RGB in sRGB; raises ValueError where they do not fit."""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        space = icc[16:20].decode("latin-1").strip()
        mode = _PROFILE_MODES.get(space)
        if mode is None or (mode != "RGB" and mode != image.mode):
            raise ValueError(f"it is made for {space} and the picture is {image.mode}")
        matrix = matrix_profile(icc)
        picture = image if image.mode == mode else image.convert(mode)
        if mode == "RGB" and matrix is not None and matrix.is_srgb():
            return picture
        srgb = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(picture, profile, srgb, ImageCms.Intent.RELATIVE_COLORIMETRIC, "RGB")
    except (OSError, ImageCms.PyCMSError) as error:
        raise ValueError(f"it cannot be read ({reason(error)})") from error
    assert converted is not None  # only an in-place conversion returns nothing
    return converted


def _srgb_tags() -> dict[str, bytes]:
    return _tags(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())


def _tags(icc: bytes) -> dict[str, bytes]:
    count, = struct.unpack_from(">I", icc, 128)
    if count > 100:
        raise ValueError(f"a profile of {count} tags is not valid")
    entries = (struct.unpack_from(">4sII", icc, 132 + 12 * i) for i in range(count))
    return {name.decode("latin-1"): icc[start:start + size] for name, start, size in entries}


def _primaries(tags: dict[str, bytes]) -> NDArray[np.float64]:
    columns = [struct.unpack_from(">3i", tags[name], 8) for name in ("rXYZ", "gXYZ", "bXYZ")]
    return np.array(columns, np.float64).T / 65536


def _curve(tag: bytes) -> Curve:
    """Return a tone curve; raises ValueError where it is not finite or leaves 0–1 by far."""
    curve = _declared_curve(tag)
    with np.errstate(all="ignore"):
        heights = curve(_CODES)
    if not np.abs(heights).max() <= _HIGHEST:  # written so that NaN fails
        raise ValueError("a tone curve leads nowhere")
    return curve


def _declared_curve(tag: bytes) -> Curve:
    if tag[:4] == b"para":
        return _parametric(*struct.unpack_from(">H", tag, 8), tag)
    if tag[:4] != b"curv":
        raise ValueError(f"unknown kind of curve {tag[:4]!r}")
    count, = struct.unpack_from(">I", tag, 8)
    if count == 0:
        return lambda x: x
    values = np.array(struct.unpack_from(f">{count}H", tag, 12), np.float64)
    if count == 1:
        return _power(values[0] / 256)
    nodes, heights = np.linspace(0, 1, count), values / 65535
    return lambda x: np.interp(x, nodes, heights).astype(np.float32)


def _power(gamma: float) -> Curve:
    return lambda x: np.power(np.maximum(x, 0), np.float32(gamma))


def _parametric(kind: int, tag: bytes) -> Curve:
    """Function types 0–4: ``(a x + b)^g + e`` from ``d`` upwards, ``c x + f`` below."""
    given = struct.unpack_from(f">{(1, 3, 4, 5, 7)[kind]}i", tag, 12)
    g, a, b, c, d, e, f = (*(value / 65536 for value in given), *[0.0] * (7 - len(given)))
    if kind == 0:
        a = 1.0
    if kind in (1, 2):  # the break lies where the base of the power becomes positive, and c is what is added on both sides
        c, d, e, f = 0.0, -b / a, c, c

    def curve(x: Floats) -> Floats:
        return np.where(x >= d, np.maximum(a * x + b, 0) ** g + e, c * x + f).astype(np.float32)

    return curve
