"""The report card as one HTML file: no script, nothing from the network, light and dark, wide and narrow."""

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32

from spag4d.check.plots import Curve, curves_svg, height_svg, rose_svg
from spag4d.check.report import ENDS, Line, Report, in_words
from spag4d.check.scene import Checked
from spag4d.check.views import ViewLikeness
from spag4d.check.walking import CLEARANCE_M, LIMITS, Walk
from spag4d.check.walking_range import DIRECTIONS, FARTHEST_M, NAMES
from spag4d.io.atomic import atomic_path
from spag4d.progress import SILENT, Progress
from spag4d.render.view import Rendering, render_panorama

_ROWS = 384
"""Of the pictures, which are small on the page and drawn on the CPU."""
_ASIDE_M = 0.5
"""How far aside they look: the step that conversions fill by default."""
_LEAST_ASIDE_M = 0.05
"""A picture from aside is drawn there even if something is closer: from the capture point it would show no fault."""
_GAP = np.array([1, 0, 1], np.float32)
"""Magenta, which no scene has."""
_AMPLIFIED = 4
"""So that a quarter of full scale is the brightest, and an error of 1 % can be seen."""
_MARKS = {"ok": ("ok", "✓"), "warn": ("warn", "!"), "none": ("none", "?")}
_STYLE = """
:root{color-scheme:light dark;--bg:#f7f7f5;--card:#fff;--fg:#1d2327;--dim:#5d666d;--line:#dcdfe0;--ok:#16794a;--warn:#b3470b;
--none:#6b7379;--a:#1f6fb2;--b:#b3470b;--fill:#1f6fb233}
@media(prefers-color-scheme:dark){:root{--bg:#15181a;--card:#1e2326;--fg:#e6e9ea;--dim:#9aa4aa;--line:#353c40;--ok:#5fce96;
--warn:#f0a35e;--none:#9aa4aa;--a:#6cb4ee;--b:#f0a35e;--fill:#6cb4ee33}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif}
main{max-width:1080px;margin:0 auto;padding:24px 16px 48px}h1{font-size:1.1rem;margin:0;color:var(--dim);font-weight:500;
overflow-wrap:anywhere}.verdict{font-size:1.7rem;line-height:1.25;margin:.3em 0 .9em;font-weight:650;text-wrap:balance}
h2{font-size:1.05rem;margin:0 0 .6em}section{background:var(--card);border:1px solid var(--line);border-radius:10px;
padding:18px;margin:16px 0}table{border-collapse:collapse;width:100%}td,th{padding:5px 8px;text-align:left;vertical-align:top;
border-top:1px solid var(--line);font-weight:400}tr:first-child>*{border-top:0}th{color:var(--dim)}thead th{font-size:.85rem}
.mark{width:2em;font-weight:700;text-align:center}.ok{color:var(--ok)}.warn{color:var(--warn)}.none{color:var(--none)}
.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,310px),1fr));gap:14px}figure{margin:0}
img{display:block;width:100%;height:auto;border-radius:6px;background:#000}figcaption,.note{font-size:.88rem;color:var(--dim);
margin:5px 0 0}.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:16px}svg{width:100%;
height:auto;display:block}svg text{fill:var(--dim);font:12px system-ui,sans-serif}.walks td{font-variant-numeric:tabular-nums}
.walks td:nth-child(2){white-space:nowrap}.warnings{margin:0 0 1.2em;padding-left:1.2em;overflow-wrap:anywhere}
.rose{display:flex;gap:6px;align-items:center;max-width:520px;margin:0 auto}.rose svg:first-child{flex:5}
.rose svg:last-child{flex:1}
@media(max-width:520px){.verdict{font-size:1.35rem}section{padding:13px}td,th{padding:4px 5px}
.two svg text{font-size:15px}}
"""

Picture = Float32[np.ndarray, "h w 3"]


def write_page(path: Path, checked: Checked, *, progress: Progress = SILENT) -> None:
    """Write the report with pictures and plots; raises `InputError` where ``path`` cannot be written."""
    with atomic_path(path) as temporary:
        temporary.write_text(page(checked, progress=progress), encoding="utf-8")


def page(checked: Checked, *, progress: Progress = SILENT) -> str:
    """Return the page's text."""
    report = checked.report
    warnings = "".join(f"<li>{escape(line.label)}: {escape(line.value)}</li>" for line in report.lines() if line.mark == "warn")
    body = [
        f'<h1>{escape(report.facts.path.name)}</h1><p class="verdict">{escape(report.verdict())}</p>',
        f'<ul class="warnings warn">{warnings}</ul>' if warnings else "",
        _section("From where the camera stood", _pictures(_at_origin(checked))),
        _section("Half a metre aside", _pictures(_aside(checked, progress)),
                 "Pink marks where you can see through the scene; viewers draw their background colour there."),
        _section("How far you can walk", _ranges(report)),
        _section("What goes wrong as you walk farther", _curves(report)),
        *([_section("Beside photographs", _views(report.views))] if report.views else []),
        _section("The file", _facts(list(report.lines()))),
        _section("All directions", _walks(report.walks.walks), _how()),
    ]
    title = escape(f"{report.facts.path.name}: report card")
    return ('<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, '
            f'initial-scale=1"><title>{title}</title><style>{_STYLE}</style></head>\n<body><main>\n'
            + "\n".join(body) + "\n</main></body></html>\n")


