import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spag4d.data import Gaussians
from spag4d.errors import InputError
from spag4d.formats.sog_read import read_sog, read_sog_comments
from spag4d.formats.sog_write import write_sog
from tests.formats.gaussian_scenes import scene
from tests.formats.precision import differences, paired


def pixels(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(archive.read(name))).convert("RGBA"))


def test_every_field_is_where_the_layout_says(tmp_path: Path) -> None:
    """A pixel is taken apart here without the package's reader."""
    written = scene(500)
    write_sog(tmp_path / "a.sog", written, comments=["a comment"])
    with zipfile.ZipFile(tmp_path / "a.sog") as archive:
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())
        meta = json.loads(archive.read("meta.json"))
        pictures = {part: [pixels(archive, name) for name in meta[part]["files"]]
                    for part in ("means", "scales", "quats", "sh0")}
    assert (meta["version"], meta["count"], len(meta["scales"]["codebook"]), len(meta["sh0"]["codebook"])) == (2, 500, 256, 256)
    height, width = pictures["means"][0].shape[:2]
    assert width * height >= 500
    index = 123
    row, column = divmod(index, width)
    read, same = paired(read_sog(tmp_path / "a.sog"), written)
    low, high = (picture[row, column, :3].astype(int) for picture in pictures["means"])
    first, last = np.array(meta["means"]["mins"]), np.array(meta["means"]["maxs"])
    logs = first + (high * 256 + low) / 65535 * (last - first)
    np.testing.assert_allclose(np.sign(logs) * (np.exp(np.abs(logs)) - 1), same.means[index], atol=4e-4)
    color = pictures["sh0"][0][row, column]
    np.testing.assert_allclose(np.array(meta["sh0"]["codebook"])[color[:3]] * 0.28209479177387814 + 0.5, same.colors[index],
                               atol=0.51 / 255)
    assert color[3] / 255 == pytest.approx(same.opacities[index], abs=0.51 / 255)
    assert pictures["quats"][0][row, column, 3] in (252, 253, 254, 255)
    assert read_sog_comments(tmp_path / "a.sog") == ["a comment"]


def test_naming_the_axes_otherwise_makes_rotations_more_exact(tmp_path: Path) -> None:
    written = scene(20_000)
    write_sog(tmp_path / "a.sog", written)
    read, same = paired(read_sog(tmp_path / "a.sog"), written)
    found = differences(read, same)
    assert found.rotation_deg.max() < 0.6
    kept = np.abs((read.quats_wxyz * same.quats_wxyz).sum(1)) > np.cos(np.radians(0.6))
    assert 0.5 < kept.mean() < 0.99


def test_sizes_are_more_exact_on_average_than_even_steps_and_never_off_by_more_than_one(tmp_path: Path) -> None:
    for spread in (0.01, 1.0, 2.0):
        written = scene(3000)
        np.exp(np.random.default_rng(8).normal(-4, spread, (3000, 3)), out=written.scales, casting="same_kind")
        write_sog(tmp_path / "a.sog", written)
        read, same = paired(read_sog(tmp_path / "a.sog"), written)
        ratio = np.log(np.sort(read.scales, 1) / np.sort(same.scales, 1))
        step = np.log(written.scales.max() / written.scales.min()) / 256
        assert np.sqrt((ratio ** 2).mean()) < min(step / np.sqrt(12), 0.01 * max(spread, 1)) + 1e-6
        assert np.abs(ratio).max() < step + 1e-4


def test_one_size_and_one_place_are_exact(tmp_path: Path) -> None:
    one = scene(1)
    same = Gaussians(*(np.repeat(values, 30, axis=0) for values in (
        one.means, np.full((1, 3), 0.25, np.float32), one.quats_wxyz, one.opacities, one.colors)))
    write_sog(tmp_path / "a.sog", same)
    read = read_sog(tmp_path / "a.sog")
    np.testing.assert_allclose(read.means, same.means, rtol=1e-5)
    np.testing.assert_allclose(read.scales, 0.25, rtol=1e-4)


def test_other_files_are_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "a.sog"
    for meta, words in (({"version": 1}, "of version 1"), ({"version": 2}, "'count' in its meta.json"), ([], "damaged")):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("meta.json", json.dumps(meta))
        with pytest.raises(InputError, match=words):
            read_sog(path)
    write_sog(path, scene(100))
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    entries["meta.json"] = entries["meta.json"].replace(b'"count": 100', b'"count": 9000')
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    with pytest.raises(InputError, match="pixels, not 9000"):
        read_sog(path)
