"""Starting the server: at which address, for whom, and what is printed."""

import asyncio
import errno
import ipaddress
import logging
import os
import secrets
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import FrameType
from urllib.parse import quote

import uvicorn
from fastapi import FastAPI

from spag4d.errors import InputError, reason
from spag4d.web.app import create_app
from spag4d.web.board import Board
from spag4d.web.connections import AT_ONCE, WAITING, Crowd, LogRate, connection_class, most_connections
from spag4d.web.guard import Access
from spag4d.web.places import has_viewer
from spag4d.web.reach import own_address, qr_lines
from spag4d.web.service import Limits, Service

PORT = 7860
"""The port that tools of this kind use."""
_TRIED_PORTS = 100
"""From there on: so many programs of the kind do not run at once."""
_GRACE_S = 3
"""For answers under way when the server stops."""
_LOGGERS = ("uvicorn.error", "asyncio", "spag4d.web")


@dataclass(frozen=True)
class Listening:
    """Where to serve: without a ``port``, at 7860 or the next one that is free; with ``open_page`` a browser shows the page."""

    host: str = "127.0.0.1"
    port: int | None = None
    names: Sequence[str] = ()
    anyone: bool = False
    open_page: bool = False


def serve_page(at: Listening, limits: Limits, *, cluster: str | None = None, say: Callable[[str], None]) -> None:
    """Serve until the process receives a signal to stop.

    On an address that other machines reach, or under further ``names`` that a proxy gives it, a token is asked for, the one in
    SPAG4D_TOKEN or a new one, unless ``anyone`` may come in. The workers of a Ray ``cluster`` can do the jobs. Raises
    `InputError` where the address or the cluster cannot be used, or another server works in the same folder.
    """
    with _free_listener(at.host) if at.port is None else _listener(at.host, at.port) as listener:
        access = Access() if _is_loopback(listener) and not at.names else _access(at)
        service = Service(limits, cluster)
        service.start()
        try:
            port = listener.getsockname()[1]
            address = _address(at.host, port, access)
            shared_at = "" if _is_loopback(listener) else _of(_reachable_name(at.host, own_address), port, access)
            server = _server(create_app(service, access, shared_at=shared_at), service.board, address if at.open_page else "")
            with suppress(KeyboardInterrupt):
                say(_greeting(address, access, shared_at))
                server.run(sockets=[listener])
            say("Stopped. The running job continues when the server is started again.")
        finally:
            service.stop()


def _server(app: FastAPI, board: Board, opened: str) -> "_Server":
    """Return a server for an application that opens the page at an address, if that is not empty, as soon as it is ready."""
    crowd = Crowd(most_connections())
    config = uvicorn.Config(
        app, log_level="warning", timeout_graceful_shutdown=_GRACE_S, server_header=False,
        http=connection_class(crowd), ws="none", backlog=AT_ONCE)
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(LogRate())
    return _Server(config, board, crowd, partial(_show, opened) if opened else None)


class _Server(uvicorn.Server):
    """A server that reports when it is ready, and closes event streams before it waits for the last connections."""

    def __init__(
        self, config: uvicorn.Config, board: Board, crowd: Crowd, on_ready: Callable[[], None] | None
    ) -> None:
        super().__init__(config)
        self._board, self._crowd = board, crowd
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or []:
            listener.listen(WAITING)  # asyncio takes one number for how many wait and how many it accepts at once
        self._sweeping = asyncio.create_task(self._crowd.sweep_for_ever())
        if self.started and self._on_ready is not None:
            threading.Thread(target=self._on_ready, name="spag4d browser", daemon=True).start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._crowd.drop_incomplete()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._board.close()
        super().handle_exit(sig, frame)


def _show(address: str) -> None:
    """Open the page in a browser; without one, the printed address has to do."""
    with suppress(webbrowser.Error, OSError):
        webbrowser.open(address)


def _free_listener(host: str) -> socket.socket:
    """Listen at the usual port, or at the first one above it that no other program uses."""
    for port in range(PORT, PORT + _TRIED_PORTS):
        with suppress(_TakenError):
            return _listener(host, port)
    return _listener(host, 0)


class _TakenError(InputError):
    """Another program listens there."""


def _listener(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return _at_once(socket.create_server(found[0][4][:2], family=found[0][0], backlog=WAITING))
    except (socket.gaierror, UnicodeError) as error:
        raise InputError(f"there is no address '{host}': {reason(error)}.") from error
    except OSError as error:
        # Windows says "no access" of a port that another program uses alone, or that it keeps for itself.
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise _TakenError(f"cannot listen on {host}, port {port}: {error.strerror}. Another program may be using it: "
                              "choose another port with --port.") from error
        raise InputError(f"cannot listen on {host}, port {port}: {error.strerror}.") from error


def _at_once(listener: socket.socket) -> socket.socket:
    """Let connections send at once: else the body of an answer waits for its header to be acknowledged, 40 ms later.

    asyncio does that by itself, but only for sockets that name their protocol, which this one does not.
    """
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _is_loopback(listener: socket.socket) -> bool:
    return ipaddress.ip_address(listener.getsockname()[0]).is_loopback


def _access(at: Listening) -> Access:
    own = socket.gethostname()
    token = "" if at.anyone else os.environ.get("SPAG4D_TOKEN") or secrets.token_urlsafe(18)
    if not (token.isascii() and token.isprintable()):
        raise InputError("the token in SPAG4D_TOKEN has characters that some programs send differently than others. "
                         "Use letters, digits and punctuation of ASCII.")
    return Access(token, at.anyone, frozenset(name.lower() for name in (own, f"{own}.local", at.host, *at.names)))


def _address(host: str, port: int, access: Access) -> str:
    name = "localhost" if access.is_local and host in ("127.0.0.1", "::1") else _reachable_name(host, socket.gethostname)
    return _of(name, port, access)


def _of(name: str, port: int, access: Access) -> str:
    return f"http://{name}:{port}/" + (f"?token={quote(access.token, safe='')}" if access.token else "")


def _greeting(address: str, access: Access, shared_at: str) -> str:
    lines = [f"SPAG-4D is at {address}  (Ctrl-C stops it)"]
    if shared_at:
        lines.append(f"For a phone or a headset in the same network: {shared_at}")
        lines += _drawn(shared_at)
    if access.token:
        lines.append("Anyone who has this address can use the server. "
                     "Nothing is encrypted: use it only in networks that you trust.")
    if access.anyone:
        lines.append("Warning: --no-auth lets in everyone who can reach this machine.")
    if not has_viewer():
        lines.append("Warning: the libraries that draw scenes in the page are missing: they could not be fetched when SPAG-4D "
                     "was installed. With a network, start run.sh or install.bat again, or install SPAG-4D again.")
    return "\n".join(lines)


def _drawn(address: str) -> list[str]:
    """Return an address as a QR code for a terminal; nothing for a log, or one that has no letters for it."""
    code = qr_lines(address)
    try:
        code.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return []
    return [code] if sys.stdout.isatty() else []


def _reachable_name(host: str, own: Callable[[], str]) -> str:
    """Return a name for a host to listen at; ``own`` tells one of this machine, for a server that listens at all addresses."""
    if host in ("0.0.0.0", "::", ""):
        return own()
    return f"[{host}]" if ":" in host else host
