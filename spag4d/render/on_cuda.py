"""The same pictures on an NVIDIA GPU, drawn by the library gsplat."""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from jaxtyping import Float32

from spag4d.data import Gaussians, PinholeCamera
from spag4d.errors import InputError
from spag4d.geometry.camera import distance_from_z
from spag4d.render.seen_colors import seen_colors

if TYPE_CHECKING:
    import torch

_LINE = 4096
"""Places are looked up by so many in a row: remapping refuses pictures of 32768 columns or rows."""


def drawing_device(name: str = "auto") -> str:
    """Return where to draw: "cpu", or a CUDA device where there is one and gsplat is installed.

    Raises `InputError` for a named CUDA device that cannot be used.
    """
    if name == "cpu" or (name == "auto" and not find_spec("gsplat")):
        return "cpu"
    from spag4d.device import resolve_device

    device = resolve_device(name)
    if not device.startswith("cuda"):
        return "cpu"
    if not find_spec("gsplat"):
        raise InputError("drawing on a GPU needs gsplat: pip install 'spag4d[cuda]'. --device cpu draws without it.")
    return device


def rasterise(tensors: "tuple[torch.Tensor, ...]", camera: PinholeCamera, *, compensated: bool) -> "torch.Tensor":
    """Draw means, scales, quats, opacities and colours (tensors on a CUDA device) as (h, w, 5), differentiably in all of them.

    The channels are colour over black, planar depth times alpha, and alpha.
    """
    import torch
    from gsplat import rasterization  # type: ignore[import-not-found]

    means, scales, quats, opacities, colors = tensors
    world_from_camera = np.eye(4)
    world_from_camera[:3, :3] = camera.world_from_camera.rotation
    world_from_camera[:3, 3] = camera.world_from_camera.translation
    intrinsics = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]])
    as_tensor: Any = {"dtype": torch.float32, "device": means.device}
    drawn, alpha, _ = rasterization(
        means=means, quats=quats, scales=scales, opacities=opacities, colors=colors,
        viewmats=torch.tensor(np.linalg.inv(world_from_camera)[None], **as_tensor),
        Ks=torch.tensor(intrinsics[None], **as_tensor), width=camera.width, height=camera.height,
        render_mode="RGB+D", rasterize_mode="antialiased" if compensated else "classic")
    return torch.cat([drawn[0], alpha[0]], -1)


def drawn_on_cuda(
    gaussians: Gaussians, camera: PinholeCamera, places: Float32[np.ndarray, "2 n"], device: str, *, compensated: bool
) -> Float32[np.ndarray, "n 5"]:
    """Return colour over black, distance times alpha, and alpha at places (u, v) on a view, interpolated between its pixels."""
    import torch

    colors = seen_colors(gaussians, np.arange(len(gaussians)), camera.world_from_camera.translation)
    fields = (gaussians.means, gaussians.scales, gaussians.quats_wxyz, gaussians.opacities, colors)
    finite = np.isfinite(np.concatenate([field.reshape(len(gaussians), -1) for field in fields], 1)).all(1)
    with torch.inference_mode():
        tensors = tuple(torch.from_numpy(field[finite]).to(device) for field in fields)
        view = rasterise(tensors, camera, compensated=compensated).cpu().numpy()
    view[..., 3] = distance_from_z(camera, view[..., 3])
    whole_lines = np.pad(places - np.float32(0.5), ((0, 0), (0, -places.shape[1] % _LINE)))
    column, row = whole_lines.reshape(2, -1, _LINE)
    sampled = cv2.remap(view, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return sampled.reshape(-1, 5)[: places.shape[1]]
