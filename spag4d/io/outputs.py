"""Which files a conversion writes: the rules for extension and ``--format``."""

from pathlib import Path

from spag4d.errors import InputError
from spag4d.io import WRITERS

AUTO = "auto"
BOTH = "both"


def output_paths(path: Path, format: str = AUTO) -> dict[str, Path]:
    """Return format → file for an output ``path``; raises `InputError` where extension and format contradict each other.

    "auto" goes by the extension; "both" writes every format beside each other; a name without a splat extension gets the
    format's own.
    """
    extension = path.suffix.lower().removeprefix(".")
    if format == AUTO:
        if extension not in WRITERS:
            raise InputError(f"cannot tell the format of '{path.name}': end it in {_choices()} or give --format.")
        return {extension: path}
    if format == BOTH:
        stem = path.with_suffix("") if extension in WRITERS else path
        return {name: stem.with_name(f"{stem.name}.{name}") for name in WRITERS}
    if extension in WRITERS and extension != format:
        raise InputError(f"'{path.name}' says {extension} and --format says {format}: change one of them.")
    return {format: path if extension == format else path.with_name(f"{path.name}.{format}")}


def _choices() -> str:
    return " or ".join(f".{name}" for name in WRITERS)
