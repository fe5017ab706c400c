"""What a client asks for when it queues a conversion, and how much it may say."""

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Annotated, Any

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema

from spag4d.errors import InputError
from spag4d.registry import nearest
from spag4d.settings import Settings, declared, page_schema

MOST_BYTES = 1 << 16
"""What a JSON body may hold: all settings together take 2 kB."""

MOST_UPLOADS = 100
"""Of one place: about as many files as may wait for a job at once."""

_TOO_LONG = f"the request is too long: it may have {MOST_BYTES:,} bytes. Send files to /api/uploads/NAME."

_LONGEST_QUOTED = 80
"""Characters of an unknown name that a refusal repeats."""


def settings_from(given: object) -> Settings:
    """Return the settings of a JSON object; those that it leaves out have their defaults.

    Raises `InputError` for unknown names, with the nearest known one, and for values out of bounds.
    """
    if not isinstance(given, dict):
        raise InputError('the settings are a JSON object, such as {"stride": 4}.')
    known = [setting.name for setting in declared()]
    for name in given:
        if name not in known:
            quoted = name[:_LONGEST_QUOTED]
            raise InputError(f"unknown setting '{quoted}'{nearest(quoted, known)}")
    return Settings.of(**given)


class JobRequest(BaseModel):
    """A conversion to queue; with ``one_place`` a reconstruction, with ``one_file`` one scene that moves of a video."""

    model_config = ConfigDict(extra="forbid")

    uploads: list[str] = Field(min_length=1, max_length=MOST_UPLOADS, description=(
        "The id of an upload, or of a job whose file to convert again. For one_place there may be several."))
    one_place: bool = Field(default=False, description=(
        "Make one scene of all: of pictures of one place, or of a single video of a walk through it."))
    one_file: bool = Field(default=False, description=(
        "Make one scene that moves of a video, rather than a scene of each frame."))
    depth_map: str = Field(default="", description=(
        "The id of an upload with the distances of a single picture, or of a job that was made with one."))
    settings: Annotated[Settings, PlainValidator(settings_from), WithJsonSchema(page_schema())] = Field(
        default_factory=Settings, description="Settings that differ from their defaults; see /api/settings.")


class ShortBody(APIRoute):
    """A route that refuses a JSON body of more than `MOST_BYTES` before it lies in memory."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        answer = super().get_route_handler()
        if self.body_field is None:
            return answer

        async def answer_short(request: Request) -> Response:
            return await answer(_Short(request.scope, request.receive))

        return answer_short


class _Short(Request):
    """A request whose body may not be long."""

    async def stream(self) -> AsyncIterator[bytes]:  # type: ignore[override]
        """Yield the body piece by piece; raises `HTTPException` as soon as it is too long."""
        received = 0
        async for piece in super().stream():
            received += len(piece)
            if received > MOST_BYTES:
                raise HTTPException(413, _TOO_LONG, {"Connection": "close"})
            yield piece
