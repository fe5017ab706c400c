"""``spag4d diffuse``: a video model brings a still to life, as a 360° video."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from spag4d.commands.endings import in_words
from spag4d.commands.options import FilePath
from spag4d.errors import WeightsError

if TYPE_CHECKING:
    from spag4d.commands.console import Console


@click.command()
@click.argument("input", type=FilePath)
@click.argument("output", type=FilePath)
@click.option("--model", required=True, metavar="FOLDER|OWNER/NAME",
              help="An image-to-video pipeline of diffusers: its folder, or its name on the model hub.")
@click.option("--download", is_flag=True, help="Fetch the model where it is missing: you know its licence and its size.")
@click.option("--prompt", default="", help="What happens, for models that take words. Say that the camera stands still.")
@click.option("--region", metavar="MASK", help="What may move, as for animate; everything else stays the photo.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Another number gives another video.")
@click.option("--size", "size_px", type=click.IntRange(64, 2048), default=512, show_default=True,
              help="Of the views that the model sees. [pixels, a multiple of 32]")
@click.option("--frames", type=click.IntRange(2, 1000), help="Of the clip; by default as many as the model usually makes.")
@click.option("--steps", type=click.IntRange(1, 1000), help="Of denoising; by default as many as the model usually takes.")
@click.option("--fps", type=click.FloatRange(1, 120), default=16, show_default=True, help="Frames a second of the video.")
@click.option("--device", default="auto", show_default=True, help="auto, cuda, cuda:N, mps, cpu.")
@click.option("--quiet", "-q", is_flag=True, help="Show only errors.")
@in_words
def diffuse(
    input: Path, output: Path, model: str, download: bool, region: str | None, fps: float, device: str, quiet: bool, **wish: Any
) -> None:
    """Let a video model bring the panorama INPUT to life as OUTPUT, a 360° video that loops (.mp4).

    The model sees the 20 flat views of `spag4d views`; where they overlap they are made to agree at every step. Needs
    pip install 'spag4d[animate]', and a GPU that the model fits on. `spag4d convert-video` makes a scene of OUTPUT.
    """
    from spag4d.animate.generated import check_generated, write_generated
    from spag4d.animate.motions import read_region
    from spag4d.animate.video_models import Wish, check_installed, load_pipeline
    from spag4d.commands.console import Console
    from spag4d.device import resolve_device
    from spag4d.photos.image import read_panorama

    with Console(quiet=quiet) as console:
        check_installed()
        check_generated(output, wish["size_px"])
        chosen = resolve_device(device)
        mask = None if region is None else read_region(region)
        panorama = read_panorama(input, progress=console.progress)
        pipeline = load_pipeline(_folder(model, download, console), chosen)
        count = write_generated(panorama, output, pipeline, Wish(**wish), region=mask, fps=fps, progress=console.progress)
        console.say(f"{output}: {count} frames")


def _folder(name: str, download: bool, console: "Console") -> Path:
    """Return the folder of a pipeline; it is fetched only after its licence was told, and by the user's word."""
    from spag4d.commands.questions import ask
    from spag4d.models.pipelines import fetch, offer, pipeline_folder

    if (folder := pipeline_folder(name)) is not None:
        return folder
    found = offer(name)
    if not download and not (sys.stdin.isatty() and ask(f"{found.words}. Fetch it?")):
        raise WeightsError(f"the model is not on this computer. --download fetches it: {found.words}")
    console.say(found.words)
    return fetch(found, progress=console.progress)
