"""Which files a conversion writes: the rules for extension and ``--format``."""

from pathlib import Path

from spag4d.errors import InputError
from spag4d.formats import FORMATS
from spag4d.io.atomic import is_stream

AUTO = "auto"
BOTH = "both"
_OF_BOTH = ("ply", "splat")


def format_of(path: Path) -> str | None:
    """Return the format by a file's extension, which may have two parts (scene.compressed.ply), or None for other
    extensions."""
    name = path.name.lower()
    return max((format for format in FORMATS if name.endswith(f".{format}")), key=len, default=None)


def without_extension(path: Path) -> Path:
    """Return a path without the extension of a scene."""
    format = format_of(path)
    return path.with_name(path.name[: -len(format) - 1]) if format else path


def formats_in(words: str) -> list[str]:
    """Return the formats that ``--format`` names, with commas between them: each once; raises `InputError` for an unknown
    one."""
    names = [word for part in words.split(",") for word in (_OF_BOTH if part.strip() == BOTH else [part.strip()])]
    for name in names:
        _ = FORMATS[name]
    return list(dict.fromkeys(names))


def output_paths(path: Path, format: str = AUTO) -> dict[str, Path]:
    """Return format → file for an output ``path``; raises `InputError` where extension and format contradict each other.

    "auto" goes by the extension; "both" is "ply,splat", and several formats are written beside each other; a name without a
    splat extension gets the format's own.
    """
    if str(path) == "-" or is_stream(path):
        raise InputError(f"cannot write to {path}: a scene is written completely or not at all, which needs a file. Name one.")
    by_name = format_of(path)
    if format == AUTO:
        if by_name is None:
            raise InputError(f"cannot tell the format of '{path.name}': end it in {_choices()} or give --format.")
        return {by_name: path}
    formats = formats_in(format)
    if by_name is not None and by_name not in formats:
        raise InputError(f"'{path.name}' says {by_name} and --format says {format}: change one of them.")
    if by_name is not None and formats == [by_name]:
        return {by_name: path}
    stem = without_extension(path)
    return {name: stem.with_name(f"{stem.name}.{name}") for name in formats}


def _choices() -> str:
    return " or ".join(f".{name}" for name in FORMATS)
