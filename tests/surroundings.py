"""What the tests find around them, made the same wherever they run: in a terminal, in the background, behind a proxy."""

import os
import signal
import tempfile
import time

_OF_THE_PROGRAM = (
    "SPAG4D_TOKEN", "SPAG4D_UNATTENDED", "SPAG4D_MODELS", "SPAG4D_PYTHON_URL", "SPAG4D_PIP_URL", "SPAG4D_TORCH_URL")
_OF_TERMINALS = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "PYTHONIOENCODING", "CI")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def same_everywhere() -> None:
    """Set signals, umask, locale, time zone, home and proxies for this process and those that it starts.

    A script's background jobs and ``nohup`` ignore SIGINT, and what they start does too: then Ctrl-C stops nothing.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.umask(0o022)
    for name in [*_OF_THE_PROGRAM, *_OF_TERMINALS, *(name for name in os.environ if name.startswith(("LC_", "HF_")))]:
        os.environ.pop(name, None)
    os.environ |= {"LANG": "C.UTF-8", "TZ": "UTC"}
    if hasattr(time, "tzset"):
        time.tzset()
    if not os.access(os.environ.get("HOME") or "/nowhere", os.W_OK):  # browsers and npm write there
        os.environ["HOME"] = tempfile.mkdtemp(prefix="home of spag4d's tests ")
    for name in ("no_proxy", "NO_PROXY"):  # servers of the tests are on this machine; npm's is behind whatever proxy there is
        os.environ[name] = ",".join([*_LOOPBACK, *filter(None, [os.environ.get(name)])])
