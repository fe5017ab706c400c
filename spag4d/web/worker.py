"""The process that converts. It reads requests from stdin and reports events on stdout, each as a line of JSON.

A process of its own keeps the server answering, gives all memory back when it ends, and may die without taking the server
along.
"""

import json
import os
import queue
import shutil
import signal
import sys
import threading
import traceback
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from spag4d.conversion import STAGES, ConversionResult, FrameResult
from spag4d.device import explained_memory_errors
from spag4d.errors import Cancelled, Spag4dError
from spag4d.formats.outputs import AUTO, BOTH
from spag4d.io.atomic import atomic_path
from spag4d.progress import Event, Notice, Progress
from spag4d.web.job import CLIP_FORMAT, MOVING_KINDS
from spag4d.web.places import COLLISION, DEPTH_SOURCE, SOURCE

if TYPE_CHECKING:
    from spag4d.core import SPAG4D
    from spag4d.data import Panorama
    from spag4d.settings import Settings

FIRST_LOOK = "first-look.splat"
PANORAMA, THUMBNAIL = "panorama.jpg", "thumbnail.jpg"
DEPTH, DEPTH_PICTURE = "depth.png", "depth.jpg"
FRAME_DEPTH = "frame_{}.depth.jpg"
SETTINGS = "settings.json"
FRAMES_FOLDER = "frames"
SCENE_KINDS = ("scene", "export", "picture")
"""Of jobs that convert nothing."""
PREVIEW = "preview.mp4"

_PANORAMA_WIDTH, _THUMBNAIL_WIDTH = 4096, 480
"""Pixels: textures of 4096 work on every device, and 480 are enough for a picture in a list."""
_NICENESS = 10
"""Of 19: the machine stays usable while it converts."""


