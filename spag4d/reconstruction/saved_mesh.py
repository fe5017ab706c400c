"""The mesh of a scene of several panoramas: from each, the surfaces that it shows best."""

from pathlib import Path

from spag4d.data import DepthMap, Panorama
from spag4d.mesh.mesh import Mesh
from spag4d.mesh.surface import MOST_TRIANGLES
from spag4d.mesh.write import write_mesh
from spag4d.reconstruction.panoramas import Panoramas
from spag4d.reconstruction.world import World


class SavedMesh:
    """Gathers triangles panorama by panorama and writes them, or does nothing where no mesh is wanted."""

    def __init__(self, path: Path | None, panoramas: Panoramas, world: World) -> None:
        """Share out the triangles by how much of each panorama's sphere the scene keeps."""
        self._path, self._panoramas, self._world = path, panoramas, world
        self._shares = {} if path is None else {
            number: world.kept_share(number, panoramas.sky(number, world.captured[number])) for number in world.captured}
        self._parts: list[Mesh] = []

    def add(self, number: int, panorama: Panorama, depth: DepthMap) -> None:
        """Make the triangles of a panorama, from the depth of which Gaussians are made."""
        if self._path is not None:
            share, most = self._shares[number], round(MOST_TRIANGLES / max(1.0, sum(self._shares.values())))
            mesh = self._panoramas.stages.mesh(panorama, depth, self._panoramas.run, most=most, share=share,
                                               wanted=lambda depth: self._world.kept(number, depth.distance))
            self._parts.append(mesh.placed(self._world.captured[number].view.pose))

    def finish(self) -> None:
        """Write the file."""
        if self._path is not None:
            with self._panoramas.run.stage("Writing mesh"):
                write_mesh(self._path, Mesh.joined(self._parts))
