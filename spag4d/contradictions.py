"""Settings that somebody named and that can have no effect beside each other: an error, not a surprise.

What is asked for and not installed is another matter, see `spag4d.stages.check_models`. Defaults never contradict anything.
"""

from collections.abc import Iterator

from spag4d.depth import DEPTH_MODELS, best_available
from spag4d.errors import InputError
from spag4d.settings import AUTO, Declared, Settings

_REFINING = ("scale_blend", "opacity_blend")
_LARGEST_FACE_PX = 1536
"""Views of an icosahedron are what the network sees at once; only a cube's faces are cut into several."""


def check_combination(settings: Settings, *, given_depth: bool = False) -> None:
    """Raise `InputError` where a setting that was named has no effect beside the others.

    ``given_depth`` says that a depth map takes the place of a model.
    """
    for reason in _contradictions(settings, given_depth):
        raise InputError(f"{reason}. Leave one of them out.")


def _contradictions(settings: Settings, given_depth: bool) -> Iterator[str]:
    yield from _of_sharp(settings)
    if "guided_strength" in settings.named and not settings.use_guided_filter:
        yield f"{_option('guided_strength')} says how much edges are sharpened, and --no-guided-filter does not sharpen them"
    if "depth_map_unit" in settings.named and not given_depth:
        yield f"{_option('depth_map_unit')} is the unit of a depth map, and there is no --depth-map"
    if given_depth and settings.depth_model != AUTO:
        yield f"--depth-map takes the place of a model, and --depth-model names {settings.depth_model}"
    yield from _of_models(settings, given_depth)


def _of_sharp(settings: Settings) -> Iterator[str]:
    if settings.sharp_refine is False:
        for name in settings.named_of_sharp:
            yield f"{_option(name)} is about what SHARP does, and --no-sharp-refine leaves SHARP out"
    if settings.sharp_mode == "layers":
        for name in settings.named:
            if name in _REFINING:
                yield f"{_option(name)} mixes SHARP's Gaussians into ours, and --sharp-mode layers takes SHARP's alone"
    if settings.sharp_projection == "icosahedral" and settings.sharp_cubemap_size > _LARGEST_FACE_PX:
        yield (f"views of --sharp-projection icosahedral have {_LARGEST_FACE_PX} px at most, and --sharp-cubemap-size says "
               f"{settings.sharp_cubemap_size}")


def _of_models(settings: Settings, given_depth: bool) -> Iterator[str]:
    for name in settings.named:
        owner = next((model for model in DEPTH_MODELS if name.startswith(f"{model}_")), None)
        if owner is None:
            continue
        if given_depth:
            yield f"{_option(name)} is about {owner}, and the depth comes from --depth-map"
        used = settings.depth_model if settings.depth_model != AUTO else best_available(commercial_ok=settings.commercial_ok)
        if owner != used:
            yield f"{_option(name)} is about {owner}, and the depth comes from {used}: --depth-model {owner} takes {owner}"


def _option(name: str) -> str:
    return Declared(name).option.split("/")[0]
