import hashlib
import os
from dataclasses import replace
from pathlib import Path

import platformdirs
import pytest

from spag4d.errors import WeightsError
from spag4d.models import weights
from spag4d.models.weights import (
    WEIGHTS,
    Weights,
    has_consent,
    home_folder,
    is_installed,
    markdown_table,
    may_be_sold,
    models_folder,
    read_record,
    readable,
    record_consent,
    weights_file,
    weights_path,
)

CONTENT = b"not really weights"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and a dap that is as small as `CONTENT`."""
    monkeypatch.setenv("SPAG4D_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(WEIGHTS, "dap", replace(WEIGHTS["dap"], size=len(CONTENT)))
    return tmp_path / "home"


def put(content: bytes = CONTENT) -> Path:
    path = weights_file("dap")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_the_home_is_the_variable_or_the_platforms_folder_for_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPAG4D_HOME", "~/somewhere")
    assert home_folder() == Path.home() / "somewhere"
    monkeypatch.delenv("SPAG4D_HOME")
    assert home_folder() == Path(platformdirs.user_cache_dir("spag4d", appauthor=False))


@pytest.mark.parametrize("name", WEIGHTS)
def test_what_is_missing_is_said_with_the_way_to_get_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    with pytest.raises(WeightsError) as caught:
        weights_path(name)
    entry = WEIGHTS[name]
    for words in (f"download-models --model {name}", readable(entry.size), entry.licence, f"sold: {entry.commercial}",
                  f"https://huggingface.co/{entry.repository}/resolve/", entry.file, str(models_folder(name))):
        assert words in str(caught.value)
    assert not is_installed(name)


def test_a_file_put_there_by_hand_is_taken_and_recorded() -> None:
    path = put()
    assert is_installed("dap")
    assert weights_path("dap") == path
    assert read_record("dap") == {"sha256": SHA256, "size": len(CONTENT), "mtime_ns": path.stat().st_mtime_ns}


def test_a_file_is_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    put()
    hashed: list[Path] = []
    real = weights.sha256_of
    monkeypatch.setattr(weights, "sha256_of", lambda path: hashed.append(path) or real(path))
    for _ in range(3):
        weights_path("dap")
    assert len(hashed) == 1
    os.utime(weights_file("dap"), ns=(1, 1))
    weights_path("dap")
    assert len(hashed) == 2


def test_a_file_that_was_altered_is_refused() -> None:
    path = put()
    weights_path("dap")
    path.write_bytes(CONTENT[::-1])
    os.utime(path, ns=(1, 1))
    with pytest.raises(WeightsError, match=f"altered.*expected {SHA256}.*download-models --model dap"):
        weights_path("dap")


def test_a_file_with_another_hash_than_the_published_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    put()
    weights_path("dap")
    monkeypatch.setitem(WEIGHTS, "dap", replace(WEIGHTS["dap"], sha256="1" * 64))
    with pytest.raises(WeightsError, match="expected 1111"):
        weights_path("dap")


@pytest.mark.parametrize("size", [0, len(CONTENT) - 1, len(CONTENT) + 1])
def test_a_file_of_another_size_is_refused(size: int) -> None:
    put(bytes(size))
    assert not is_installed("dap")
    with pytest.raises(WeightsError, match="incomplete or a different file"):
        weights_path("dap")


def test_a_size_that_is_only_about_known_leaves_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WEIGHTS, "dap", replace(WEIGHTS["dap"], size=len(CONTENT) + 3, slack=5))
    put()
    assert weights_path("dap").is_file()


@pytest.mark.parametrize("content", ["", "{", "[]", "\udcff"], ids=repr)
def test_a_damaged_record_is_said_in_words(content: str) -> None:
    put()
    (models_folder("dap") / "record.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(WeightsError, match=r"record .*record\.json .*Delete it"):
        weights_path("dap")


def test_a_record_that_cannot_be_written_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    put()

    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_text", refuse)
    assert weights_path("dap").is_file()
    assert read_record("dap") == {}


def test_consent_is_remembered() -> None:
    assert has_consent("dap") and not has_consent("sharp")
    record_consent("sharp")
    assert has_consent("sharp")


def test_consent_that_cannot_be_remembered_is_said_in_words(home: Path) -> None:
    home.write_text("in the way")
    with pytest.raises(WeightsError, match="cannot write to.*SPAG4D_HOME"):
        record_consent("sharp")


def test_the_projects_own_model_is_always_there_and_free() -> None:
    assert is_installed("builtin") and may_be_sold("builtin")
    assert [name for name in WEIGHTS if may_be_sold(name)] == ["da3"]


@pytest.mark.parametrize(("name", "entry"), [*WEIGHTS.items()])
def test_the_table_is_plausible(name: str, entry: Weights) -> None:
    assert 10_000_000 < entry.size < 10_000_000_000 and 0 <= entry.slack < 0.01 * entry.size
    assert entry.good_for and entry.licence and entry.title and "/" in entry.repository
    assert (name == "sharp") == bool(entry.consent)
    assert entry.sha256 is None or len(bytes.fromhex(entry.sha256)) == 32
    assert entry.revision == "main" or len(bytes.fromhex(entry.revision)) == 20
    assert entry.consent == "" or entry.consent.startswith("https://")


def test_the_documentation_holds_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    document = Path(__file__).parents[2] / "docs" / "models.md"
    assert markdown_table() in document.read_text(encoding="utf-8")