class Worker:
    """Runs one job after the other and keeps the models loaded between them."""

    def __init__(self, say: TextIO) -> None:
        """Answer on the stream ``say``."""
        self._say_to = say
        self._cancelled: str | None = None
        self._current = ""
        self._requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._converter: SPAG4D | None = None

    def serve(self) -> None:
        """Report the devices, then serve requests until the process is ended."""
        threading.Thread(target=self._listen, daemon=True).start()
        self._say(devices=conversion_devices())
        while True:
            self._run(self._requests.get())

    def _listen(self) -> None:
        for line in sys.stdin:
            request = json.loads(line)
            if "cancel" in request:
                self._cancelled = request["cancel"]
            else:
                self._requests.put(request)
        os._exit(0)  # the server is gone; what is half done is started again with it

    def _say(self, **message: Any) -> None:
        self._say_to.write(json.dumps(message) + "\n")
        self._say_to.flush()

    def _run(self, request: dict[str, Any]) -> None:
        self._current = request["id"]
        progress = Progress(on_event=self._hear, is_cancelled=lambda: self._cancelled == self._current)
        try:
            os.chdir(request["folder"])
            if request["kind"] in SCENE_KINDS:
                self._say(result=self._with_scene(request, progress))
                return
            settings = dict(request["settings"])
            if settings["device"] == AUTO:
                settings["device"] = request["device"]
            if settings["format"] == AUTO and request["kind"] not in MOVING_KINDS:
                settings["format"] = BOTH
            convert = {"photo": self._convert_photo, "video": self._convert_video, "place": self._reconstruct,
                       "clip": self._convert_clip, "animation": partial(self._animate, request)}[request["kind"]]
            with explained_memory_errors():
                result = convert(_checked(settings, given_depth=Path(DEPTH_SOURCE).is_file()), progress)
            self._say(result=result)
        except Cancelled:
            self._say(cancelled=True)
        except Spag4dError as error:
            self._say(error=str(error))
        except Exception as error:
            traceback.print_exc()
            self._say(error=f"this is a bug in SPAG-4D; please report it: {type(error).__name__}: {error}")
        finally:
            os.chdir(Path(__file__).parent)  # the job's folder must not be held

    def _with_scene(self, request: dict[str, Any], progress: Progress) -> dict[str, Any] | None:
        """Open a scene, or make something of it."""
        from spag4d.web.scene_work import WORK, Order

        with explained_memory_errors():
            return WORK[request["kind"]](Order.of(request), self._say, progress)

    def _hear(self, event: Event) -> None:
        if isinstance(event, Notice):
            self._say(warning=event.message)
        else:
            self._say(step=asdict(event))
            if event.done == event.total and event.stage in STAGES and STAGES[event.stage].shows:
                self._say(files=[FIRST_LOOK])

    def _spag4d(self) -> "SPAG4D":
        from spag4d.core import SPAG4D

        if self._converter is None:
            self._converter = SPAG4D()
        return self._converter

    def _read_photo(self, wanted: "Settings", progress: Progress) -> "tuple[Panorama, Path | None]":
        """Show the picture of a job, and return it with its own distances, if it came with any."""
        from spag4d.photos.image import read_panorama

        progress.report("Reading", 0, 1)
        panorama = read_panorama(Path(SOURCE), force_erp=wanted.force_erp, progress=progress)
        self._show(panorama)
        given = Path(DEPTH_SOURCE)
        return panorama, given if given.is_file() else None

    def _convert_photo(self, wanted: "Settings", progress: Progress) -> dict[str, Any]:
        panorama, given = self._read_photo(wanted, progress)
        result = self._spag4d().convert(
            panorama, "scene", depth_map=given, save_depth=DEPTH, first_look=FIRST_LOOK, mesh=COLLISION, progress=progress,
            **_named(wanted))
        _write_depth_picture(panorama.size_hw)
        self._record(wanted, result)
        names = [path.name for path in result.output_paths]
        self._say(files=[*names, COLLISION, DEPTH, DEPTH_PICTURE, SETTINGS])
        return _summary(result)

    def _animate(self, request: dict[str, Any], wanted: "Settings", progress: Progress) -> dict[str, Any]:
        from spag4d.web.making import Animation, recorded
        from spag4d.web.scene_work import kept_of

        wish = recorded(request["wish"])
        assert isinstance(wish, Animation)
        panorama, given = self._read_photo(wanted, progress)
        result = self._spag4d().animate(
            panorama, f"scene.{CLIP_FORMAT}", wish.given(), loop_s=wish.loop_s, depth_map=given, progress=progress,
            **_named(wanted))
        self._record(wanted, result)
        names = [path.name for path in result.output_paths]
        self._say(files=[*names, *kept_of(request["of"], COLLISION, DEPTH_PICTURE), SETTINGS])
        return _summary(result)

    def _reconstruct(self, wanted: "Settings", progress: Progress) -> dict[str, Any]:
        from spag4d.world.sources import find_sources

        progress.report("Reading", 0, 1)
        paths = sorted(Path().glob(f"{SOURCE}*"))
        sources, _ = find_sources(paths)
        self._show(sources[0].read(force_erp=wanted.force_erp))
        result = self._spag4d().reconstruct(paths, "scene", mesh=COLLISION, progress=progress, **_named(wanted))
        self._record(wanted, result)
        self._say(files=[*(path.name for path in result.output_paths), COLLISION, SETTINGS])
        return _summary(result)

    def _show(self, panorama: "Panorama") -> None:
        _write_pictures(panorama)
        self._say(files=[PANORAMA, THUMBNAIL])

    def _show_first(self, wanted: "Settings", progress: Progress) -> int:
        """Show the first frame of a video, and return how many there are."""
        from spag4d.clips.clip import read_clip
        from spag4d.clips.frames import read_frames

        progress.report("Reading", 0, 1)
        clip = read_clip(Path(SOURCE))
        shown = clip.frames(wanted.fps, wanted.start, wanted.duration)
        for panorama in read_frames(clip, shown[:1], force_erp=wanted.force_erp):
            self._show(panorama)
        return len(shown)

    def _convert_clip(self, wanted: "Settings", progress: Progress) -> dict[str, Any]:
        self._show_first(wanted, progress)
        scene = f"scene.{CLIP_FORMAT}"
        result = self._spag4d().convert_clip(
            SOURCE, scene, preview=PREVIEW, save_depth=DEPTH_PICTURE, progress=progress, **_named(wanted))
        self._record(wanted, result)
        self._say(files=[scene, DEPTH_PICTURE, PREVIEW, SETTINGS])
        return _summary(result)

    def _convert_video(self, wanted: "Settings", progress: Progress) -> dict[str, Any] | None:
        count = self._show_first(wanted, progress)
        frames: list[FrameResult] = []
        for frame in self._spag4d().convert_video(
                SOURCE, FRAMES_FOLDER, preview=PREVIEW, save_depth=f"{FRAMES_FOLDER}/{FRAME_DEPTH}", progress=progress,
                **_named(wanted)):
            frames.append(frame)
            if frame.number == 1:
                shutil.copyfile(Path(FRAMES_FOLDER, FRAME_DEPTH.replace("{}", "00001")), DEPTH_PICTURE)
            self._say(frames=frame.number, files=[DEPTH_PICTURE] if frame.number == 1 else [])
        self._record(wanted, frames[-1].result if frames else None)
        self._say(frames=count, files=[PREVIEW, SETTINGS])
        return _summary_of_video(frames)

    def _record(self, settings: "Settings", result: ConversionResult | None) -> None:
        from spag4d import __version__

        record: dict[str, Any] = {"program": "SPAG-4D", "version": __version__, "settings": settings.model_dump()}
        if result is not None:
            record["settings"]["sharp_refine"] = bool(result.sharp)  # again as it was, whatever is installed there
            record["depth_model_used"] = result.depth_model
        with atomic_path(Path(SETTINGS)) as path:
            path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _checked(settings: dict[str, Any], *, given_depth: bool) -> "Settings":
    """Return the settings after checking that they can be met; default values count as not chosen."""
    from spag4d.contradictions import check_combination
    from spag4d.settings import Settings
    from spag4d.stages import check_models

    usual = Settings().model_dump()
    wanted = Settings.of(**{name: value for name, value in settings.items() if value != usual.get(name)})
    check_models(wanted)
    check_combination(wanted, given_depth=given_depth)
    return wanted


