import json
from pathlib import Path

import numpy as np
import pytest

from spag4d.commands.describe_scene import describe
from spag4d.errors import InputError
from spag4d.formats import FORMATS
from spag4d.formats.scene import write_scene
from tests.formats.gaussian_scenes import scene

ENCODINGS = {
    "ply": "PLY, 17 properties", "splat": "SPLAT, records of 32 bytes", "spz": "SPZ version 3, positions in steps of 1/4096 m",
    "compressed.ply": "PLY, chunks of 256 with 16 bytes each", "sog": "SOG version 2, positions of 16 bits",
    "glb": "glTF 2.0 with KHR_gaussian_splatting, by SPAG-4D",
}


@pytest.mark.parametrize("name", list(FORMATS))
def test_it_tells_what_is_in_a_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"a.{name}"
    write_scene(path, scene(1000), name, comments=["made by a test"])
    told = describe(path)
    assert (told.count, told.format, told.file_size) == (1000, FORMATS.load(name).label, path.stat().st_size)
    assert told.encoding.startswith(ENCODINGS.get(name, ""))
    means, sizes = scene(1000).means, scene(1000).scales
    np.testing.assert_allclose(told.box_m, [means.min(0), means.max(0)], atol=0.02)
    assert told.distances_m[2] == pytest.approx(np.median(np.linalg.norm(means, axis=1)), abs=0.01)
    assert told.scales_m[2] == pytest.approx(np.median(sizes), rel=0.05)
    assert told.invalid == {}
    assert told.comments == (["made by a test"] if FORMATS.load(name).comments else [])
    assert json.loads(told.to_json())["count"] == 1000
    lines = told.to_text().splitlines()
    assert lines[0] == f"{path}: 1,000 Gaussians" and "nothing" in told.to_text()


def test_invalid_values_are_counted_and_do_not_spoil_the_rest(tmp_path: Path) -> None:
    write_scene(tmp_path / "a.ply", scene(100), "ply")
    data = bytearray((tmp_path / "a.ply").read_bytes())
    data[-68 * 3:-68 * 3 + 4] = np.float32("nan").tobytes()
    (tmp_path / "a.ply").write_bytes(data)
    told = describe(tmp_path / "a.ply")
    assert told.invalid == {"position is not a number": 1} and "position is not a number: 1" in told.to_text()
    assert np.isfinite(told.box_m).all() and np.isfinite(told.distances_m).all()


def test_an_empty_scene_and_other_files(tmp_path: Path) -> None:
    write_scene(tmp_path / "a.glb", scene(0), "glb")
    assert describe(tmp_path / "a.glb").to_text().startswith(f"{tmp_path / 'a.glb'}: 0 Gaussians")
    for name in ("a.obj", "gone.ply"):
        with pytest.raises(InputError):
            describe(tmp_path / name)
