"""Write a checkpoint's averaged weights as they ship: ``python -m training.export RUN_FOLDER/last.pt WEIGHTS.safetensors``."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import torch
from safetensors.torch import save_file


def export(checkpoint: Path, target: Path) -> str:
    """Write float16 weights (the network computes in float32) and return their sha256."""
    weights = torch.load(checkpoint, weights_only=True)["average"]
    target.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: value.half().contiguous() for name, value in weights.items()}, target)
    return hashlib.sha256(target.read_bytes()).hexdigest()


def main() -> None:
    """Export from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("target", type=Path)
    options = parser.parse_args()
    print(f"{export(options.checkpoint, options.target)}  {options.target}")


if __name__ == "__main__":
    main()
