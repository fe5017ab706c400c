"""The file ``<name>.scene.json`` beside a scene: facts that no splat format has room for, so that a viewer can start well."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spag4d import __version__
from spag4d.errors import InputError
from spag4d.formats.outputs import without_extension
from spag4d.io.atomic import atomic_path
from spag4d.io.foreign_json import Foreign, validated
from spag4d.io.opening import opened

ENDING = ".scene.json"
_VERSION = 1
"""Of the card's layout."""
_VERTICAL_FIELD_OF_VIEW_DEG = 60
"""From top to bottom, by eye: natural on a screen."""
_LARGEST = 1 << 20
"""Bytes: ours have about two thousand."""


class _Viewpoint(Foreign):
    name: str
    position_m: tuple[float, float, float]
    measured: float


class _Card(Foreign):
    files: list[str]
    viewpoints: list[_Viewpoint] = []
    depth_model: str = ""
    depth_doubt: str = ""


def card_path(scene: Path) -> Path:
    """Return the path of a scene's card: beside it, and the same for all of its formats."""
    stem = without_extension(scene)
    return stem.with_name(f"{stem.name}{ENDING}")


def read_card(scene: Path) -> dict[str, Any]:
    """Return the card beside a scene, empty without a readable one."""
    path = card_path(scene)
    try:
        with opened(path, "scene card") as file:
            data = file.read(_LARGEST)
        card = validated(_Card, data, path, "scene card")
    except InputError:
        return {}
    return json.loads(data) if scene.name in card.files else {}


def write_card(
    path: Path, scenes: Sequence[Path], *, metric: bool, depth_model: str, metres_from: str, scale_sigma: float | None,
    walking_range_m: Mapping[str, float], depth_doubt: str = "", viewpoints: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write the card of ``scenes``, one scene in several formats, made at the origin of its axes.

    ``metric`` is whether lengths are metres and ``metres_from`` whose they are, where they are not the depth model's own;
    ``scale_sigma`` is the standard deviation of the log of the scale, where it is estimated; ``depth_doubt`` is the line of
    `spag4d.check.uncertainty.doubt_line`, if there is one; ``viewpoints`` are the panoramas of a scene of several, as
    `spag4d.conversion.Viewpoint` names their facts. Raises what `atomic_path` raises.
    """
    card: dict[str, Any] = {
        "scene_card": _VERSION,
        "program": f"SPAG-4D {__version__}",
        "files": [scene.name for scene in scenes],
        "frame": {"x": "right", "y": "down", "z": "forward", "handedness": "right", "up": [0, -1, 0],
                  "except": "a .glb is y up: x right, y up, z backward"},
        "unit": "m" if metric else "arbitrary",
        "metric": metric,
        "depth_model": depth_model,
        "metres_from": (metres_from or depth_model) if metric else "",
        "scale_sigma": None if scale_sigma is None else round(scale_sigma, 4),
        "start": {"position": [0, 0, 0], "look_at": [0, 0, 1], "up": [0, -1, 0],
                  "vertical_fov_deg": _VERTICAL_FIELD_OF_VIEW_DEG},
        "depth_doubt": depth_doubt,
        "walking_range_m": dict(walking_range_m),
    }
    if viewpoints:
        card["viewpoints"] = list(viewpoints)
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
