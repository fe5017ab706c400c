"""Whole pipelines from the hub: their licence first, then only what they are made of, checked and once."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from spag4d.errors import InputError, WeightsError
from spag4d.models.pipelines import fetch, offer, pipeline_folder
from tests.models.hub_server import COMMIT
from tests.models.repository_server import RepositoryServer

NAME = "somebody/moves"
INDEX = {"_class_name": "Moves", "unet": ["diffusers", "UNet"], "eye": [None, None], "words": ["transformers", "Reader"],
         "..": ["diffusers", "Above"]}
FILES = {
    "model_index.json": json.dumps(INDEX).encode(), "unet/config.json": b"{}", "unet/model.safetensors": bytes(range(256)) * 9,
    "unet/model.fp16.safetensors": b"half", "unet/model.bin": b"pickle",
    "words/spiece.model": b"words", "words/run.py": b"code", "eye/config.json": b"{}",
    "all.safetensors": b"again", "../above.json": b"{}", "README.md": b"# Moves",
}
WANTED = {"model_index.json", "unet/config.json", "unet/model.safetensors", "words/spiece.model"}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RepositoryServer]:
    card = {"license": "other", "license_name": "research-only", "license_link": "https://example.org/licence"}
    monkeypatch.setenv("SPAG4D_HOME", str(tmp_path / "home"))
    with RepositoryServer(NAME, dict(FILES), card) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        yield server
        server.shutdown()


def test_the_licence_is_told_before_anything_is_fetched(server: RepositoryServer) -> None:
    found = offer(NAME)
    assert found.words == (f"{NAME}, 0 MB, licence as its authors state it: research-only, https://example.org/licence, "
                           f"https://huggingface.co/{NAME}")
    assert server.asked == ["model_index.json"] and pipeline_folder(NAME) is None
    folder = fetch(found)
    assert {str(path.relative_to(folder)) for path in folder.rglob("*.*")} == WANTED | {"fetched.json"}
    assert all((folder / path).read_bytes() == FILES[path] for path in WANTED) and pipeline_folder(NAME) == folder
    assert json.loads((folder / "fetched.json").read_text()) == {
        "name": NAME, "commit": COMMIT, "licence": "research-only, https://example.org/licence"}
    assert pipeline_folder(str(folder)) == folder


def test_what_is_there_is_not_fetched_again_and_damage_is_seen(server: RepositoryServer) -> None:
    found = offer(NAME)
    server.files["unet/model.safetensors"] = bytes(256 * 9)
    with pytest.raises(WeightsError, match="arrived damaged"):
        fetch(found)
    assert pipeline_folder(NAME) is None
    server.files["unet/model.safetensors"] = FILES["unet/model.safetensors"]
    server.asked.clear()
    fetch(found)
    assert set(server.asked) == {"unet/model.safetensors", "words/spiece.model"}


def test_what_cannot_be_used_is_said(server: RepositoryServer, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="could not be fetched"):
        offer("nobody/knows")
    for name in (str(tmp_path), "one-word", "../above/it"):
        with pytest.raises(InputError, match="neither a folder"):
            pipeline_folder(name)
    del server.files["unet/model.safetensors"], server.files["unet/model.fp16.safetensors"]
    with pytest.raises(InputError, match="pickles only"):
        offer(NAME)
