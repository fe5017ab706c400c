import json
import math
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spag4d.data import Gaussians
from spag4d.errors import InputError
from spag4d.formats.ply import read_ply, write_ply
from spag4d.formats.ply_header import read_header
from spag4d.formats.ply_rows import element_rows
from spag4d.progress import Progress
from tests.formats.gaussian_scenes import facing_discs, scene, sh_of

PROPERTIES = ["x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", "opacity",
              "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"]
MANY = 150_000  # more than two chunks


def matrix(quat: np.ndarray) -> np.ndarray:
    w, x, y, z = (float(v) for v in quat)
    return np.array([[1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
                     [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
                     [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)]])


def slow_rows(gaussians: Gaussians) -> np.ndarray:
    """The seventeen numbers of each Gaussian, one by one."""
    rows = []
    for mean, scale, quat, alpha, color in zip(gaussians.means, gaussians.scales, gaussians.quats_wxyz, gaussians.opacities,
                                               gaussians.colors, strict=True):
        normal = matrix(quat)[:, int(np.argmin(scale))]
        normal = normal if normal @ mean < 0 else -normal
        rows.append([*mean, *normal, *((float(c) - 0.5) * 2 * math.sqrt(math.pi) for c in color),
                     math.log(float(alpha) / (1 - float(alpha))), *(math.log(float(s)) for s in scale), *quat])
    return np.array(rows)


def split(path: Path) -> tuple[bytes, np.ndarray]:
    header, data = path.read_bytes().split(b"end_header\n", 1)
    return header + b"end_header\n", np.array(list(struct.iter_unpack("<17f", data)))


def write_foreign(path: Path, columns: dict[str, np.ndarray], *, form: str = "binary_little_endian", before: str = "") -> None:
    """A PLY with any columns, as another tool would write it."""
    names = {"float32": "float", "float64": "double", "uint8": "uchar"}
    record = np.dtype([(name, values.dtype) for name, values in columns.items()])
    table = np.empty(len(next(iter(columns.values()))), record)
    for name, values in columns.items():
        table[name] = values
    properties = "".join(f"property {names[values.dtype.name]} {name}\n" for name, values in columns.items())
    header = f"ply\nformat {form} 1.0\n{before}element vertex {len(table)}\n{properties}end_header\n"
    if form == "ascii":
        data = "".join(" ".join(str(value) for value in row) + " \n" for row in table.tolist()).encode()
    else:
        data = table.astype(record.newbyteorder(">" if "big" in form else "<")).tobytes()
    path.write_bytes(header.encode() + data)


def columns_of(gaussians: Gaussians) -> dict[str, np.ndarray]:
    return {name: column.astype(np.float32) for name, column in zip(PROPERTIES, slow_rows(gaussians).T, strict=True)}


def assert_same(a: Gaussians, b: Gaussians, tolerance: float = 2e-6) -> None:
    np.testing.assert_array_equal(a.means, b.means)
    np.testing.assert_allclose(a.scales, b.scales, rtol=tolerance)
    np.testing.assert_allclose(a.quats_wxyz, b.quats_wxyz, atol=1e-6)
    np.testing.assert_allclose(a.opacities, b.opacities, atol=1e-6)
    np.testing.assert_allclose(a.colors, b.colors, atol=1e-6)


def test_header_and_size_to_the_byte(tmp_path: Path):
    write_ply(tmp_path / "a.ply", scene(7), comments=["SPAG-4D 1.0"])
    expected = ("ply\nformat binary_little_endian 1.0\ncomment SPAG-4D 1.0\nelement vertex 7\n"
                + "".join(f"property float {name}\n" for name in PROPERTIES) + "end_header\n").encode()
    content = (tmp_path / "a.ply").read_bytes()
    assert content[:len(expected)] == expected
    assert len(content) == len(expected) + 7 * 17 * 4


@pytest.mark.parametrize("count", [1, 2, 300])
def test_agrees_with_the_slow_twin(tmp_path: Path, count: int):
    gaussians = scene(count)
    write_ply(tmp_path / "a.ply", gaussians)
    np.testing.assert_allclose(split(tmp_path / "a.ply")[1], slow_rows(gaussians), rtol=2e-6, atol=1e-6)


def test_round_trip_over_several_chunks(tmp_path: Path):
    gaussians = scene(MANY)
    write_ply(tmp_path / "a.ply", gaussians)
    assert_same(read_ply(tmp_path / "a.ply"), gaussians)


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 1, width=32), st.floats(2**-24, 2**14, width=32), st.floats(0, 1, width=32))
def test_extremes_stay_finite_and_come_back(tmp_path_factory: pytest.TempPathFactory, alpha: float, scale: float, color: float):
    path = tmp_path_factory.mktemp("ply") / "a.ply"
    one = Gaussians(np.ones((1, 3), np.float32), np.full((1, 3), scale, np.float32), np.array([[0, 0, 1, 0]], np.float32),
                    np.array([alpha], np.float32), np.full((1, 3), color, np.float32))
    write_ply(path, one)
    assert np.isfinite(split(path)[1]).all()
    assert_same(read_ply(path), one, tolerance=5e-6)


