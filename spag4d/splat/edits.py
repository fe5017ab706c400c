"""Light edits of a scene as a list that JSON can hold: what is cut, erased and hidden, where one starts, and which way is up.

All edits are in the axes and metres of the scene before any of them; turning it upright comes last.
"""

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Bool, Float32, Float64
from pydantic import Field, model_validator

from spag4d.data import Layers, Scene, View
from spag4d.errors import InputError
from spag4d.geometry.rotation import cross_matrices
from spag4d.io.foreign_json import ForeignOrParsed
from spag4d.splat.edit import rotated

_FARTHEST_M = 1e9
"""Farther than anything on Earth is from its centre: larger numbers are typing errors."""
_MOST_RAYS = 5000
"""Of one stroke: the page sets one every few pixels."""
_AT_ONCE = 1 << 14
"""Gaussians compared with all rays of a stroke at a time: 64 rays take 4 MB."""
_RAYS_AT_ONCE = 64

_Metres = Annotated[float, Field(ge=-_FARTHEST_M, le=_FARTHEST_M)]
_Length = Annotated[float, Field(gt=0, le=_FARTHEST_M)]
_Share = Annotated[float, Field(ge=-1.01, le=1.01)]
Place = tuple[_Metres, _Metres, _Metres]
LayerName = Literal["fine", "backing", "sky", "behind"]
Kept = Bool[np.ndarray, " n"]


class CropBox(ForeignOrParsed):
    """Keep what lies in a box between two corners."""

    edit: Literal["crop_box"]
    low_m: Place
    high_m: Place

    @model_validator(mode="after")
    def _has_an_inside(self) -> "CropBox":
        if not all(low < high for low, high in zip(self.low_m, self.high_m, strict=True)):
            raise ValueError("low_m lies below high_m along each axis")
        return self


class CropSphere(ForeignOrParsed):
    """Keep what lies in a sphere."""

    edit: Literal["crop_sphere"]
    centre_m: Place
    radius_m: _Length


class Erase(ForeignOrParsed):
    """A stroke of the eraser, drawn while standing at ``eye_m``.

    It takes away what lies within ``radius_deg`` of one of its ``rays``, of which each is a unit vector and how far it reaches
    in metres.
    """

    edit: Literal["erase"]
    eye_m: Place
    radius_deg: float = Field(gt=0, le=60)
    rays: list[tuple[_Share, _Share, _Share, _Length]] = Field(min_length=1, max_length=_MOST_RAYS)


class Hide(ForeignOrParsed):
    """Leave out layers, in scenes whose file names them."""

    edit: Literal["hide"]
    layers: list[LayerName] = Field(min_length=1, max_length=4)


class Start(ForeignOrParsed):
    """Where one stands at first, and what one looks at."""

    edit: Literal["start"]
    position_m: Place
    look_at_m: Place

    @model_validator(mode="after")
    def _looks_somewhere(self) -> "Start":
        if math.dist(self.position_m, self.look_at_m) == 0:
            raise ValueError("look_at_m is another place than position_m")
        return self


class Up(ForeignOrParsed):
    """Turn the scene by the shortest way so that a direction points up."""

    edit: Literal["up"]
    up: tuple[_Share, _Share, _Share]

    @model_validator(mode="after")
    def _has_a_direction(self) -> "Up":
        if not 0.5 < math.hypot(*self.up) < 1.5:
            raise ValueError("up is a direction of length one")
        return self


Edit = Annotated[CropBox | CropSphere | Erase | Hide | Start | Up, Field(discriminator="edit")]


def edited(scene: Scene, edits: Sequence[Edit], start: View | None = None) -> tuple[Scene, View | None]:
    """Return what edits make of a scene, and of the view with which it starts, None for the capture point.

    Raises `InputError` where layers are to be hidden that the scene does not name, and where nothing is left.
    """
    kept = places_kept(scene.joined.means, edits)
    for edit in edits:
        if isinstance(edit, Hide):
            kept &= _not_hidden(scene, edit)
        elif isinstance(edit, Start):
            start = View(edit.position_m, edit.look_at_m)
    if not kept.any():
        raise InputError("nothing is left of the scene: undo one of the edits.")
    scene = scene.select(kept)
    turn = upright(edits)
    if turn is None:
        return scene, start
    return scene.changed(lambda gaussians: rotated(gaussians, turn)), start and View(
        _turned(turn, start.position_m), _turned(turn, start.look_at_m))


