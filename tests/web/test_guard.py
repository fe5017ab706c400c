"""Who is let in, and who is not."""

import asyncio
from typing import Any

import pytest
import requests

from spag4d.web.guard import Access, Guard
from tests.web.running_server import RunningServer


class Answer:
    """What came back of a request through the guard."""

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.status = status
        self.headers = {name.decode(): value.decode() for name, value in headers}


def ask(
    access: Access, method: str = "GET", path: str = "/api/jobs", *, client: tuple[str, int] | None = ("127.0.0.1", 5000),
    query: str = "", host: str = "localhost:7860", **headers: str,
) -> Answer:
    """Send one request through a guard to an application that answers 200."""
    answers: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        answers.append(message)

    told = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "client": client, "scheme": "http",
             "headers": [(name.encode(), value.encode()) for name, value in told.items()], "server": ("127.0.0.1", 7860)}
    asyncio.run(Guard(application, access=access, script_hashes=["abc="])(scope, receive, send))
    return Answer(answers[0]["status"], answers[0]["headers"])


LOCAL, TOKEN, ANYONE = Access(), Access(token="s3cret"), Access(anyone=True, names=frozenset({"scenes.example"}))


@pytest.mark.parametrize("host", ["localhost", "localhost:7860", "127.0.0.1:7860", "[::1]:7860", "127.1.2.3"])
def test_this_machine_goes_by_these_names(host: str) -> None:
    assert ask(LOCAL, host=host).status == 200


@pytest.mark.parametrize("host", [
    "evil.example", "localhost.evil.example", "192.168.1.5", "", "a@localhost", "localhost:x", "[::1"])
def test_a_foreign_name_is_refused(host: str) -> None:
    """A page whose own name was pointed to 127.0.0.1 must not read anything."""
    assert ask(LOCAL, host=host).status == 421


def test_without_a_token_only_this_machine_is_served() -> None:
    assert ask(LOCAL, client=("192.168.1.9", 5000)).status == 403
    assert ask(LOCAL, client=("::1", 5000)).status == 200
    assert ask(LOCAL, client=None).status == 200
    assert ask(ANYONE, client=("192.168.1.9", 5000), host="192.168.1.5:7860").status == 200


def test_a_name_that_the_server_was_given_counts_and_others_do_not() -> None:
    assert ask(ANYONE, host="scenes.example").status == 200
    assert ask(ANYONE, host="evil.example").status == 421


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT"])
def test_what_a_foreign_page_sends_is_refused(method: str) -> None:
    assert ask(LOCAL, method, origin="http://evil.example").status == 403
    assert ask(LOCAL, method, origin="http://localhost:9999").status == 403
    assert ask(LOCAL, method, origin="null").status == 403
    assert ask(LOCAL, method, origin="http://[x").status == 403
    assert ask(LOCAL, method, sec_fetch_site="cross-site").status == 403
    assert ask(LOCAL, method, sec_fetch_site="same-site").status == 403
    assert ask(LOCAL, method, origin="http://localhost:7860", sec_fetch_site="same-origin").status == 200
    assert ask(LOCAL, method).status == 200


def test_the_token_lets_in_as_a_cookie_and_as_a_header_and_nothing_else_does() -> None:
    assert ask(TOKEN).status == 401
    assert ask(TOKEN, cookie="spag4d-7860=wrong").status == 401
    assert ask(TOKEN, cookie="spag4d-7861=s3cret").status == 401
    assert ask(TOKEN, query="token=wrong").status == 401
    assert ask(TOKEN, "POST", query="token=s3cret").status == 401
    assert ask(TOKEN, authorization="Bearer wrong").status == 401
    assert ask(TOKEN, cookie="other=1; spag4d-7860=s3cret").status == 200
    assert ask(TOKEN, authorization="Bearer s3cret").status == 200
    assert ask(TOKEN, cookie='neighbour={"a":1}; spag4d-7860=s3cret').status == 200
    assert ask(TOKEN).headers["www-authenticate"] == "Bearer"
    assert ask(TOKEN, cookie="\x7f=;;=").status == 401


def test_a_token_in_the_address_becomes_a_cookie_and_leaves_the_address() -> None:
    answer = ask(TOKEN, path="/", query="token=s3cret&job=12")
    assert answer.status == 303 and answer.headers["location"] == "/?job=12"
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("spag4d-7860=s3cret") and "httponly" in cookie and "samesite=lax" in cookie
    assert ask(TOKEN, path="//evil.example/", query="token=s3cret").status == 401


def test_every_answer_says_what_the_page_may_do() -> None:
    for answer in (ask(LOCAL), ask(LOCAL, host="evil.example"), ask(TOKEN)):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "'unsafe-inline'" not in policy and "'unsafe-eval'" not in policy and "http" not in policy
        assert "'sha256-abc='" in policy and "worker-src 'self' blob:" in policy and "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_server_for_other_machines_asks_for_the_token_that_it_prints(tmp_path: Any) -> None:
    server = RunningServer(tmp_path, "--host", "0.0.0.0")
    try:
        assert server.query.startswith("?token=") and len(server.query) > 20
        page = server.get("/")
        assert page.status_code == 401 and "asks for its token" in page.text
        assert server.get("/api/jobs").status_code == server.get("/api/openapi.json").status_code == 401
        assert server.get("/static/css/base.css").status_code == 200
        visitor = requests.Session()
        assert "SPAG-4D" in visitor.get(f"{server.address}/{server.query}", timeout=10).text
        assert visitor.get(f"{server.address}/api/jobs", timeout=10).json() == []
    finally:
        server.stop()


def test_a_given_token_is_taken_and_no_auth_needs_none(tmp_path: Any) -> None:
    server = RunningServer(tmp_path, "--host", "0.0.0.0", SPAG4D_TOKEN="m/i+n e=&")
    assert server.query == "?token=m%2Fi%2Bn%20e%3D%26"
    visitor = requests.Session()
    assert visitor.get(f"{server.address}/{server.query}", timeout=10).status_code == 200
    assert visitor.get(f"{server.address}/api/jobs", timeout=10).json() == []
    server.stop()
    server = RunningServer(tmp_path, "--name", "Scenes.example", SPAG4D_TOKEN="mine")  # behind a proxy on this machine
    assert server.query == "?token=mine" and server.get("/api/jobs").status_code == 401
    proxied = {"Host": "scenes.example", "Authorization": "Bearer mine"}
    assert server.get("/api/jobs", headers=proxied).json() == []
    server.stop()
    server = RunningServer(tmp_path, "--host", "0.0.0.0", "--no-auth")
    assert server.query == "" and server.get("/api/jobs").json() == []
    server.stop()
