from pathlib import Path

import numpy as np
import pytest
from plyfile import PlyData

from spag4d.data import Gaussians
from spag4d.errors import InputError
from spag4d.formats.compressed_ply import read_compressed_ply, write_compressed_ply
from spag4d.formats.ply import read_ply
from spag4d.formats.ply_comments import read_comments
from tests.formats.gaussian_scenes import scene, sh_of
from tests.formats.precision import differences, paired


def test_no_value_is_off_by_more_than_half_a_step_of_its_chunk(tmp_path: Path) -> None:
    written = scene(3000)
    write_compressed_ply(tmp_path / "a.compressed.ply", written)
    data = PlyData.read(tmp_path / "a.compressed.ply")
    assert [(element.name, len(element.data)) for element in data.elements] == [("chunk", 12), ("vertex", 3000)]
    chunks, words = data["chunk"].data, data["vertex"].data
    read, same = paired(read_compressed_ply(tmp_path / "a.compressed.ply"), written)
    group = np.arange(3000) // 256
    for axis, (name, steps) in enumerate((("x", 2047), ("y", 1023), ("z", 2047))):
        width = (chunks[f"max_{name}"] - chunks[f"min_{name}"])[group]
        assert (np.abs(read.means - same.means)[:, axis] <= width / steps / 2 + 1e-5).all()
        width = (chunks[f"max_scale_{name}"] - chunks[f"min_scale_{name}"])[group]
        assert (np.abs(np.log(read.scales / same.scales))[:, axis] <= width / steps / 2 + 1e-5).all()
        shift = {"x": 21, "y": 11, "z": 0}[name]  # unpacked here without the package's reader
        share = (words["packed_position"] >> shift & steps) / steps
        low, high = (chunks[f"{end}_{name}"][group] for end in ("min", "max"))
        np.testing.assert_allclose(low + share * (high - low), read.means[:, axis], atol=1e-5)
    np.testing.assert_allclose((words["packed_color"] & 255) / 255, read.opacities, atol=1e-6)
    assert differences(read, same).rotation_deg.max() < 0.3


def test_the_steps_follow_the_distance(tmp_path: Path) -> None:
    near, far = scene(20 * 256), scene(20 * 256, seed=1)  # whole chunks of each
    far.means[:] *= 500 / np.linalg.norm(far.means, axis=1, keepdims=True)
    written = Gaussians.concatenate([near, far])
    mixed = np.random.default_rng(0).permutation(len(written))
    written = written.select(mixed)
    write_compressed_ply(tmp_path / "a.compressed.ply", written)
    read, same = paired(read_compressed_ply(tmp_path / "a.compressed.ply"), written)
    distance_m = np.linalg.norm(same.means, axis=1)
    assert (np.linalg.norm(read.means - same.means, axis=1) < 0.004 * distance_m).all()


def test_files_of_other_tools(tmp_path: Path) -> None:
    """Without bounds of colours, which older tools do not write, and with view-dependent colours at the end."""
    lines = ["ply", "format binary_little_endian 1.0", "element chunk 1"]
    lines += [f"property float {end}_{name}" for names in (("x", "y", "z"), ("scale_x", "scale_y", "scale_z"))
              for end in ("min", "max") for name in names]
    lines += ["element vertex 1", *(f"property uint packed_{name}" for name in ("position", "rotation", "scale", "color")),
              "element sh 1", *(f"property uchar f_rest_{index}" for index in range(9)), "end_header", ""]
    chunk = np.array([1, 2, 3, 3, 4, 5, -4, -4, -4, -2, -2, -2], "<f4")
    identity = 512 << 20 | 512 << 10 | 512
    words = np.array([2047 << 21 | 0 << 11 | 2047, identity, 0, 255 << 24 | 0 << 16 | 51 << 8 | 255], "<u4")
    (tmp_path / "a.compressed.ply").write_bytes("\n".join(lines).encode() + chunk.tobytes() + words.tobytes() + bytes(9))
    read = read_compressed_ply(tmp_path / "a.compressed.ply")
    assert read.means.tolist() == [[3, 2, 5]]
    np.testing.assert_allclose(read.colors, [[1, 0, 0.2]], atol=1e-6)
    np.testing.assert_allclose(read.quats_wxyz, [[1, 0, 0, 0]], atol=0.002)
    np.testing.assert_array_equal(sh_of(read), np.full((1, 3, 3), -4))


def test_names_and_contents_that_do_not_fit(tmp_path: Path) -> None:
    write_compressed_ply(tmp_path / "a.ply", scene(9), comments=["walking range", "end_header"])
    assert read_comments(tmp_path / "a.ply") == ["walking range", "end\\x5fheader"]
    with pytest.raises(InputError, match="is a compressed PLY"):
        read_ply(tmp_path / "a.ply")
    (tmp_path / "b.compressed.ply").write_bytes(b"ply\nformat binary_little_endian 1.0\nelement vertex 0\nend_header\n")
    with pytest.raises(InputError, match="not a compressed PLY"):
        read_compressed_ply(tmp_path / "b.compressed.ply")
