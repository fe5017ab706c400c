"""Faces that disagree about scale, by 15 % and a smooth field of 6 %, meet at their borders."""

import numpy as np
import pytest

from spag4d.data import DepthMap, PinholeCamera
from spag4d.geometry.camera import distance_from_z, view_pixels_from_directions
from spag4d.geometry.equirect import directions
from spag4d.geometry.resample import sample
from spag4d.geometry.smooth import smooth_sphere
from spag4d.splat.sharp_align import align_faces
from spag4d.splat.sharp_faces import sharp_faces
from tests.box_room import BoxRoom
from tests.splat.sharp_scene import KnownSharp

HEIGHT = 256
ROOM = BoxRoom()
RAYS = directions(HEIGHT).astype(np.float64)


def room_with_a_window(rays: np.ndarray) -> np.ndarray:
    distance = ROOM.hit(rays)[0]
    azimuth, elevation = np.arctan2(rays[..., 0], rays[..., 2]), np.arcsin(np.clip(-rays[..., 1], -1, 1))
    return np.where((np.abs(azimuth - 0.9) < 0.25) & (np.abs(elevation) < 0.3), 20.0, distance)


def wrong(number: int, camera: PinholeCamera) -> np.ndarray:
    rng = np.random.default_rng(number)
    x, y = np.linspace(-1, 1, camera.width)[None], np.linspace(-1, 1, camera.height)[:, None]
    a, b = rng.uniform(-1, 1, 2) * np.pi
    return rng.normal(0, 0.15) + 0.06 * np.sin(a * x + b * y + rng.uniform(0, 6))


def rough() -> DepthMap:
    """The panorama's depth: blurred, with a slow error of 3 %."""
    azimuth = np.arctan2(RAYS[..., 0], RAYS[..., 2])
    slow = 0.03 * np.sin(azimuth + 1) * np.sqrt(1 - RAYS[..., 1] ** 2)
    log = smooth_sphere(np.log(room_with_a_window(RAYS)).astype(np.float32), 1.0) + slow
    return DepthMap(np.exp(log).astype(np.float32), np.zeros(log.shape, bool))


@pytest.mark.parametrize(("projection", "size_px"), [("cubemap", 1536), ("cubemap", 3072), ("icosahedral", 1536)])
def test_depth_hardly_steps_from_face_to_face(projection: str, size_px: int) -> None:
    cameras = sharp_faces(projection, size_px).cameras
    model = KnownSharp(cameras, room_with_a_window, wrong, size_px=192)
    black = np.zeros((192, 192, 3), np.float32)
    encoded = [model.encode(black, patch_overlap=True) for _ in cameras]
    found = align_faces([face.disparity[0] for face in encoded], cameras, rough())
    depths = [decoded(correction(face.disparity)) for face, correction in zip(encoded, found, strict=True)]
    step, error = at_borders(cameras, depths)
    assert np.median(step) < 0.001 and np.quantile(step, 0.95) < 0.005
    assert np.median(error) < 0.03
    raw = [camera.fx / camera.width / face.disparity[0] for face, camera in zip(encoded, cameras, strict=True)]
    assert np.median(at_borders(cameras, raw)[0]) > 0.05


def decoded(depth: np.ndarray) -> np.ndarray:
    """What the network's first answer makes of the depth of the visible layer: a limit, and an offset of disparity."""
    near = depth.min() + 1e-6
    return (near / (1 / np.minimum(depth[0] / near, 100) + 1e-3)).astype(np.float32)


def at_borders(cameras: tuple[PinholeCamera, ...], z: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the step of log distance between the two nearest faces where they are equally near, and its error there."""
    axes = np.stack([camera.world_from_camera.rotation[:, 2] for camera in cameras], -1)
    near = RAYS @ axes
    order = np.argsort(-near, -1)
    first, second = (np.arccos(np.take_along_axis(near, order[..., i : i + 1], -1)[..., 0]) for i in (0, 1))
    border = second - first < np.radians(0.8)
    rays, pair = RAYS[border], order[border][:, :2]
    away = np.abs(np.diff(np.log(room_with_a_window(RAYS)), axis=1, append=0))[border] < 0.05
    values = np.zeros((len(rays), 2))
    for number, (camera, depth) in enumerate(zip(cameras, z, strict=True)):
        size = depth.shape[0]
        small = camera.scaled(size / camera.width)
        pixels = np.nan_to_num(view_pixels_from_directions(small, rays), nan=-1).astype(np.float32)
        seen = sample(np.log(distance_from_z(small, depth)), pixels[None])[0]
        for side in (0, 1):
            values[pair[:, side] == number, side] = seen[pair[:, side] == number]
    truth = np.log(room_with_a_window(rays))
    return np.abs(values[:, 0] - values[:, 1])[away], np.abs(values[:, 0] - truth)[away]