def places_kept(means: Float32[np.ndarray, "n 3"], edits: Sequence[Edit]) -> Kept:
    """Return which places are neither cropped nor erased."""
    kept = np.ones(len(means), bool)
    for edit in edits:
        if type(edit) in _MASKS:
            kept &= _MASKS[type(edit)](means, edit)
    return kept


def upright(edits: Sequence[Edit]) -> Float64[np.ndarray, "3 3"] | None:
    """Return the shortest turn that brings what is to be up to -y, None where that is nothing or is up already."""
    ups = [edit.up for edit in edits if isinstance(edit, Up)]
    if not ups:
        return None
    up = np.array(ups[-1]) / np.linalg.norm(ups[-1])
    goal = np.array([0.0, -1.0, 0.0])
    axis, cosine = np.cross(up, goal), float(up @ goal)
    if cosine > 1 - 1e-12:
        return None
    if cosine < -1 + 1e-9:
        return np.diag([1.0, -1.0, -1.0])  # upside down: half about x, so that right stays right
    cross = cross_matrices(axis[None])[0]
    return np.eye(3) + cross + cross @ cross / (1 + cosine)


def _turned(turn: Float64[np.ndarray, "3 3"], place: tuple[float, float, float]) -> tuple[float, float, float]:
    x, y, z = turn @ np.array(place)
    return float(x), float(y), float(z)


def _vector(place: Place) -> Float32[np.ndarray, "3"]:
    return np.array(place, np.float32)


def _in_box(means: Float32[np.ndarray, "n 3"], edit: CropBox) -> Kept:
    return np.asarray(((means >= _vector(edit.low_m)) & (means <= _vector(edit.high_m))).all(1))


def _in_sphere(means: Float32[np.ndarray, "n 3"], edit: CropSphere) -> Kept:
    offsets = means - _vector(edit.centre_m)
    return np.einsum("ij,ij->i", offsets, offsets) <= np.float32(edit.radius_m) ** 2


def _outside_stroke(means: Float32[np.ndarray, "n 3"], edit: Erase) -> Kept:
    rays = np.array(edit.rays, np.float32)
    rays[:, :3] /= np.maximum(np.linalg.norm(rays[:, :3], axis=1, keepdims=True), np.float32(1e-6))
    cosine = np.float32(math.cos(math.radians(edit.radius_deg)))
    kept = np.empty(len(means), bool)
    for first in range(0, len(means), _AT_ONCE):
        block = slice(first, first + _AT_ONCE)
        kept[block] = ~_touched(means[block] - _vector(edit.eye_m), rays, cosine)
    return kept


def _touched(offsets: Float32[np.ndarray, "n 3"], rays: Float32[np.ndarray, "k 4"], cosine: np.float32) -> Kept:
    distance = np.sqrt(np.einsum("ij,ij->i", offsets, offsets))
    touched = np.zeros(len(offsets), bool)
    for first in range(0, len(rays), _RAYS_AT_ONCE):
        part = rays[first:first + _RAYS_AT_ONCE]
        near = offsets @ part[:, :3].T >= cosine * distance[:, None]
        touched |= (near & (distance[:, None] <= part[:, 3])).any(1)
    return touched


def _not_hidden(scene: Scene, edit: Hide) -> Kept:
    if not isinstance(scene, Layers):
        raise InputError(f"the scene does not say which of its Gaussians are {' or '.join(edit.layers)}, so that these cannot "
                         "be hidden.")
    return np.concatenate([np.full(count, name not in edit.layers) for name, count in scene.counts.items()])


_MASKS: dict[type, Callable[[np.ndarray, object], Kept]] = {
    CropBox: _in_box, CropSphere: _in_sphere, Erase: _outside_stroke}  # type: ignore[dict-item]
