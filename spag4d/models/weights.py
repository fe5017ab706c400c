"""Where published checkpoints are kept, what their licences allow, and whether a file is the right one.

They are kept in ``models/<name>/`` below `home_folder`, each beside a small record of its sha256. Where the sha256 of a
published file is known it has to match; otherwise that of the first file is recorded and has to match ever after.
"""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from spag4d.errors import WeightsError, reason

_CHUNK = 1 << 22
"""Bytes that are hashed at a time."""
_RECORD = "record.json"
_CONSENT = "licence-accepted.txt"


@dataclass(frozen=True)
class Weights:
    """A published checkpoint.

    ``size`` is in bytes, right within ``slack``; ``revision`` is the commit to fetch, or "main" where no good one is known, and
    then that of the first download is kept; ``commercial`` is whether results may be sold; ``consent`` is the address of a
    licence that the user has to agree to before anything is fetched.
    """

    title: str
    repository: str
    file: str
    size: int
    licence: str
    commercial: Literal["yes", "no", "unclear"]
    good_for: str
    slack: int = 0
    sha256: str | None = None
    revision: str = "main"
    consent: str = ""


_PANDA = "none stated; trained from Depth Anything V2"
_SHARP_LICENCE = "https://github.com/apple/ml-sharp/blob/main/LICENSE_MODEL"

WEIGHTS: dict[str, Weights] = {
    "panda": Weights(
        "PanDA, large", "ZidongC/PanDA", "panda_large.pth", 1_343_016_343, f"{_PANDA} (CC-BY-NC-4.0)", "no",
        "panoramas, indoors and out", slack=10_000_000),
    "panda-small": Weights(
        "PanDA, small", "ZidongC/PanDA", "panda_small.pth", 99_539_383, f"{_PANDA} (Apache-2.0)", "unclear",
        "panoramas on slow computers", slack=900_000),
    "panda-matterport": Weights(
        "PanDA, Matterport3D", "ZidongC/PanDA", "panda_matterport_large.pth", 1_343_016_343, f"{_PANDA} (CC-BY-NC-4.0)", "no",
        "rooms up to 10 m, in metres", slack=10_000_000),
    "dap": Weights(
        "Depth Any Panoramas", "Insta360-Research/DAP-weights", "model.pth", 1_460_746_347,
        "none stated; DINOv3 License applies", "unclear", "panoramas up to 100 m, in metres, with sky"),
    "da3": Weights(
        "Depth Anything 3, metric", "depth-anything/DA3METRIC-LARGE", "model.safetensors", 1_336_734_448, "Apache-2.0", "yes",
        "sharp detail from perspective views, in metres, with sky",
        sha256="bbea5b0b3ee389849cffa7ddae89de064a90abd2b055fc5aa99aac68db324776",
        revision="4010e39f3634a45bc60553321fb49fb760bd594e"),
    "da360": Weights(
        "DA360, large", "hljiang/DA360", "DA360_large.pth", 1_344_000_000, "MIT; trained from Depth Anything V2 (CC-BY-NC-4.0)",
        "no", "panoramas, indoors and out", slack=10_000_000),
    "sharp": Weights(
        "SHARP", "apple/Sharp", "sharp_2572gikvuh.pt", 2_809_738_232, "Apple Machine Learning Research Model License", "no",
        "research only: two layers of Gaussians per view", consent=_SHARP_LICENCE,
        sha256="94211a75198c47f61fca7d739ba08a215418d8d398d48fddf023baccc24f073d"),
}
"""Checkpoints by the name of their model."""


def home_folder() -> Path:
    """Return where SPAG-4D keeps what it downloads: SPAG4D_HOME, or the platform's folder for caches."""
    if chosen := os.environ.get("SPAG4D_HOME"):
        return Path(chosen).expanduser()
    import platformdirs  # a tenth of the command line's start

    return platformdirs.user_cache_path("spag4d", appauthor=False)


def models_folder(name: str) -> Path:
    """Return the folder for the weights ``name``, which may not exist yet."""
    return home_folder() / "models" / name


def weights_file(name: str) -> Path:
    """Return the path for the weights ``name``, which may not exist yet."""
    return models_folder(name) / WEIGHTS[name].file


def may_be_sold(name: str) -> bool:
    """Return whether the licence of the model ``name`` certainly allows selling its results; the project's own does."""
    return name not in WEIGHTS or WEIGHTS[name].commercial == "yes"


def is_installed(name: str) -> bool:
    """Return whether a file of the right size is at the path of the weights ``name``; models without weights are always
    installed."""
    if name not in WEIGHTS:
        return True
    path = weights_file(name)
    return path.is_file() and _has_size(name, path.stat().st_size)


