"""Pipelines of diffusers as they are, with random weights: their views agree after every step, and a seed decides all."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from spag4d.animate.shared_cells import SharedCells
from spag4d.animate.video_models import Wish, clips_of, load_pipeline
from spag4d.geometry.icosahedron import face_views
from spag4d.progress import Progress
from tests.animate.tiny_video_models import write_stable_video, write_wan

pytestmark = [
    pytest.mark.skipif(find_spec("diffusers") is None or find_spec("transformers") is None,
                       reason="diffusers is not installed: pip install 'spag4d[animate]'"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # diffusers with numpy 2
]
SIZE, STEPS, NUMBERS = 32, 2, [0, 1]
VIEWS = [np.random.default_rng(number).random((SIZE, SIZE, 3), np.float32) for number in NUMBERS]


def made(pipeline: Any, seed: int, prompt: str = "") -> list[np.ndarray]:
    heard: list[str] = []
    wish = Wish(prompt, seed, SIZE, STEPS, 5)
    clips = clips_of(pipeline, VIEWS, NUMBERS, wish, Progress(lambda event: heard.append(str(event))))
    assert any("takes no words" in line for line in heard) == (prompt != "" and "Stable" in type(pipeline).__name__)
    return clips


@pytest.mark.parametrize(("write", "network"), [(write_stable_video, "unet"), (write_wan, "transformer")], ids=["svd", "wan"])
def test_views_agree_after_every_step(
    write: Callable[[Path], None], network: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)
    pipeline = load_pipeline(tmp_path, "cpu")
    agreed: list[list[np.ndarray]] = []
    fuse = SharedCells.fused
    monkeypatch.setattr(SharedCells, "fused", lambda cells, views: agreed.append(fuse(cells, views)) or agreed[-1])
    seen: list[np.ndarray] = []
    getattr(pipeline, network).register_forward_pre_hook(
        lambda module, given, named: seen.append((*given, named.get("hidden_states"))[0].numpy()), with_kwargs=True)
    clips = made(pipeline, 3, "waves")
    assert len(agreed) == STEPS and all(clip.dtype == np.uint8 and clip.shape[1:] == (SIZE, SIZE, 3) for clip in clips)
    cells = SharedCells([face_views(agreed[0][0].shape[-1])[number] for number in NUMBERS])
    for views in agreed:
        held = np.concatenate([view.reshape(-1, len(own)).T for view, own in zip(views, cells.cells, strict=True)])
        one = np.empty((cells.count, held.shape[1]), np.float32)
        one[np.concatenate(cells.cells)] = held
        assert np.abs(held - one[np.concatenate(cells.cells)]).max() <= 1e-5
    assert network == "unet" or all(  # whose input is scaled
        any(np.array_equal(view, given[:, :16]) for given in seen) for view in agreed[0])  # what was agreed on goes on
    assert all(np.array_equal(a, b) for a, b in zip(clips, made(pipeline, 3, "waves"), strict=True))
    assert not np.array_equal(clips[0], made(pipeline, 4, "waves")[0])
    assert torch.is_grad_enabled()
