"""Fetching models from the page, from a local server that plays the hub."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from spag4d.first_run import sentence
from spag4d.models.weights import has_consent, weights_file
from spag4d.web.board import Board
from spag4d.web.models import Model, Models
from tests.models.hub_server import HubServer, offer_everything

CONTENT = bytes(range(256)) * 80_000  # three parts


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    monkeypatch.setenv("SPAG4D_HOME", str(tmp_path))
    with HubServer("somebody/models", "weights.pth", CONTENT) as server:
        offer_everything(server, monkeypatch)
        yield server
        server.shutdown()


def waited(models: Models, name: str, until: Callable[[Model], bool] = lambda model: model.state != "fetching") -> Model:
    end = time.monotonic() + 30
    while not until(models.get(name)):
        assert time.monotonic() < end, models.get(name)
        time.sleep(0.01)
    return models.get(name)


def test_a_model_is_fetched_and_whoever_watches_hears_of_it(hub: HubServer) -> None:
    board = Board()
    models = Models(board)
    offer = models.all().offer
    assert offer is not None and (offer.model, offer.words) == ("panda", sentence("panda"))
    assert models.all().auto == "builtin" and {model.state for model in models.all().models} == {"absent"}
    hub.delay_s = 0.1
    models.fetch("dap", agreed=False)
    models.fetch("dap", agreed=False)  # is under way
    waited(models, "dap", lambda model: 0 < model.fraction < 1)
    done = waited(models, "dap")
    assert (done.state, done.error) == ("installed", "") and weights_file("dap").read_bytes() == CONTENT
    assert len(hub.ranges) == 3
    note = board.newer(0, "dap")[-1]
    assert note.kind == "model" and json.loads(note.text)["state"] == "installed"
    assert models.all().auto == "dap" and models.all().offer is None


def test_a_licence_has_to_be_agreed_to(hub: HubServer) -> None:
    models = Models(Board())
    assert models.get("sharp").terms and not models.get("sharp").agreed
    models.fetch("sharp", agreed=False)
    refused = waited(models, "sharp")
    assert refused.state == "absent" and "licence" in refused.error and not has_consent("sharp")
    models.fetch("sharp", agreed=True)
    assert waited(models, "sharp").state == "installed" and models.get("sharp").agreed


def test_fetching_can_be_stopped_and_goes_on_where_it_was(hub: HubServer) -> None:
    models = Models(Board())
    hub.delay_s = 0.2
    models.fetch("dap", agreed=False)
    waited(models, "dap", lambda model: model.fraction > 0)
    models.cancel("dap")
    stopped = waited(models, "dap")
    assert (stopped.state, stopped.error) == ("absent", "")
    hub.delay_s, hub.ranges = 0.0, []
    models.fetch("dap", agreed=False)
    assert waited(models, "dap").state == "installed"
    assert [first for first, _ in hub.ranges] == [16 << 20]
    models.cancel("da3")  # nothing to stop


def test_a_hub_that_fails_is_said_in_words_without_paths(hub: HubServer, tmp_path: Path) -> None:
    models = Models(Board())
    hub.status = 503
    models.fetch("dap", agreed=False)
    failed = waited(models, "dap")
    assert failed.state == "absent" and "could not be fetched" in failed.error and str(tmp_path) not in failed.error
    hub.status = None
    models.fetch("dap", agreed=False)
    assert waited(models, "dap").error == ""
