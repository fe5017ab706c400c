"""A format is one file and one line: command line, transform, info, check and the page's jobs follow by themselves."""

import json
import subprocess
import sys
from pathlib import Path

TRIAL = """
import sys
import spag4d.formats
spag4d.formats.FORMATS._parts["npz"] = "tests.guests.npz:NPZ"  # the one line

import json
import numpy as np
from pathlib import Path
from click.testing import CliRunner
from PIL import Image
from spag4d.commands import cli
from spag4d.web.job import Job

folder = Path(sys.argv[1])
Image.fromarray(np.full((64, 128, 3), 90, np.uint8)).save(folder / "a.png")
np.save(folder / "depth.npy", np.full((64, 128), 3, np.float32))

def run(*words):
    done = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output

run("convert", folder / "a.png", folder / "a", "--format", "ply,npz", "--depth-map", folder / "depth.npy", "--stride", 4)
run("transform", folder / "a.npz", folder / "b.ply", "--scale", 2)
run("transform", folder / "b.ply", folder / "c.npz", "--translate", "1,0,0")
job = Job(id="1", kind="photo", name="a.png", settings={"format": "ply,npz"}, created_s=0)
alone = Job(id="2", kind="photo", name="a.png", settings={"format": "npz"}, created_s=0)
print(json.dumps({
    "info": json.loads(run("info", folder / "c.npz", "--json")), "same": json.loads(run("info", folder / "a.ply", "--json")),
    "check": json.loads(run("check", folder / "a.npz", "--json"))["facts"]["count"],
    "help": run("convert", "--help"), "job": job.model_dump(mode="json"), "alone": alone.model_dump(mode="json")}))
"""


def test_a_guest_is_at_home_everywhere(tmp_path: Path) -> None:
    command = [sys.executable, "-c", TRIAL, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["info"]["format"], told["info"]["encoding"]) == ("Numpy", "arrays of numpy")
    assert told["info"]["count"] == told["same"]["count"] == told["check"] > 300
    assert ".npz" in told["help"]
    assert told["job"]["formats"] == ["ply", "npz"] and told["job"]["shown"] == "ply"
    assert told["job"]["downloads"]["npz"] == ["Numpy", "For notebooks"]
    assert told["alone"]["shown"] is None
