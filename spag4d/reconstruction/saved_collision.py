"""What stops and carries a visitor in a scene of several panoramas: from each, the surfaces that it shows best."""

from pathlib import Path

import numpy as np

from spag4d.data import DepthMap, Panorama
from spag4d.mesh.collision import collision_part
from spag4d.mesh.ground import ground_mesh
from spag4d.mesh.mesh import Mesh
from spag4d.mesh.write import write_mesh
from spag4d.reconstruction.panoramas import Panoramas
from spag4d.reconstruction.world import World


class SavedCollision:
    """Gathers triangles panorama by panorama and writes them; stands in for `SavedMesh`."""

    def __init__(self, path: Path, panoramas: Panoramas, world: World) -> None:
        """Take where to write, and the world whose surfaces are each shown by one of its panoramas."""
        self._path, self._run, self._world = path, panoramas.run, world
        self._parts: list[Mesh] = []
        self._points: list[np.ndarray] = []

    def add(self, number: int, panorama: Panorama, depth: DepthMap) -> None:
        """Make the triangles of a panorama, from the depth of which Gaussians are made."""
        settings, pose = self._run.settings, self._world.captured[number].view.pose
        with self._run.stage("Mesh"):
            mesh, points = collision_part(depth, (settings.depth_min, settings.depth_max),
                                          lambda depth: self._world.kept(number, depth.distance))
        self._parts.append(mesh.placed(pose))
        self._points.append((points @ pose.rotation.T + pose.translation).astype(np.float32))

    def finish(self) -> None:
        """Write the file, with ground where none was seen."""
        with self._run.stage("Mesh"):
            around = np.stack([captured.view.pose.translation for captured in self._world.captured.values()])
            self._parts.append(ground_mesh(np.concatenate(self._points), around.astype(np.float32)))
        with self._run.stage("Writing mesh"):
            write_mesh(self._path, Mesh.joined(self._parts))
