"""The application: the page, the HTTP interface behind it, and what stands in front of both."""

import base64
import hashlib
import mimetypes
import os
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

from spag4d import __version__
from spag4d.errors import Spag4dError
from spag4d.web.guard import Access, Guard
from spag4d.web.jobs import QUEUE_FULL, QueueFull
from spag4d.web.modules import STYLES, page_with_modules, styles, version_of
from spag4d.web.places import example_file, in_words, static_folder
from spag4d.web.routes import router
from spag4d.web.service import Service
from spag4d.web.uploads import TooLarge

# Windows takes types from its registry, where a program may have made .js plain text, which browsers do not run.
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/css", ".css")

_NOT_JSON = 'send JSON, such as {"uploads": ["ID"], "settings": {"stride": 4}}, as application/json.'

_PARTS = re.compile(r"(css|js|vendor/three|vendor/spark)/|icon\.svg$")


_FOR_EVER = "max-age=31536000, immutable"
"""A year, which browsers take for ever: another version has another address."""


class _Parts(StaticFiles):
    """Files of the page and no others of its folder.

    Below the ``version`` a browser keeps its copy, else it asks each time whether that is still the newest.
    """

    def __init__(self, version: str) -> None:
        """Serve the page's folder; what every visitor asks for at once lies in memory."""
        folder = static_folder()
        super().__init__(directory=folder)
        self._below = f"{version}/"
        paths = [path for part in ("css", "js") for path in (folder / part).rglob("*") if path.is_file()]
        self._ready = {self._below + path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
        self._ready[self._below + STYLES] = styles(folder)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer from memory where that can be: going to the disk takes several turns of other threads."""
        name = path.replace(os.sep, "/")
        if name not in self._ready:
            return await super().get_response(path, scope)
        return Response(self._ready[name], media_type=mimetypes.guess_type(name)[0], headers={"cache-control": _FOR_EVER})

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Find a file, if it is a part of the page."""
        name = path.replace(os.sep, "/").removeprefix(self._below)
        return super().lookup_path(name) if _PARTS.match(name) else ("", None)

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Add the header that says so."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        is_kept = f"/static/{self._below}" in scope["path"]
        response.headers["cache-control"] = _FOR_EVER if is_kept else "no-cache"
        return response


def create_app(service: Service | None = None, access: Access | None = None, *, shared_at: str = "") -> FastAPI:
    """Return the application; its service starts and ends with it. By default only this machine is served.

    ``shared_at`` is the address under which other machines reach it, with the token.
    """
    service, access = service or Service(), access or Access()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        service.stop()

    app = FastAPI(title="SPAG-4D", version=__version__, summary="Turns 360° panoramas and videos into Gaussian splats.",
                  lifespan=lifespan, openapi_url="/api/openapi.json", docs_url=None, redoc_url=None)
    app.state.service = service
    app.state.shared_at = shared_at
    app.include_router(router)
    _add_errors(app)
    version = version_of(static_folder())
    page = page_with_modules(static_folder(), version)
    _add_page(app, page, version)
    app.add_middleware(Guard, access=access, script_hashes=inline_script_hashes(page))
    return app


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(Spag4dError)
    def explain(request: Request, error: Spag4dError) -> JSONResponse:
        return _problem(error.http_status, in_words(str(error), ["the file"], request.app.state.service.folder))

    @app.exception_handler(QueueFull)
    def say_full(request: Request, error: QueueFull) -> JSONResponse:
        return _problem(503, QUEUE_FULL, {"Retry-After": "30"})

    @app.exception_handler(TooLarge)
    def say_too_large(request: Request, error: TooLarge) -> JSONResponse:
        limit = request.app.state.service.limits.max_upload_mb
        return _problem(413, f"the file is too large: this server accepts {limit:,.0f} MB at most.", {"Connection": "close"})

    @app.exception_handler(RequestValidationError)
    def say_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return _problem(422, "; ".join(map(_fault, error.errors())))


def _fault(item: Mapping[str, Any]) -> str:
    if item["type"].startswith("union_tag"):
        return f"{item['ctx']['discriminator'].strip(chr(39))}: {item['msg']}"
    if item["type"] == "json_invalid" or item["loc"] == ("body",):
        return _NOT_JSON
    name = next(part for part in reversed(item["loc"]) if isinstance(part, str))  # a number is a place in a list
    return f"{name}: {item['msg']}"


def _problem(status: int, words: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return an answer for people; it may quote half a character, which JSON can carry and UTF-8 cannot."""
    return JSONResponse({"detail": words.encode("utf-8", "replace").decode()}, status, headers)


def _add_page(app: FastAPI, content: str, version: str) -> None:
    @app.head("/", include_in_schema=False)
    @app.get("/", include_in_schema=False)
    def page() -> HTMLResponse:
        return HTMLResponse(content, headers={"cache-control": "no-cache"})

    @app.get("/example.jpg", include_in_schema=False)
    def example() -> FileResponse:
        return FileResponse(example_file(), headers={"cache-control": "no-cache"})

    app.mount("/static", _Parts(version))


def inline_script_hashes(page: str) -> list[str]:
    """Return the sha256 of what stands between script tags in a page, as a content security policy names it."""
    scripts = re.findall(r"<script[^>]*>(.+?)</script>", page, re.DOTALL)
    return [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
