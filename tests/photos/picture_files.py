"""Files that the product never writes and other programs do: tagged TIFFs, ICC profiles, GPano packets."""

import struct
import zlib
from typing import Literal

import numpy as np

CODES = {8: np.uint8, 16: np.uint16}

ORIENTATION, XMP, ICC = 274, 700, 34675
_SHORT, _LONG, _BYTES = 3, 4, 7


def smooth(height: int, width: int | None = None, channels: int = 3) -> np.ndarray:
    """A picture 0.1–0.9 without symmetry, smooth enough for JPEG."""
    y, x = np.mgrid[:height, :width or 2 * height]
    waves = [np.sin(0.11 * x + 0.05 * y + i) + np.cos(0.07 * y - 0.03 * x * (i + 1)) for i in range(channels)]
    return (0.5 + 0.2 * np.stack(waves, -1)).astype(np.float32)


def circles(height: int, count: int, share: float = 0.97) -> np.ndarray:
    """One or two fisheye circles beside each other in black corners, (h, count * h, 3)."""
    y, x = np.mgrid[:height, :height] * 2 / (height - 1) - 1
    lens = np.where((np.hypot(x, y) < share)[..., None], smooth(height, height), 0)
    return np.tile(lens, (1, count, 1)).astype(np.float32)


def codes(picture: np.ndarray, bits: int = 8) -> np.ndarray:
    return np.rint(picture * (2**bits - 1)).astype(CODES[bits])


