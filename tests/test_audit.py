"""What is said of an auditor's report, and that bounds leave out the versions in which faults are known."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from release import audit

FAULT = {"id": "CVE-1", "fix_versions": ["1.1"]}


def report(*packages: dict[str, Any]) -> dict[str, Any]:
    return {"dependencies": [{"name": "a", "version": "1.0", **package} for package in packages]}


@pytest.mark.parametrize(("found", "words", "to_do"), [
    (report({"vulns": []}, {"skip_reason": "not found"}), "1 of 2 packages", False),
    (report({"vulns": [FAULT]}), "a 1.0: CVE-1, mended in 1.1", True),
    (report({"vulns": [{**FAULT, "fix_versions": []}]}), "not mended in any version", False),
    (report({"skip_reason": "not found"}), "skipped, none of 1 packages", False), (report(), "skipped", False),
])
def test_what_a_report_says(found: dict[str, Any], words: str, to_do: bool) -> None:
    said, found_to_do = audit.summary(found)
    assert words in "\n".join(said) and found_to_do == to_do


@pytest.mark.parametrize(("answer", "words"), [
    (subprocess.TimeoutExpired("pip", 120), "took longer than 120 s"), (OSError(), "no list of faults"),
    (subprocess.CompletedProcess("", 1, ""), "cannot be installed"), (subprocess.CompletedProcess("", 0, ""), "gave no answer"),
])
def test_without_a_network_it_is_skipped_in_words(
    answer: object, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def run(*_: object, **__: object) -> object:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(audit.venv, "create", lambda folder, **_: ((folder / "bin").mkdir(), (folder / "bin/python").touch()))
    monkeypatch.setattr(audit.subprocess, "run", run)
    audit.main()
    assert f"audit: skipped, {audit._AUDITOR}" in (said := capsys.readouterr().out) and words in said


FAULTY = {
    "torch": "2.5.1", "starlette": "0.49.0", "h11": "0.14.0", "pillow": "12.1.0",
    "filelock": "3.20.2", "tqdm": "4.66.2", "OpenEXR": "3.4.2",
}
"""The newest versions of which it is known that a hostile file or request can do harm."""


@pytest.mark.parametrize("name", FAULTY)
def test_versions_with_known_faults_are_not_installed(name: str) -> None:
    project = (Path(audit.__file__).parents[1] / "pyproject.toml").read_text("utf-8")
    bounds = dict(re.findall(r'"([\w-]+)>=([\d.]+)"', project))
    assert Version(bounds[name]) > Version(FAULTY[name])
