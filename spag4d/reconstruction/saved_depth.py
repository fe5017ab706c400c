"""The depth of each panorama of a world as files that ``--depth-map`` reads back."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from spag4d.data import DepthMap
from spag4d.io.atomic import atomic_path
from spag4d.photos.write_depth import write_depth

RECORD = "depths.json"
_UNIT = "metres along the ray, infinite for sky; measured is the share of the sphere that parallax has measured"


class SavedDepth:
    """Writes depth into a folder, panorama by panorama, or nothing where no folder is wanted."""

    def __init__(self, folder: Path | None, names: Sequence[str], shares: Mapping[int, float]) -> None:
        """Take the panoramas' names, and by number how much of the sphere is measured."""
        self._folder, self._names, self._shares = folder, names, shares
        self._record: dict[str, dict[str, object]] = {}

    def add(self, number: int, depth: DepthMap) -> None:
        """Write the depth of a panorama."""
        if self._folder is not None:
            name = self._names[number]
            write_depth(self._folder / f"{name}.npy", depth)
            self._record[name] = {"file": f"{name}.npy", "measured": round(self._shares[number], 4)}

    def finish(self) -> None:
        """Write which file belongs to which panorama, and how much of it is measured."""
        if self._folder is not None:
            with atomic_path(self._folder / RECORD) as path:
                path.write_text(json.dumps({"unit": _UNIT, "panoramas": self._record}, indent=1, ensure_ascii=False) + "\n",
                                encoding="utf-8")
