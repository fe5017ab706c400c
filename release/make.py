"""Makes a release: ``python release/make.py`` writes the wheel, the sources and the zip for Windows into ``dist/``.

It needs the package ``build`` and a network: three.js and Spark become part of all three, so that whoever installs them needs
neither Node nor a compiler.
"""

import argparse
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VIEWER = ("vendor/fetched", "vendor/three/three.module.js", "vendor/spark/spark.module.min.js", "vendor/supersplat/index.js")
IN_WHEEL = (
    *(f"spag4d/static/{name}" for name in ("index.html", "js/main.js", "css/layout.css", "courtyard.jpg", *VIEWER)),
    "spag4d/networks/builtin.safetensors", "spag4d/commands/known_room.jpg", "spag4d/commands/convert.py")
IN_SOURCES = (
    *(f"static/{name}" for name in ("index.html", "npm/vendor.py", *VIEWER)), "TestImage/courtyard.jpg", "README.md", "LICENSE",
    "spag4d/networks/builtin.safetensors", "install.bat", "run.bat", "run.sh", "release/installer.py", "tests/conftest.py")
FOR_WINDOWS = ("install.bat", "run.bat", "release/installer.py", "constraints.txt", "README.md", "CHANGELOG.md", "LICENSE")
FOLDERS_FOR_WINDOWS = ("TestImage", "docs")


class ReleaseError(Exception):
    """Something that belongs to a release is missing."""


def make(out: Path) -> list[Path]:
    """Build everything into the folder ``out`` and return what was built; raises `ReleaseError`."""
    before = set(out.glob("*"))
    if subprocess.run([sys.executable, "-m", "build", "--outdir", str(out), str(ROOT)], check=False).returncode:
        raise ReleaseError("the build failed, see above. `pip install build` brings what it needs.")
    wheel, sources = _newest(out, "*.whl", before), _newest(out, "*.tar.gz", before)
    with zipfile.ZipFile(wheel) as archive:
        _check(wheel, archive.namelist(), IN_WHEEL)
    with tarfile.open(sources) as archive:
        _check(sources, [name.partition("/")[2] for name in archive.getnames()], IN_SOURCES)
    return [wheel, sources, windows_zip(ROOT, wheel, out)]


def windows_zip(root: Path, wheel: Path, out: Path) -> Path:
    """Write the zip that Windows users extract, and return it; its files lie at its top, as Explorer makes a folder anyway."""
    files = [root / name for name in FOR_WINDOWS]
    files += [path for name in FOLDERS_FOR_WINDOWS for path in sorted((root / name).rglob("*")) if path.is_file()]
    version = wheel.name.split("-")[1]
    path = out / f"spag4d-{version}-windows.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            if file.suffix == ".bat" and b"\n" in file.read_bytes().replace(b"\r\n", b""):
                raise ReleaseError(f"{file.name} has line ends that Windows stumbles over: check it out anew.")
            archive.write(file, file.relative_to(root).as_posix())
        archive.write(wheel, wheel.name)
    return path


def _newest(out: Path, pattern: str, before: Collection[Path]) -> Path:
    return max(out.glob(pattern), key=lambda path: (path not in before, path.stat().st_mtime_ns))


def _check(built: Path, held: Collection[str], wanted: Sequence[str]) -> None:
    if lacking := sorted(set(wanted) - set(held)):
        raise ReleaseError(f"{built.name} lacks {', '.join(lacking)}. The viewer's libraries need a network and Node.")


def main() -> None:
    """Make a release, and say what it consists of."""
    parser = argparse.ArgumentParser(description="Write the wheel, the sources and the zip for Windows.")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder to write into (default: dist)")
    try:
        built = make(parser.parse_args().out.resolve())
    except ReleaseError as error:
        sys.exit(f"Error: {error}")
    for path in built:
        print(f"{path.stat().st_size / 1e6:6.1f} MB  {path}")


if __name__ == "__main__":
    main()