def test_zero_scale_is_written_finite(tmp_path: Path):
    point = Gaussians(np.ones((1, 3), np.float32), np.zeros((1, 3), np.float32), np.array([[1, 0, 0, 0]], np.float32),
                      np.ones(1, np.float32), np.ones((1, 3), np.float32))
    write_ply(tmp_path / "a.ply", point)
    assert np.isfinite(split(tmp_path / "a.ply")[1]).all()


def test_normals_face_the_capture_point_across_the_thin_axis(tmp_path: Path):
    gaussians = scene(2000)
    write_ply(tmp_path / "a.ply", gaussians)
    normals = split(tmp_path / "a.ply")[1][:, 3:6]
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    assert ((normals * gaussians.means).sum(1) <= 0).all()
    for normal, scale, quat in zip(normals[:200], gaussians.scales, gaussians.quats_wxyz, strict=False):
        axes = matrix(quat)
        variance = normal @ axes @ np.diag(scale.astype(float) ** 2) @ axes.T @ normal
        assert variance == pytest.approx(float(scale.min()) ** 2, rel=1e-3)


def test_no_gaussians_make_a_file_that_can_be_read(tmp_path: Path):
    write_ply(tmp_path / "a.ply", Gaussians.empty())
    assert len(read_ply(tmp_path / "a.ply")) == 0


@pytest.mark.parametrize(("comment", "line"), [
    ("two\nlines", "two\\nlines"),
    ("größe \N{GLOBE WITH MERIDIANS}\r", "gr\\xf6\\xdfe \\U0001f310\\r"),
    ("end_header", "end\\x5fheader"),
    ("C:\\photos\\a.jpg", "C:\\photos\\a.jpg"),
    ("x" * 5000, "x" * 1000 + "..."),
])
def test_comments_stay_one_plain_line(tmp_path: Path, comment: str, line: str):
    write_ply(tmp_path / "a.ply", scene(3), comments=[comment, "second"])
    header = split(tmp_path / "a.ply")[0].decode("ascii")
    assert header.splitlines()[2:4] == [f"comment {line}", "comment second"]
    assert len(read_ply(tmp_path / "a.ply")) == 3


def test_settings_in_a_comment_can_be_read_back(tmp_path: Path):
    record = {"stride": 2, "name": "grün \\ \"x\""}
    write_ply(tmp_path / "a.ply", scene(1), comments=[json.dumps(record)])
    assert json.loads(split(tmp_path / "a.ply")[0].decode().splitlines()[2].removeprefix("comment ")) == record


def test_reads_foreign_files_in_any_order_with_further_properties(tmp_path: Path):
    gaussians = scene(50)
    columns = dict(reversed(columns_of(gaussians).items()))
    extra = {f"f_rest_{i}": np.full(50, 9, np.float32) for i in range(45)} | {"red": np.zeros(50, np.uint8)}
    columns["x"] = columns["x"].astype(np.float64)
    write_foreign(tmp_path / "a.ply", extra | columns)
    assert_same(read_ply(tmp_path / "a.ply"), gaussians)


def test_accepts_crlf_and_the_long_type_names(tmp_path: Path):
    gaussians = scene(5)
    write_ply(tmp_path / "a.ply", gaussians)
    header, data = (tmp_path / "a.ply").read_bytes().split(b"end_header\n", 1)
    foreign = (header + b"end_header\n").replace(b"property float ", b"property float32 ").replace(b"\n", b"\r\n")
    (tmp_path / "b.ply").write_bytes(foreign + data)
    assert_same(read_ply(tmp_path / "b.ply"), gaussians)


def test_quaternions_are_normalised_and_colours_clipped(tmp_path: Path):
    gaussians = scene(20)
    columns = columns_of(gaussians)
    columns |= {f"rot_{i}": 3 * columns[f"rot_{i}"] for i in range(4)}
    columns["f_dc_0"] = np.full(20, 5, np.float32)
    write_foreign(tmp_path / "a.ply", columns)
    back = read_ply(tmp_path / "a.ply")
    np.testing.assert_allclose(back.quats_wxyz, gaussians.quats_wxyz, atol=1e-6)
    assert (back.colors[:, 0] == 1).all()


