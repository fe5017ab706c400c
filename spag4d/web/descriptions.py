"""What the OpenAPI description says about requests and answers beyond their signatures."""

from typing import Any

from pydantic import BaseModel

from spag4d.settings import page_schema


class Problem(BaseModel):
    """Why a request was not done, in words."""

    detail: str


Answers = dict[int | str, dict[str, Any]]


def problems(statuses: dict[int, str]) -> Answers:
    """Describe answers that say what is wrong."""
    return {status: {"model": Problem, "description": words} for status, words in statuses.items()}


def _content(kind: str, statuses: dict[int, str]) -> Answers:
    return {status: {"content": {kind: {}}, "description": words} for status, words in statuses.items()}


GUARDED = problems({
    401: "The token is missing.", 403: "The request comes from another site or machine, which is not admitted.",
    421: "The server is not known by this name.", 422: "A parameter is invalid."})
UNKNOWN = problems({404: "It does not exist."})
RECEIVING = problems({
    413: "The file is too large.", 422: "The form, the file or a setting cannot be used.",
    503: "Too many jobs are waiting; try again later.", 507: "The server's disk is full."})
FILE = _content("application/octet-stream", {200: "The file.", 206: "The requested part."})
STREAM = _content("text/event-stream", {200: "Events, each with the full state of what changed."})
ARCHIVE = _content("application/zip", {200: "The archive."})


def _form(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


_FILE_FIELD = {"type": "string", "format": "binary", "description": "A panorama or a 360° video."}
_UPLOAD_FIELD = {"type": "string", "description": "Instead of a file: the id of an upload, or of a job whose file to use."}
_SETTING_FIELDS = page_schema()["properties"]

UPLOAD_FORM = _form({"file": _FILE_FIELD}, ["file"])
JOB_FORM = _form({"file": _FILE_FIELD, "upload": _UPLOAD_FIELD, **_SETTING_FIELDS}, [])
