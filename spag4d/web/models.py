"""The published models on the page: the list, and downloads with progress."""

import threading
from typing import Literal

from pydantic import BaseModel, ConfigDict

from spag4d.depth import best_available
from spag4d.errors import Cancelled, Spag4dError
from spag4d.first_run import offered, sentence
from spag4d.models.download import download
from spag4d.models.weights import WEIGHTS, has_consent, home_folder, is_installed, record_consent
from spag4d.progress import Event, Progress, Step
from spag4d.web.board import Board

State = Literal["absent", "fetching", "installed"]


class Model(BaseModel):
    """A published model. ``size`` is in bytes; ``terms`` is the address of a licence that has to be agreed to, or empty."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    good_for: str
    size: int
    licence: str
    commercial: Literal["yes", "no", "unclear"]
    terms: str
    agreed: bool
    state: State
    stage: str = ""
    fraction: float = 0.0
    error: str = ""


class Offer(BaseModel):
    """The model that a new user is offered, described in one sentence."""

    model: str
    words: str


class ModelList(BaseModel):
    """All published models; ``auto`` is the depth model that is used where none is named.

    ``offer`` is for new users, where only the built-in model is installed.
    """

    auto: str
    models: list[Model]
    offer: Offer | None


class _Fetching:
    """One download, running or ended."""

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        self.ended = False
        self.stage, self.fraction, self.error = "", 0.0, ""


class Models:
    """Downloads models, each in a thread of its own, with progress on the board."""

    def __init__(self, board: Board) -> None:
        """Report every change to ``board``."""
        self._board = board
        self._fetching: dict[str, _Fetching] = {}
        self._lock = threading.Lock()

    def all(self) -> ModelList:
        """Return every model as it is now."""
        name = offered()
        offer = Offer(model=name, words=sentence(name)) if name else None
        return ModelList(auto=best_available(), models=[self.get(name) for name in WEIGHTS], offer=offer)

    def get(self, name: str) -> Model:
        """Return one model as it is now."""
        weights, fetching = WEIGHTS[name], self._fetching.get(name)
        state: State = "installed" if is_installed(name) else "absent"
        if fetching and not fetching.ended:
            state = "fetching"
        return Model(
            name=name, title=weights.title, good_for=weights.good_for, size=weights.size, licence=weights.licence,
            commercial=weights.commercial, terms=weights.consent, agreed=has_consent(name), state=state,
            stage=fetching.stage if fetching else "", fraction=fetching.fraction if fetching else 0.0,
            error=fetching.error if fetching else "")

    def fetch(self, name: str, *, agreed: bool) -> None:
        """Start downloading a model, unless that is under way; ``agreed`` means that its licence was accepted."""
        if agreed and not has_consent(name):
            record_consent(name)
        with self._lock:
            current = self._fetching.get(name)
            if current and not current.ended:
                return
            fetching = self._fetching[name] = _Fetching()
        self._tell(name)
        threading.Thread(target=self._fetch, args=(name, fetching), name=f"spag4d {name}", daemon=True).start()

    def cancel(self, name: str) -> None:
        """Stop downloading a model; the received part is kept for the next time."""
        if fetching := self._fetching.get(name):
            fetching.cancelled.set()

    def stop(self) -> None:
        """Stop all downloads."""
        for name in tuple(self._fetching):
            self.cancel(name)

    def _fetch(self, name: str, fetching: _Fetching) -> None:
        def hear(event: Event) -> None:
            if isinstance(event, Step):
                fetching.stage, fetching.fraction = event.stage, event.done / max(event.total, 1)
            else:
                fetching.stage = event.message
            self._tell(name)

        try:
            download(name, progress=Progress(hear, fetching.cancelled.is_set))
        except Cancelled:
            pass
        except Spag4dError as error:
            fetching.error = str(error).replace(str(home_folder()), "SPAG4D_HOME")
        except Exception as error:
            fetching.error = f"{name} could not be fetched: {type(error).__name__}."
            raise
        finally:
            fetching.ended, fetching.stage = True, ""
            self._tell(name)

    def _tell(self, name: str) -> None:
        self._board.put("model", name, self.get(name).model_dump_json())