@pytest.mark.parametrize("name", ["x", "f_dc_1", "opacity", "scale_1", "rot_3"])
def test_names_what_is_missing(tmp_path: Path, name: str):
    columns = columns_of(scene(4))
    del columns[name]
    write_foreign(tmp_path / "a.ply", columns)
    with pytest.raises(InputError, match=f"lacks the properties {name}"):
        read_ply(tmp_path / "a.ply")


@pytest.mark.parametrize(("form", "before", "message"), [
    ("binary_middle_endian", "", "'binary_middle_endian' form"),
    ("binary_little_endian", "element chunk 1\nproperty float min_x\n", "compressed PLY"),
    ("binary_little_endian", "element face 1\nproperty list uchar int vertex_indices\n", "element 'face' has no .* or lists"),
    ("binary_little_endian", "element vertex many\n", "damaged PLY header at 'element vertex many'"),
    ("binary_little_endian", "property float orphan\n", "damaged PLY header at 'property float orphan'"),
    ("binary_little_endian", "element vertex 2\nproperty list uchar int x\n", "lacks the properties"),
    ("binary_little_endian", "element vertex 2\nproperty list\n", "damaged PLY header at 'property list"),
    ("binary_little_endian", "element vertex ²\n", "damaged PLY header"),
    ("binary_little_endian", "element vertex " + 30 * "9" + "\n", "damaged PLY header"),
])
def test_refuses_other_kinds_of_ply(tmp_path: Path, form: str, before: str, message: str):
    write_foreign(tmp_path / "a.ply", columns_of(scene(4)), form=form, before=before)
    with pytest.raises(InputError, match=message):
        read_ply(tmp_path / "a.ply")


@pytest.mark.parametrize("form", ["ascii", "binary_big_endian"])
def test_reads_text_and_the_other_byte_order(tmp_path: Path, form: str):
    gaussians = scene(50, sh_degree=1)
    columns = columns_of(gaussians) | rest_columns(gaussians) | {"red": np.arange(50, dtype=np.uint8)}
    write_foreign(tmp_path / "a.ply", columns, form=form)
    back = read_ply(tmp_path / "a.ply")
    assert_same(back, gaussians)
    np.testing.assert_array_equal(sh_of(back), sh_of(gaussians))


@pytest.mark.parametrize(("text", "message"), [
    ("1.00 2.00 3.00\n4 5\n", "a line of it is not numbers"), ("1 2 3\n4 5 x\n", "a line of it is not numbers"),
    ("1 2 3\n", "cut short: it promises 2 lines"), ("1.0000 2.0000 3.0000\n", "it has 1 lines and promises 2"),
    ("1 2 3\n4 5 \xe9\n", "a line of it is not numbers"),
])
def test_text_that_is_damaged(tmp_path: Path, text: str, message: str):
    properties = "".join(f"property float {name}\n" for name in "xyz")
    header = f"ply\nformat ascii 1.0\nelement vertex 2\n{properties}end_header\n"
    (tmp_path / "a.ply").write_bytes(header.encode() + text.encode("latin-1"))
    with pytest.raises(InputError, match=message):
        element_rows(tmp_path / "a.ply", read_header(tmp_path / "a.ply"), 0, ("x",))


def test_an_element_before_the_vertices_is_skipped(tmp_path: Path):
    for form, data in (("ascii", b"7\n8\n"), ("binary_little_endian", bytes(2))):
        write_foreign(tmp_path / "a.ply", columns_of(scene(4)), form=form, before="element camera 2\nproperty uchar id\n")
        content = (tmp_path / "a.ply").read_bytes().replace(b"end_header\n", b"end_header\n" + data)
        (tmp_path / "a.ply").write_bytes(content)
        assert_same(read_ply(tmp_path / "a.ply"), scene(4))