def weights_path(name: str) -> Path:
    """Return the checked file of the weights ``name``; raises `WeightsError` where it is missing, incomplete or altered.

    A file that matches its record is not hashed again.
    """
    path = weights_file(name)
    if not path.is_file():
        raise WeightsError(missing(name))
    found, record = path.stat(), read_record(name)
    unchanged = (record.get("size"), record.get("mtime_ns")) == (found.st_size, found.st_mtime_ns)
    known = WEIGHTS[name].sha256
    if not (unchanged and _has_size(name, found.st_size) and known in (None, record.get("sha256"))):
        check_file(name, path, sha256_of(path))
    return path


def check_file(name: str, path: Path, sha256: str) -> None:
    """Raise `WeightsError` unless the file's hash is the known one for ``name``; record it beside an installed file."""
    size = path.stat().st_size
    if not _has_size(name, size):
        raise WeightsError(f"{path} is incomplete or a different file: it has {size:,} bytes, {name} about "
                           f"{WEIGHTS[name].size:,}. {_again(name)}")
    expected = WEIGHTS[name].sha256 or read_record(name).get("sha256")
    if expected not in (None, sha256):
        raise WeightsError(f"{path} was altered or is a different file: its sha256 is {sha256}, expected {expected}. "
                           f"{_again(name)}")
    if path == weights_file(name):
        write_record(name, sha256=sha256)


def missing(name: str) -> str:
    """Return what to do about missing weights."""
    weights = WEIGHTS[name]
    return (f"the weights of {name} are not installed. `spag4d download-models --model {name}` fetches them "
            f"({readable(weights.size)}; licence: {weights.licence}; results may be sold: {weights.commercial}). "
            f"{by_hand(name)}")


def by_hand(name: str) -> str:
    """Return how to install the weights ``name`` without the program."""
    weights = WEIGHTS[name]
    site = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    return (f"By hand: put {site}/{weights.repository}/resolve/{weights.revision}/{weights.file} "
            f"into {models_folder(name)}.")


def _again(name: str) -> str:
    return f"`spag4d download-models --model {name}` downloads it again."


def _has_size(name: str, size: int) -> bool:
    return abs(size - WEIGHTS[name].size) <= WEIGHTS[name].slack


def readable(size: int) -> str:
    """Return a number of bytes in a readable unit."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def sha256_of(path: Path, on_bytes: Callable[[int], None] = lambda count: None) -> str:
    """Return the sha256 of a file; ``on_bytes`` receives the number of bytes read so far."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            on_bytes(done := done + len(chunk))
    return digest.hexdigest()


def read_record(name: str) -> dict[str, Any]:
    """Return the record of the weights ``name``, empty without one; raises `WeightsError` where it is damaged."""
    path = models_folder(name) / _RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise WeightsError(f"the record {path} cannot be read ({reason(error)}). Delete it; the weights beside it are then "
                           "checked anew.") from error
    if not isinstance(record, dict):
        raise WeightsError(f"the record {path} is damaged. Delete it; the weights beside it are then checked again.")
    return record


def write_record(name: str, **facts: str) -> None:
    """Record size, time and further ``facts`` of the file of ``name``; if that fails, the file is hashed each time."""
    path, found = models_folder(name) / _RECORD, weights_file(name).stat()
    record = {**read_record(name), **facts, "size": found.st_size, "mtime_ns": found.st_mtime_ns}
    temporary = path.with_name(f".{_RECORD}.{os.getpid()}")
    try:
        temporary.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        temporary.replace(path)
    except OSError:
        return


def has_consent(name: str) -> bool:
    """Return whether the user has agreed to the licence of ``name``, or does not have to."""
    return not WEIGHTS[name].consent or (models_folder(name) / _CONSENT).is_file()


def record_consent(name: str) -> None:
    """Remember that the user has agreed to the licence of ``name``; raises `WeightsError` where that cannot be written."""
    folder = models_folder(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _CONSENT).write_text(f"{WEIGHTS[name].licence}\n{WEIGHTS[name].consent}\n", encoding="utf-8")
    except OSError as error:
        raise unwritable(folder, error) from error


def unwritable(folder: Path, error: OSError) -> WeightsError:
    """Return the error for a folder of models that cannot be written."""
    return WeightsError(f"cannot write to {folder}: {error.strerror}. Set SPAG4D_HOME to a folder that you may write to.")


def markdown_table() -> str:
    """Return the table of all weights for the documentation."""
    lines = ["| model | what it is | good for | size | licence of the weights | results may be sold |",
             "|---|---|---|---|---|---|"]
    lines += [f"| `{name}` | [{weights.title}](https://huggingface.co/{weights.repository}) | {weights.good_for} "
              f"| {readable(weights.size)} | {weights.licence} | {weights.commercial} |" for name, weights in WEIGHTS.items()]
    return "\n".join(lines) + "\n"
