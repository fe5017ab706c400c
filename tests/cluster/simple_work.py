"""What the workers of a test cluster keep loaded in place of `SPAG4D`."""

import os
import time
from pathlib import Path
from typing import Any

from spag4d.conversion import ConversionResult
from spag4d.errors import InputError
from spag4d.progress import Progress


def facts(settings: dict[str, Any]) -> str:
    """Return what is the same everywhere."""
    return "simple work"


class Work:
    """Copies files; their text says what happens.

    "bad" fails, "die" ends the process, "slow" takes until it is stopped, "first" until another worker has begun something.
    """

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def convert(self, input_path: Path, output_path: Path, *, progress: Progress) -> ConversionResult:
        text = input_path.read_bytes()
        progress.report("Copying", 0, 1)
        with (output_path.parent / "log").open("a") as log:
            log.write(f"{input_path.name} {os.getpid()}\n")
        if text == b"bad":
            raise InputError("a bad picture")
        if text == b"die":
            os._exit(1)
        while text == b"slow":
            time.sleep(0.02)
            progress.report("Copying", 0, 1)
        while text == b"first" and len({line.split()[1] for line in (output_path.parent / "log").read_text().splitlines()}) < 2:
            time.sleep(0.02)
            progress.report("Copying", 0, 1)
        output_path.write_bytes(text)
        return ConversionResult((output_path,), 1, len(text), 0.0, {}, None, "", "", None, "", {}, "cpu", ("a warning",))
