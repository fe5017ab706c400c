from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from spag4d.photos.gps import USUAL_ERROR_M, Gps, gps_of, metres_east_and_north

BERLIN = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)}


def picture(folder: Path, tags: dict[int, object]) -> Path:
    image, exif = Image.new("RGB", (4, 2)), Image.Exif()
    exif.get_ifd(0x8825).update(tags)
    image.save(folder / "a.jpg", exif=exif)
    return folder / "a.jpg"


def test_degrees_are_read_with_their_side_of_the_globe(tmp_path: Path) -> None:
    berlin = gps_of(picture(tmp_path, BERLIN))
    assert berlin is not None and vars(berlin) == pytest.approx(
        {"latitude_deg": 52.52, "longitude_deg": 13.405, "error_m": USUAL_ERROR_M})
    rio = gps_of(picture(tmp_path, {1: "S", 2: (22.0, 54.0, 0.0), 3: "W", 4: (43.0, 12.0, 0.0), 31: IFDRational(3, 2)}))
    assert rio is not None and vars(rio) == pytest.approx({"latitude_deg": -22.9, "longitude_deg": -43.2, "error_m": 1.5})


@pytest.mark.parametrize("tags", [{}, {2: (52.0, 31.0, 12.0)}, {**BERLIN, 2: (520.0, 0.0, 0.0)},
                                  {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)}])
def test_what_is_no_place_is_none(tmp_path: Path, tags: dict[int, object]) -> None:
    assert gps_of(picture(tmp_path, tags)) is None


def test_other_files_have_none(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"not a picture")
    assert gps_of(tmp_path / "a.jpg") is None


def test_degrees_become_metres_also_across_the_date_line() -> None:
    places = [Gps(60.0, 179.9995), Gps(60.0, -179.9995), Gps(60.001, 179.9995)]
    np.testing.assert_allclose(metres_east_and_north(places), [(0, 0), (55.6, 0), (0, 111.2)], atol=0.1)
