"""A depth model is one file and one line: it is in the menus, converts, and keeps the promises of its family."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLUGIN = """
def pytest_configure(config=None):
    import spag4d.depth
    spag4d.depth.DEPTH_MODELS._parts["flat"] = spag4d.depth.Model("tests.guests.flat:FlatDepth")  # the one line
"""
TRIAL = """
import sys
import guest
guest.pytest_configure()
import numpy as np
from click.testing import CliRunner
from pathlib import Path
from spag4d import SPAG4D
from spag4d.commands import cli


result = SPAG4D(depth_model="flat", stride=4).convert(np.full((64, 128, 3), 0.4, np.float32), Path(sys.argv[1], "a.ply"))
assert (result.depth_model, result.depth_range) == ("flat", (3, 3)) or result.metres_from, result
assert "flat" in CliRunner().invoke(cli, ["convert", "--help"]).output
"""


def run(*command: str, folder: Path) -> None:
    (folder / "guest.py").write_text(PLUGIN, encoding="utf-8")
    code = f"import sys; sys.path[:0] = [{str(folder)!r}, {str(ROOT)!r}]\n"
    done = subprocess.run([sys.executable, "-c", code + command[0], *command[1:]], capture_output=True, text=True, check=False,
                          timeout=300, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_guest_converts(tmp_path: Path) -> None:
    run(TRIAL, str(tmp_path), folder=tmp_path)


def test_the_familys_tests_pass_with_a_guest(tmp_path: Path) -> None:
    tests = ["tests/test_registry.py", "tests/depth/test_choice.py", "tests/depth/test_contract.py::test_it_can_be_cancelled",
             "tests/depth/test_contract.py::test_its_maps_have_the_size_of_the_picture_and_are_finite"]
    code = "import pytest; raise SystemExit(pytest.main(['-p', 'guest', '-n0', '-q', *sys.argv[1:]]))"
    run(code, "-k", "flat or choice or registry", *tests, folder=tmp_path)
