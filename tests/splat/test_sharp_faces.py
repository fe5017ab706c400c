import numpy as np
import pytest

from spag4d.geometry.camera import view_contains, view_pixels_from_directions
from spag4d.geometry.equirect import directions
from spag4d.progress import Event, Notice, Progress
from spag4d.splat.sharp_faces import NETWORK_PX, owners, sharp_faces

CHOICES = [("cubemap", 768), ("cubemap", 1536), ("cubemap", 2304), ("cubemap", 3072), ("icosahedral", 1536)]


@pytest.mark.parametrize(("projection", "size_px"), CHOICES)
def test_every_direction_is_owned_by_a_view_that_sees_it_well(projection: str, size_px: int) -> None:
    faces = sharp_faces(projection, size_px)
    rays = directions(256)
    owner = owners(faces.cameras, rays)
    for number, camera in enumerate(faces.cameras):
        assert camera.width == camera.height == NETWORK_PX and camera.fx == camera.fy
        pixels = view_pixels_from_directions(camera, rays[owner == number])
        assert view_contains(camera, pixels, margin_px=-20.0).all()
        assert abs(camera.world_from_camera.rotation[1, 0]) < 1e-9  # upright: rows are level
    assert set(np.unique(owner)) == set(range(len(faces.cameras)))


@pytest.mark.parametrize(("size_px", "count", "render_px", "overlap"), [
    (384, 6, 384, False), (1152, 6, 1152, False), (1536, 6, 1536, True), (1920, 24, 1536, True), (3072, 24, 1536, True),
    (4608, 54, 1536, True),
])
def test_more_pixels_are_more_views_and_fewer_are_coarser_ones(size_px: int, count: int, render_px: int, overlap: bool) -> None:
    faces = sharp_faces("cubemap", size_px)
    assert (len(faces.cameras), faces.render_px, faces.patch_overlap) == (count, render_px, overlap)


def test_detail_grows_with_the_size() -> None:
    focal = [min(camera.fx for camera in sharp_faces("cubemap", size).cameras) for size in (1536, 3072, 4608)]
    assert focal[0] < focal[1] < focal[2]
    assert 2 * np.degrees(np.arctan(NETWORK_PX / 2 / focal[0])) == pytest.approx(100)


def test_other_sizes_go_to_the_nearest_with_a_note() -> None:
    heard: list[Event] = []
    assert sharp_faces("cubemap", 1000, progress=Progress(heard.append)).render_px == 1152
    assert sharp_faces("icosahedral", 3072, progress=Progress(heard.append)).render_px == 1536
    messages = [event.message for event in heard if isinstance(event, Notice)]
    assert "1000 was changed to 1152" in messages[0] and "icosahedron" in messages[1] and len(messages) == 2
    sharp_faces("cubemap", 1536, progress=Progress(heard.append))
    assert len(heard) == 2
