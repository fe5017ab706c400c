"""Kernels: compiled when they are first called, whether or not there is a place to keep them."""

import subprocess
import sys

import pytest

from spag4d import kernels
from spag4d.kernels import kernel

SOURCE = """
import pytest

from spag4d import kernels
from spag4d.kernels import kernel

@kernel
def doubled(x):
    return 2 * x

@kernel
def doubled_and_one(x):
    return doubled(x) + 1
"""


def test_a_kernel_calls_another_and_runs_where_it_cannot_be_kept() -> None:
    names: dict[str, object] = {}
    exec(SOURCE, names)  # code without a file has no folder for a cache
    made = names["doubled_and_one"]
    assert callable(made) and made(3) == 7


def test_a_kernel_keeps_name_and_docstring() -> None:
    def counted() -> int:
        """Count."""
        return 1

    assert (kernel(counted).__name__, kernel(counted).__doc__) == ("counted", "Count.")


def test_nothing_is_imported_before_a_kernel_is_called() -> None:
    code = "import sys, spag4d.refine.edges, spag4d.formats.sog; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(("most", "expected"), [("", 4), ("2", 2), ("9", 4), ("0", 1), ("2,1", 4)])
def test_where_several_share_a_machine_each_uses_its_threads(most: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels.os, "cpu_count", lambda: 4)
    monkeypatch.setenv("OMP_NUM_THREADS", most)
    assert kernels.threads() == expected
    parts: list[tuple[int, int]] = []
    kernels.in_parts(lambda first, last: parts.append((first, last)), 1000, least=1)
    assert len(parts) == 32, "whatever the machine and the threads: bytes depend on them"
