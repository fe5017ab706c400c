"""Converting a folder of panoramas one by one: targets, what can be skipped, what failed."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spag4d.cluster.claims import WAITING, Claims
from spag4d.conversion import ConversionResult
from spag4d.errors import Cancelled, InputError, either
from spag4d.formats import FORMATS
from spag4d.formats.outputs import formats_in, output_paths
from spag4d.photos.image import IMAGE_EXTENSIONS, picture_files
from spag4d.progress import SILENT, Progress
from spag4d.settings import AUTO, Settings

_LOOK_EVERY_S = 5.0
"""How often a run that waits looks again whether another one's panorama is done or left behind."""

Convert = Callable[..., ConversionResult]
"""`SPAG4D.convert`."""


@dataclass(frozen=True)
class Item:
    """One picture of a batch and where its scene goes."""

    source: Path
    target: Path


@dataclass(frozen=True)
class Outcome:
    """The outcome of one item: a result, an error, or neither where an up-to-date output existed already.

    ``standing`` says, on a cluster, how the whole and each of the workers get on, for scripts.
    """

    item: Item
    result: ConversionResult | None = None
    error: Exception | None = None
    standing: Mapping[str, Any] = field(default_factory=dict)


def list_items(source: Path, target: Path, *, format: str = AUTO, recursive: bool = False) -> list[Item]:
    """List the pictures in the folder ``source`` with distinct outputs in ``target``, in the order of their names.

    ``a.jpg`` becomes ``a.ply``; where ``a.png`` lies beside it, both keep their whole names (``a.jpg.ply``,
    ``a.png.ply``). Raises `InputError` where there is no such folder or no picture in it.
    """
    if not source.is_dir():
        raise InputError(f"--batch needs a folder of panoramas, but {source} is not a folder.")
    if target.exists() and not target.is_dir():
        raise InputError(f"--batch writes into a folder, but {target} is a file.")
    pictures = picture_files(source.rglob("*") if recursive else source.iterdir())
    if not pictures:
        raise InputError(f"no pictures in {source}. Their names end in {either(sorted(IMAGE_EXTENSIONS))}.")
    names = _distinct_names([path.relative_to(source) for path in pictures])
    extension = next(iter(FORMATS)) if format == AUTO else formats_in(format)[0]
    return [Item(path, target / f"{name}.{extension}") for path, name in zip(pictures, names, strict=True)]


def _distinct_names(pictures: list[Path]) -> list[Path]:
    """Drop the extension where the name stays unique, even where upper and lower case are the same."""
    stems = Counter(str(path.with_suffix("")).casefold() for path in pictures)
    whole = {str(path).casefold() for path in pictures}

    def name(path: Path) -> Path:
        stem = str(path.with_suffix("")).casefold()
        return path.with_suffix("") if stems[stem] == 1 and stem not in whole else path

    return [name(path) for path in pictures]


def convert_item(
    convert: Convert, item: Item, settings: Settings, *, overwrite: bool = False, claims: Claims | None = None,
    progress: Progress = SILENT,
) -> Outcome | None:
    """Convert one picture unless its output is newer than it, and return the outcome; raises only `Cancelled`.

    With ``claims`` the item is claimed meanwhile; None means that another run is at it.
    """
    try:
        outputs = output_paths(item.target, settings.format)
        if not overwrite and is_up_to_date(item.source, outputs):
            return Outcome(item)
        make_folder(item.target.parent)
        if claims is None:
            return Outcome(item, result=convert(item.source, item.target, progress=progress))
        with claims.claimed(item.target) as is_mine:
            if not is_mine:
                return None
            if is_up_to_date(item.source, outputs):  # by a run that has just ended
                return Outcome(item)
            return Outcome(item, result=convert(item.source, item.target, progress=progress))
    except Cancelled:
        raise
    except Exception as error:
        return Outcome(item, error=error)


def convert_items(
    convert: Convert, items: Sequence[Item], settings: Settings, *, overwrite: bool = False, claims: Claims | None = None,
    progress: Callable[[int, Item], Progress],
) -> Iterator[Outcome]:
    """Convert pictures one after the other and yield their outcomes; ``progress`` is asked for with an item's number.

    With ``claims``, what other runs are at comes last: when they have made it, or have left it behind.
    """
    left = dict(enumerate(items))
    while left:
        count = len(left)
        for number, item in list(left.items()):
            outcome = convert_item(convert, item, settings, overwrite=overwrite, claims=claims,
                                   progress=progress(number, item))
            if outcome is not None:
                del left[number]
                yield outcome
        if len(left) == count:
            progress(*next(iter(left.items()))).report(WAITING, len(items) - count, len(items))
            time.sleep(_LOOK_EVERY_S)


def make_folder(folder: Path) -> None:
    """Make the folder of an item; raises `InputError` where that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder}: {error.strerror}. Choose another one.") from error


def is_up_to_date(source: Path, outputs: Mapping[str, Path]) -> bool:
    """Return whether all outputs are there, and newer than their picture."""
    made = source.stat().st_mtime
    return all(path.is_file() and path.stat().st_mtime >= made for path in outputs.values())
