"""Two hundred hostile files: none ends in a traceback, a hang, gigabytes, or as a scene. More by hand: `benchmarks.fuzz`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from benchmarks.fuzz.containers import opened
from benchmarks.fuzz.mutations import mutant
from benchmarks.fuzz.pictures import depth_maps, pictures
from benchmarks.fuzz.scenes import scenes

ROOT = Path(__file__).parents[1]


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="children are watched as Linux lets them be")
def test_hostile_files() -> None:
    command = [sys.executable, "-m", "benchmarks.fuzz", "--count", "200"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stdout + done.stderr
    counts = json.loads(done.stdout.splitlines()[-1])
    assert counts["refused"] > 80 and counts["accepted"] > 20


def test_what_is_taken_apart_is_put_together_again(tmp_path: Path) -> None:
    """Otherwise no change inside of a file would reach the reader of what is inside."""
    files = dict([*pictures(), *depth_maps(tmp_path)])
    for some in scenes(tmp_path):
        files |= some
    for name, data in files.items():
        found = opened(data)
        if found is not None:
            again = opened(found.joined(found.parts))
            assert again is not None and again.parts == found.parts, name
    assert {name for name, data in files.items() if opened(data)} >= {
        "a.jpg", "a.png", "a.webp", "a.tif", "a.avif", "d.npy", "d.npz", "scene0.ply", "scene0.sog", "scene0.spz",
        "streams.spz", "scene0.glb"}


def test_a_seed_makes_the_same_files_again() -> None:
    data = json.dumps({"count": 3, "files": ["a", "b"]}).encode()
    made = [mutant(data, Random(f"1/{number}")) for number in range(100)]
    assert made == [mutant(data, Random(f"1/{number}")) for number in range(100)]
    assert len({one.data for one in made}) > 50
