"""Judge a depth network on scenes it has never seen: ``python -m training.evaluate --scenes 200``.

Runs `BuiltinDepth` on seeds from `VALIDATION_SEEDS_BEGIN` on and compares with the exact distance at every pixel that holds a
surface within the network's range, also where the network took it for sky. Means are by solid angle within a scene, then over
scenes; the sky is judged over all pixels of all scenes together. Prints a table and one JSON line.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path

import torch

from spag4d.data import Panorama
from spag4d.depth.builtin import BuiltinDepth
from spag4d.networks.builtin import load_builtin
from training.dataset import VALIDATION_SEEDS_BEGIN
from training.figures import COLUMNS, judge, summarize
from training.generator import generate


def main() -> None:
    """Judge from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=VALIDATION_SEEDS_BEGIN)
    parser.add_argument("--height", type=int, default=512, help="of the panoramas; the network sees 512")
    parser.add_argument("--weights", type=Path, help="instead of those that ship")
    options = parser.parse_args()
    torch.set_num_threads(2)
    model = BuiltinDepth(network=load_builtin(options.weights, None) if options.weights else None)
    by_kind: dict[str, list[dict[str, float]]] = defaultdict(list)
    for seed in range(options.first_seed, options.first_seed + options.scenes):
        sample = generate(seed, options.height)
        by_kind[sample.kind].append(judge(*model.predict(Panorama(sample.rgb.numpy())), sample))
    rows = {kind: summarize(results) for kind, results in sorted(by_kind.items())}
    rows["all"] = summarize([result for results in by_kind.values() for result in results])
    print(f"{'kind':20}" + "".join(f"{name:>18}" for name in COLUMNS))
    for kind, row in rows.items():
        print(f"{kind:20}" + "".join(f"{row[name]:18.4g}" for name in COLUMNS))
    print(json.dumps({"height": options.height, "first_seed": options.first_seed, **rows}))


if __name__ == "__main__":
    main()
