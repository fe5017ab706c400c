"""Kills and full disks while scenes are overwritten, in every format: ``python -m benchmarks.kills --count 30``.

A scene that is there has to be the old one or the new one, whole, and the next run has to leave nothing hidden behind.
"""

import argparse
import json
import os
import resource
import signal
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from random import Random

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a child inherits no threads, and each would make its own

from benchmarks.fuzz.samples import command  # noqa: E402
from benchmarks.fuzz.trial import SAID, done  # noqa: E402
from spag4d.data import Gaussians  # noqa: E402
from spag4d.errors import ResourceError  # noqa: E402
from spag4d.formats import FORMATS  # noqa: E402
from spag4d.formats.scene import read_scene, write_scene  # noqa: E402
from spag4d.io.temporary_files import _seen  # noqa: E402
from tests.formats.gaussian_scenes import scene  # noqa: E402

OLD, NEW = 1000, 30_000


def overwritten(folder: Path, name: str, old: Gaussians, *, kill_after_s: float | None, room: int | None = None) -> int:
    """Overwrite a scene in a child that is killed or may write no more than ``room`` bytes, and return the child's status."""
    write_scene(folder / name, old, name.partition(".")[2])
    (folder / SAID).unlink(missing_ok=True)
    pid = os.fork()
    if pid == 0:
        _seen.clear()  # as in a program that was started anew
        if room is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        os._exit(done(partial(command, "transform", "new.ply", name), folder))
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> None:
    """Print a line for each format and one of JSON; exits with 1 where a scene was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=30, help="kills in each format")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng, old, broken, facts = Random(options.seed), scene(OLD), 0, {}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_scene(folder / "new.ply", scene(NEW), "ply")
        for format in FORMATS:
            name = f"scene.{format}"
            assert done(partial(command, "transform", "new.ply", name), folder) == 0
            began = time.perf_counter()
            overwritten(folder, name, old, kill_after_s=None)
            took_s = time.perf_counter() - began
            found: list[int] = []
            for _ in range(options.count):
                overwritten(folder, name, old, kill_after_s=rng.uniform(0, took_s))
                found.append(len(read_scene(folder / name)))
            hidden = len(list(folder.glob(".*.part*")))
            full = [overwritten(folder, name, old, kill_after_s=None, room=rng.randrange(2000, 20_000)) for _ in range(5)]
            found += [len(read_scene(folder / name))]
            overwritten(folder, name, old, kill_after_s=None)
            left = len(list(folder.glob(".*.part*")))
            facts[format] = {"kills": options.count, "old": found.count(OLD), "new": found.count(NEW), "hidden": hidden,
                             "hidden_after_next": left, "full": full.count(ResourceError.exit_code), "full_tried": len(full)}
            broken += len(found) - found.count(OLD) - found.count(NEW) + left + len(full) - full.count(ResourceError.exit_code)
            print(f"{format:15} {facts[format]}")
    print(json.dumps(facts))
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
