import json
from pathlib import Path

from tests.commands.running import run


def test_transform_and_info(photo: Path, depth: Path, tmp_path: Path) -> None:
    assert run("convert", photo, tmp_path / "a", "--format", "ply,compressed.ply", "--depth-map", depth).exit_code == 0
    done = run("transform", tmp_path / "a.ply", tmp_path / "a.compressed.ply", tmp_path / "b.spz", "--max-splats", "90",
               "--rotate", "90,0,0", "--translate", "0,-1.6,0", "--crop-sphere", "0,0,0,50", "--up", "y")
    assert done.exit_code == 0 and f"{tmp_path / 'b.spz'}: 90 Gaussians" in done.stdout, done.output
    told = json.loads(run("info", tmp_path / "b.spz", "--json").stdout)
    assert (told["count"], told["format"]) == (90, "SPZ")
    assert "PLY, chunks of 256" in run("info", tmp_path / "a.compressed.ply").stdout
    done = run("transform", tmp_path / "a.ply", tmp_path / "b.obj")
    assert done.exit_code == 2 and "Traceback" not in done.output and "end it in .ply" in done.stderr
