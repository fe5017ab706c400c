"""Kinds of picture files, distinguished by how they begin: those that are read, and those that are known by name only."""

_READ = {
    b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"BM": "BMP",
    b"II*\0": "TIFF", b"MM\0*": "TIFF", b"II+\0": "TIFF", b"MM\0+": "TIFF",
}
_BRANDS = {"AVIF": (b"avif", b"avis"), "HEIC": (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"heif")}
_ANY_STILL = (b"mif1", b"mif2", b"msf1", b"miaf")
"""Brands of pictures in that container with any codec: the compatible brands then name it."""

_NAMED = {
    b"\xff\x0a": "JPEG XL", b"\0\0\0\x0cJXL \r\n\x87\n": "JPEG XL",
    b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG 2000", b"\xff\x4f\xff\x51": "JPEG 2000",
    b"\x76\x2f\x31\x01": "OpenEXR", b"#?RADIANCE": "Radiance HDR", b"#?RGBE": "Radiance HDR",
    b"GIF8": "GIF", b"8BPS": "Photoshop", b"IIRO": "raw camera", b"IIU\0": "raw camera", b"FUJIFILMCCD-RAW": "raw camera",
    b"P5": "PGM", b"P6": "PPM", b"PF": "PFM", b"Pf": "PFM", b"qoif": "QOI",
}
_HIGH_RANGE = ("OpenEXR", "Radiance HDR", "PFM")

HEAD_BYTES = 400
"""Bytes at the beginning of a file that reveal its kind."""

KINDS = ("JPEG", "PNG", "WebP", "TIFF", "BMP", "AVIF", "HEIC")
"""What is read."""


def picture_kind(head: bytes) -> str | None:
    """Return which of `KINDS` begins with these bytes, or None."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[4:8] == b"ftyp":
        return _kind_by_brands(head)
    return next((kind for signature, kind in _READ.items() if head.startswith(signature)), None)


def _kind_by_brands(head: bytes) -> str | None:
    size = int.from_bytes(head[:4], "big")
    brands = [head[8:12], *(head[start:start + 4] for start in range(16, min(size, len(head)), 4))]
    if brands[0] in _ANY_STILL:
        return next((kind for kind, of_kind in _BRANDS.items() if any(brand in of_kind for brand in brands)), "HEIC")
    return next((kind for kind, of_kind in _BRANDS.items() if brands[0] in of_kind), None)


def unread_kind(head: bytes) -> str | None:
    """Return the message for a picture of a known kind that cannot be read, or None."""
    name = next((name for signature, name in _NAMED.items() if head.startswith(signature)), None)
    if name is None:
        return None
    how = "Tone-map it and save it as 16-bit TIFF or PNG" if name in _HIGH_RANGE else "Save it as JPEG, PNG or TIFF"
    return f"is a picture of the kind {name}, which is not read. {how} first."
