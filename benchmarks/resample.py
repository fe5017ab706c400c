"""Time and accuracy of the two samplers that could carry `spag4d.geometry.resample`, and of the whole way there and back.

Run by hand: ``python benchmarks/resample.py [--height 2048] [--size 1024]``. Prints a table and one JSON line.
Times are processor time on one thread, which a busy machine changes less than the clock's.
"""

import argparse
import json
import time
from collections.abc import Callable
from typing import cast

import cv2
import numpy as np
import torch

from spag4d.geometry import RIGS, equirect
from spag4d.geometry.blend import blend_views
from spag4d.geometry.camera import view_directions
from spag4d.geometry.resample import views_from_panorama


def best_ms(call: Callable[[], object], repeats: int = 5) -> float:
    """Return the shortest of several processor times in milliseconds."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return round(min(times) * 1e3, 1)


def samplers(image: np.ndarray, pixels: np.ndarray) -> dict[str, Callable[[], np.ndarray]]:
    """Return both samplers over a padded panorama (h, w, c), each from and to interleaved numpy arrays."""
    height, width = image.shape[:2]
    size_px = np.array([width, height], np.float32)
    grid = torch.from_numpy((2 * pixels + 1) / size_px - 1)[None]

    def with_opencv() -> np.ndarray:
        second_map = cast(cv2.typing.MatLike, None)
        return cv2.remap(image, pixels, second_map, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def with_torch() -> np.ndarray:
        planes = torch.from_numpy(image).permute(2, 0, 1)[None]
        sampled = torch.nn.functional.grid_sample(planes, grid, "bilinear", "border", align_corners=False)
        return sampled[0].permute(1, 2, 0).contiguous().numpy()

    return {"cv2.remap": with_opencv, "grid_sample": with_torch}


def position_error_px(sampler: str, height: int, pixels: np.ndarray, channels: int) -> float:
    """Return the greatest error of the position read back from a ramp of one grey level per pixel."""
    rows = np.arange(height + 2, dtype=np.float32)[:, None, None]
    ramp = np.broadcast_to(rows, (height + 2, 2 * height + 2, channels)).copy()
    sampled = samplers(ramp, pixels)[sampler]().reshape(*pixels.shape[:2], channels)
    return float(np.abs(sampled - pixels[..., 1:]).max())


def compare(height: int, size_px: int) -> list[dict]:
    """Time both samplers on every face of a cube map, for one, three and four channels."""
    rows = []
    faces = RIGS.load("cubemap")(size_px)
    maps = [(equirect.pixels_from_directions(view_directions(face), height) + 1).astype(np.float32) for face in faces]
    for channels in (1, 3, 4):
        image = np.random.default_rng(0).random((height + 2, 2 * height + 2, channels), dtype=np.float32)
        for name in ("cv2.remap", "grid_sample"):
            ms = sum(best_ms(samplers(image, pixels)[name]) for pixels in maps)
            error = max(position_error_px(name, height, pixels, channels) for pixels in maps)
            rows.append({"sampler": name, "channels": channels, "ms": round(ms, 1), "error_px": round(error, 5)})
    return rows


def there_and_back(height: int, size_px: int) -> list[dict]:
    """Time panorama → views → panorama for every rig, first call and cached."""
    image = np.random.default_rng(0).random((height, 2 * height, 3), dtype=np.float32)
    rows = []
    for rig in RIGS:
        cameras = RIGS.load(rig)(size_px)
        first_ms = best_ms(lambda cameras=cameras: views_from_panorama(image, cameras), 1)
        views = views_from_panorama(image, cameras)
        row = {"rig": rig, "to_views_first_ms": first_ms}
        row["to_views_ms"] = best_ms(lambda cameras=cameras: views_from_panorama(image, cameras), 3)
        row["blend_first_ms"] = best_ms(lambda cameras=cameras, views=views: blend_views(views, cameras, height), 1)
        row["blend_ms"] = best_ms(lambda cameras=cameras, views=views: blend_views(views, cameras, height), 3)
        rows.append(row)
    return rows


def main() -> None:
    """Print the tables and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--height", type=int, default=2048)
    parser.add_argument("--size", type=int, default=1024)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    tables = {"samplers": compare(options.height, options.size), "rigs": there_and_back(options.height, options.size)}
    for rows in tables.values():
        print("  ".join(f"{key:>18}" for key in rows[0]))
        for row in rows:
            print("  ".join(f"{value:>18}" for value in row.values()))
    versions = {"opencv": cv2.__version__, "torch": torch.__version__}
    print(json.dumps({"benchmark": "resample", **versions, **vars(options), **tables}))


if __name__ == "__main__":
    main()
