"""What a release consists of; .ci/wheel builds and installs a true one."""

import ast
import re
import sys
import zipfile
from pathlib import Path

import pytest

import spag4d
from release import installer, make

ROOT = Path(__file__).parents[1]


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "spag4d-1.2.3-py3-none-any.whl"
    path.write_bytes(b"wheel")
    return path


def test_the_zip_for_windows_has_what_the_installer_looks_for(tmp_path: Path, wheel: Path) -> None:
    path = make.windows_zip(ROOT, wheel, tmp_path)
    assert path.name == "spag4d-1.2.3-windows.zip"
    folder = tmp_path / "extracted"
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    assert installer.package(folder) == folder / wheel.name
    for name in ("install.bat", "run.bat", "release/installer.py", "constraints.txt", "TestImage/courtyard.jpg", "LICENSE"):
        assert (folder / name).read_bytes() == (ROOT / name).read_bytes()
    text = (folder / "README.md").read_text(encoding="utf-8")
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", text)
    assert pictures and all((folder / picture).is_file() for picture in pictures)


def test_batch_files_with_other_line_ends_are_refused(tmp_path: Path, wheel: Path) -> None:
    for name in make.FOR_WINDOWS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"@echo off\r\n")
    (tmp_path / "run.bat").write_bytes(b"@echo off\n")
    with pytest.raises(make.ReleaseError, match="run.bat has line ends"):
        make.windows_zip(tmp_path, wheel, tmp_path)


def test_what_a_build_lacks_is_named() -> None:
    with pytest.raises(make.ReleaseError, match="x.whl lacks b. The viewer's"):
        make._check(Path("x.whl"), ["a", "c"], ["a", "b"])


def test_everything_that_is_asked_of_the_sources_is_in_them_or_fetched() -> None:
    wanted = [name for name in make.IN_SOURCES if not name.startswith("static/vendor/")]
    assert [name for name in wanted if not (ROOT / name).is_file()] == []


def test_the_version_stands_in_one_place() -> None:
    text = (ROOT / "spag4d" / "__init__.py").read_text(encoding="utf-8")
    assert text.count(spag4d.__version__) == 1
    assert spag4d.__version__ not in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f"## {spag4d.__version__} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_installer_needs_the_standard_library_only() -> None:
    tree = ast.parse((ROOT / "release" / "installer.py").read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    third = {name.partition(".")[0] for name in names} - sys.stdlib_module_names
    assert third <= {"winreg"}


def test_every_variable_that_windows_reads_is_documented() -> None:
    documented = (ROOT / "docs" / "windows.md").read_text(encoding="utf-8")
    read = re.findall(r"SPAG4D_[A-Z_]+", "".join((ROOT / name).read_text(encoding="utf-8") for name in
                                                 ("install.bat", "run.bat", "release/installer.py")))
    assert [name for name in sorted(set(read)) if name not in documented] == []
