"""The command ``spag4d``: a file for each command declares it, and imports what does the work only when it runs."""

import io
import sys

import click

from spag4d import __version__
from spag4d.commands import (
    animate,
    assemble,
    check,
    convert,
    convert_video,
    diffuse,
    download_models,
    info,
    reconstruct,
    render,
    serve,
    settings,
    transform,
    views,
)
from spag4d.commands.endings import run


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="spag4d")
def cli() -> None:
    """Turn 360° panoramas into 3D scenes of Gaussian splats."""


for command in (
    convert.convert, convert_video.convert_video, reconstruct.reconstruct, animate.animate,
    render.render, check.check, transform.transform, info.info, views.views, assemble.assemble,
    diffuse.diffuse, serve.serve,
    download_models.download_models, settings.settings,
):
    cli.add_command(command)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):  # a Windows pipe would refuse characters of file names
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    run(cli, "spag4d")
