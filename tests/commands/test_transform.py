import json
from pathlib import Path

from spag4d.data import LAYERS
from tests.commands.running import run


def test_transform_and_info(photo: Path, depth: Path, tmp_path: Path) -> None:
    assert run("convert", photo, tmp_path / "a", "--format", "ply,compressed.ply", "--depth-map", depth).exit_code == 0
    done = run("transform", tmp_path / "a.ply", tmp_path / "a.compressed.ply", tmp_path / "b.spz", "--max-splats", "90",
               "--rotate", "90,0,0", "--translate", "0,-1.6,0", "--crop-sphere", "0,0,0,50", "--up", "y")
    assert done.exit_code == 0 and f"{tmp_path / 'b.spz'}: 90 Gaussians" in done.stdout, done.output
    told = json.loads(run("info", tmp_path / "b.spz", "--json").stdout)
    assert (told["count"], told["format"]) == (90, "SPZ")
    assert "PLY, chunks of 256" in run("info", tmp_path / "a.compressed.ply").stdout
    layers = json.loads(run("info", tmp_path / "a.ply", "--json").stdout)["layers"]
    assert layers["fine"] > 0 and f"layers   fine {layers['fine']:,}, backing" in run("info", tmp_path / "a.ply").stdout
    done = run("transform", tmp_path / "a.ply", tmp_path / "c.ply", "--drop", "backing, sky,behind")
    assert done.exit_code == 0 and f"c.ply: {layers['fine']:,} Gaussians" in done.stdout, done.output
    assert ", ".join(LAYERS) in " ".join(run("transform", "--help").stdout.split())
    done = run("transform", tmp_path / "a.compressed.ply", tmp_path / "c.ply", "--drop", "sky")
    assert done.exit_code == 2 and "does not say which of its Gaussians are sky" in done.stderr
    assert json.loads(run("info", tmp_path / "a.compressed.ply", "--json").stdout)["layers"] is None
    done = run("transform", tmp_path / "a.ply", tmp_path / "b.obj")
    assert done.exit_code == 2 and "Traceback" not in done.output and "end it in .ply" in done.stderr
