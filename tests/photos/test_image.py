from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest
from PIL import Image

from spag4d.errors import InputError
from spag4d.photos.image import IMAGE_EXTENSIONS, panorama_from_array, read_panorama
from spag4d.progress import Notice, Progress
from tests.photos.picture_files import codes, smooth, tiff_bytes


@pytest.fixture
def warned() -> tuple[list[str], Progress]:
    messages: list[str] = []
    return messages, Progress(on_event=lambda event: messages.append(event.message) if isinstance(event, Notice) else None)


class TestFormats:
    @pytest.mark.parametrize("extension", ["jpg", "JPG", "jpeg", "png", "PNG", "webp", "tif", "TIFF", "bmp"])
    def test_8_bits(self, tmp_path: Path, extension: str) -> None:
        path = tmp_path / f"Straße mit Bäumen.{extension}"
        Image.fromarray(codes(smooth(64))).save(path, quality=95)
        panorama = read_panorama(path)
        assert panorama.name == "Straße mit Bäumen"
        assert panorama.size_hw == (64, 128) and panorama.valid is None
        assert np.abs(panorama.rgb - smooth(64)).mean() < 0.01
        assert path.suffix.lower() in IMAGE_EXTENSIONS

    @pytest.mark.parametrize("extension", ["png", "tiff"])
    @pytest.mark.parametrize("channels", [1, 3, 4])
    def test_16_bits_keep_their_steps(self, tmp_path: Path, extension: str, channels: int) -> None:
        picture = codes(smooth(32, channels=channels), 16)
        bgr = picture[..., [2, 1, 0, 3][:channels]] if channels > 1 else picture
        path = tmp_path / f"deep.{extension}"
        path.write_bytes(cv2.imencode(f".{extension}", bgr)[1].tobytes())
        expected = np.broadcast_to(picture[..., :3] / 65535, (32, 64, 3))
        assert np.abs(read_panorama(path).rgb - expected).max() < 1e-6

    @pytest.mark.parametrize("order", ["<", ">"])
    @pytest.mark.parametrize("type_", [np.float32, np.float64])
    def test_float_tiff(self, tmp_path: Path, order: Literal["<", ">"], type_: type) -> None:
        path = tmp_path / "float.tif"
        path.write_bytes(tiff_bytes(smooth(16).astype(type_), order=order))
        assert np.abs(read_panorama(path).rgb - smooth(16)).max() < 1e-6

    def test_content_decides(self, tmp_path: Path) -> None:
        path = tmp_path / "in truth a png.jpg"
        Image.fromarray(codes(smooth(16))).save(path, format="PNG")
        assert np.array_equal(read_panorama(path).rgb, codes(smooth(16)) / np.float32(255))

    @pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "LA", "RGBA"])
    def test_every_mode_becomes_rgb(self, tmp_path: Path, mode: str) -> None:
        path = tmp_path / "picture.tif" if mode == "CMYK" else tmp_path / "picture.png"
        source = Image.fromarray(codes(smooth(16))).convert(mode)
        source.save(path)
        expected = np.asarray(source.convert("RGB"), np.float32) / 255
        assert np.abs(read_panorama(path).rgb - expected).max() < 0.02

    def test_levels_reach_from_0_to_1(self, tmp_path: Path) -> None:
        picture = np.zeros((16, 32, 3), np.uint8)
        picture[8:] = 255
        Image.fromarray(picture).save(tmp_path / "two.png")
        rgb = read_panorama(tmp_path / "two.png").rgb
        assert rgb.dtype == np.float32 and set(np.unique(rgb)) == {0.0, 1.0}


