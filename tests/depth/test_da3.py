import math
from typing import Any

import numpy as np
import pytest
import torch

from spag4d.data import Panorama, PinholeCamera
from spag4d.depth.da3 import Da3Depth
from spag4d.depth.perspective import PerspectiveModel
from spag4d.geometry import RIGS

PROJECTIONS = ("cubemap", "icosahedral")


class Plain(torch.nn.Module):
    """Says of every pixel that it is as deep as its red channel, ten times over, for a focal length of 300 px."""

    def forward(self, picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        red, green = picture[:, 0] * 0.229 + 0.485, picture[:, 1] * 0.224 + 0.456
        return 10 * red, green


def model(**options: Any) -> Da3Depth:
    return Da3Depth(network=Plain(), **options)


def test_it_is_a_perspective_model() -> None:
    assert isinstance(model(), PerspectiveModel)


@pytest.mark.parametrize("fov_deg", [60.0, 95.0])
def test_depth_is_metric_by_the_focal_length_that_the_network_sees(fov_deg: float) -> None:
    camera = RIGS.load("cubemap")(504, fov_deg)[0]
    z, sky = model().look(np.full((504, 504, 3), 0.2, np.float32), camera)
    np.testing.assert_allclose(z, 2.0 * 252 / math.tan(math.radians(fov_deg / 2)) / 300, rtol=1e-5)
    np.testing.assert_allclose(sky, 0.2, rtol=1e-5)


def test_the_whole_picture_has_the_focal_length_of_its_horizon() -> None:
    panorama = Panorama(np.full((64, 128, 3), 0.25, np.float32))
    found = model(projection="equirectangular").estimate(panorama)
    np.testing.assert_allclose(found.distance, 2.5 * 504 / (2 * math.pi) / 300, rtol=1e-4)


@pytest.mark.parametrize("projection", [*PROJECTIONS, "equirectangular"])
def test_its_sky_is_the_networks(projection: str) -> None:
    rgb = np.full((128, 256, 3), 0.25, np.float32)
    rgb[:40, :, 1] = 0.9
    found = model(projection=projection).estimate(Panorama(rgb))
    assert found.sky[:36].all() and not found.sky[44:].any()
    assert found.metres_from == "" and found.model == "da3"


def test_views_are_upright_and_in_their_places() -> None:
    seen: list[tuple[np.ndarray, PinholeCamera]] = []
    watching = model()
    look = watching.look

    def watch(rgb: np.ndarray, camera: PinholeCamera) -> tuple[np.ndarray, np.ndarray]:
        seen.append((rgb, camera))
        return look(rgb, camera)

    watching.look = watch
    rgb = np.full((128, 256, 3), 0.1, np.float32)
    rgb[:, 128:, 0] = 0.3  # right half
    rgb[70:, :, 2] = 0.8  # below the horizon
    watching.estimate(Panorama(rgb))
    ahead = next(view for view, camera in seen if camera.world_from_camera.rotation[2, 2] > 0.99)
    assert ahead[250, 400, 0] > ahead[250, 100, 0] and ahead[400, 250, 2] > ahead[100, 250, 2]
