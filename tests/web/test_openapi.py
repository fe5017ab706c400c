"""The HTTP interface is as its OpenAPI description says, whatever is sent to it."""

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from spag4d.settings import Settings, declared
from tests.web.running_server import RunningServer

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance]


def test_whatever_is_sent_the_answer_is_one_that_is_described(server: RunningServer, room: Path) -> None:
    real = server.converted(room, stride=8)["id"]
    schema = schemathesis.openapi.from_url(f"{server.address}/api/openapi.json")
    tried = []
    for found in schema.exclude(path_regex="/events$").get_all_operations():  # which end only after a while
        operation: Any = found.ok()  # type: ignore[union-attr]
        check(operation, "" if operation.method == "delete" or operation.path.endswith("/make") else real)  # films take hours
        tried.append(operation.label)
    assert len(tried) == len(set(tried)) == 19


def check(operation: Any, id: str) -> None:
    """Try requests that fit the description and such that do not, for jobs that are not there and for one that is."""

    @settings(max_examples=12, deadline=None, derandomize=True, database=None,
              suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
    @given(case=operation.as_strategy())
    def tried(case: Case) -> None:
        case.call_and_validate(checks=CHECKS, timeout=30)
        if id and "id" in case.path_parameters:
            case.path_parameters["id"] = id
            case.call_and_validate(checks=CHECKS, timeout=30)

    tried()


def test_the_description_names_every_setting_of_the_page(server: RunningServer) -> None:
    described = server.get("/api/openapi.json").json()
    asked = described["paths"]["/api/jobs"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    form = described["components"]["schemas"][asked["$ref"].rsplit("/", 1)[1]]["properties"]
    wanted = [setting.name for setting in declared()]
    assert list(form) == ["uploads", "one_place", "one_file", "depth_map", "settings"]
    assert list(form["settings"]["properties"]) == wanted
    page = server.get("/api/settings").json()["properties"]
    assert list(page) == wanted
    assert {name: one["default"] for name, one in page.items()} == Settings().model_dump(include=set(wanted))


def test_a_setting_that_is_unknown_or_out_of_bounds_is_refused_in_words(server: RunningServer) -> None:
    def refusal(**settings: Any) -> str:
        answer = server.convert("0" * 16, **settings)
        assert answer.status_code == 422
        return answer.json()["detail"]

    assert "did you mean 'stride'" in refusal(strides=2)
    assert "“Pixels per Gaussian” = 99" in refusal(stride=99)
    assert "“Depth model” = 'pando'" in refusal(depth_model="pando")
    assert "unknown setting '?'" in refusal(**{"\ud800": 1})
    assert "that upload no longer exists" in refusal(stride=2)


@pytest.mark.parametrize("body, words", [
    ('{"uploads": ["../../etc/passwd"]}', "that upload no longer exists"),
    ('{"uploads": ["\\ud800"]}', "that upload no longer exists"),
    ('{"uploads": ["0"], "stride": 4}', "stride: "), ('{"settings": {}}', "uploads: "), ('{"uploads": [1]}', "uploads: "),
    ('{"uploads": ["0"], "settings": 4}', "the settings are a JSON object"),
    ("{", "send JSON"), ("", "send JSON"), ("[]", "send JSON"),
])
def test_a_request_that_is_none_is_refused_in_words(body: str, words: str, server: RunningServer) -> None:
    answer = server.post("/api/jobs", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422 and words in answer.json()["detail"], answer.text


def test_a_form_is_refused_in_words(server: RunningServer) -> None:
    answer = server.post("/api/jobs", files={"file": b"a photo"}, data={"stride": "4"})
    assert answer.status_code == 422 and "send JSON" in answer.json()["detail"]


@pytest.mark.parametrize("body", [20_000 * "[", '{"uploads": ' + 5000 * "1" + "}"])
def test_json_that_python_cannot_hold_is_refused(body: str, server: RunningServer) -> None:
    answer = server.post("/api/jobs", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), answer.text


def test_nothing_foreign_is_served(server: RunningServer) -> None:
    outside = ("/static/../api.py", "/static/%2e%2e/api.py", "/static/..%2f..%2fetc/passwd", "/api/jobs/..%2f/files/x")
    for path in (*outside, "/docs", "/redoc"):
        assert server.get(path).status_code == 404, path