class TestOrientation:
    @staticmethod
    def stored(upright: np.ndarray, orientation: int) -> np.ndarray:
        """The stored pixels that Pillow, an independent reader, turns into ``upright``."""
        inverse = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}[orientation]
        move = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
                5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
                8: Image.Transpose.ROTATE_90}
        image = Image.fromarray(upright)
        return np.asarray(image if inverse == 1 else image.transpose(move[inverse]))

    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("extension", ["png", "jpg", "webp", "tiff"])
    def test_8_bits(self, tmp_path: Path, orientation: int, extension: str) -> None:
        upright = codes(smooth(32))
        path = tmp_path / f"turned.{extension}"
        exif = Image.Exif()
        exif[274] = orientation
        if extension == "tiff":
            path.write_bytes(tiff_bytes(self.stored(upright, orientation), orientation=orientation))
        else:
            Image.fromarray(self.stored(upright, orientation)).save(path, exif=exif, quality=95)
        assert np.abs(read_panorama(path).rgb - upright / 255).mean() < 0.01

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_16_bit_tiff(self, tmp_path: Path, orientation: int) -> None:
        stored = np.stack([self.stored(codes(smooth(16))[..., i], orientation) for i in range(3)], -1)
        path = tmp_path / "turned.tif"
        path.write_bytes(tiff_bytes(stored.astype(np.uint16) * 257, orientation=orientation))
        assert np.abs(read_panorama(path).rgb - codes(smooth(16)) / 255).max() < 1e-6

    def test_16_bit_png(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[274] = 3
        upright = codes(smooth(16, channels=1), 16)[..., 0]
        Image.fromarray(np.ascontiguousarray(upright[::-1, ::-1])).save(tmp_path / "turned.png", exif=exif)
        assert np.abs(read_panorama(tmp_path / "turned.png").rgb[..., 0] - upright / 65535).max() < 1e-6

    def test_unreadable_exif_does_not_matter(self, tmp_path: Path) -> None:
        path = tmp_path / "odd.jpg"
        Image.fromarray(codes(smooth(16))).save(path, exif=b"Exif\0\0II*\0\xff\xff\xff\x7f" + bytes(20))
        assert read_panorama(path).size_hw == (16, 32)


class TestAlpha:
    @pytest.mark.parametrize("bits", [8, 16])
    def test_transparent_pixels_are_invalid(self, tmp_path: Path, bits: int) -> None:
        alpha = np.full((16, 32, 1), 0.5, np.float32)
        alpha[3:6, 10:20] = 0
        picture = codes(np.concatenate([smooth(16), alpha], -1), bits)
        path = tmp_path / "alpha.png"
        path.write_bytes(cv2.imencode(".png", picture[..., [2, 1, 0, 3]])[1].tobytes())
        panorama = read_panorama(path)
        assert panorama.valid is not None and np.array_equal(panorama.valid, alpha[..., 0] > 0)
        assert np.abs(panorama.rgb - smooth(16)).max() < 0.01

    def test_half_transparent_pixels_are_valid(self, tmp_path: Path) -> None:
        Image.fromarray(codes(smooth(16, channels=4))).save(tmp_path / "half.png")
        assert read_panorama(tmp_path / "half.png").valid is None

    def test_all_transparent(self, tmp_path: Path) -> None:
        Image.fromarray(np.zeros((16, 32, 4), np.uint8)).save(tmp_path / "nothing.png")
        with pytest.raises(InputError, match="transparent everywhere"):
            read_panorama(tmp_path / "nothing.png")


class TestSize:
    @pytest.mark.parametrize(("width", "height", "expected"), [
        (64, 32, 32), (1037, 518, 518), (1035, 518, 517), (201, 100, 100), (200, 101, 100), (202, 100, 100)])
    def test_nearly_2_to_1_is_fitted(self, width: int, height: int, expected: int) -> None:
        panorama = panorama_from_array(codes(smooth(height, width)))
        assert panorama.size_hw == (expected, 2 * expected)

    def test_others_are_refused_with_the_numbers(self, tmp_path: Path) -> None:
        path = tmp_path / "photo.png"
        Image.fromarray(codes(smooth(40, 60))).save(path)
        with pytest.raises(InputError, match=r"photo\.png is 60 x 40 pixels, a ratio of 1\.500:1.*--force-erp"):
            read_panorama(path)
        assert read_panorama(path, force_erp=True).size_hw == (30, 60)

    @pytest.mark.parametrize(("width", "height"), [(400, 100), (100, 100), (63, 32)])
    def test_shrinking_takes_the_area_mean(self, width: int, height: int) -> None:
        picture = np.random.default_rng(1).random((height, width, 3), np.float32)
        panorama = panorama_from_array(picture, force_erp=True)
        assert panorama.size_hw == (min(height, width // 2), 2 * min(height, width // 2))
        assert panorama.rgb.mean((0, 1)) == pytest.approx(picture.mean((0, 1)), abs=1e-4)

    def test_halving_is_the_mean_of_pairs(self) -> None:
        picture = np.random.default_rng(2).random((32, 128, 3), np.float32)
        pairs = (picture[:, ::2] + picture[:, 1::2]) / 2
        assert np.allclose(panorama_from_array(picture, force_erp=True).rgb, pairs, atol=1e-6)

    def test_mixed_pixels_are_invalid_after_shrinking(self) -> None:
        rgba = np.ones((32, 128, 4), np.float32)
        rgba[10:20, 41:61, 3] = 0
        valid = panorama_from_array(rgba, force_erp=True).valid
        expected = np.ones((32, 64), bool)
        expected[10:20, 20:31] = False
        assert valid is not None and np.array_equal(valid, expected)

    def test_tiny(self) -> None:
        with pytest.raises(InputError, match="needs 32 x 16"):
            panorama_from_array(np.ones((1, 2, 3), np.float32))


class TestArrays:
    @pytest.mark.parametrize("type_", [np.float16, np.float32, np.float64])
    def test_floats(self, type_: type) -> None:
        panorama = panorama_from_array(smooth(16).astype(type_), name="from script")
        assert panorama.name == "from script" and panorama.rgb.dtype == np.float32
        assert np.abs(panorama.rgb - smooth(16)).max() < 1e-3

    @pytest.mark.parametrize("bits", [8, 16])
    def test_integers(self, bits: int) -> None:
        assert np.abs(panorama_from_array(codes(smooth(16), bits)).rgb - smooth(16)).max() < 0.6 / (2**bits - 1)

    def test_grey(self) -> None:
        grey = codes(smooth(16, channels=1))
        assert np.array_equal(panorama_from_array(grey).rgb, panorama_from_array(grey[..., 0]).rgb)

    @pytest.mark.parametrize("factor", [255, -1, np.nan, np.inf])
    def test_floats_outside_of_0_to_1(self, factor: float) -> None:
        with pytest.raises(InputError, match="must lie within 0 to 1"):
            panorama_from_array(smooth(16) * factor)

    def test_overshoot_is_cut(self) -> None:
        picture = smooth(16)
        picture[0, :2, 0] = -0.004, 1.004
        rgb = panorama_from_array(picture).rgb
        assert rgb.min() == 0 and rgb.max() == 1 and picture.min() < 0

    @pytest.mark.parametrize(("array", "message"), [
        (np.ones((16, 32, 3), np.int64), "type int64"),
        (np.ones((16, 32, 5), np.uint8), r"shape \(16, 32, 5\)"),
        (np.ones((32,), np.uint8), r"shape \(32,\)"),
        (np.ones((0, 0, 3), np.uint8), r"shape \(0, 0, 3\)"),
    ])
    def test_other_arrays(self, array: np.ndarray, message: str) -> None:
        with pytest.raises(InputError, match=message):
            panorama_from_array(array)

    def test_too_large(self) -> None:
        with pytest.raises(InputError, match="limit is 137 million"):
            panorama_from_array(np.broadcast_to(np.uint8(9), (20000, 40000, 3)))


class TestRealPanoramas:
    def test_all_are_read(self, shared_folder: Path, warned: tuple[list[str], Progress]) -> None:
        paths = [path for path in sorted((shared_folder / "panos").glob("*.*")) if path.suffix in IMAGE_EXTENSIONS]
        assert paths
        for path in paths[:4]:
            panorama = read_panorama(path, progress=warned[1])
            twin = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
            assert twin is not None and panorama.size_hw == twin.shape[:2]
            assert np.abs(panorama.rgb[::16, ::16] - twin[::16, ::16, ::-1] / np.float32(255)).max() < 0.02
            assert (panorama.valid is not None) == ("blacknadir" in path.name)
        assert warned[0] == []

    def test_black_nadir(self, shared_folder: Path) -> None:
        path = shared_folder / "panos" / "03_outdoor_street_corner_blacknadir_4096.jpg"
        if not path.exists():
            pytest.skip(f"no {path.name}")
        panorama = read_panorama(path)
        assert panorama.valid is not None
        black = panorama.rgb.max(2) <= 8 / 255
        assert not panorama.valid[-318:].any()  # the cap, seen by eye to begin between 320 and 355 rows from the bottom
        assert panorama.valid[:-365].all()
        rim = panorama.valid[-365:]
        assert black[-365:][rim].mean() < 0.01
