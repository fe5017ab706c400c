"""What the OpenAPI description says about requests and answers beyond their signatures."""

from typing import Any

from pydantic import BaseModel


class Problem(BaseModel):
    """Why a request failed: a sentence for people."""

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
    413: "More was sent than is accepted.", 422: "The file or a setting cannot be used.",
    503: "Too many jobs are waiting; try again later.", 507: "The server's disk is full."})
ASKING = problems({400: "The body is not JSON that can be read."})
FILE = _content("application/octet-stream", {200: "The file.", 206: "The requested part."})
STREAM = _content("text/event-stream", {200: "Events, each with the full state of what changed."})
PICTURE = _content("image/svg+xml", {200: "The picture."})
ARCHIVE = _content("application/zip", {200: "The archive."})
FILE_BODY = {"requestBody": {"required": True, "description": "The file as it is.", "content": {
    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}}
