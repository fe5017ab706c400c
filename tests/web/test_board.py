import asyncio

import pytest

from spag4d.web import board as board_module
from spag4d.web.board import Board, Note
from spag4d.web.events import event_stream


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_module, "_PAUSE_S", 0.0)
    monkeypatch.setattr(board_module, "_HEARTBEAT_S", 0.05)
    monkeypatch.setattr(board_module, "_LIFE_S", 0.2)


async def watched(board: Board, revision: int, key: str | None = None) -> list[Note | None]:
    return [note async for note in board.watch(revision, key)]


def test_who_comes_late_gets_the_newest_state_of_each() -> None:
    board = Board()
    for number in range(3):
        board.put("job", "a", f"a{number}")
    board.put("job", "b", "b0")
    assert [note.text for note in board.newer(0)] == ["a2", "b0"]
    last = board.newer(0)[-1].revision
    assert board.newer(last) == []
    board.put("deleted", "a", "gone")
    assert [(note.kind, note.text) for note in board.newer(last)] == [("deleted", "gone")]
    assert board.newer(0, "b")[0].text == "b0" and len(board.newer(0, "b")) == 1


def test_revisions_rise_over_restarts() -> None:
    first, second = Board(), Board()
    first.put("job", "a", "")
    second.put("job", "a", "")
    assert second.newer(0)[0].revision >= first.newer(0)[0].revision


def test_a_watcher_hears_what_a_thread_puts_up_and_ends_after_a_while() -> None:
    board = Board()

    async def scene() -> list[Note | None]:
        watching = asyncio.create_task(watched(board, 0, "a"))
        for number in range(3):
            await asyncio.sleep(0.02)
            await asyncio.to_thread(board.put, "job", "a", str(number))
            await asyncio.to_thread(board.put, "job", "b", "not mine")
        return await watching

    notes = asyncio.run(scene())
    assert [note.text for note in notes if note] == ["0", "1", "2"]
    assert None in notes  # so that a dead connection is noticed


def test_a_closed_board_sends_its_watchers_home_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_module, "_LIFE_S", 60.0)
    monkeypatch.setattr(board_module, "_HEARTBEAT_S", 60.0)
    board = Board()

    async def scene() -> None:
        watching = asyncio.create_task(watched(board, 0))
        await asyncio.sleep(0.05)
        await asyncio.to_thread(board.close)
        await asyncio.wait_for(watching, 5)

    asyncio.run(scene())


def test_the_stream_has_ids_and_kinds() -> None:
    board = Board()
    board.put("job", "a", '{"id": "a"}')
    revision = board.newer(0)[0].revision

    async def streamed(last_id: str) -> list[str]:
        return [piece async for piece in event_stream(board, last_id)]

    assert f'id: {revision}\nevent: job\ndata: {{"id": "a"}}\n\n' in asyncio.run(streamed("0"))
    assert not any("data" in piece for piece in asyncio.run(streamed(str(revision))))
    assert any("data" in piece for piece in asyncio.run(streamed("no number")))