def _views(views: Sequence[ViewLikeness]) -> str:
    rows = "".join(f"<tr><th>{escape(view.name)}</th><td>{view.from_origin_m:.2f} m</td><td>{view.psnr_db:.1f} dB</td>"
                   f"<td>{view.ssim:.3f}</td></tr>" for view in views)
    return ("<table><thead><tr><th>photograph</th><th>from the origin</th><th>PSNR</th><th>structural similarity</th></tr>"
            f"</thead>{rows}</table>")


def _section(title: str, content: str, note: str = "") -> str:
    below = f'<p class="note">{escape(note)}</p>' if note else ""
    return f"<section><h2>{escape(title)}</h2>{content}{below}</section>"


def _pictures(pictures: Sequence[tuple[str, Picture]]) -> str:
    return '<div class="pictures">' + "".join(
        f'<figure><img alt="{escape(caption)}" src="{_data_uri(rgb)}"><figcaption>{escape(caption)}</figcaption></figure>'
        for caption, rgb in pictures) + "</div>"


def _data_uri(rgb: Picture) -> str:
    bgr = np.rint(np.clip(rgb[..., ::-1], 0, 1) * 255).astype(np.uint8)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")


def _over_gaps(shown: Rendering) -> Picture:
    return shown.rgb + (1 - shown.alpha)[..., None] * _GAP


def _at_origin(checked: Checked) -> list[tuple[str, Picture]]:
    likeness = checked.report.likeness
    found = [("The scene", _over_gaps(checked.shown))]
    if likeness is not None:
        error = np.minimum(_AMPLIFIED * likeness.error, 1)
        heat = cv2.applyColorMap(np.rint(error * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
        found += [("The panorama", likeness.photo),
                  (f"The difference, {_AMPLIFIED} times as strong", heat.astype(np.float32) / np.float32(255))]
    return found


def _aside(checked: Checked, progress: Progress) -> list[tuple[str, Picture]]:
    walks = sorted(checked.report.walks.walks, key=lambda walk: walk.range_m)
    found = []
    for number, (kind, walk) in enumerate((("worst", walks[0]), ("best", walks[-1]))):
        progress.report("Pictures", number, 2)
        free_m = max(_LEAST_ASIDE_M, min(_ASIDE_M, walk.surface_m - CLEARANCE_M))
        shown = render_panorama(checked.gaussians, _ROWS, DIRECTIONS[NAMES.index(walk.name)] * free_m)
        found.append((f"{free_m:.2g} m {in_words(walk.name)}, the {kind} direction", _over_gaps(shown)))
    progress.report("Pictures", 2, 2)
    return found


def _ranges(report: Report) -> str:
    walking_range = report.walks.range
    return (f'<div class="rose">{rose_svg(walking_range)}{height_svg(walking_range)}</div>'
            '<p class="note">Seen from above: the camera in the middle, its view direction on top; beside it, up and down. '
            f"The edge of the plot is {FARTHEST_M:g} m or more. Between forward, right, back and left it is an estimate from "
            "the diagonal directions below.</p>")


def _curves(report: Report) -> str:
    return '<div class="two">' + "".join(
        f"<div>{curves_svg(title, _lines(report.walks.walks, values), limit)}</div>"
        for title, values, limit in (("Damage in the worst part of the view, as a share of what is too much", "spoilt", 1.0),
                                     ("Share of the worst part that has come apart", "torn", LIMITS.torn))) + "</div>"


def _lines(walks: Sequence[Walk], values: str) -> list[Curve]:
    return [Curve(in_words(walk.name), [(0.0, 0.0), *zip(walk.distances_m, getattr(walk, values), strict=True)])
            for walk in walks]


def _facts(lines: Sequence[Line]) -> str:
    rows = "".join(
        f'<tr><td class="mark {_MARKS[line.mark][0]}">{_MARKS[line.mark][1]}</td><th>{escape(line.label)}</th>'
        f"<td>{escape(line.value)}</td></tr>" for line in lines)
    return f"<table>{rows}</table>"


def _walks(walks: Sequence[Walk]) -> str:
    rows = "".join(
        f"<tr><th>{escape(in_words(walk.name))}</th><td>{walk.range_m:.2f} m</td>"
        f"<td>{escape(ENDS[walk.reason] or 'or more')}</td></tr>" for walk in walks)
    return f'<table class="walks"><thead><tr><th>direction</th><th>safe</th><th>then</th></tr></thead>{rows}</table>'


def _how() -> str:
    return ("What decides is the worst parts (about 10° wide) of the view ahead and to both sides. A part is spoilt when "
            f"{LIMITS.torn:.0%} of it has come apart, or {LIMITS.see_through:.0%} is see-through, or {LIMITS.stretch:.0%} "
            "stretched, or, where the depth was estimated, it may be "
            f"{np.degrees(LIMITS.displaced_rad):.1f}° out of place; these add up. A walk also ends when the nearest surface is "
            f"{CLEARANCE_M:g} m away.")
