"""Converting a folder of panoramas one by one: targets, what can be skipped, what failed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from spag4d.conversion import ConversionResult
from spag4d.core import SPAG4D
from spag4d.errors import Cancelled, InputError, either
from spag4d.formats import FORMATS
from spag4d.formats.outputs import formats_in, output_paths
from spag4d.photos.image import IMAGE_EXTENSIONS, picture_files
from spag4d.progress import SILENT, Progress
from spag4d.settings import AUTO


@dataclass(frozen=True)
class Item:
    """One picture of a batch and where its scene goes."""

    source: Path
    target: Path


@dataclass(frozen=True)
class Outcome:
    """The outcome of one item: a result, an error, or neither where an up-to-date output existed already."""

    item: Item
    result: ConversionResult | None = None
    error: Exception | None = None


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


def convert_item(converter: SPAG4D, item: Item, *, overwrite: bool = False, progress: Progress = SILENT) -> Outcome:
    """Convert one picture unless its output is newer than it, and return the outcome; raises only `Cancelled`."""
    try:
        outputs = output_paths(item.target, converter.settings.format)
        if not overwrite and _up_to_date(item.source, outputs):
            return Outcome(item)
        _make_folder(item.target.parent)
        return Outcome(item, result=converter.convert(item.source, item.target, progress=progress))
    except Cancelled:
        raise
    except Exception as error:
        return Outcome(item, error=error)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder}: {error.strerror}. Choose another one.") from error


def _up_to_date(source: Path, outputs: Mapping[str, Path]) -> bool:
    made = source.stat().st_mtime
    return all(path.is_file() and path.stat().st_mtime >= made for path in outputs.values())
