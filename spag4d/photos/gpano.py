"""Photo Sphere XMP (GPano): where a cropped panorama lies on the full sphere.

The fields are those of https://developers.google.com/streetview/spherical-metadata, as attributes or as elements.
"""

import math
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from spag4d.errors import reason

_NAMESPACE = "http://ns.google.com/photos/1.0/panorama/"
_LONGEST = 100
"""Characters of a value that are kept."""
_LARGEST_PX = 1_000_000
"""Of any number in the data: ten times the widest panoramas, so that what is forged cannot overflow."""
_SAME_SHAPE = 0.01
"""How far two ratios may differ before the data is taken for that of another picture."""


EQUIRECTANGULAR = "equirectangular"


class OtherProjection(ValueError):
    """The picture has another projection than the equirectangular one; the message names it."""


@dataclass(frozen=True)
class Crop:
    """A picture of ``size_hw`` pixels whose upper left corner lies at (top, left) of a full sphere of ``full_hw`` pixels.

    It may wrap around from the sphere's right edge to the left one.
    """

    size_hw: tuple[int, int]
    full_hw: tuple[int, int]
    top: int
    left: int

    def place(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Return the full sphere with ``pixels`` (h, w, …) in their place and zeros elsewhere."""
        full = np.zeros((*self.full_hw, *pixels.shape[2:]), pixels.dtype)
        height, width = self.size_hw
        columns = (self.left + np.arange(width)) % self.full_hw[1]
        full[self.top:self.top + height, columns] = pixels
        return full


def crop_from_xmp(xmp: bytes, size_hw: tuple[int, int]) -> Crop | None:
    """Return where a picture of ``size_hw`` lies according to its XMP packet; None for a full sphere or without GPano data.

    A picture that was shrunk after the data was written is recognised. Raises ValueError, with the reason, for data that cannot
    be true, and `OtherProjection` for a picture that is not part of an equirectangular one.
    """
    fields = gpano_fields(xmp)
    projection = fields.get("ProjectionType", EQUIRECTANGULAR).lower()
    if projection != EQUIRECTANGULAR:
        raise OtherProjection(projection)
    if not any(name.startswith(("Cropped", "Full")) for name in fields):
        return None
    full_hw = _number(fields, "FullPanoHeightPixels"), _number(fields, "FullPanoWidthPixels")
    crop_hw = (_number(fields, "CroppedAreaImageHeightPixels", full_hw[0]),
               _number(fields, "CroppedAreaImageWidthPixels", full_hw[1]))
    corner = _number(fields, "CroppedAreaTopPixels", 0), _number(fields, "CroppedAreaLeftPixels", 0)
    _check(full_hw, crop_hw, corner)
    return None if crop_hw == full_hw and corner == (0, 0) else _scaled(full_hw, crop_hw, corner, size_hw)


def sphere_xmp(size_hw: tuple[int, int]) -> bytes:
    """Return the XMP packet of an equirectangular picture of the whole sphere, by which viewers know it for one."""
    height, width = size_hw
    sizes = {"FullPanoWidthPixels": width, "FullPanoHeightPixels": height, "CroppedAreaImageWidthPixels": width,
             "CroppedAreaImageHeightPixels": height, "CroppedAreaLeftPixels": 0, "CroppedAreaTopPixels": 0}
    fields = "".join(f' GPano:{name}="{value}"' for name, value in {"ProjectionType": EQUIRECTANGULAR, **sizes}.items())
    return (f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            f'<rdf:Description rdf:about="" xmlns:GPano="{_NAMESPACE}"{fields}/></rdf:RDF></x:xmpmeta>').encode()


def gpano_fields(xmp: bytes) -> dict[str, str]:
    """Return the GPano properties of an XMP packet by name; raises ValueError for anything but plain XML."""
    fields: dict[str, str] = {}
    open_elements: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        open_elements.append(name)
        known = {_local(key): value.strip() for key, value in attributes.items() if key.startswith(_NAMESPACE)}
        fields.update({key: value[:_LONGEST] for key, value in known.items()})

    def text(value: str) -> None:
        if open_elements and open_elements[-1].startswith(_NAMESPACE):
            name = _local(open_elements[-1])
            fields[name] = (fields.get(name, "") + value).strip()[:_LONGEST]

    def doctype(*_: object) -> None:
        raise ValueError("it declares entities")  # which XMP never needs and attacks do

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: open_elements.pop()
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = doctype
    packet = xmp.strip(b"\0 \r\n\t")
    try:
        if packet:
            parser.Parse(packet, True)
    except (expat.ExpatError, LookupError, ValueError) as error:  # also an unknown encoding
        raise ValueError(f"its XMP is damaged ({reason(error)})") from error
    return fields


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _number(fields: dict[str, str], name: str, default: int | None = None) -> int:
    if name not in fields and default is not None:
        return default
    text = fields.get(name, "")
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not abs(number) <= _LARGEST_PX:  # written so that NaN fails
        raise ValueError(f"{name} is '{text}'" if text else f"{name} is missing")
    return int(number)


def _check(full_hw: tuple[int, int], crop_hw: tuple[int, int], corner: tuple[int, int]) -> None:
    layout = f"{crop_hw[1]} x {crop_hw[0]} at ({corner[1]}, {corner[0]}) of {full_hw[1]} x {full_hw[0]}"
    too_large = crop_hw[1] > full_hw[1] or corner[0] + crop_hw[0] > full_hw[0]
    if min(crop_hw) < 1 or min(corner) < 0 or corner[1] >= full_hw[1] or too_large:
        raise ValueError(f"a crop of {layout} does not lie inside")
    if abs(full_hw[1] / (2 * full_hw[0]) - 1) > _SAME_SHAPE:
        raise ValueError(f"its full sphere of {full_hw[1]} x {full_hw[0]} is not 2:1")


def _scaled(full_hw: tuple[int, int], crop_hw: tuple[int, int], corner: tuple[int, int], size_hw: tuple[int, int]) -> Crop:
    """Convert the data's pixels to the picture's own."""
    scale = size_hw[0] / crop_hw[0], size_hw[1] / crop_hw[1]
    if abs(scale[0] / scale[1] - 1) > _SAME_SHAPE:
        raise ValueError(f"it describes {crop_hw[1]} x {crop_hw[0]} pixels and the picture has {size_hw[1]} x {size_hw[0]}")
    height, width = (round(f * s) for f, s in zip(full_hw, scale, strict=True))
    left = round(corner[1] * scale[1])
    if corner[1] + crop_hw[1] <= full_hw[1]:
        left = min(left, width - size_hw[1])
    return Crop(size_hw, (height, width), min(round(corner[0] * scale[0]), height - size_hw[0]), left)