def png_header(width: int, height: int, bits: int) -> bytes:
    """A PNG that promises a size and holds nothing."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0)
    chunks = (header, b"IDAT" + zlib.compress(bytes(100)), b"IEND")
    framed = (struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


def tiff_bytes(
    pixels: np.ndarray, *, order: Literal["<", ">"] = "<", planes: bool = False, photometric: int | None = None,
    orientation: int | None = None, xmp: bytes = b"", icc: bytes = b"",
) -> bytes:
    """An uncompressed TIFF with its tags first, one strip (or one per plane), written from the TIFF 6.0 specification."""
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    stored = pixels.astype(pixels.dtype.newbyteorder(order))
    body = (stored.transpose(2, 0, 1) if planes else stored).tobytes()
    strips = channels if planes else 1
    photometric = (1 if channels == 1 else 2) if photometric is None else photometric
    kind = {"u": 1, "i": 2, "f": 3}[pixels.dtype.kind]
    tags: dict[int, tuple[int, list[int] | bytes]] = {
        256: (_LONG, [width]), 257: (_LONG, [height]), 258: (_SHORT, [8 * pixels.itemsize] * channels), 259: (_SHORT, [1]),
        262: (_SHORT, [photometric]), 273: (_LONG, [0] * strips), 277: (_SHORT, [channels]), 278: (_LONG, [height]),
        279: (_LONG, [len(body) // strips] * strips), 284: (_SHORT, [2 if planes else 1]), 339: (_SHORT, [kind] * channels),
    }
    if channels == 4:
        tags[338] = (_SHORT, [2])
    if orientation is not None:
        tags[ORIENTATION] = (_SHORT, [orientation])
    tags |= {tag: (_BYTES, data) for tag, data in ((XMP, xmp), (ICC, icc)) if data}
    head_size = 8 + 2 + 12 * len(tags) + 4
    outside = sum(size for size in (len(_packed(order, *tag)) for tag in tags.values()) if size > 4)
    tags[273] = (_LONG, [head_size + outside + i * (len(body) // strips) for i in range(strips)])
    entries, extra = b"", b""
    for tag, (type_, values) in sorted(tags.items()):
        packed = _packed(order, type_, values)
        field = packed.ljust(4, b"\0")
        if len(packed) > 4:
            field = struct.pack(order + "I", head_size + len(extra))
            extra += packed
        entries += struct.pack(order + "HHI", tag, type_, len(values)) + field
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return magic + struct.pack(order + "IH", 8, len(tags)) + entries + bytes(4) + extra + body


def big_tiff_bytes(pixels: np.ndarray, *, order: Literal["<", ">"] = "<") -> bytes:
    """An uncompressed grey BigTIFF, written from its specification: 64-bit offsets, entries of 20 bytes."""
    body = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    height, width = pixels.shape
    kind = {"u": 1, "i": 2, "f": 3}[pixels.dtype.kind]
    tags = {256: (4, width), 257: (4, height), 258: (3, 8 * pixels.itemsize), 259: (3, 1), 262: (3, 1), 273: (16, 0),
            277: (3, 1), 278: (4, height), 279: (16, len(body)), 339: (3, kind)}
    tags[273] = (16, 16 + 8 + 20 * len(tags) + 8)
    fields = {3: "H6x", 4: "I4x", 16: "Q"}
    entries = b"".join(struct.pack(f"{order}HHQ{fields[type_]}", tag, type_, 1, value) for tag, (type_, value) in tags.items())
    magic = (b"II" if order == "<" else b"MM") + struct.pack(order + "HHHQ", 43, 8, 0, 16)
    return magic + struct.pack(order + "Q", len(tags)) + entries + bytes(8) + body


def _packed(order: str, type_: int, values: list[int] | bytes) -> bytes:
    if isinstance(values, bytes):
        return values
    return struct.pack(f"{order}{len(values)}{'H' if type_ == _SHORT else 'I'}", *values)


# Colorants adapted to D50, from the primaries of the colour spaces (columns of X, Y, Z).
DISPLAY_P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))

SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def parametric(kind: int, *values: float) -> bytes:
    fixed = [round(value * 65536) for value in values]
    return b"para" + bytes(4) + struct.pack(f">HH{len(fixed)}i", kind, 0, *fixed)


def gamma(value: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(value * 256))


def table(values: np.ndarray) -> bytes:
    codes = np.rint(values * 65535).astype(int).tolist()
    return b"curv" + bytes(4) + struct.pack(f">I{len(codes)}H", len(codes), *codes)


def rgb_profile(colorants: tuple[tuple[float, ...], ...], curve: bytes) -> bytes:
    tags = {f"{name}XYZ": _xyz(c) for name, c in zip("rgb", colorants, strict=True)} | {f"{name}TRC": curve for name in "rgb"}
    return _profile(b"RGB ", tags)


def grey_profile(curve: bytes) -> bytes:
    return _profile(b"GRAY", {"kTRC": curve})


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))


def _profile(space: bytes, tags: dict[str, bytes]) -> bytes:
    description = b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(78)
    tags = tags | {"wtpt": _xyz((0.9642, 1.0, 0.8249)), "desc": description}
    start, entries, body = 132 + 12 * len(tags), b"", b""
    for name, data in tags.items():
        entries += struct.pack(">4sII", name.encode(), start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s12s4s", start + len(body), b"test", 0x02400000, b"mntr", space, b"XYZ ", bytes(12), b"acsp")
    head = head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + entries + body


def gpano_packet(fields: dict[str, object], *, as_elements: bool = False) -> bytes:
    """An XMP packet as cameras write it, with the fields as attributes or as elements."""
    attributes = "" if as_elements else " ".join(f'GPano:{name}="{value}"' for name, value in fields.items())
    elements = "".join(f"<GPano:{name}>{value}</GPano:{name}>" for name, value in fields.items()) if as_elements else ""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        f'xmlns:GPano="http://ns.google.com/photos/1.0/panorama/" {attributes}>{elements}</rdf:Description></rdf:RDF>'
        '</x:xmpmeta>   \n<?xpacket end="w"?>'
    ).encode()


def crop_fields(full_wh: tuple[int, int], size_wh: tuple[int, int], left: int, top: int) -> dict[str, object]:
    return {
        "ProjectionType": "equirectangular", "UsePanoramaViewer": "True",
        "FullPanoWidthPixels": full_wh[0], "FullPanoHeightPixels": full_wh[1],
        "CroppedAreaImageWidthPixels": size_wh[0], "CroppedAreaImageHeightPixels": size_wh[1],
        "CroppedAreaLeftPixels": left, "CroppedAreaTopPixels": top,
    }
