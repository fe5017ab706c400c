"""Image-to-video pipelines of diffusers, over views that agree at every step of denoising.

Of a pipeline only what it documents is used: that it takes ``image``, ``latents``, ``generator`` and ``callback_on_step_end``,
and that what the callback returns replaces its latents. So whatever pipeline does that works, if its latents are pictures
still, (…, height, width). Each view is a call of its own, which takes the memory of one clip; what the others hold meanwhile is
small.
"""

import copy
import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image

from spag4d.animate.lock_step import LockStep
from spag4d.animate.shared_cells import SharedCells
from spag4d.color import bytes_from_rgb
from spag4d.device import is_out_of_memory
from spag4d.errors import InputError, ResourceError, WeightsError, reason
from spag4d.geometry.icosahedron import face_views
from spag4d.progress import Progress

_NEEDED = ("image", "height", "width", "generator", "latents", "callback_on_step_end", "output_type")


@dataclass(frozen=True)
class Wish:
    """What is wished of a video model: the same ``seed`` gives the same video.

    ``prompt`` is for models that take words, ``size_px`` the views that it sees; ``steps`` of denoising and ``frames`` of the
    clip are as the model usually has them where they are not given.
    """

    prompt: str = ""
    seed: int = 0
    size_px: int = 512
    steps: int | None = None
    frames: int | None = None


class _ShapeKnownError(Exception):
    """Ends a call that was made to learn the shape of its latents."""


def check_installed() -> None:
    """Raise `InputError` unless the packages that run video models are there."""
    if any(find_spec(name) is None for name in ("accelerate", "diffusers", "transformers")):
        raise InputError("video models need diffusers, which is not installed: pip install 'spag4d[animate]'.")


def load_pipeline(folder: Path, device: str) -> Any:
    """Return the pipeline that a folder holds, on a device: in bfloat16 on a GPU. Raises `InputError` and `WeightsError`."""
    check_installed()
    import torch

    diffusers: Any = import_module("diffusers")  # its names are made when they are asked for
    for library in (diffusers, import_module("transformers")):
        library.utils.logging.disable_progress_bar()
    kind = torch.float32 if device == "cpu" else torch.bfloat16
    try:
        pipeline = diffusers.DiffusionPipeline.from_pretrained(folder, dtype=kind, local_files_only=True, use_safetensors=True)
    except (OSError, ValueError, RuntimeError, ImportError, AttributeError) as error:
        raise WeightsError(f"{folder} holds no pipeline that diffusers can load: {reason(error)}.") from error
    takes = _takes(pipeline)
    if missing := [name for name in _NEEDED if name not in takes]:
        raise InputError(f"{type(pipeline).__name__} cannot be used: it takes no {', '.join(missing)}. What makes a video of a "
                         "picture is needed, such as StableVideoDiffusionPipeline or WanImageToVideoPipeline.")
    pipeline.set_progress_bar_config(disable=True)
    with _failures_in_words(pipeline):
        return pipeline.to(device)


def clips_of(
    pipeline: Any, views: Sequence[Float32[np.ndarray, "size size 3"]], numbers: Sequence[int], wish: Wish, progress: Progress
) -> list[UInt8[np.ndarray, "frames size size 3"]]:
    """Return a clip of each view; ``numbers`` says which of `face_views` they are.

    Raises `InputError`, `ResourceError` and `Cancelled`.
    """
    takes = _takes(pipeline)
    if "prompt" not in takes and wish.prompt:
        progress.warn(f"{type(pipeline).__name__} takes no words: --prompt changes nothing")
    asked = {"height": wish.size_px, "width": wish.size_px, "prompt": wish.prompt, "num_inference_steps": wish.steps,
             "num_frames": wish.frames}
    arguments = {name: value for name, value in asked.items() if name in takes and value is not None}
    pictures = [Image.fromarray(bytes_from_rgb(view)) for view in views]
    with _failures_in_words(pipeline):
        first = _first_latents(pipeline, pictures[0], arguments)
        return _in_step(pipeline, pictures, numbers, first, wish.seed, arguments, progress)


@contextmanager
def _failures_in_words(pipeline: Any) -> Iterator[None]:
    try:
        yield
    except (ValueError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise ResourceError("memory ran out. Lower --size or --frames, or take a smaller model.") from error
        raise InputError(f"{type(pipeline).__name__} failed: {reason(error)}.") from error


def _takes(pipeline: Any) -> Any:
    return inspect.signature(type(pipeline).__call__).parameters


def _first_latents(pipeline: Any, picture: Image.Image, arguments: dict[str, Any]) -> Any:
    """Return the latents of a view after its first step, whose shape and type all of them have."""
    found = []

    def stop(_: Any, step: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        found.append(tensors["latents"])
        raise _ShapeKnownError

    with suppress(_ShapeKnownError):
        _for_a_call(pipeline)(
            image=picture, generator=_generator(0, 0), callback_on_step_end=stop, output_type="latent", **arguments)
    shape = found[0].shape
    if len(shape) != 5 or shape[-1] != shape[-2]:
        raise InputError(f"{type(pipeline).__name__} cannot be used: its latents are no pictures, but {tuple(shape)}.")
    return found[0]


def _in_step(
    pipeline: Any, pictures: Sequence[Image.Image], numbers: Sequence[int], first: Any, seed: int, arguments: dict[str, Any],
    progress: Progress,
) -> list[UInt8[np.ndarray, "frames size size 3"]]:
    import torch

    every = face_views(first.shape[-1])
    cells = SharedCells([every[number] for number in numbers])
    noise = cells.noise(tuple(first.shape), seed)
    steps = LockStep(len(pictures), lambda latents: [
        torch.from_numpy(view).to(first) for view in cells.fused([view.float().cpu().numpy() for view in latents])])

    def clip(place: int) -> UInt8[np.ndarray, "frames size size 3"]:
        own = _for_a_call(pipeline)

        def agree(_: Any, step: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            progress.report("Denoising", step * len(pictures) + place, own.num_timesteps * len(pictures))
            return {"latents": steps.meet(place, tensors["latents"])}

        made = own(image=pictures[place], generator=_generator(seed, numbers[place]), callback_on_step_end=agree,
                   latents=torch.from_numpy(noise[place]).to(first), output_type="np", **arguments).frames[0]
        return bytes_from_rgb(np.asarray(made))

    return steps.run([lambda place=place: clip(place) for place in range(len(pictures))])


def _for_a_call(pipeline: Any) -> Any:
    """Return the pipeline with a scheduler of its own, which remembers the steps of one call."""
    own = copy.copy(pipeline)
    own.scheduler = copy.deepcopy(pipeline.scheduler)
    return own


def _generator(seed: int, number: int) -> Any:
    """Return the source of whatever else a pipeline draws."""
    import torch

    return torch.Generator().manual_seed(int(np.random.default_rng([seed, number]).integers(2 ** 62)))
