import numpy as np

from spag4d.data import Gaussians
from spag4d.geometry.equirect import pixels_from_directions
from spag4d.render.preview import preview_pictures
from spag4d.splat.grid import grid_gaussians
from tests.box_room import BoxRoom


def test_the_preview_shows_room_and_depth() -> None:
    room = BoxRoom()
    gaussians = grid_gaussians(room.panorama(256), room.depth(256)).joined
    pictures = list(preview_pictures(iter([gaussians, Gaussians.empty()]), 2, 10.0))
    view, depth = pictures[0][:540], pictures[0][540:]
    assert pictures[0].shape == (1020, 960, 3)
    assert (view.max(-1) > 0).mean() > 0.999
    rays = np.array([[0.0, 0.0, 1.0]])
    ahead = room.color(rays * room.hit(rays)[0][:, None])[0] * 255
    assert np.abs(view[250:290, 460:500].mean((0, 1)) - ahead).max() < 25
    column, row = pixels_from_directions(np.array([0.0, 1.0, 0.2]), 480).astype(int)
    assert depth[row, column, 0] > depth[240, 480, 0]
    assert not pictures[1].any()
