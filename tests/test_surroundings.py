"""Whatever the tests find around them changes nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROGRAM = """
import os, signal, sys, time, urllib.request
from tests.surroundings import same_everywhere
same_everywhere()
left = {"COLUMNS", "NO_COLOR", "HF_ENDPOINT", "HF_HUB_OFFLINE", "LC_ALL", "SPAG4D_TOKEN"} & set(os.environ)
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, oct(os.umask(0)), time.tzname[0],
      bool(urllib.request.proxy_bypass("127.0.0.1")), bool(urllib.request.getproxies()),
      os.access(os.environ["HOME"], os.W_OK), sorted(left), sep="|")
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_hostile_surroundings_are_made_harmless() -> None:
    hostile = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "40", "NO_COLOR": "1", "HF_ENDPOINT": "http://x",
        "HF_HUB_OFFLINE": "1", "http_proxy": "http://127.0.0.1:9", "TZ": "Asia/Kathmandu", "LC_ALL": "C", "SPAG4D_TOKEN": "x",
        "HOME": "/proc"}

    def hinder() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.umask(0o077)

    done = subprocess.run([sys.executable, "-c", PROGRAM], env=hostile, capture_output=True, text=True, check=True, cwd=ROOT,
                          preexec_fn=hinder)  # noqa: PLW1509
    assert done.stdout.strip() == "True|0o22|UTC|True|True|True|[]"
