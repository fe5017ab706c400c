import shutil
import subprocess
from pathlib import Path

import pytest

NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="needs Node")
@pytest.mark.parametrize("name", ["viewer", "plan", "fourdgs"])
def test_the_pure_parts_of_the_page_do_what_they_should(name: str) -> None:
    tests = Path(__file__).with_name(f"{name}.test.mjs")
    ran = subprocess.run([str(NODE), "--test", str(tests)], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr
