"""What is tried: honest files of every kind that we read, and what is done with each."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

import numpy as np

from benchmarks.fuzz.pictures import depth_maps, distances, pictures
from benchmarks.fuzz.scenes import gaussians, moving_scenes, scenes
from benchmarks.fuzz.trial import WronglyAccepted
from spag4d.formats.scene import write_scene

_OUTPUT = "out.ply"
_FPS = "10"
_ALL = 1 << 30
"""Where a shorter file may be a whole one, or is one of which any part is welcome."""
_AFTER_PIXELS = 18
"""Bytes of a PNG behind its last pixel: two check sums and a last chunk."""

Work = Callable[[], None]


@dataclass(frozen=True)
class Sample:
    """Files by name, of which the first is made hostile, and what is done with them in their folder.

    ``beside`` are further files, which stay as they are. Nobody may accept a file that lacks more than ``spare`` bytes at its
    end, which hold nothing that is needed.
    """

    kind: str
    files: dict[str, bytes]
    works: tuple[Work, ...]
    spare: int = 0
    beside: dict[str, bytes] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the file that is changed."""
        return next(iter(self.files))

    def laid_out(self, folder: Path, changed: bytes) -> None:
        """Write the files, one of which is ``changed``."""
        for name, data in (self.files | {self.name: changed} | self.beside).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def work(self, rng: Random) -> Work:
        """Return one of the things to be done."""
        return rng.choice(self.works)


def samples(folder: Path) -> list[Sample]:
    """Return all samples; ``folder`` is for making them."""
    return [*_scene_samples(folder), *_moving_samples(folder), *_picture_samples(folder), *_folder_samples(folder),
            *_clip_samples(folder), *_server_samples(folder)]


def command(*words: str) -> None:
    """Run a command of ours as the terminal would; raises SystemExit."""
    from spag4d.commands import main

    sys.argv = ["spag4d", *words]
    main()


def _making(*words: str) -> None:
    """Run a command that writes a scene, and look whether it is one; raises `WronglyAccepted`."""
    try:
        command(*words)
    except SystemExit as error:
        if error.code:
            raise
    if "--panorama" not in words:
        _look_at(Path(_OUTPUT))


def _look_at(scene: Path) -> None:
    from spag4d.formats.finite import is_usable
    from spag4d.formats.ply_vertices import read_vertices
    from spag4d.formats.scene import read_scene

    if not scene.is_file():
        raise WronglyAccepted("nothing was written")
    vertices, read = read_vertices(scene), read_scene(scene)
    values = (vertices.means, vertices.log_scales, vertices.quats_wxyz, vertices.logits, vertices.colors)
    if not all(np.isfinite(value).all() for value in values) or not is_usable(read).all():
        raise WronglyAccepted("numbers that are none were written")
    sys.stdout.flush()
    said = Path("said.txt").read_text(errors="replace")
    if f"{len(read):,} Gaussians" not in said:
        raise WronglyAccepted(f"{len(read):,} Gaussians were written, and something else was said")


def _scene_samples(folder: Path) -> Iterator[Sample]:
    for files in scenes(folder):
        name = next(iter(files))
        made = partial(_making, "transform", name, _OUTPUT)
        works = (made, made, made, partial(command, "info", name), partial(command, "check", name, "--json"),
                 partial(command, "render", name, "seen.png", "--size", "32x32"))
        yield Sample("scene", files, works, spare=_ALL if name.endswith((".splat", "text.ply")) else 0)


def _moving_samples(folder: Path) -> Iterator[Sample]:
    for files in moving_scenes(folder):
        name = next(iter(files))
        made = partial(_making, "transform", name, _OUTPUT, "--time", "0.2")
        works = (made, made, partial(command, "transform", name, "out.4dgs"), partial(command, "info", name),
                 partial(command, "check", name, "--json", "--every", "100000"),
                 partial(command, "render", name, "seen.png", "--size", "32x32", "--time", "0.2"))
        yield Sample("moving", files, works)


def _picture_samples(folder: Path) -> Iterator[Sample]:
    np.save(folder / "depth.npy", distances())
    depth = {"depth.npy": (folder / "depth.npy").read_bytes()}
    options = ("--stride", "8", "--no-guided-filter")
    found = dict(pictures())
    for name, data in found.items():
        made = partial(_making, "convert", name, _OUTPUT, "--depth-map", "depth.npy", *options)
        yield Sample("picture", {name: data}, (made,), _AFTER_PIXELS, beside=depth)
    beside = {"photo.png": found["a.png"]}
    for name, data in depth_maps(folder):
        made = partial(_making, "convert", "photo.png", _OUTPUT, "--depth-map", name, *options)
        yield Sample("depth map", {name: data}, (made,), beside=beside)


