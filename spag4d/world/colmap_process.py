"""COLMAP in a process of its own: ``python -m spag4d.world.colmap_process FOLDER``.

pycolmap and OpenCV bring different builds of the same C libraries, and a program that loads both dies ("double free"). Here
only pycolmap is loaded, and whatever it dies of, the caller lives. FOLDER holds ``pictures/``, ``masks/`` and ``pairs.txt``;
what becomes of them is written as COLMAP models, ``models/0`` and so on. Each line of the output is "stage done total". The
process ends when the other end of its standard input is closed.
"""

import importlib
import os
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

_FEATURES = 4096
"""Per panorama. Half of COLMAP's usual number: matching takes a quarter of the time."""
FEWEST_MATCHES = 30
"""Twice COLMAP's least: a repeated pattern easily gives fifteen."""
_PAIRS_TOGETHER = 16
"""So many pairs are compared between two reports of progress: some seconds."""
_SEED = 360


def _report(stage: str, done: int, total: int) -> None:
    sys.stdout.write(f"{stage} {done} {total}\n")
    sys.stdout.flush()


def extract(colmap: Any, database: Path, folder: Path) -> None:
    """Find the features of all pictures."""
    reader = colmap.ImageReaderOptions()
    reader.camera_model = "EQUIRECTANGULAR"
    reader.mask_path = folder / "masks"
    options = colmap.FeatureExtractionOptions()
    options.sift.max_num_features = _FEATURES
    names = sorted(path.name for path in (folder / "pictures").iterdir())
    for number, name in enumerate(names):
        _report("Features", number, len(names))
        colmap.extract_features(database, folder / "pictures", [name], colmap.CameraMode.PER_IMAGE, reader, options,
                                colmap.Device.cpu)
    _report("Features", len(names), len(names))


def match(colmap: Any, database: Path, folder: Path) -> None:
    """Compare the pairs that ``pairs.txt`` lists, and keep what agrees with a motion of the camera."""
    pairs = (folder / "pairs.txt").read_text(encoding="utf-8").splitlines()
    matching, pairing = colmap.FeatureMatchingOptions(), colmap.ImportedPairingOptions()
    verification = colmap.TwoViewGeometryOptions()
    verification.min_num_inliers = FEWEST_MATCHES
    verification.ransac.random_seed = _SEED
    pairing.match_list_path = folder / "some_pairs.txt"
    for first in range(0, len(pairs), _PAIRS_TOGETHER):
        _report("Matches", first, len(pairs))
        pairing.match_list_path.write_text("\n".join(pairs[first : first + _PAIRS_TOGETHER]), encoding="utf-8")
        colmap.match_image_pairs(database, matching, pairing, verification, colmap.Device.cpu)
    _report("Matches", len(pairs), len(pairs))


def map_globally(colmap: Any, database: Path, folder: Path) -> None:
    """Find the places of all panoramas at once (GLOMAP: Pan et al., ECCV 2024); of the cameras nothing is to be refined."""
    options = colmap.GlobalPipelineOptions()
    options.min_num_matches = FEWEST_MATCHES
    options.min_model_size = 2
    mapper = options.mapper
    for part in (options, mapper, mapper.rotation_averaging, mapper.global_positioning, mapper.retriangulation):
        part.random_seed = _SEED
    mapper.bundle_adjustment.refine_focal_length = mapper.bundle_adjustment.refine_extra_params = False
    _report("Poses", 0, 1)
    models = colmap.global_mapping(database, folder / "pictures", folder / "found", options)
    for number, model in enumerate(sorted(models.values(), key=lambda model: -model.num_reg_images())):
        place = folder / "models" / str(number)
        place.mkdir(parents=True)
        model.write_binary(place)
    _report("Poses", 1, 1)


def _end_with_the_caller() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


def main() -> None:
    """Do all of it."""
    folder = Path(sys.argv[1])
    threading.Thread(target=_end_with_the_caller, daemon=True).start()
    pycolmap: Any = importlib.import_module("pycolmap")
    pycolmap.logging.minloglevel = pycolmap.logging.ERROR
    database = folder / "colmap.db"
    for step in (extract, match, map_globally):
        step(pycolmap, database, folder)
    shutil.rmtree(folder / "found", ignore_errors=True)


if __name__ == "__main__":
    main()
