"""Where a picture was taken, as its EXIF data says."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64
from PIL import Image

_GPS = 0x8825
_LATITUDE, _LONGITUDE, _ERROR = 2, 4, 31
"""Tags of EXIF 2.32; the one before a coordinate says on which side of the globe it is."""
USUAL_ERROR_M = 5.0
"""Of a telephone or a camera under the open sky; where a file states its own, that counts."""
_EARTH_RADIUS_M = 6_371_000.0


@dataclass(frozen=True)
class Gps:
    """Degrees north and east, and by how many metres they may be wrong."""

    latitude_deg: float
    longitude_deg: float
    error_m: float = USUAL_ERROR_M


def gps_of(path: Path) -> Gps | None:
    """Return where a picture was taken, None where it does not say so."""
    try:
        with Image.open(path) as image:
            tags = image.getexif().get_ifd(_GPS)
        latitude, longitude = _degrees(tags, _LATITUDE, "S"), _degrees(tags, _LONGITUDE, "W")
        error_m = float(tags.get(_ERROR, USUAL_ERROR_M))
    except Exception:  # decoders raise anything over broken data, and most pictures have none
        return None
    is_place = abs(latitude) <= 90 and abs(longitude) <= 180 and (latitude, longitude) != (0, 0)
    return Gps(latitude, longitude, error_m if 0 < error_m < np.inf else USUAL_ERROR_M) if is_place else None


def _degrees(tags: dict[int, Any], tag: int, negative: str) -> float:
    degrees, minutes, seconds = (float(value) for value in tags[tag])
    return (degrees + minutes / 60 + seconds / 3600) * (-1 if tags[tag - 1].strip("\0 ") == negative else 1)


def metres_east_and_north(places: list[Gps]) -> Float64[np.ndarray, "n 2"]:
    """Return places in metres from the first, on a plane: right to a thousandth within 50 km, away from the poles."""
    degrees = np.array([(place.longitude_deg, place.latitude_deg) for place in places])
    from_first = np.radians((degrees - degrees[0] + 180) % 360 - 180)
    return _EARTH_RADIUS_M * from_first * np.array([np.cos(np.radians(degrees[0, 1])), 1.0])
