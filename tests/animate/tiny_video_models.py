"""Image-to-video pipelines small enough for tests: one of our own, and those of diffusers with random weights."""

from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

WIDE = 4
"""Pixels for each of a latent, of the pipeline of our own."""


class OwnPipeline:
    """Denoises towards the picture, a third of the way in each step; the last frame is brighter than the first."""

    def __init__(self, *, packed: bool = False) -> None:
        self.scheduler, self.packed, self.num_timesteps = SimpleNamespace(steps=0), packed, 0
        self.asked: list[dict[str, Any]] = []

    def __call__(
        self, image: Any, height: int, width: int, generator: torch.Generator, callback_on_step_end: Any, output_type: str,
        num_inference_steps: int = 3, num_frames: int = 8, latents: Any = None
    ) -> SimpleNamespace:
        self.asked.append({"height": height, "width": width, "steps": num_inference_steps})
        picture = torch.from_numpy(np.asarray(image, np.float32)) / 255
        small = picture.reshape(height // WIDE, WIDE, width // WIDE, WIDE, 3).mean((1, 3)).permute(2, 0, 1)
        goal = small[None, :, None] * torch.linspace(1, 0.5, num_frames)[:, None, None]
        latents = torch.randn(goal.shape, generator=generator) if latents is None else latents
        assert self.scheduler.steps == 0  # each view has one of its own
        self.num_timesteps = num_inference_steps
        for step in range(num_inference_steps):
            self.scheduler.steps += 1
            latents = latents + (goal - latents) / (num_inference_steps - step)
            given = {"latents": latents.flatten(2) if self.packed else latents}
            latents = callback_on_step_end(self, step, step, given)["latents"]
        frames = latents[0].permute(1, 2, 3, 0).repeat_interleave(WIDE, 1).repeat_interleave(WIDE, 2)
        return SimpleNamespace(frames=frames[None].numpy())


def _libraries() -> tuple[Any, Any]:
    return import_module("diffusers"), import_module("transformers")


def write_stable_video(folder: Path) -> None:
    """A pipeline without words, whose latents are (clip, frame, channel, row, column)."""
    diffusers, transformers = _libraries()
    torch.manual_seed(0)
    unet = diffusers.UNetSpatioTemporalConditionModel(
        block_out_channels=(32, 32), layers_per_block=1, sample_size=8, in_channels=8, out_channels=4, cross_attention_dim=32,
        down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"), num_attention_heads=2,
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"), addition_time_embed_dim=32,
        projection_class_embeddings_input_dim=96)
    scheduler = diffusers.EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", prediction_type="v_prediction", sigma_max=700.0,
        sigma_min=0.002, steps_offset=1, timestep_spacing="leading", timestep_type="continuous", use_karras_sigmas=True)
    vae = diffusers.AutoencoderKLTemporalDecoder(
        block_out_channels=(32, 32, 32, 32), down_block_types=("DownEncoderBlock2D",) * 4)
    eye = transformers.CLIPVisionModelWithProjection(transformers.CLIPVisionConfig(
        hidden_size=32, projection_dim=32, num_hidden_layers=1, num_attention_heads=4, intermediate_size=37, patch_size=56))
    scaler = transformers.CLIPImageProcessorPil()
    diffusers.StableVideoDiffusionPipeline(vae, eye, unet, scheduler, scaler).save_pretrained(folder)


def write_wan(folder: Path) -> None:
    """A pipeline that takes words, whose latents are (clip, channel, frame, row, column)."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    diffusers, transformers = _libraries()
    torch.manual_seed(0)
    words = Tokenizer(models.WordLevel({"<pad>": 0, "waves": 1, "<unk>": 2}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()  # type: ignore[reportAttributeAccessIssue]
    reader = transformers.UMT5EncoderModel(transformers.UMT5Config(
        vocab_size=8, d_model=32, d_kv=8, d_ff=37, num_layers=1, num_heads=4))
    vae = diffusers.AutoencoderKLWan(base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1)
    network = diffusers.WanTransformer3DModel(
        patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12, in_channels=36, out_channels=16, text_dim=32,
        freq_dim=64, ffn_dim=32, num_layers=1, rope_max_seq_len=32)
    scheduler = diffusers.UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0)
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", unk_token="<unk>")
    diffusers.WanImageToVideoPipeline(tokenizer, reader, vae, scheduler, transformer=network).save_pretrained(folder)
