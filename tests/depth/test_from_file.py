from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest
from PIL import Image, PngImagePlugin

from spag4d.depth.from_file import DEFAULT_UNIT_M, check_reach, depth_from_array, depth_from_file
from spag4d.errors import InputError
from spag4d.geometry.equirect import directions
from spag4d.progress import Progress
from tests.box_room import BoxRoom


def distances(height: int = 16) -> np.ndarray:
    return (0.5 + 20 * np.random.default_rng(4).random((height, 2 * height))).astype(np.float32)


def write_exr(path: Path, channels: dict[str, np.ndarray], compression: int = OpenEXR.ZIP_COMPRESSION) -> None:
    OpenEXR.File({"compression": compression, "type": OpenEXR.scanlineimage}, channels).write(str(path))


def write(path: Path, values: np.ndarray) -> None:
    match path.suffix:
        case ".npy":
            np.save(path, values)
        case ".npz":
            np.savez_compressed(path, depth=values)
        case ".tiff":
            path.write_bytes(cv2.imencode(".tiff", values)[1].tobytes())
        case ".exr":
            write_exr(path, {"Z": values})


@pytest.mark.parametrize("extension", ["npy", "npz", "tiff", "exr"])
def test_floats_are_metres_in_every_format(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"scan mit Höhe.{extension}"
    write(path, distances())
    depth = depth_from_file(path, (16, 32), unit_m=0.25)
    assert np.array_equal(depth.distance, distances()) and not depth.sky.any()
    assert (depth.kind, depth.model) == ("metric", path.name)


@pytest.mark.parametrize("extension", ["npy", "npz", "tiff", "exr"])
def test_nothing_there_is_sky(tmp_path: Path, extension: str) -> None:
    values = distances()
    nothing = np.zeros(values.shape, bool)
    for column, value in enumerate((0.0, -1.0, np.nan, np.inf, -np.inf, 1e10, 65504.0)):
        values[3, column], nothing[3, column] = value, True
    write(tmp_path / f"a.{extension}", values)
    depth = depth_from_file(tmp_path / f"a.{extension}", (16, 32))
    assert np.array_equal(depth.sky, nothing)
    assert np.array_equal(depth.distance[~nothing], values[~nothing])
    assert (depth.distance[nothing] == values[~nothing].max()).all()


@pytest.mark.parametrize("unit_m", [None, 0.001, 0.00025, 0.01])
@pytest.mark.parametrize("extension", ["png", "tiff"])
def test_integers_are_counts(tmp_path: Path, extension: str, unit_m: float | None) -> None:
    counts = np.random.default_rng(0).integers(0, 65536, (16, 32)).astype(np.uint16)
    counts[0, 0] = 0
    path = tmp_path / f"a.{extension}"
    Image.fromarray(counts).save(path)
    depth = depth_from_file(path, (16, 32), unit_m=unit_m)
    assert np.array_equal(depth.sky, counts == 0)
    assert depth.distance[~depth.sky] == pytest.approx(counts[~depth.sky] * (unit_m or DEFAULT_UNIT_M), rel=1e-6)


@pytest.mark.parametrize("unit_m", [None, 0.01])
@pytest.mark.parametrize("kind", [np.uint16, np.int32, ">i8", np.uint64])
def test_whole_numbers_in_arrays_are_counts_too(tmp_path: Path, unit_m: float | None, kind: str) -> None:
    counts = np.full((16, 32), 3000, kind)
    np.save(tmp_path / "a.npy", counts)
    np.savez(tmp_path / "a.npz", counts)
    for name in ("a.npy", "a.npz"):
        depth = depth_from_file(tmp_path / name, (16, 32), unit_m=unit_m)
        assert depth.distance == pytest.approx(3000 * (unit_m or DEFAULT_UNIT_M))


@pytest.mark.parametrize(("kind", "words"), [
    (np.float32, "0.00% lies where surfaces are drawn"), (np.uint16, None), (np.uint8, "8-bit integers, which are too coarse")])
def test_a_map_in_another_unit_is_an_error(tmp_path: Path, kind: type, words: str | None) -> None:
    """Millimetres as floats are 2 km; as whole numbers they are what they say."""
    np.save(tmp_path / "mm.npy", np.full((16, 32), 200 if kind is np.uint8 else 2000, kind))

    def check() -> None:
        check_reach(depth_from_file(tmp_path / "mm.npy", (16, 32)), 0.1, 80.0)

    if words is None:
        check()
        return
    with pytest.raises(InputError, match=words):
        check()


def test_few_surfaces_are_a_warning_and_none_an_error(tmp_path: Path) -> None:
    values = np.full((16, 32), 500, np.float32)
    values[0, :2] = 5
    heard: list[object] = []
    check_reach(depth_from_array(values, (16, 32)), 0.1, 80.0, progress=Progress(on_event=heard.append))
    assert len(heard) == 1 and "0.39% lies where surfaces are drawn" in str(heard[0])
    np.save(tmp_path / "sky.npy", np.full((16, 32), np.inf))
    with pytest.raises(InputError, match="holds no surface"):
        depth_from_file(tmp_path / "sky.npy", (16, 32))


def test_nothing_but_sky_is_a_depth_map() -> None:
    depth = depth_from_array(np.full((16, 32), np.inf, np.float32), (32, 64))
    assert depth.sky.all() and np.isfinite(depth.distance).all()


def test_a_unit_recorded_in_the_png_counts(tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("metres_per_count", "0.004")
    Image.fromarray(np.full((16, 32), 500, np.uint16)).save(tmp_path / "a.png", pnginfo=info)
    assert depth_from_file(tmp_path / "a.png", (16, 32), unit_m=0.001).distance == pytest.approx(2.0)


@pytest.mark.parametrize("unit_m", [0.0, -1.0, np.nan, np.inf])
def test_impossible_units(unit_m: float) -> None:
    with pytest.raises(InputError, match="positive number of metres"):
        depth_from_array(distances(), (16, 32), unit_m=unit_m)


@pytest.mark.parametrize(("names", "wanted"), [
    (["R"], "R"), (["whatever"], "whatever"), (["R", "G", "B", "Z"], "Z"), (["Y", "A"], "Y"),
    (["R", "G", "B", "Depth"], "Depth"),
    (["ViewLayer.Combined.R", "ViewLayer.Depth.Z"], "ViewLayer.Depth.Z")])
def test_exr_channels(tmp_path: Path, names: list[str], wanted: str) -> None:
    write_exr(tmp_path / "a.exr", {name: distances() + 10 * (name != wanted) for name in names})
    assert np.array_equal(depth_from_file(tmp_path / "a.exr", (16, 32)).distance, distances())


@pytest.mark.parametrize("compression", ["NO_COMPRESSION", "RLE_COMPRESSION", "ZIPS_COMPRESSION", "PIZ_COMPRESSION"])
def test_half_floats_and_compressions(tmp_path: Path, compression: str) -> None:
    values = distances().astype(np.float16)
    values[0, :2] = np.inf, 65504
    write_exr(tmp_path / "a.exr", {"V": values}, getattr(OpenEXR, compression))
    depth = depth_from_file(tmp_path / "a.exr", (16, 32))
    assert np.array_equal(depth.distance[1:], values[1:]) and depth.sky.sum() == 2



@pytest.mark.parametrize(("arrays", "wanted"), [
    ({"distance_m": 1, "depth": 2}, 1), ({"depth": 2, "arr_0": 3}, 2), ({"arr_0": 3, "other": 4}, 3), ({"other": 4}, 4)])
def test_npz_keys(tmp_path: Path, arrays: dict[str, float], wanted: float) -> None:
    planes = {name: np.full((16, 32), value, np.float32) for name, value in arrays.items()}
    np.savez(tmp_path / "a.npz", **planes)  # pyright: ignore[reportArgumentType]
    assert (depth_from_file(tmp_path / "a.npz", (16, 32)).distance == wanted).all()


class TestBadFiles:
    @pytest.mark.parametrize(("name", "message"), [
        ("two.npz", "none of its arrays"), ("pickle.npy", "holds Python objects"), ("pickle.npz", "holds Python objects"),
        ("preview.png", "8 bits and colours cannot"), ("grey.png", "8 bits and colours cannot"),
        ("rgb.exr", "a picture in colour"), ("hdri.exr", "a picture in colour"),
        ("text.npy", "is not a depth map: it begins with b'some tex'"),
        ("empty.png", "is empty"), ("missing.npy", "there is no file"),
        ("square.npy", r"shape \(16, 16\)"), ("volume.npy", r"shape \(4, 16, 32\)"), ("words.npy", "type <U1"),
        ("zeros.npy", "holds no distance")])
    def test_one_line_says_what_is_wrong(self, tmp_path: Path, name: str, message: str) -> None:
        path = tmp_path / name
        files = {
            "two.npz": lambda: np.savez(path, a=distances(), b=distances()),
            "pickle.npy": lambda: np.save(path, np.full((2, 4), None, object), allow_pickle=True),
            "pickle.npz": lambda: np.savez(path, depth=np.full((2, 4), None, object)),
            "preview.png": lambda: Image.fromarray(np.zeros((16, 32, 3), np.uint8)).save(path),
            "grey.png": lambda: Image.fromarray(np.ones((16, 32), np.uint8)).save(path),
            "rgb.exr": lambda: write_exr(path, {"RY": distances(), "BY": distances(), "Y": 2 * distances()}),
            "hdri.exr": lambda: write_exr(path, {name: i + distances() for i, name in enumerate("RGB")}),
            "text.npy": lambda: path.write_text("some text"),
            "empty.png": lambda: path.touch(),
            "missing.npy": lambda: None,
            "square.npy": lambda: np.save(path, np.ones((16, 16))),
            "volume.npy": lambda: np.save(path, np.ones((4, 16, 32))),
            "words.npy": lambda: np.save(path, np.full((16, 32), "x")),
            "zeros.npy": lambda: np.save(path, np.zeros((16, 32))),
        }
        files[name]()
        with pytest.raises(InputError, match=message) as caught:
            depth_from_file(path, (16, 32))
        assert name in str(caught.value) and "\n" not in str(caught.value)

    @pytest.mark.parametrize("extension", ["npy", "npz", "tiff", "exr", "png"])
    @pytest.mark.parametrize("kept", [0.95, 0.5])
    def test_cut_off(self, tmp_path: Path, extension: str, kept: float) -> None:
        path = tmp_path / f"a.{extension}"
        if extension == "png":
            Image.fromarray((distances(64) * 1000).astype(np.uint16)).save(path)
        else:
            write(path, distances(64))
        path.write_bytes(path.read_bytes()[:int(path.stat().st_size * kept)])
        with pytest.raises(InputError, match=path.name):
            depth_from_file(path, (16, 32))

    def test_folder(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="is a folder"):
            depth_from_file(tmp_path, (16, 32))


class TestResizing:
    @pytest.mark.parametrize("source", [64, 100, 256, 512])
    def test_planes_stay_planes(self, box_room: BoxRoom, source: int) -> None:
        depth = depth_from_array(box_room.distance(source), (128, 256))
        error = np.abs(depth.distance / box_room.distance(128) - 1)
        assert np.median(error) < 2e-3 * (64 / source) ** 2
        assert np.percentile(error, 90) < 0.01

    def test_pixel_centres_do_not_move(self) -> None:
        """A distance that grows with azimuth tells where a pixel was taken from."""
        column = 1 + 0.001 * np.arange(256, dtype=np.float32)
        depth = depth_from_array(np.tile(column, (128, 1)), (256, 512))
        expected = 1 + 0.001 * ((np.arange(512) + 0.5) / 2 - 0.5)
        assert depth.distance[100, 2:-2] == pytest.approx(expected[2:-2], abs=1e-5)

    @pytest.mark.parametrize("target", [24, 64, 200])
    def test_every_distance_belongs_to_one_side_of_an_edge(self, target: int) -> None:
        values = np.where(np.random.default_rng(8).random((48, 96)) < 0.5, 2.0, 7.0)
        depth = depth_from_array(values, (target, 2 * target))
        assert set(np.unique(np.round(depth.distance, 5))) == {2.0, 7.0}

    @pytest.mark.parametrize("target", [24, 64, 200])
    def test_sky_is_not_mixed_in(self, target: int) -> None:
        values = np.where(np.random.default_rng(9).random((48, 96)) < 0.5, 3.0, np.nan)
        depth = depth_from_array(values, (target, 2 * target))
        assert depth.distance == pytest.approx(3.0) and 0.45 < depth.sky.mean() < 0.55

    def test_azimuth_wraps(self) -> None:
        azimuth = 2 * np.pi * (np.arange(64) + 0.5) / 64
        depth = depth_from_array(np.tile(1 / (1 + 0.3 * np.cos(azimuth)), (32, 1)), (64, 128))
        fine = 2 * np.pi * (np.arange(128) + 0.5) / 128
        assert np.abs(depth.distance * (1 + 0.3 * np.cos(fine)) - 1).max() < 1e-3

    def test_own_size_is_exact(self) -> None:
        assert np.array_equal(depth_from_array(distances(), (16, 32)).distance, distances())

    def test_extra_axes_and_other_types(self) -> None:
        for values in (distances()[..., None], distances()[None], distances().astype(np.float64), distances().astype(">f4")):
            assert np.array_equal(depth_from_array(values, (16, 32)).distance, distances())
        assert (depth_from_array(np.full((16, 32), 2), (16, 32)).distance == 2).all()


def test_a_real_scan(shared_folder: Path) -> None:
    path = shared_folder / "panos" / "depth_pair" / "depth_m.npy"
    if not path.exists():
        pytest.skip(f"no {path.name}")
    depth = depth_from_file(path, (512, 1024))
    values = np.load(path)
    assert np.array_equal(depth.sky, values > 1e9) and depth.sky.any()
    assert depth.distance.max() == values[values < 1e9].max() < 50


@pytest.mark.parametrize("jump", [1.03, 1.08, 1.5])
@pytest.mark.parametrize("factor", [2, 4])
def test_nothing_comes_to_lie_between_a_thing_and_the_wall_close_behind_it(jump: float, factor: int) -> None:
    row, column = np.indices((128, 256))
    values = np.where(column + row // 3 < 160, 2.0, 2.0 * jump).astype(np.float32)
    distance = depth_from_array(values, (128 * factor, 256 * factor)).distance
    assert np.abs(distance[..., None] - [2, 2 * jump]).min(-1).max() < 1e-5


def test_slanted_walls_stay_straight_when_enlarged() -> None:
    def wall(height: int) -> np.ndarray:
        rays = directions(height).astype(float)
        return np.minimum(4 / np.maximum(rays[..., 2], 1e-6), 9 / np.maximum(rays[..., 1], 1e-6))

    truth = wall(256)
    error = np.abs(depth_from_array(wall(64).astype(np.float32), (256, 512)).distance / truth - 1)
    assert np.median(error[truth < 12]) < 1e-3
