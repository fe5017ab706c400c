"""Explicit settings of which one has no effect in the presence of another: an error, not a surprise.

Missing weights are another matter, see `spag4d.stages.check_models`. Defaults never contradict anything.
"""

from collections.abc import Iterator

from spag4d.depth import DEPTH_MODELS, best_available
from spag4d.errors import InputError
from spag4d.settings import AUTO, Declared, Settings

_REFINING = ("scale_blend", "opacity_blend")
_LARGEST_FACE_PX = 1536
"""The network's own input: icosahedron views are passed whole, only the faces of a cube are cut into several."""


def check_combination(settings: Settings, *, given_depth: bool = False) -> None:
    """Raise `InputError` if an explicit setting has no effect in the presence of the others.

    ``given_depth`` means that a depth map replaces the model.
    """
    for reason in _contradictions(settings, given_depth):
        raise InputError(f"{reason}. Leave one of them out.")


def check_is_of_a_clip(settings: Settings) -> None:
    """Raise `InputError` if an explicit setting has no effect on a clip that becomes one file."""
    for name in ("format", "stabilize", "temporal_alpha"):
        if name in settings.named and getattr(settings, name) not in (AUTO, "lock"):
            raise InputError(f"{_option(name)} is about sequences of scenes: a clip in one file has its own format, stands in "
                             "the world's axes, and is made once where it stands. Leave it out.")


def _contradictions(settings: Settings, given_depth: bool) -> Iterator[str]:
    yield from _of_sharp(settings)
    if "guided_strength" in settings.named and not settings.use_guided_filter:
        yield f"{_option('guided_strength')} says how much to sharpen edges, but --no-guided-filter does not sharpen them"
    if "depth_map_unit" in settings.named and not given_depth:
        yield f"{_option('depth_map_unit')} is the unit of a depth map, but there is no --depth-map"
    if given_depth and settings.depth_model != AUTO:
        yield f"--depth-map replaces the model, but --depth-model names {settings.depth_model}"
    yield from _of_models(settings, given_depth)


def _of_sharp(settings: Settings) -> Iterator[str]:
    if settings.sharp_refine is False:
        for name in settings.named_of_sharp:
            yield f"{_option(name)} is about SHARP, but --no-sharp-refine leaves SHARP out"
    if settings.sharp_mode == "layers":
        for name in settings.named:
            if name in _REFINING:
                yield f"{_option(name)} mixes SHARP's Gaussians into ours, but --sharp-mode layers uses SHARP's alone"
    if settings.sharp_projection == "icosahedral" and settings.sharp_cubemap_size > _LARGEST_FACE_PX:
        yield (f"views of --sharp-projection icosahedral have {_LARGEST_FACE_PX} px at most, but --sharp-cubemap-size says "
               f"{settings.sharp_cubemap_size}")


def _of_models(settings: Settings, given_depth: bool) -> Iterator[str]:
    for name in settings.named:
        owner = next((model for model in DEPTH_MODELS if name.startswith(f"{model}_")), None)
        if owner is None:
            continue
        if given_depth:
            yield f"{_option(name)} is about {owner}, but the depth comes from --depth-map"
        used = settings.depth_model if settings.depth_model != AUTO else best_available(commercial_ok=settings.commercial_ok)
        if owner != used:
            yield f"{_option(name)} is about {owner}, but the depth comes from {used}: use --depth-model {owner}"


def _option(name: str) -> str:
    return Declared(name).option.split("/")[0]