def _named(settings: "Settings") -> dict[str, Any]:
    return settings.model_dump(exclude_unset=True)


def conversion_devices() -> list[str]:
    """Return the devices on which conversions run beside each other: every GPU, or the one that there is otherwise."""
    from spag4d.device import all_gpus, resolve_device

    return all_gpus() or [resolve_device("auto")]


def _summary(result: ConversionResult) -> dict[str, Any]:
    keys = ("splat_count", "processing_time", "depth_range", "depth_model", "metres_from", "scale_sigma", "sharp", "device")
    mappings = {"stage_times": dict(result.stage_times), "walking_range_m": dict(result.walking_range_m)}
    viewpoints = [asdict(viewpoint) for viewpoint in result.viewpoints]
    return {key: getattr(result, key) for key in keys} | mappings | {"viewpoints": viewpoints}


def _summary_of_video(frames: list[FrameResult]) -> dict[str, Any] | None:
    """Sum up the frames that this run made, which may be none."""
    if not frames:
        return None
    last, reaches = _summary(frames[-1].result), [frame.result.depth_range for frame in frames if frame.result.depth_range]
    stages = {name: sum(frame.result.stage_times.get(name, 0.0) for frame in frames) for name in last["stage_times"]}
    ranges = [frame.result.walking_range_m for frame in frames]
    return {
        **last,
        "splat_count": max(frame.result.splat_count for frame in frames),
        "processing_time": sum(frame.result.processing_time for frame in frames),
        "depth_range": (min(near for near, _ in reaches), max(far for _, far in reaches)) if reaches else None,
        "stage_times": stages,
        "walking_range_m": {name: min(one[name] for one in ranges) for name in ranges[0]},
    }


def _write_pictures(panorama: "Panorama") -> None:
    """Write the panorama as any browser shows it, and small."""
    import numpy as np
    from PIL import Image

    picture = Image.fromarray(np.rint(panorama.rgb * 255).astype(np.uint8))
    for name, most in ((PANORAMA, _PANORAMA_WIDTH), (THUMBNAIL, _THUMBNAIL_WIDTH)):
        width = min(most, picture.width)
        with atomic_path(Path(name)) as path:
            picture.resize((width, width // 2), Image.Resampling.LANCZOS, reducing_gap=3).save(path, "JPEG", quality=90)


def _write_depth_picture(size_hw: tuple[int, int]) -> None:
    from spag4d.depth.from_file import depth_from_file
    from spag4d.photos.write_depth import write_depth

    write_depth(Path(DEPTH_PICTURE), depth_from_file(Path(DEPTH), size_hw))


def main() -> None:
    """Serve on the standard streams; what libraries print goes to stderr. The server and its page come first.

    Ctrl-C and requests to terminate, which can reach a whole group of processes, are for the server: with it this ends.
    """
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    say = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    Worker(say).serve()


if __name__ == "__main__":
    main()
