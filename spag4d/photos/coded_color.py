"""Colour spaces that a file names by numbers instead of an ICC profile: PNG's cICP, gAMA and cHRM, and nclx of AVIF and HEIC.

Numbers, curves and primaries: ITU-T H.273; the PQ and HLG curves and their white: ITU-R BT.2100 and BT.2408; PNG: W3C,
third edition.
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spag4d.color import linear_from_srgb
from spag4d.photos.icc import Curve, Floats, MatrixProfile

Primaries = tuple[float, float, float, float, float, float, float, float]
"""x and y of red, green, blue and white."""

_D65 = (0.3127, 0.3290)
"""Chromaticity x, y of white; as all primaries here in ITU-T H.273."""
_SRGB: Primaries = (0.640, 0.330, 0.300, 0.600, 0.150, 0.060, *_D65)
"""x, y of red, green, blue and white."""
_PRIMARIES: dict[int, Primaries] = {
    1: _SRGB, 2: _SRGB, 4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, 0.310, 0.316), 5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65), 7: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65), 11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),
}
_VIDEO, _UNSAID, _SRGB_CURVE, _PQ, _HLG = (1, 6, 14, 15), 2, 13, 16, 18
"""Codes of transfer functions in ITU-T H.273: BT.709 and its kin, unspecified, sRGB, PQ, HLG."""
_WHITE_NITS = 203.0
"""Luminance of a white sheet in a picture of high dynamic range (BT.2408); sRGB has none beyond it."""
_PQ_PEAK_NITS = 10_000.0
"""Luminance of PQ's largest value (SMPTE ST 2084)."""
_HLG_WHITE = 0.265
"""Scene light of the HLG signal 0.75, which is white by BT.2408, when 1 is the peak."""

_CHUNK_LIMIT = 1000
"""Chunks before the pixels that are read for colours; real files hold a dozen. It bounds the time of a forged one."""


@dataclass(frozen=True)
class CodedColor:
    """How a file declares its colours; ``ignored`` and ``cut`` are warnings."""

    profile: MatrixProfile | None = None
    ignored: str = ""
    cut: str = ""


def color_of_codes(primaries: int, transfer: int) -> CodedColor:
    """Return the colour space of two code points of H.273."""
    curve = _curve_of(transfer)
    if curve is None or primaries not in _PRIMARIES:
        return CodedColor(ignored=f"its colour space (primaries {primaries}, transfer {transfer} of H.273) is unknown")
    cut = "its high dynamic range (PQ or HLG) was cut at white" if transfer in (_PQ, _HLG) else ""
    return CodedColor(_profile(curve, _PRIMARIES[primaries]), cut=cut)


def color_of_png(data: bytes) -> CodedColor:
    """Return the colour space that a PNG names in cICP, or else in gAMA and cHRM, over which a profile and sRGB take
    precedence."""
    chunks = _chunks_before_pixels(data)
    if len(chunks.get(b"cICP", b"")) == 4:
        primaries, transfer, matrix, full = chunks[b"cICP"]
        if matrix == 0 and full == 1:
            return color_of_codes(primaries, transfer)
        return CodedColor(ignored="its cICP names a range that PNG does not have")
    if b"iCCP" in chunks or b"sRGB" in chunks:
        return CodedColor()
    return _of_gamma(chunks.get(b"gAMA", b""), chunks.get(b"cHRM", b""))


def color_of_boxes(data: bytes) -> CodedColor:
    """Return the colour space that an AVIF or HEIC file names in its first nclx property."""
    at = data.find(b"colrnclx")
    if at < 0 or at + 12 > len(data):
        return CodedColor()
    return color_of_codes(*struct.unpack_from(">HH", data, at + 8))


def _of_gamma(gama: bytes, chrm: bytes) -> CodedColor:
    gamma = struct.unpack(">I", gama)[0] / 100_000 if len(gama) == 4 else None
    named = [value / 100_000 for value in struct.unpack(">8I", chrm)] if len(chrm) == 32 else None
    primaries: Primaries = (*named[2:], *named[:2]) if named else _SRGB  # type: ignore[assignment]
    if gamma is None and named is None:
        return CodedColor()
    if gamma is not None and not 0.1 <= gamma <= 10:
        return CodedColor(ignored=f"its gamma of {gamma:g} is none")
    curve = linear_from_srgb if gamma is None or abs(gamma - 1 / 2.2) < 0.005 else _power(1 / gamma)
    try:
        return CodedColor(_profile(curve, primaries))
    except (np.linalg.LinAlgError, ZeroDivisionError, ValueError):
        return CodedColor(ignored="its primaries (cHRM) span no colour space")


def _profile(curve: Curve, primaries: Primaries) -> MatrixProfile:
    matrix = np.linalg.inv(_xyz_from_rgb(_SRGB)) @ _xyz_from_rgb(primaries)
    if not np.isfinite(matrix).all() or np.abs(matrix).max() > 100:
        raise ValueError("no colour space")
    return MatrixProfile((curve, curve, curve), matrix)


def _xyz_from_rgb(primaries: Primaries) -> NDArray[np.float64]:
    """Return the matrix from linear light to XYZ with the white at (1, 1, 1), as adapted by von Kries to equal energy."""
    columns = np.array([(x / y, 1.0, (1 - x - y) / y) for x, y in zip(primaries[::2], primaries[1::2], strict=True)]).T
    matrix = columns[:, :3] * np.linalg.solve(columns[:, :3], columns[:, 3])
    return matrix / columns[:, 3:]


def _curve_of(transfer: int) -> Curve | None:
    if transfer in (*_VIDEO, _UNSAID, _SRGB_CURVE):  # what cameras call BT.709 is meant to be shown as it is
        return linear_from_srgb
    return {4: _power(2.2), 5: _power(2.8), 8: _power(1.0), _PQ: _from_pq, _HLG: _from_hlg}.get(transfer)


def _power(exponent: float) -> Curve:
    return lambda x: np.power(np.maximum(x, 0), np.float32(exponent)).astype(np.float32)


def _from_pq(signal: Floats) -> Floats:
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    root = np.power(np.clip(signal, 0, 1), 1 / m2)
    light = np.power(np.maximum(root - c1, 0) / (c2 - c3 * root), 1 / m1)
    return (light * _PQ_PEAK_NITS / _WHITE_NITS).astype(np.float32)


def _from_hlg(signal: Floats) -> Floats:
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    signal = np.clip(signal, 0, 1)
    light = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    return (light / _HLG_WHITE).astype(np.float32)


def _chunks_before_pixels(data: bytes) -> dict[bytes, bytes]:
    chunks: dict[bytes, bytes] = {}
    at = 8
    for _ in range(_CHUNK_LIMIT):
        size, name = struct.unpack_from(">I4s", data, at) if at + 8 <= len(data) else (0, b"IDAT")
        if name == b"IDAT":
            break
        chunks.setdefault(name, data[at + 8:at + 8 + min(size, 32)])
        at += 12 + size
    return chunks
