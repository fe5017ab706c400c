"""Starting the server: at which address, for whom, and what is printed."""

import ipaddress
import os
import secrets
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType
from urllib.parse import quote

import uvicorn

from spag4d.errors import InputError
from spag4d.web.app import create_app
from spag4d.web.board import Board
from spag4d.web.guard import Access
from spag4d.web.places import has_viewer
from spag4d.web.service import Limits, Service

_GRACE_S = 3


def serve(
    host: str, port: int, limits: Limits, *, names: Sequence[str] = (), anyone: bool = False, say: Callable[[str], None]
) -> None:
    """Serve until the process is told to stop.

    On an address that other machines reach, or under further ``names`` that a proxy gives it, a token is asked for, the one in
    SPAG4D_TOKEN or a new one, unless ``anyone`` may come in. Raises `InputError` where the address cannot be used or another
    server works in the same folder.
    """
    listener = _listener(host, port)
    access = Access() if _is_loopback(listener) and not names else _access(host, names, anyone)
    service = Service(limits)
    service.start()
    try:
        app = create_app(service, access)
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=_GRACE_S, server_header=False)
        with suppress(KeyboardInterrupt):
            say(_greeting(host, listener.getsockname()[1], access))
            _Server(config, service.board).run(sockets=[listener])
        say("Stopped. What was under way goes on when the server is started again.")
    finally:
        service.stop()
        listener.close()


class _Server(uvicorn.Server):
    """A server that sends its watchers home before it waits for the last of its connections."""

    def __init__(self, config: uvicorn.Config, board: Board) -> None:
        super().__init__(config)
        self._board = board

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._board.close()
        super().handle_exit(sig, frame)


def _listener(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return socket.create_server(found[0][4][:2], family=found[0][0], backlog=2048)
    except (socket.gaierror, UnicodeError) as error:
        raise InputError(f"there is no address '{host}': {error}.") from error
    except OSError as error:
        raise InputError(f"cannot listen at {host}, port {port}: {error.strerror}. Another program may be using it: choose "
                         "another port with --port.") from error


def _is_loopback(listener: socket.socket) -> bool:
    return ipaddress.ip_address(listener.getsockname()[0]).is_loopback


def _access(host: str, names: Sequence[str], anyone: bool) -> Access:
    own = socket.gethostname()
    token = "" if anyone else os.environ.get("SPAG4D_TOKEN") or secrets.token_urlsafe(18)
    return Access(token, anyone, frozenset(name.lower() for name in (own, f"{own}.local", host, *names)))


def _greeting(host: str, port: int, access: Access) -> str:
    name = "localhost" if access.is_local and host in ("127.0.0.1", "::1") else _reachable_name(host)
    address = f"http://{name}:{port}/" + (f"?token={quote(access.token, safe='')}" if access.token else "")
    lines = [f"SPAG-4D is at {address}  (Ctrl-C ends it)"]
    if access.token:
        lines.append("Whoever has this address can use the server. Nothing is encrypted: use it in networks that you trust.")
    if access.anyone:
        lines.append("Warning: --no-auth lets everybody in who reaches this machine.")
    if not has_viewer():
        lines.append("Warning: the libraries that draw scenes in the page are missing: they could not be fetched when SPAG-4D "
                     "was installed. With a network, start run.sh or run.bat again, or install SPAG-4D again.")
    return "\n".join(lines)


def _reachable_name(host: str) -> str:
    if host in ("0.0.0.0", "::", ""):
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host
