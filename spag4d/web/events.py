"""Changes as a stream of server-sent events."""

from collections.abc import AsyncIterator

from spag4d.web.board import Board

_RETRY_MS = 500
"""Until a page asks anew: a restart is over by then, and waiting is not felt."""


async def event_stream(board: Board, last_id: str, key: str | None = None) -> AsyncIterator[str]:
    """Yield what changed after the event ``last_id``, of one job or of everything, in the format text/event-stream."""
    yield f"retry: {_RETRY_MS}\n\n"
    revision = int(last_id) if last_id.isdecimal() and len(last_id) < 20 else 0
    async for note in board.watch(revision, key):
        if note is None:
            yield ": still there\n\n"
        else:
            yield f"id: {note.revision}\nevent: {note.kind}\ndata: {note.text}\n\n"