def rest_columns(gaussians: Gaussians) -> dict[str, np.ndarray]:
    """The properties f_rest of 3DGS: all of red, then all of green, then all of blue."""
    count = sh_of(gaussians).shape[1]
    return {f"f_rest_{channel * count + number}": sh_of(gaussians)[:, number, channel] for channel in range(3)
            for number in range(count)}


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_view_dependent_colours_stand_channel_by_channel(tmp_path: Path, degree: int):
    gaussians = scene(30, sh_degree=degree)
    write_ply(tmp_path / "a.ply", gaussians)
    header, data = (tmp_path / "a.ply").read_bytes().split(b"end_header\n", 1)
    names = [line.split()[2] for line in header.decode().splitlines() if line.startswith("property")]
    rest = rest_columns(gaussians)
    assert names == [*PROPERTIES[:9], *rest, *PROPERTIES[9:]]
    table = np.frombuffer(data, np.float32).reshape(30, -1)
    np.testing.assert_array_equal(table[:, 9:9 + len(rest)], np.stack([*rest.values()], -1))
    write_foreign(tmp_path / "b.ply", columns_of(gaussians) | rest_columns(gaussians))
    np.testing.assert_array_equal(sh_of(read_ply(tmp_path / "b.ply")), sh_of(gaussians))


def test_discs_have_a_thin_third_axis(tmp_path: Path):
    columns = columns_of(scene(20))
    del columns["scale_2"]
    write_foreign(tmp_path / "a.ply", columns)
    read = read_ply(tmp_path / "a.ply")
    np.testing.assert_allclose(read.scales[:, :2], scene(20).scales[:, :2], rtol=1e-5)
    np.testing.assert_allclose(read.scales[:, 2], 0.01 * read.scales[:, :2].min(1), rtol=1e-5)


@pytest.mark.parametrize(("extra", "words"), [
    ({"trbf_center": 1, "motion_0": 1}, "moves (SpacetimeGaussian). Its motion is left out"),
    ({"f_rest_0": 1, "f_rest_1": 1}, "has 2 numbers of view-dependent colour"),
    ({f"f_rest_{number}": 1 for number in range(72)}, "beyond degree 3"),
])
def test_what_is_left_out_is_said(tmp_path: Path, extra: dict[str, int], words: str):
    columns = columns_of(scene(5)) | {name: np.full(5, value, np.float32) for name, value in extra.items()}
    write_foreign(tmp_path / "a.ply", columns)
    heard: list[str] = []
    read = read_ply(tmp_path / "a.ply", progress=Progress(lambda event: heard.append(getattr(event, "message", ""))))
    assert len(read) == 5 and len(heard) == 1 and words in heard[0]
    assert read.sh_degree == (3 if len(extra) == 72 else 0)


@pytest.mark.parametrize("content", [b"not a ply at all", b"\xff\xd8\xff\xe0" * 50, b"plywood\n", b"ply\nformat binary"])
def test_refuses_what_is_no_ply(tmp_path: Path, content: bytes):
    (tmp_path / "a.ply").write_bytes(content)
    with pytest.raises(InputError, match="PLY"):
        read_ply(tmp_path / "a.ply")


def test_a_property_twice_is_refused(tmp_path: Path):
    write_foreign(tmp_path / "a.ply", columns_of(scene(4)))
    content = (tmp_path / "a.ply").read_bytes().replace(b"property float nx\n", b"property float x\n")
    (tmp_path / "a.ply").write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        read_ply(tmp_path / "a.ply")


def test_gsply_reads_it(tmp_path: Path):
    gsply = pytest.importorskip("gsply", reason="the gsply package is not installed")
    gaussians = scene(500)
    write_ply(tmp_path / "a.ply", gaussians, comments=["a comment"])
    data = gsply.plyread(tmp_path / "a.ply")
    np.testing.assert_array_equal(data.means, gaussians.means)
    np.testing.assert_allclose(np.exp(data.scales), gaussians.scales, rtol=1e-5)
    np.testing.assert_array_equal(data.quats, gaussians.quats_wxyz)


def test_plyfile_reads_it(tmp_path: Path):
    plyfile = pytest.importorskip("plyfile", reason="the plyfile package is not installed")
    gaussians = scene(500)
    write_ply(tmp_path / "a.ply", gaussians, comments=["a comment"])
    data = plyfile.PlyData.read(tmp_path / "a.ply")
    assert list(data.comments) == ["a comment"]
    assert [p.name for p in data["vertex"].properties] == PROPERTIES
    table = np.stack([data["vertex"][name] for name in PROPERTIES], 1)
    np.testing.assert_allclose(table, slow_rows(gaussians), rtol=2e-6, atol=1e-6)


def test_the_strict_inspector_finds_nothing(tmp_path: Path, shared_folder: Path):
    write_ply(tmp_path / "a.ply", facing_discs(3000), comments=["SPAG-4D", "settings {}"])
    command = [sys.executable, str(shared_folder / "tools" / "splat_inspect.py"), "--strict", "--expect-count", "3000"]
    result = subprocess.run([*command, str(tmp_path / "a.ply")], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
