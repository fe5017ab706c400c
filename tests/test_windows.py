"""install.bat and run.bat, driven by Wine's cmd in a folder with spaces, umlauts and signs that batch files stumble over."""

import hashlib
import io
import shutil
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.windows import Windows, missing, named, stand_in

ROOT = Path(__file__).parents[1]
ZIP = "python-3.12.10-embed-amd64.zip"
PINNED = "4acbed6dd1c744b0376e3b1cf57ce906f9dc9e95e68824584c8099a63025a3c3"

pytestmark = [pytest.mark.xdist_group("wine"), pytest.mark.skipif(bool(missing()), reason=missing())]


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windows]:
    windows = Windows(tmp_path_factory.mktemp("windows"))
    yield windows.set_up()
    windows.end()


@pytest.fixture
def windows(prefix: Windows) -> Windows:
    prefix.python_says(0)
    return prefix


class Mirror:
    """A server of what python.org has; ``files`` by the path in their address."""

    def __init__(self) -> None:
        mirror = self
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # noqa: N802
                mirror.asked.append(self.path)
                body = mirror.files.get(self.path)
                self.send_response(404 if body is None else 200)
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    mirror = Mirror()
    mirror.files[f"/3.12.10/{ZIP}"] = embeddable()
    yield mirror
    mirror.server.shutdown()
    mirror.server.server_close()


def embeddable() -> bytes:
    """Return a zip with what this test needs of python.org's."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(zipfile.ZipInfo("python.exe"), stand_in())
        archive.writestr(zipfile.ZipInfo("python312._pth"), "python312.zip\n.\n#import site\n")
    return content.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An extracted folder whose install.bat expects `embeddable`."""
    folder = tmp_path / "Mein Ordner für Spaß & (mehr)"
    (folder / "release").mkdir(parents=True)
    (folder / "release" / "installer.py").touch()
    shutil.copy(ROOT / "run.bat", folder)
    text = (ROOT / "install.bat").read_bytes()
    assert PINNED.encode() in text
    (folder / "install.bat").write_bytes(text.replace(PINNED.encode(), hashlib.sha256(embeddable()).hexdigest().encode()))
    return folder


def install(windows: Windows, folder: Path, mirror: Mirror, **environment: str) -> tuple[int, str]:
    done = windows.run(named(folder / "install.bat"), SPAG4D_PYTHON_URL=mirror.url, typed="\r\n" * 9,
                       **{"SPAG4D_UNATTENDED": "1", **environment})
    return done.returncode, done.stdout


def left_over(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"release", "install.bat", "run.bat"}


def test_a_python_comes_into_the_folder_once_and_the_installer_is_run(windows: Windows, folder: Path, mirror: Mirror) -> None:
    code, said = install(windows, folder, mirror)
    assert code == 0, said
    assert mirror.asked == [f"/3.12.10/{ZIP}"]
    assert windows.calls == [[str(folder / "release" / "installer.py"), str(folder)]]
    assert left_over(folder) == {"python_embed"}
    assert (folder / "python_embed" / "python312._pth").is_file()
    assert install(windows, folder, mirror)[0] == 0
    assert len(mirror.asked) == 1 and len(windows.calls) == 2


def test_a_download_that_fails_is_said_and_one_by_hand_does_as_well(windows: Windows, folder: Path, mirror: Mirror) -> None:
    content = mirror.files.pop(f"/3.12.10/{ZIP}")
    code, said = install(windows, folder, mirror)
    assert code == 1 and "Error: Python could not be downloaded. Check the network" in said, said
    assert f"{mirror.url}/3.12.10/{ZIP}" in said and said.rstrip().endswith("SPAG-4D is not installed yet.")
    assert not left_over(folder) and not windows.calls
    (folder / ZIP).write_bytes(content)
    assert install(windows, folder, mirror)[0] == 0
    assert left_over(folder) == {"python_embed"} and len(mirror.asked) == 1


def test_another_file_than_the_expected_one_is_deleted_and_never_run(windows: Windows, folder: Path, mirror: Mirror) -> None:
    mirror.files[f"/3.12.10/{ZIP}"] += b"!"
    code, said = install(windows, folder, mirror)
    assert code == 1 and f"Error: {ZIP} is not the file of python.org" in said, said
    assert not left_over(folder) and not windows.calls


def test_the_window_stays_open_and_the_exit_code_tells_where_the_installer_fails(
    windows: Windows, folder: Path, mirror: Mirror
) -> None:
    windows.python_says(1)
    code, said = install(windows, folder, mirror)
    assert code == 1 and "not installed yet" in said and "Press" not in said
    done = windows.run(named(folder / "install.bat"), typed="\r\n")
    assert done.returncode == 1 and "Press any key" in done.stdout
    assert "Complete" not in said + done.stdout


def test_a_folder_that_is_not_whole_is_told_apart(windows: Windows, folder: Path, mirror: Mirror) -> None:
    (folder / "python_embed").mkdir()
    code, said = install(windows, folder, mirror)
    assert code == 1 and "Delete python_embed" in said
    (folder / "release" / "installer.py").unlink()
    code, said = install(windows, folder, mirror)
    assert code == 1 and "Extract the whole zip first" in said
    assert not mirror.asked and not windows.calls


@pytest.fixture
def installed(folder: Path) -> Path:
    (folder / "python_embed").mkdir()
    (folder / "python_embed" / "python.exe").write_bytes(stand_in())
    (folder / "python_embed" / "installed.txt").touch()
    return folder


def test_with_arguments_it_is_the_command_line(windows: Windows, installed: Path, tmp_path: Path) -> None:
    picture, scene = tmp_path / "schönes Büro.jpg", tmp_path / "eine Szene.ply"
    done = windows.run(named(installed / "run.bat"), "convert", named(picture), named(scene), "--stride", "4")
    assert windows.calls == [["-m", "spag4d", "convert", str(picture), str(scene), "--stride", "4"]]
    assert done.returncode == 2 and "schönes Büro.jpg" in done.stdout, done
    done = windows.run(named(installed / "run.bat"), "--version")
    assert done.returncode == 0 and done.stdout.startswith("spag4d, version ")


def test_without_arguments_it_shows_the_page_and_passes_the_exit_code_on(windows: Windows, installed: Path) -> None:
    assert windows.run(named(installed / "run.bat")).returncode == 0
    assert windows.calls == [["-m", "spag4d", "serve", "--open"]]
    windows.python_says(2)
    done = windows.run(named(installed / "run.bat"), typed="\r\n")
    assert done.returncode == 2 and "Press any key" in done.stdout
    done = windows.run(named(installed / "run.bat"), SPAG4D_UNATTENDED="1")
    assert done.returncode == 2 and "Press" not in done.stdout


def test_what_is_not_installed_is_installed_first(windows: Windows, installed: Path) -> None:
    (installed / "python_embed" / "installed.txt").unlink()
    done = windows.run(named(installed / "run.bat"), "test", "-k", "one", SPAG4D_UNATTENDED="1")
    assert done.returncode == 0, done
    installer = [str(installed / "release" / "installer.py"), str(installed)]
    assert windows.calls == [installer, [*installer, "tests"], ["-m", "pytest", "-k", "one"]]
    windows.python_says(1)
    assert windows.run(named(installed / "run.bat"), SPAG4D_UNATTENDED="1").returncode == 1
    assert windows.calls == [installer]
