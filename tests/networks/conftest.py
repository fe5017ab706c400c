import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch


@pytest.fixture(scope="session")
def golden_folder() -> Path:
    folder = Path(os.environ.get("SPAG4D_GOLDEN", Path(__file__).parents[3] / "shared" / "golden"))
    if not folder.is_dir():
        pytest.skip(f"needs what the published networks return for synthetic weights (SPAG4D_GOLDEN), which is not at {folder}")
    return folder


@pytest.fixture
def without_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield
