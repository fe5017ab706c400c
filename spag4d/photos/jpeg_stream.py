"""The stream of a JPEG file: whether the whole picture is in it, which decoders do not report. Layout: ITU-T T.81, annex B."""

import io
import math
import re
import struct
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageChops, JpegImagePlugin

_SCAN_LIMIT, _PASSED_PIXELS, _USUAL_SCANS = 100, 1_500_000_000, 12
"""Usual progressive files have about 10 scans, the most elaborate ones some dozens. Each costs a pass over the picture; large
pictures may have fewer, so that all passes together stay within this many pixels, some seconds."""

_BARE = {0x01, *range(0xD0, 0xD8)}
_MARKER = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])", re.DOTALL)  # what ends the coded data of a scan
_SOS, _EOI, _PROGRESSIVE = 0xDA, 0xD9, (0xC2, 0xC6, 0xCA, 0xCE)
"""Markers: start of scan, end of image, starts of progressive frames."""
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of frames; the three others of that range begin tables."""
_GREY = 128
"""What decoders show for missing blocks: zero coefficients."""
_BLOCK_PX = 8
"""Pixels across of a block of the transform."""
_BESIDE = bytes(range(1, 255)) * 64  # without marker: what a decoder that wants more data reads as some picture


@dataclass
class JpegStream:
    """Where a JPEG's coded data ends, and what its scans contain."""

    data: bytes
    scans: int = 0
    end: int = 0
    progressive: bool = False
    pixels: int = 0
    missing_bits: dict[int, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Walk from marker to marker; raises ValueError for anything but a JPEG, and for too many scans."""
        at = 2
        while True:
            marker, at = self._next_marker(at)
            if marker == _EOI:
                return
            if marker in _BARE:
                continue
            size = struct.unpack_from(">H", self.data, at)[0]
            content = self.data[at + 2:at + size]
            at += size
            if marker in _FRAMES:
                self.progressive = marker in _PROGRESSIVE
                self.pixels = math.prod(struct.unpack_from(">HH", content, 1))
            if marker == _SOS:
                self._note_scan(content)
                found = _MARKER.search(self.data, at)
                self.end = at = found.start() if found else len(self.data)

    def _next_marker(self, at: int) -> tuple[int, int]:
        while at < len(self.data) and self.data[at] != 0xFF:
            at += 1
        while at < len(self.data) and self.data[at] == 0xFF:
            at += 1
        return (self.data[at], at + 1) if at < len(self.data) else (_EOI, at)

    def _note_scan(self, header: bytes) -> None:
        self.scans += 1
        limit = min(_SCAN_LIMIT, max(_USUAL_SCANS, _PASSED_PIXELS // max(self.pixels, 1)))
        if self.scans > limit:
            raise ValueError(f"it has more than {limit} scans")
        count = header[0]
        first, last, shift = header[1 + 2 * count:4 + 2 * count]
        for component in header[1:1 + 2 * count:2]:
            bits = self.missing_bits.setdefault(component, [99] * 64)
            for index in range(first, min(last, 63) + 1):
                bits[index] = shift & 15

    @property
    def lacks_scans(self) -> bool:
        """Whether a progressive picture's last scans are missing."""
        return self.progressive and any(any(bits) for bits in self.missing_bits.values())

    def ends_early(self, decoded: Image.Image) -> bool:
        """Return whether rows of the decoded picture are a decoder's substitute for missing data.

        That is grey at the lower right. The grey may also be real: then appending coded data changes nothing.
        """
        if self.lacks_scans:
            return True
        right, bottom = decoded.size
        left, top = (right - 1) // _BLOCK_PX * _BLOCK_PX, (bottom - 1) // _BLOCK_PX * _BLOCK_PX
        corner = np.asarray(decoded.crop((left, top, right, bottom)))
        if not self.progressive and not (abs(corner.astype(int) - _GREY) <= 1).all():
            return False
        with_more = JpegImagePlugin.JpegImageFile(io.BytesIO(self.data[:self.end] + _BESIDE + b"\xff\xd9"))
        with_more.load()
        return ImageChops.difference(with_more, decoded).getbbox() is not None
