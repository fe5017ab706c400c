"""What stops a visitor and what carries one: surfaces as a few thousand triangles, without gaps in the floor."""

import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32

from spag4d.data import DepthMap, Panorama, Pose
from spag4d.geometry.equirect import directions
from spag4d.mesh.ground import ground_mesh
from spag4d.mesh.mesh import Mesh
from spag4d.mesh.surface import rows_for, surface_mesh
from spag4d.mesh.write import glb_bytes
from spag4d.splat.edits import Edit, places_kept, upright

_MOST_TRIANGLES = 8000
"""Of a sphere: walls keep to within 5 cm at 2 m, and a browser tests those beside a visitor in microseconds."""
_WORLD_M = 10.0
"""Metres to where a single panorama's world ends, sky included: farther than anyone walks in it, and nobody falls off."""

_SEEN_M = (0.1, 1000.0)
"""Metres to surfaces of a scene of any tool: nearer ones are blur around the visitor, and farther ones out of reach."""

Wanted = Callable[[DepthMap], Bool[np.ndarray, "h w"]]


def is_collision(path: Path) -> bool:
    """Return whether the name of a mesh file asks for a mesh for collisions."""
    return path.name.lower().endswith((".collision.glb", ".collision.ply"))


def collision_mesh(depth: DepthMap, near_m: float) -> Mesh:
    """Return what a panorama's visitor meets: surfaces from ``near_m`` on, ground where none was seen, and the world's end."""
    small = _sampled(depth)
    ended = replace(small, distance=np.minimum(np.where(small.sky, np.inf, small.distance), np.float32(_WORLD_M)),
                    sky=np.zeros_like(small.sky))
    return Mesh.joined([_surfaces(ended, near_m, _WORLD_M, None), ground_mesh(_points(small, near_m, None))])


def collision_part(depth: DepthMap, near_far_m: tuple[float, float], wanted: Wanted) -> tuple[Mesh, Float32[np.ndarray, "n 3"]]:
    """Return the ``wanted`` surfaces of one of several panoramas, and their points, beneath which ground is to be filled in."""
    small = _sampled(depth)
    chosen = wanted(small)
    return _surfaces(small, *near_far_m, chosen), _points(small, near_far_m[0], chosen)


def collision_around(depth: DepthMap, place_m: Float32[np.ndarray, "3"]) -> Mesh:
    """Return what a visitor meets of a scene that is seen from a place: its surfaces, and ground where none was seen."""
    mesh, points = collision_part(depth, _SEEN_M, lambda small: ~small.sky)
    return Mesh.joined([mesh.placed(Pose(np.eye(3), place_m.astype(np.float64))), ground_mesh(points + place_m, place_m[None])])


def edited_collision(mesh: Mesh, edits: Sequence[Edit]) -> Mesh:
    """Return what is left of what a visitor meets when a scene is edited: triangles go with what was in their middle."""
    kept = places_kept(mesh.vertices[mesh.triangles].mean(1), edits)
    turn = upright(edits)
    left = Mesh(mesh.vertices, mesh.colors, mesh.triangles[kept])
    return left if turn is None else left.placed(Pose(turn, np.zeros(3)))


def read_collision(path: Path) -> Mesh:
    """Return the mesh of a .glb file that `write_mesh` wrote, without its colours; raises `OSError` where there is none."""
    data = path.read_bytes()
    start = 28 + struct.unpack_from("<I", data, 12)[0]
    document = json.loads(data[20 : start - 8])
    vertices, indices = document["accessors"][0]["count"], document["accessors"][2]["count"]
    places = np.frombuffer(data, "<f4", 3 * vertices, start).reshape(-1, 3) * np.array([1, -1, -1], np.float32)
    corners = np.frombuffer(data, "<u4", indices, start + document["bufferViews"][2]["byteOffset"])
    return Mesh(places, np.zeros_like(places), corners.reshape(-1, 3).astype(np.int64))


def viewer_glb(mesh: Mesh) -> bytes:
    """Return a .glb file in the axes of the viewer of pages, which turns scenes half about z."""
    return glb_bytes(mesh.placed(Pose(np.diag([-1.0, 1.0, -1.0]), np.zeros(3))))  # a .glb is turned half about x already


def _sampled(depth: DepthMap) -> DepthMap:
    """Return every n-th pixel: no distance that lies between two surfaces."""
    height, width = depth.size_hw
    rows = rows_for(height, _MOST_TRIANGLES)
    down = ((np.arange(rows) + 0.5) * height / rows).astype(int)
    right = ((np.arange(2 * rows) + 0.5) * width / (2 * rows)).astype(int)
    picked = np.ix_(down, right)
    return DepthMap(depth.distance[picked], depth.sky[picked])


def _surfaces(depth: DepthMap, near_m: float, far_m: float, wanted: Bool[np.ndarray, "h w"] | None) -> Mesh:
    plain = Panorama(np.zeros((*depth.size_hw, 3), np.float32))
    return surface_mesh(plain, depth, near_far_m=(near_m, far_m), most=_MOST_TRIANGLES, wanted=wanted)


def _points(depth: DepthMap, near_m: float, wanted: Bool[np.ndarray, "h w"] | None) -> Float32[np.ndarray, "n 3"]:
    shown = ~depth.sky & (depth.distance >= near_m)
    shown = shown if wanted is None else shown & wanted
    return directions(len(shown))[shown] * depth.distance[shown][:, None]
