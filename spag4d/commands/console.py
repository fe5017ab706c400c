"""What a terminal shows: a progress bar on stderr, warnings there too, summaries on stdout."""

import json
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType, TracebackType
from typing import Any

from tqdm import tqdm

from spag4d.batch import Outcome
from spag4d.batch_on_cluster import PANORAMAS
from spag4d.conversion import FRAMES, ConversionResult, FrameResult, Viewpoint, percent
from spag4d.errors import Spag4dError
from spag4d.progress import Event, Notice, Progress

_LAYOUT = "{desc} {bar} {percentage:3.0f} % [{elapsed}<{remaining}]"
_LAYOUT_OF_FRAMES = "{desc} {n_fmt}/{total_fmt} {bar} [{elapsed}<{remaining}, {rate_inv_fmt}]"

_WIDEST = len("Frames: gaussians")


class Console:
    """Shows the work of one command; ``quiet`` shows only errors, ``as_json`` prints results as lines for scripts."""

    def __init__(self, *, quiet: bool = False, as_json: bool = False) -> None:
        """Start with an empty bar, which stays invisible if stderr is not a terminal."""
        self.title = ""
        self._quiet = quiet
        self._as_json = as_json
        self._stage = ""
        self._said: set[Notice] = set()
        self._bar: tqdm = tqdm(disable=True if quiet else None, leave=False, bar_format=_LAYOUT, ncols=80, unit="frame")

    @property
    def progress(self) -> Progress:
        """What to hand to a long call."""
        return Progress(on_event=self._show)

    def _show(self, event: Event) -> None:
        if isinstance(event, Notice):
            self._warn(event)
            return
        if event.stage != self._stage:
            self._stage = event.stage
            self._bar.bar_format = _LAYOUT_OF_FRAMES if event.stage in (FRAMES, PANORAMAS) else _LAYOUT
            self._bar.reset(total=event.total)
            self._bar.initial = event.done  # what was there before says nothing of the speed
        doing = f"{event.stage}: {event.detail.lower()}" if event.detail else event.stage
        self._bar.set_description_str(f"{self.title}{doing:<{_WIDEST if event.detail else 14}}", refresh=False)
        self._bar.total = event.total
        self._bar.n = event.done
        self._bar.refresh()

    def _warn(self, notice: Notice) -> None:
        """Show a warning; one that does not concern this picture is shown only once."""
        if self._quiet or notice in self._said:
            return
        if notice.general:
            self._said.add(notice)
        what = f"Note: {notice.message}" if notice.general else f"Warning: {self.title}{notice.message}"
        self._line(f"{what}; {notice.command}" if notice.command else what, error=True)

    def result(self, result: ConversionResult, standing: Mapping[str, Any] | None = None) -> None:
        """Show what a conversion made, for scripts with the ``standing`` of the whole."""
        if self._as_json:
            self._line(json_line(result, standing or {}))
        elif not self._quiet:
            self._line(summary(result))

    def frame(self, frame: FrameResult) -> None:
        """Show a finished frame of a video, for scripts only: people see the bar."""
        if self._as_json:
            own = {name: value for name, value in asdict(frame).items() if name != "result"}
            self._line(json.dumps({**own, **json.loads(json_line(frame.result))}))

    def outcome(self, outcome: Outcome) -> None:
        """Show the outcome for one picture of a batch; an error that is a bug keeps its traceback."""
        if outcome.result is not None:
            self.result(outcome.result, outcome.standing)
        elif outcome.error is None and not self._quiet and not self._as_json:
            self._line(f"{outcome.item.target}: already exists and is newer than its picture (--overwrite converts it again)")
        elif outcome.error is not None and not isinstance(outcome.error, Spag4dError):
            self._line("".join(traceback.format_exception(outcome.error)), error=True)

    def say(self, text: str) -> None:
        """Show a line unless the console is quiet."""
        if not self._quiet:
            self._line(text)

    def error(self, error: Spag4dError) -> None:
        """Show an error after which the command continues."""
        self._line(f"Error: {error}", error=True)

    def _line(self, text: str, *, error: bool = False) -> None:
        with tqdm.external_write_mode(file=sys.stderr):
            print(text, file=sys.stderr if error else sys.stdout, flush=True)  # noqa: T201

    def __enter__(self) -> "Console":
        """Show the bar until the block ends."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Remove the bar."""
        self._bar.close()


def summary(result: ConversionResult) -> str:
    """Return the summary of a conversion as lines of text."""
    files = ", ".join(str(path) for path in result.output_paths)
    stages = ", ".join(f"{name.lower()} {seconds:.1f}" for name, seconds in result.stage_times.items())
    reach = "no surfaces" if result.depth_range is None else "{:.2f} to {:.2f} m".format(*result.depth_range)
    scale = f", metres from {result.metres_from}" if result.metres_from else ""
    if result.scale_sigma is not None:
        scale += f", scale about right to ±{percent(result.scale_sigma)} %"
    scale += f", with SHARP ({result.sharp})" if result.sharp else ""
    return (
        f"{files}: {result.splat_count:,} Gaussians, {result.file_size / 1e6:.1f} MB in {result.processing_time:.1f} s\n"
        f"  depth    {reach}, by {result.depth_model} on {result.device}{scale}\n"
        f"{_measured(result.viewpoints)}"
        f"  walking  {_walk(result)}\n"
        f"  seconds  {stages}"
    )


def _walk(result: ConversionResult) -> str:
    ranges = [viewpoint.walking_range_m for viewpoint in result.viewpoints] or [result.walking_range_m]
    level = [range_m[name] for range_m in ranges for name in ("+x", "-x", "+z", "-z")]
    return f"{min(level):.2f} to {max(level):.2f} m from the camera, depending on direction, before the view falls apart"


def _measured(viewpoints: Sequence[Viewpoint]) -> str:
    if not viewpoints:
        return ""
    shares = [viewpoint.measured for viewpoint in viewpoints]
    return f"  measured {min(shares):.0%} to {max(shares):.0%} of the sphere by parallax, in {len(shares)} panoramas\n"


def json_line(result: ConversionResult, standing: Mapping[str, Any] = MappingProxyType({})) -> str:
    """Return a conversion's result as one line of JSON."""
    return json.dumps({**asdict(result), "output_paths": [str(path) for path in result.output_paths], **standing})
