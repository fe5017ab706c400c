"""The weights file of the built-in network, and what can be known of the network without PyTorch."""

import hashlib
from pathlib import Path

from spag4d.errors import WeightsError

WORKING_HW = (512, 1024)
"""What the weights were trained at; 0.35° a pixel."""
MIN_DISTANCE_M, MAX_DISTANCE_M = 0.1, 300.0
"""Between which the network was trained."""
WEIGHTS_PATH = Path(__file__).with_name("builtin.safetensors")
WEIGHTS_SHA256 = "7faeaaf886195a1f135043c3c4800ff5cbfe8f192bb3403c619d36bab7b90a9b"
HORIZON_SINE = 0.02
"""Sine of 1.1°: nearer to the horizon a floor would lie fifty heights away and more, and its distance grow without bound."""
FIRST_GAP, FIRST_CHOICE = -2.0, -1.0
"""Before any training: a gap of 13 %, and the near side three times in four, so that both sides have something to learn."""
REMEDY = "Reinstall spag4d, or restore the file from the repository."


def weights_content(path: Path = WEIGHTS_PATH, sha256: str | None = WEIGHTS_SHA256) -> bytes:
    """Return the bytes of a weights file, whose sha256 is compared unless it is None.

    Raises `WeightsError` where the file is missing or altered.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"cannot read the built-in depth weights {path} ({error.strerror}). {REMEDY}") from error
    found = hashlib.sha256(content).hexdigest()
    if sha256 is not None and found != sha256:
        raise WeightsError(f"{path} is damaged: its sha256 is {found}, expected {sha256}. {REMEDY}")
    return content
