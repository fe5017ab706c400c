"""Where the web page's files are."""

from pathlib import Path


def static_folder() -> Path:
    """Return the folder of the page: inside of an installed package, or at the top of a checkout."""
    installed = Path(__file__).parents[1] / "static"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "static"
