"""A 360° clip of which everything is known: the camera walks, shakes and turns through a generated room, one object moves.

    python -m benchmarks.known_clip OUT [--frames 100] [--height 512] [--no-shake | --tripod]

writes ``clip.mp4`` and ``truth.npz``: ``distance_m`` (n, h, w) along the ray, ``moving`` (n, h, w) where the object is seen,
``world_from_camera`` (n, 3, 3), ``position_m`` (n, 3) in the first camera's upright frame, ``fps``. Before a tripod someone (an
upright ellipsoid) stands near by for 60 % of the clip and then walks away, and ``place.png`` is the room alone.
"""

import argparse
import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image

from spag4d.clips.ffmpeg import ffmpeg
from spag4d.geometry.equirect import directions, pad_sphere, pixels_from_directions
from spag4d.geometry.resample import sample
from spag4d.geometry.rotation import rotation_from_yaw_pitch_roll
from training import develop
from training.materials import CHECKER, Material
from training.raycast import Grid
from training.render import Quality, full_grid, render
from training.scene import Scene
from training.showcase_interior import interior

FPS = 10
_SHAKE_DEG, _SHAKE_HZ = 5.0, 2.0
_DRIFT_DEG_PER_S = 6.0
_WALK_M_PER_S = 0.12
_STAYS, _LEAVES_M_PER_S = 0.6, 1.4
"""Share of the clip for which someone stands near by, and a walking pace."""


class Truth(NamedTuple):
    """What is known of one frame."""

    rgb: np.ndarray
    distance: np.ndarray
    moving: np.ndarray
    rotation: np.ndarray
    position: np.ndarray


def shaken(time_s: float) -> np.ndarray:
    """Return ``world_from_camera`` at a time: a yaw that drifts, and a shake about all three axes with other phases."""
    phase = 2 * np.pi * _SHAKE_HZ * time_s
    shake = np.radians(_SHAKE_DEG) * np.sin(phase + np.array([0.0, 1.9, 4.1]))
    start = np.radians(_SHAKE_DEG) * np.sin(np.array([0.0, 1.9, 4.1]))
    return rotation_from_yaw_pitch_roll(np.radians(_DRIFT_DEG_PER_S) * time_s + shake[0] - start[0], *(shake - start)[1:])


