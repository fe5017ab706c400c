"""Pipelines of other people, whole folders of files: which a name means, what the hub says of it, and fetching it.

They are kept in ``pipelines/owner--name/`` below the folder of models. Of a repository only what its pipeline is made of is
fetched, and of weights only safetensors: pickles may run programs.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spag4d.errors import InputError, WeightsError
from spag4d.models.hub import append_missing, endpoint, network_in_words
from spag4d.models.weights import models_folder, readable, sha256_of
from spag4d.progress import SILENT, Progress

INDEX = "model_index.json"
_RECORD = "fetched.json"
_HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
_PART = re.compile(r"[a-z]\w*", re.ASCII)
"""What may become a folder; names that begin with an underscore are notes."""
_KINDS = (".json", ".safetensors", ".txt", ".model", ".jinja")
_VARIANT = re.compile(r"\.(fp16|bf16|fp32|ema|non_ema)[.-]")
"""In names of weights that are there a second time in another form."""


@dataclass(frozen=True)
class _File:
    """A file of a repository: where it lies there, its bytes, and its sha256 where the hub states one."""

    path: str
    size: int
    sha256: str | None


@dataclass(frozen=True)
class Offer:
    """What the hub has under a name: ``commit`` is what would be fetched, ``licence`` what its authors state."""

    name: str
    commit: str
    licence: str
    files: tuple[_File, ...]

    @property
    def words(self) -> str:
        """Return what to know before it is fetched."""
        size = readable(sum(file.size for file in self.files))
        return f"{self.name}, {size}, licence as its authors state it: {self.licence}, https://huggingface.co/{self.name}"


def pipeline_folder(name: str) -> Path | None:
    """Return the folder of a pipeline that is there, by its path or by its name on the hub; None where it has to be fetched.

    Raises `InputError` for what is neither.
    """
    if (Path(name) / INDEX).is_file():
        return Path(name)
    if Path(name).exists() or not _HUB_NAME.fullmatch(name):
        raise InputError(f"{name} is neither a folder with a {INDEX}, as pipelines of diffusers have, nor a name on the hub, "
                         "such as owner/model.")
    folder = _folder(name)
    return folder if (folder / _RECORD).is_file() else None


def offer(name: str) -> Offer:
    """Ask the hub about a pipeline; nothing but its index is fetched. Raises `WeightsError`, and `InputError` for pickles."""
    from huggingface_hub import HfApi, HfFileSystem

    with network_in_words(name, _by_hand(name)):
        found: Any = HfApi(endpoint=endpoint(), library_name="spag4d").model_info(name, files_metadata=True)
        hub = HfFileSystem(endpoint=endpoint(), skip_instance_cache=True)
        index = json.loads(hub.cat_file(f"{name}@{found.sha}/{INDEX}"))
    parts = [part for part, kind in index.items() if _PART.fullmatch(part) and isinstance(kind, list) and any(kind)]
    there = [_File(file.rfilename, file.size, file.lfs.sha256 if file.lfs else None) for file in found.siblings]
    for part in parts:
        own = [file.path for file in there if file.path.startswith(f"{part}/")]
        if any(path.endswith(".bin") for path in own) and not any(path.endswith(".safetensors") for path in own):
            raise InputError(f"{name} has its {part} as pickles only, which may run programs when they are opened. Take a "
                             "model with safetensors.")
    return Offer(name, str(found.sha), _licence(found), tuple(file for file in there if _belongs(file.path, parts)))


def fetch(offer: Offer, *, progress: Progress = SILENT) -> Path:
    """Fetch what was offered and return its folder; goes on where an earlier try ended. Raises what `append_missing` does."""
    folder, total, done = _folder(offer.name), sum(file.size for file in offer.files), 0
    stage = f"Fetching {offer.name} ({readable(total)})"
    for file in offer.files:
        target = folder / file.path
        if not (target.is_file() and target.stat().st_size == file.size):
            target.parent.mkdir(parents=True, exist_ok=True)
            _fetch_file(offer, file, target, lambda count, before=done: progress.report(stage, before + count, total))
        done += file.size
    record = {"name": offer.name, "commit": offer.commit, "licence": offer.licence}
    (folder / _RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return folder


def _fetch_file(offer: Offer, file: _File, target: Path, on_bytes: Any) -> None:
    part = target.with_name(f"{target.name}.{offer.commit[:16]}.part")
    append_missing(f"{offer.name}@{offer.commit}/{file.path}", file.size, part, offer.name, _by_hand(offer.name), on_bytes)
    if file.sha256 not in (None, sha256_of(part)):
        part.unlink()
        raise WeightsError(f"{file.path} of {offer.name} arrived damaged: its sha256 is not what the hub says. Start again.")
    part.replace(target)


def _belongs(path: str, parts: list[str]) -> bool:
    folder, _, file = path.rpartition("/")
    return path == INDEX or (folder in parts and file.endswith(_KINDS) and not _VARIANT.search(file))


def _licence(found: Any) -> str:
    """Return the licence that a repository's card states, with its address where it has one."""
    card = found.card_data or {}
    named = card.get("license_name") or card.get("license") or "none"
    return ", ".join(str(word) for word in (named, card.get("license_link")) if word)


def _folder(name: str) -> Path:
    return models_folder("pipelines") / name.replace("/", "--")


def _by_hand(name: str) -> str:
    return f"By hand: fetch https://huggingface.co/{name} in some other way and name its folder."
