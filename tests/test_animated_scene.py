"""A still comes alive: equal at both ends, unchanged elsewhere, as bright as before; as a scene and as a film."""

import json
from pathlib import Path

import numpy as np
import pytest
from fourdgs.validate import validate
from PIL import Image

from spag4d import SPAG4D, InputError
from spag4d.animate.fields import fields_of
from spag4d.animate.film import film
from spag4d.animate.motions import CLOUDS, SWAY, WATER, Motion
from spag4d.commands.describe_moving import describe_moving
from spag4d.formats.moving import opened_moving
from spag4d.progress import SILENT
from spag4d.render.view import render_panorama
from tests.animate.rooms import ROWS, cap, under_sky
from tests.box_room import BoxRoom
from tests.commands.running import run

FAST = {"sharp_refine": False, "stride": 1, "sky_dome": True, "use_guided_filter": False, "fill_nadir": False}
FLOOR, WALL = cap((0.3, 1, 0.5), 40), cap((0.6, -0.1, 4), 20)
MOTIONS = [Motion(WATER, FLOOR, 0.3, 90.0), Motion(SWAY, WALL, 0.05)]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("alive") / "a.4dgs"
    result = SPAG4D(**FAST).animate(BoxRoom().panorama(ROWS), path, MOTIONS, loop_s=4.0, depth_map=BoxRoom().depth(ROWS))
    assert result.splat_count == opened_moving(path).count
    return path


def picture(scene: Path, time_s: float) -> np.ndarray:
    return render_panorama(opened_moving(scene).at(time_s), ROWS).eight_bits.astype(int)


def test_it_loops_and_everything_else_stands(scene: Path) -> None:
    assert validate(scene.read_bytes()).findings == []
    first, middle = picture(scene, 0.0), picture(scene, 1.3)
    assert np.array_equal(first, picture(scene, 4.0))
    assert np.abs(middle - first)[~(FLOOR | WALL)].max() == 0
    assert np.abs(middle - first)[FLOOR].mean() > 1
    for time_s in (0.7, 1.3, 2.0):
        assert picture(scene, time_s)[FLOOR].mean() == pytest.approx(first[FLOOR].mean(), rel=0.01)
    told = describe_moving(scene)
    assert told.duration_s == 4 and told.moving > 0 and told.standing > ROWS * ROWS


def test_a_film_is_the_photo_where_nothing_moves() -> None:
    rgb, depth = BoxRoom().panorama(ROWS).rgb, BoxRoom().depth(ROWS)
    fields = fields_of(MOTIONS, depth, 4.0, SILENT)
    pictures = [one.astype(int) for one in film(rgb, depth, fields, 4.0, 4.0, SILENT)]
    photo = (rgb * 255 + 0.5).astype(int)
    assert len(pictures) == 16 and max(np.abs(one - photo)[~(FLOOR | WALL)].max() for one in pictures) == 0
    assert np.abs(pictures[5] - photo)[FLOOR].mean() > 1 and np.abs(pictures[5] - photo)[WALL].mean() > 0.3
    assert np.abs(pictures[0] - pictures[-1]).max() < 60 and all(
        one[FLOOR].mean() == pytest.approx(photo[FLOOR].mean(), rel=0.01) for one in pictures)


def test_the_command_takes_regions_and_units(tmp_path: Path) -> None:
    room = BoxRoom().panorama(ROWS).rgb
    Image.fromarray((room * 255).astype(np.uint8)).save(tmp_path / "a.png")
    for name, region in (("floor", FLOOR), ("wall", WALL)):
        Image.fromarray((255 * region).astype(np.uint8)).save(tmp_path / f"{name}.png")
    depth = under_sky()
    np.save(tmp_path / "depth.npy", np.where(depth.sky, np.inf, depth.distance))
    common = ("--depth-map", tmp_path / "depth.npy", "--stride", "2", "--no-sharp-refine", "--no-guided-filter",
              "--no-fill-nadir")
    done = run("animate", tmp_path / "a.png", tmp_path / "a.4dgs", "--water", f"{tmp_path / 'floor.png'},30deg,0.4m/s",
               "--region", tmp_path / "wall.png", "--flow", "90deg,0.2", "--clouds", "3deg/s", "--loop", "2", "--json", *common)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["splat_count"] == opened_moving(tmp_path / "a.4dgs").count
    done = run("animate", tmp_path / "a.png", tmp_path / "a.mp4", "--loop", "0.5", *common)
    assert done.exit_code == 0 and "0.5 s in" in done.stdout, done.output
    for words, said in ((("--flow", "0,1"), "go together"), (("--water", "a.png,1"), "MASK,DEG,SPEED"),
                        (("--sway", f"{tmp_path / 'floor.png'},9m"), "up to 1"), (("--loop", "99"), "0.5 to 60"),
                        (("--format", "sog"), "the extension of OUTPUT"),
                        (("--falls", f"{tmp_path / 'none.png'},1"), "none.png")):
        done = run("animate", tmp_path / "a.png", tmp_path / "b.4dgs", *common, *words)
        assert done.exit_code == 2 and said in " ".join(done.stderr.split()), done.output
    assert "ends in .4dgs" in run("animate", tmp_path / "a.png", tmp_path / "b.ply", *common).stderr


def test_without_a_word_the_clouds_drift(tmp_path: Path) -> None:
    panorama = BoxRoom().panorama(64)
    SPAG4D(**FAST).animate(panorama, tmp_path / "a.4dgs", loop_s=2.0, depth_map=under_sky(64))
    told = describe_moving(tmp_path / "a.4dgs")
    SPAG4D(**FAST).animate(panorama, tmp_path / "b.4dgs", [Motion(CLOUDS, None, 5.0)], loop_s=2.0, depth_map=under_sky(64))
    assert told.moving <= describe_moving(tmp_path / "b.4dgs").moving
    with pytest.raises(InputError, match="shows no sky"):
        SPAG4D(**FAST).animate(panorama, tmp_path / "a.4dgs", depth_map=BoxRoom().depth(64))
