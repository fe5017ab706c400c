"""How good are the Gaussians? Sharpness against photographs, closed walls, true surfaces, no gaps from a step aside.

    python -m benchmarks.scene_quality [PANORAMA ...] [--height 512] [--stride 1] [--view 160] [--budget]

Prints a table and one JSON line. Photographs are hung on the walls of a room; the known room has exact depth from everywhere.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from benchmarks.known_scene import KnownRoom
from spag4d.data import DepthMap, Gaussians, Panorama, PinholeCamera
from spag4d.geometry.camera import camera_looking, view_directions
from spag4d.geometry.equirect import directions, pixels_from_directions
from spag4d.photos.image import read_panorama
from spag4d.render.view import render_view
from spag4d.splat.budget import planned
from spag4d.splat.gaussian_shape import Look
from spag4d.splat.grid import grid_gaussians

_VIEWS_DEG = ((10, 0), (150, 0), (290, 5), (60, 25), (200, -25), (330, 50), (100, -50), (30, -80))
_ASIDE_M = ((0.3, 0, 0), (-0.3, 0, 0), (0, 0, 0.3), (0, -0.3, 0))
_ASIDE_VIEWS_DEG = ((35, -20), (-40, -17), (172, -23), (109, 3))
_SOLID_ALPHA = 0.9
KINDS = {"classic": False, "compensated": True}


def _direction(azimuth_deg: float, elevation_deg: float) -> np.ndarray:
    azimuth, elevation = np.radians([azimuth_deg, elevation_deg])
    return np.array([np.cos(elevation) * np.sin(azimuth), -np.sin(elevation), np.cos(elevation) * np.cos(azimuth)])


def enlarged_view(direction: np.ndarray, height: int, zoom: float, size_px: int) -> PinholeCamera:
    """Return a square view whose pixels at its centre are ``zoom`` times finer than those of a panorama of this height."""
    focal_px = zoom * height / np.pi
    return camera_looking(direction, float(np.degrees(2 * np.arctan(size_px / 2 / focal_px))), (size_px, size_px))


def photo_view(panorama: Panorama, camera: PinholeCamera) -> np.ndarray:
    """Return the photograph as the camera sees it, enlarged bicubically."""
    pixels = pixels_from_directions(view_directions(camera), panorama.size_hw[0]).astype(np.float32)
    wrapped = np.concatenate([panorama.rgb[:, -4:], panorama.rgb, panorama.rgb[:, :4]], axis=1)
    across, down = pixels[..., 0] + 4, pixels[..., 1]
    return np.clip(cv2.remap(wrapped, across, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), 0, 1)


def shows_only_valid(panorama: Panorama, camera: PinholeCamera) -> bool:
    """Return whether the camera sees no part of the panorama that holds nothing, such as a black cap."""
    if panorama.valid is None:
        return True
    column, row = np.moveaxis(pixels_from_directions(view_directions(camera), panorama.size_hw[0]), -1, 0).astype(np.int64)
    return bool(panorama.valid[np.clip(row, 0, panorama.size_hw[0] - 1), column % panorama.size_hw[1]].all())


def sharpness(panorama: Panorama, gaussians: Gaussians, size_px: int) -> dict[str, float]:
    """Return dB against the photograph twice enlarged for both rasterisers, and the least alpha four times enlarged."""
    height = panorama.size_hw[0]
    decibels, alphas = {kind: [] for kind in KINDS}, []
    for view in _VIEWS_DEG:
        camera = enlarged_view(_direction(*view), height, 2, size_px)
        if not shows_only_valid(panorama, camera):
            continue
        photo = photo_view(panorama, camera)
        for kind, compensated in KINDS.items():
            error = ((render_view(gaussians, camera, compensated=compensated).rgb - photo) ** 2).mean()
            decibels[kind].append(-10 * np.log10(error))
        close = enlarged_view(_direction(*view), height, 4, size_px)
        alphas.append(render_view(gaussians, close, compensated=True).alpha.min())
    return {kind: float(np.mean(values)) for kind, values in decibels.items()} | {"wall_alpha": float(min(alphas))}


def seen_through(room: KnownRoom, gaussians: Gaussians, size_px: int) -> float:
    """Return the part of the pixels on surfaces seen by the capture point that are not solid from 0.3 m aside."""
    open_pixels, pixels = 0, 0
    for place in _ASIDE_M:
        for view in _ASIDE_VIEWS_DEG:
            origin = np.array(place, float)
            camera = camera_looking(_direction(*view), 60.0, (size_px, size_px)).moved(origin)
            rays = view_directions(camera)
            seen = room.sees(origin + rays * room.hit(rays, origin)[..., None])
            for compensated in KINDS.values():
                alpha = render_view(gaussians, camera, compensated=compensated).alpha
                open_pixels += int((alpha[seen] < _SOLID_ALPHA).sum())
                pixels += int(seen.sum())
    return open_pixels / pixels


def known_room(height: int, stride: int, size_px: int) -> dict[str, float]:
    """Return the figures of the room whose distances are known."""
    room = KnownRoom()
    panorama, depth = room.capture(height)
    fine = grid_gaussians(panorama, depth, stride=stride, look=Look(backing=False)).fine.means.astype(float)
    distance = np.linalg.norm(fine, axis=1)
    error = np.abs(distance / room.hit(fine / distance[:, None], np.zeros(3)) - 1)
    gaussians = grid_gaussians(panorama, depth, stride=stride).joined
    return {
        "gaussians": len(gaussians),
        "median_error": float(np.median(error)),
        "off_surface": float((error > 0.02).mean()),
        "seen_through": seen_through(room, gaussians, size_px),
    }


def on_walls(panorama: Panorama) -> DepthMap:
    """Return the depth of an empty room for a photograph whose depth is not known."""
    rays = directions(panorama.size_hw[0])
    walls = np.where(rays > 0, np.array([3, 1.6, 4], np.float32), np.array([2, 1.4, 2.5], np.float32))
    distance = (walls / np.maximum(np.abs(rays), 1e-6)).min(-1)
    return DepthMap(distance, np.zeros(distance.shape, bool))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("panoramas", nargs="*", type=Path)
    parser.add_argument("--height", type=int, default=512, help="height of the panorama of the known room")
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--view", type=int, default=160, help="pixels of a view along each side")
    parser.add_argument("--budget", action="store_true", help="photographs: as many as the stride makes, better placed")
    options = parser.parse_args()
    figures = {"known room": known_room(options.height, options.stride, options.view)}
    print("known room:", ", ".join(f"{name} {value:.3g}" for name, value in figures["known room"].items()))
    for path in options.panoramas:
        panorama = read_panorama(path)
        gaussians = grid_gaussians(panorama, on_walls(panorama), stride=options.stride).joined
        if options.budget:
            gaussians = planned(panorama, on_walls(panorama), len(gaussians)).surface_gaussians().joined
        figures[path.name] = sharpness(panorama, gaussians, options.view)
        print(f"{path.name}:", ", ".join(f"{name} {value:.3g}" for name, value in figures[path.name].items()), flush=True)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