def _folder_samples(folder: Path) -> Iterator[Sample]:
    from spag4d.sequence import Sequence360, VideoPlan
    from spag4d.settings import Settings

    still = (1.0, 0.0, 0.0, 0.0)
    (folder / "frames").mkdir()
    plan = VideoPlan({"name": "clip"}, Settings(format="ply"), [0.0, 0.1], [still] * 2, [still] * 2)
    Sequence360.begun(folder / "frames", plan)
    record = json.loads((folder / "frames" / "sequence.json").read_text()) | {"done": 2}
    write_scene(folder / "frame.ply", gaussians(), "ply")
    frame = (folder / "frame.ply").read_bytes()
    files = {f"frames/frame_0000{number}.ply": frame for number in (1, 2)}
    works = (partial(command, "check", "frames", "--json"), partial(_checked_inside, "check", "frames", "--write"))
    yield Sample("sequence", {"frames/sequence.json": json.dumps(record).encode()}, works,
                 beside=files | {"victim.ply": frame})
    card = {"files": ["scene.splat"], "depth_model": "builtin", "unit": "m"}
    write_scene(folder / "scene.splat", gaussians(), "splat")
    yield Sample("scene card", {"scene.scene.json": json.dumps(card).encode()},
                 (partial(command, "check", "scene.splat", "--json"),), spare=_ALL,
                 beside={"scene.splat": (folder / "scene.splat").read_bytes()})


def _checked_inside(*words: str) -> None:
    """Run a command that writes into a folder, and look whether a file beside that folder was changed."""
    before = Path("victim.ply").read_bytes()
    try:
        command(*words)
    finally:
        if Path("victim.ply").read_bytes() != before:
            raise WronglyAccepted("a file outside of the folder was changed")


def _clip_samples(folder: Path) -> Iterator[Sample]:
    from spag4d.clips.ffmpeg import ffmpeg

    frames = np.random.default_rng(0).integers(0, 256, (4, 32, 64, 3), np.uint8)
    frames = np.repeat(np.repeat(frames, 2, 1), 2, 2)
    for name, codec in (("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.avi", "mpeg4"), ("a.webm", "libvpx")):
        source = [ffmpeg(), "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "128x64", "-r", _FPS, "-i", "-"]
        subprocess.run([*source, "-c:v", codec, "-pix_fmt", "yuv420p", str(folder / name)], input=frames.tobytes(), check=True)
        yield Sample("clip", {name: (folder / name).read_bytes()}, (partial(_watched, name),), spare=_ALL)


def _watched(name: str) -> None:
    """Read a clip to its end, as the conversion of a video does, and end as a command does."""
    from spag4d.clips.clip import read_clip
    from spag4d.clips.frames import read_frames
    from spag4d.commands.endings import in_words

    @in_words
    def watch() -> None:
        clip = read_clip(Path(name))
        for panorama in read_frames(clip, clip.frames(float(_FPS), 0, 1)):
            if not np.isfinite(panorama.rgb).all():
                raise WronglyAccepted("pixels that are no numbers")

    watch()


def _server_samples(folder: Path) -> Iterator[Sample]:
    """Yield the records of a server with one finished scene: that of its job, and the database of earlier versions."""
    from spag4d.settings import Settings
    from spag4d.web.job import Job
    from spag4d.web.records import RECORD, Records
    from spag4d.web.worker import SETTINGS

    home = folder / "home"
    job = Job(id="0123456789abcdef", kind="photo", name="a.jpg", settings=Settings(format="splat").model_dump(), created_s=1.0,
              ended_s=2.0, status="done", files={"scene.splat": 9600})
    (home / "jobs" / job.id).mkdir(parents=True)
    Records(home).write(job)
    place = f"jobs/{job.id}"
    beside = {f"{place}/scene.splat": (folder / "scene.splat").read_bytes(),
              f"{place}/{SETTINGS}": json.dumps({"settings": job.settings}).encode()}
    works = (partial(_listed, job.id),)
    yield Sample("server", {f"{place}/{RECORD}": (home / place / RECORD).read_bytes()}, works, spare=_ALL, beside=beside)
    with closing(sqlite3.connect(folder / "jobs.sqlite")) as database:
        database.execute("CREATE TABLE jobs (id TEXT PRIMARY KEY, state TEXT)")
        database.execute("INSERT INTO jobs VALUES (?, ?)", (job.id, job.model_dump_json()))
        database.commit()
    yield Sample("server", {"jobs.sqlite": (folder / "jobs.sqlite").read_bytes()}, works, spare=_ALL, beside=beside)
    shutil.rmtree(home)


def _listed(id: str) -> None:
    """List the jobs as a server does when it starts; raises `WronglyAccepted` where the finished scene is not among them."""
    from spag4d.web.records import Records

    jobs = Records(Path()).read()
    if [job.id for job in jobs if "scene.splat" in job.files] != [id]:
        raise WronglyAccepted("a finished scene is lost")
