"""Other people's programs read what is written here, and what they write is read here."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spag4d.data import Gaussians
from spag4d.formats import FORMATS, readable
from spag4d.formats.scene import write_scene
from spag4d.formats.spz_read import read_spz_header
from spag4d.geometry.rotation import rotation_from_yaw_pitch_roll
from spag4d.splat.edit import rotated
from tests.formats.gaussian_scenes import scene, sh_of
from tests.formats.npm_readers import installed
from tests.formats.precision import differences, paired
from tests.formats.test_formats import EXACT, LIMITS

COUNT = 1500
HERE = Path(__file__).parent
SH0 = 0.28209479177387814

pytestmark = pytest.mark.xdist_group("other readers")


def written(folder: Path, name: str, sh_degree: int = 0) -> Path:
    path = folder / f"ours.{name}"
    write_scene(path, scene(COUNT, sh_degree=sh_degree), name)
    return path


def read(path: Path, name: str) -> Gaussians:
    return readable().load(name).read(path)


def converted(source: Path, target: Path, spz_version: int = 3) -> Path:
    """Let splat-transform convert a file."""
    program = installed() / "@playcanvas" / "splat-transform" / "bin" / "cli.mjs"
    version = ["--spz-version", str(spz_version)] if target.suffix == ".spz" else []
    arguments = [shutil.which("node") or "node", str(program), "-q", "-w", "-g", "cpu", str(source), *version, str(target)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return target


def assert_same(found: Gaussians, expected: Gaussians, *, scale: float = 1e-4, rotation_deg: float = 0.1) -> None:
    assert len(found) == len(expected) == COUNT
    off = differences(*paired(found, expected))
    assert off.position_m.max() < 1e-5 and off.rotation_deg.max() < rotation_deg and off.scale.max() < scale
    assert max(off.color.max(), off.opacity.max()) < 1e-5


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "glb"])
def test_splat_transform_reads_the_very_same_values(tmp_path: Path, name: str) -> None:
    ours = written(tmp_path, name)
    theirs = read(converted(ours, tmp_path / "theirs.ply"), "ply")
    assert_same(theirs, read(ours, name), rotation_deg=1.0 if name == "splat" else 0.1)  # they leave the length as it is


@pytest.mark.parametrize("name", ["ply", "spz", "compressed.ply", "sog"])
def test_splat_transform_reads_the_very_same_view_dependent_colours(tmp_path: Path, name: str) -> None:
    ours = written(tmp_path, name, sh_degree=3)
    theirs, same = paired(read(converted(ours, tmp_path / "theirs.ply"), "ply"), read(ours, name))
    assert theirs.sh is not None and same.sh is not None
    np.testing.assert_allclose(theirs.sh, same.sh, atol=1e-6)
    np.testing.assert_allclose(theirs.colors, same.colors, atol=1e-5)


@pytest.mark.parametrize(("name", "step"), [("spz", 1 / 15), ("compressed.ply", 1 / 64), ("glb", 1e-4)])
def test_view_dependent_colours_that_splat_transform_writes_are_read(tmp_path: Path, name: str, step: float) -> None:
    """Its SPZ has steps of 1/8, rounded twice. Its SOG takes half a minute for finding sets."""
    theirs = read(converted(written(tmp_path, "ply", sh_degree=2), tmp_path / f"theirs.{name}"), name)
    if name == "glb":  # it turns scenes half about z, see below
        theirs = rotated(theirs, rotation_from_yaw_pitch_roll(np.pi, 0.0, 0.0))
    found, same = paired(theirs, scene(COUNT, sh_degree=2))
    assert found.sh is not None and same.sh is not None
    assert np.abs(found.sh - same.sh).max() <= step


@pytest.mark.parametrize("degree", [0, 3])
def test_spz_4_of_splat_transform_is_read(tmp_path: Path, degree: int) -> None:
    source = written(tmp_path, "ply", sh_degree=degree)
    newer = read(converted(source, tmp_path / "four.spz", spz_version=4), "spz")
    assert read_spz_header(tmp_path / "four.spz").version == 4
    assert newer.sh_degree == degree
    older = read(converted(source, tmp_path / "three.spz"), "spz")
    for name in ("means", "scales", "quats_wxyz", "opacities", "colors"):
        np.testing.assert_array_equal(getattr(newer, name), getattr(older, name))
    if degree:
        np.testing.assert_array_equal(sh_of(newer), sh_of(older))


@pytest.mark.parametrize("name", ["ply", "spz", "compressed.ply", "sog"])
def test_what_splat_transform_writes_is_read(tmp_path: Path, name: str) -> None:
    theirs = read(converted(written(tmp_path, "ply"), tmp_path / f"theirs.{name}"), name)
    assert len(theirs) == COUNT
    off, limits = differences(*paired(theirs, scene(COUNT))), LIMITS.get(name, EXACT)
    assert off.position_m.max() <= 2 * limits.position_m + 1e-6
    assert off.rotation_deg.max() <= (2.2 if name == "sog" else limits.rotation_deg)  # they cut off where we round
    assert off.scale.max() <= limits.scale + 0.002
    assert max(off.color.max(), off.opacity.max()) <= 1.01 / 255


def test_a_glb_of_splat_transform_is_read(tmp_path: Path) -> None:
    """It turns scenes half about z instead of x, so that ours come in turned half about the vertical axis."""
    theirs = read(converted(written(tmp_path, "ply"), tmp_path / "theirs.glb"), "glb")
    assert_same(rotated(theirs, rotation_from_yaw_pitch_roll(np.pi, 0.0, 0.0)), scene(COUNT))


def test_three_reads_a_glb(tmp_path: Path) -> None:
    node = shutil.which("node") or "node"
    arguments = [node, str(HERE / "read_glb_with_three.mjs"), str(installed()), str(written(tmp_path, "glb"))]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert (told["meshes"], told["cameras"]) == (1, 1)
    values = {name.lower(): np.array(values, np.float32).reshape(COUNT, -1) for name, values in told["attributes"].items()}
    expected = scene(COUNT)
    np.testing.assert_array_equal(values["position"], expected.means * [1, -1, -1])
    np.testing.assert_array_equal(values["khr_gaussian_splatting:scale"], expected.scales)
    np.testing.assert_array_equal(values["khr_gaussian_splatting:opacity"][:, 0], expected.opacities)


@pytest.mark.parametrize("name", ["ply", "compressed.ply", "spz"])
def test_gsply_reads_and_writes(tmp_path: Path, name: str) -> None:
    gsply = pytest.importorskip("gsply", reason="the gsply package is not installed")
    ours = written(tmp_path, name)
    data = gsply.read_spz(ours) if name == "spz" else gsply.plyread(ours)
    found = Gaussians(data.means, np.exp(data.scales), data.quats, 1 / (1 + np.exp(-data.opacities)), data.sh0 * SH0 + 0.5)
    assert_same(found, read(ours, name))
    theirs = tmp_path / f"theirs.{name}"
    if name == "spz":
        gsply.write_spz(theirs, data)
    else:
        gsply.plywrite(theirs, data, compressed=name != "ply")
    assert len(read(theirs, name)) == COUNT
    off = differences(*paired(read(theirs, name), scene(COUNT)))
    assert off.rotation_deg.max() < 0.5 and off.scale.max() < 0.04 and off.color.max() < 2 / 255
