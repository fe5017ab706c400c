"""The .sog format, version 2 (PlayCanvas): a zip of WebP pictures, or a folder of them."""

from pathlib import Path

from spag4d.formats.format import Format, degree_in_words, json_in
from spag4d.formats.sog_meta import META
from spag4d.formats.sog_read import read_sog, read_sog_comments, read_sog_meta
from spag4d.formats.sog_write import write_sog
from spag4d.io.zip_archive import ZIP, opened_zip


def describe_sog(path: Path) -> str:
    """Describe version, precision and degree of view-dependent colour; raises `InputError`."""
    meta = read_sog_meta(path)
    return f"SOG version {meta.version}, positions of 16 bits{degree_in_words(meta.shN.bands if meta.shN else 0)}"


def _recognises(path: Path, head: bytes) -> bool:
    if path.is_dir():
        return (path / META).is_file()
    if head.startswith(ZIP):
        return _holds_meta(path)
    document = json_in(head)
    return bool(document) and (path.name == META or b'"means"' in document)


def _holds_meta(path: Path) -> bool:
    with opened_zip(path) as archive:
        return any(name == META or name.endswith(f"/{META}") for name in archive.namelist())


SOG = Format("sog", "SOG", "The smallest, for the web", _recognises, read_sog, describe_sog, write_sog,
             comments=read_sog_comments, shown=3)
