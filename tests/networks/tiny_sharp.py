"""A small random SHARP checkpoint with the official names."""

from pathlib import Path

import torch

from spag4d.networks.sharp import SharpNetwork, SharpSizes

TINY = SharpSizes(width=64, depth=4, heads=1, side=4, channels=(16, 16, 16, 32, 32), depth_width=16, depth_between=32,
                  gaussian_width=16, gaussian_channels=32, align_width=8, align_steps=4)


def tiny_sharp(sizes: SharpSizes = TINY) -> dict[str, torch.Tensor]:
    """Return what the checkpoint holds: pictures of 64 ``side`` pixels; those of `TINY` are too small for patch overlap."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = SharpNetwork(sizes)
        torch.nn.init.constant_(network.get_parameter("monodepth_model.monodepth_predictor.head.4.bias"), 0.5)
    held = {name: value.clone() for name, value in network.state_dict().items()}
    for part, name in (("monodepth_model.monodepth_predictor", "depth_width"), ("feature_model", "gaussian_width")):
        width = getattr(sizes, name)
        for layer in (1, 3):
            held[f"{part}.decoder.fusions.4.resnet1.residual.{layer}.weight"] = torch.zeros(width, width, 3, 3)
            held[f"{part}.decoder.fusions.4.resnet1.residual.{layer}.bias"] = torch.zeros(width)
    for vit in ("patch_encoder", "image_encoder"):
        held[f"monodepth_model.monodepth_predictor.encoder.{vit}.head.weight"] = torch.zeros(10, sizes.width)
        held[f"monodepth_model.monodepth_predictor.encoder.{vit}.head.bias"] = torch.zeros(10)
    return held


def write_tiny_sharp(path: Path, sizes: SharpSizes = TINY) -> Path:
    """Write the checkpoint."""
    torch.save(tiny_sharp(sizes), path)
    return path
