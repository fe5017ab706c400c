"""Write a checkpoint's averaged weights as they ship: ``python -m training.export RUN_FOLDER/last.pt WEIGHTS.safetensors``."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file


def export(sources: list[Path], target: Path) -> str:
    """Write the averaged weights of checkpoints (.pt) or the weights of files (.safetensors), joined; return their sha256.

    They are float16; the network computes in float32.
    """
    weights: dict[str, torch.Tensor] = {}
    for source in sources:
        weights |= load_file(source) if source.suffix == ".safetensors" else torch.load(source, weights_only=True)["average"]
    target.parent.mkdir(parents=True, exist_ok=True)
    write_weights(weights, target)
    return hashlib.sha256(target.read_bytes()).hexdigest()


def write_weights(weights: dict[str, torch.Tensor], target: Path) -> None:
    """Write them as float16."""
    save_file({name: value.detach().half().cpu().contiguous() for name, value in weights.items()}, target)


def main() -> None:
    """Export from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", type=Path, nargs="+", help="a checkpoint, or files that hold parts of the weights")
    parser.add_argument("target", type=Path)
    options = parser.parse_args()
    print(f"{export(options.sources, options.target)}  {options.target}")


if __name__ == "__main__":
    main()