class KnownClip:
    """Renders the frames one by one; what moves is a ball at the height of the eyes."""

    def __init__(self, height: int, *, shake: bool = True, tripod_s: float = 0.0) -> None:
        """Build the room and find the exposure of its first frame, which all frames share.

        ``tripod_s`` is the length of a clip whose camera stands, 0 for one that walks.
        """
        self.height, self.shake, self.tripod_s = height, shake and not tripod_s, tripod_s
        self.scene: Scene = interior()
        self._start = self.scene.camera.copy()
        self._ball = len(self.scene.primitives)
        material = self.scene.material(Material(CHECKER, (0.7, 0.1, 0.05), (0.8, 0.6, 0.1), cell=(0.12, 0.12)))
        self.scene.ellipsoid(0.0, 1.5, 0.0, (0.25, 0.25, 0.25), material)
        if tripod_s:
            self.scene.ellipsoid(0.0, 1.5, 0.0, (0.22, 0.8, 0.22), self.scene.material(
                Material(CHECKER, (0.1, 0.25, 0.6), (0.15, 0.15, 0.2), cell=(0.15, 0.3))))
        self._film = develop.Film(contrast=1.1, saturation=1.05, noise=0.0, shoulder=0.55)
        self._exposure = develop.exposure_of(render(self.scene, full_grid(self.scene, 192, "cpu"), Quality()), self._film)

    def frame(self, number: int, *, empty: bool = False) -> Truth:
        """Return a frame at 10 frames per second; ``empty`` is the room without what moves."""
        time_s = number / FPS
        position = np.array([0.1 * np.sin(time_s), 0.0, _WALK_M_PER_S * time_s - 0.6])
        if self.tripod_s:
            position = np.array([0.0, 0.0, -0.6])
        turn = rotation_from_yaw_pitch_roll(self.scene.yaw, 0.0, 0.0)
        self.scene.camera = self._start + turn @ position
        around = 0.9 * time_s + 0.5
        ball = np.array([1.3 * np.cos(around), 0.0, 1.3 * np.sin(around)]) + (0, 0, position[2])
        self._put(self._ball, ball, turn, empty)
        if self.tripod_s:
            walked_m = _LEAVES_M_PER_S * max(0.0, time_s - _STAYS * self.tripod_s)
            self._put(self._ball + 1, np.array([1.6 - 0.3 * walked_m, 0.8, 0.4 - walked_m]), turn, empty)
        with torch.inference_mode():
            grid = Grid(2 * self.height, 0, 2 * self.height, self.scene.camera, self.scene.yaw, "cpu")
            image = render(self.scene, grid, Quality(casters=60))
            rgb = develop.develop(image.radiance, self._exposure, self._film, torch.Generator().manual_seed(number))
        rotation = shaken(time_s) if self.shake else np.eye(3)
        rays = directions(self.height) @ rotation.T.astype(np.float32)
        pixels = pixels_from_directions(rays, 2 * self.height) + 1
        pictures = (rgb.cpu().numpy(), image.distance.cpu().numpy(), (image.index >= self._ball).float().cpu().numpy())
        turned = [_mean_of_four(picture, rays, pixels) for picture in pictures[:1]]
        nearest = [picture[pixels[..., 1].round().astype(int).clip(1, 2 * self.height) - 1,
                           (pixels[..., 0].round().astype(int) - 1) % (4 * self.height)] for picture in pictures[1:]]
        return Truth(turned[0], nearest[0], nearest[1] > 0.5, rotation, position)


    def _put(self, which: int, place_m: np.ndarray, turn: np.ndarray, away: bool) -> None:
        """Move a thing, given upright from the first camera, or far below the floor."""
        below = np.array([0.0, 100.0, 0.0]) if away else np.zeros(3)
        self.scene.primitives[which].center[:] = self._start + turn @ place_m + below


def _mean_of_four(picture: np.ndarray, rays: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Return the picture, which is twice as fine, at positions, averaged over the pixels' size."""
    soft = torch.nn.functional.avg_pool2d(torch.from_numpy(pad_sphere(picture, 1)).permute(2, 0, 1)[None], 2, 1)[0]
    padded = np.ascontiguousarray(soft.permute(1, 2, 0).numpy())
    return sample(np.pad(padded, ((0, 1), (0, 1), (0, 0)), mode="edge"), pixels - np.float32(0.5))


def write_clip(path: Path, frames: "list[np.ndarray]", fps: int = FPS, *options: str) -> None:
    """Encode pictures (h, w, 3) of sRGB 0–1 as a camera would: H.264, limited range, its colours tagged."""
    height, width = frames[0].shape[:2]
    command = [ffmpeg(), "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(fps),
               "-i", "-", "-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p", "-colorspace", "bt709",
               "-color_range", "tv", "-c:v", "libx264", "-crf", "18", *options, str(path)]
    data = b"".join((frame * 255 + 0.5).clip(0, 255).astype(np.uint8).tobytes() for frame in frames)
    subprocess.run(command, input=data, check=True)


def main() -> None:
    """Render and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--height", type=int, default=512)
    parser.add_argument("--no-shake", action="store_true", help="the camera walks, but does not turn")
    parser.add_argument("--tripod", action="store_true", help="the camera stands")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    clip = KnownClip(options.height, shake=not options.no_shake, tripod_s=options.frames / FPS if options.tripod else 0.0)
    frames = [clip.frame(number) for number in range(options.frames)]
    if options.tripod:
        place = (clip.frame(0, empty=True).rgb * 255 + 0.5).clip(0, 255).astype(np.uint8)
        Image.fromarray(place).save(options.out / "place.png")
    write_clip(options.out / "clip.mp4", [frame.rgb for frame in frames])
    np.savez(options.out / "truth.npz", distance_m=np.stack([f.distance for f in frames]).astype(np.float32),
             moving=np.stack([f.moving for f in frames]), world_from_camera=np.stack([f.rotation for f in frames]),
             position_m=np.stack([f.position for f in frames]), fps=FPS)


if __name__ == "__main__":
    main()
