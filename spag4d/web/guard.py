"""Who may talk to the server: names it answers to, pages that may send to it, and the token for other machines.

A server without a token serves its own machine only. It answers to the names of that machine alone, so that a foreign page
cannot reach it by a name of its own that it points here (DNS rebinding), and refuses what a foreign page sends.
"""

import hmac
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from spag4d.web.places import static_folder

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_COOKIE_AGE_S = 30 * 86400
"""30 days: long enough not to ask for a token each time, as for most sites."""


@dataclass(frozen=True)
class Access:
    """Who is admitted: holders of the ``token``; without a token, ``anyone`` or only this machine.

    ``names`` are the names of the server, in lower case, beside its addresses.
    """

    token: str = ""
    anyone: bool = False
    names: frozenset[str] = frozenset()

    @property
    def is_local(self) -> bool:
        """Whether only this machine is served."""
        return not self.token and not self.anyone

    def answers_to(self, name: str) -> bool:
        """Return whether a request may use this name of the server: localhost, an address, or one of its names."""
        address = _address(name)
        if address is not None:
            return address.is_loopback or not self.is_local
        return name == "localhost" or name in self.names


class Guard:
    """Middleware that refuses what `Access` does not allow, and sends browsers the page's security policy."""

    def __init__(self, app: ASGIApp, *, access: Access, script_hashes: Iterable[str] = ()) -> None:
        """Stand in front of ``app``; ``script_hashes`` are those of what stands in the page itself, the import map."""
        self._app, self._access = app, access
        hashes = "".join(f" 'sha256-{digest}'" for digest in script_hashes)
        self._headers = {
            "content-security-policy": (
                f"default-src 'self'; script-src 'self' 'wasm-unsafe-eval'{hashes}; worker-src 'self' blob:; "
                "img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self' blob: data:; object-src 'none'; "
                "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"),
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = self._refusal(scope)
        await (answer or self._app)(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        name = _name(host)
        if name is None or not self._access.answers_to(name):
            return _said(421, f"this server is not known by the name '{name or host}'. Use localhost, or its address.")
        if self._access.is_local and not _is_on_this_machine(scope):
            return _said(403, "this server only serves its own machine. Start it with --host to let others in.")
        if scope["method"] not in _SAFE_METHODS and not _is_same_site(headers, host):
            return _said(403, "a page of another site sent this request: it is refused.")
        return self._identified(scope, headers, host) if self._access.token else None

    def _identified(self, scope: Scope, headers: Headers, host: str) -> Response | None:
        """Return None for a request with the token; a token in the address becomes a cookie, so that it does not stay there."""
        cookie = f"spag4d-{_port(host)}"
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = dict(query).get("token")
        if given is not None and self._is_token(given) and (scope["method"], scope["path"]) == ("GET", "/"):
            rest = urlencode([(key, value) for key, value in query if key != "token"])
            answer = RedirectResponse(f"/?{rest}" if rest else "/", 303)
            answer.set_cookie(cookie, given, max_age=_COOKIE_AGE_S, httponly=True, samesite="lax")
            return answer
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if self._is_token(cookie_parser(headers.get("cookie", "")).get(cookie, "")) or self._is_token(bearer):
            return None
        if scope["path"] == "/":
            return FileResponse(static_folder() / "token.html", 401)
        if scope["path"].startswith("/static/css/") and scope["method"] in _SAFE_METHODS:
            return None
        return _said(401, "the token is missing. The server printed it when it started: open the address with ?token=… once, "
                          "or send it as a bearer token.", {"WWW-Authenticate": "Bearer"})

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._access.token.encode())


def _said(status: int, words: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"detail": words}, status, headers)


def _name(host: str) -> str | None:
    """Return the name or address of a Host header, or None where it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        return parts.hostname if parts.port != 0 and not (parts.path or parts.username) else None
    except ValueError:
        return None


def _port(host: str) -> int:
    return urlsplit(f"//{host}").port or 80


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _is_on_this_machine(scope: Scope) -> bool:
    """Return whether a request came from here: over loopback, or over a Unix socket, which has no address."""
    client = scope.get("client")
    address = _address(client[0]) if client else None
    return not client or (address is not None and address.is_loopback)


def _is_same_site(headers: Headers, host: str) -> bool:
    """Return whether our own page sent this, by the browser's headers; programs, which send none, may."""
    origin = headers.get("origin")
    if origin is not None:
        return origin.partition("://")[2] == host
    return headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
