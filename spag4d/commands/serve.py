"""``spag4d serve``: the web page."""

import click

from spag4d.commands.endings import in_words
from spag4d.commands.options import cluster_option


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 lets other machines in.")
@click.option("--port", type=click.IntRange(0, 65535), show_default="7860, or the next free one",
              help="Port; 0 takes any free one.")
@click.option("--open", "open_page", is_flag=True, help="Open the page in a browser as soon as the server answers.")
@click.option("--name", "names", multiple=True, help="Another name for the server, such as a proxy's; repeatable.")
@click.option("--no-auth", is_flag=True, help="Do not ask other machines for a token.")
@click.option("--max-upload", type=click.FloatRange(1), default=4000, show_default=True, help="Largest file accepted. [MB]")
@click.option("--max-queue", type=click.IntRange(1), default=100, show_default=True, help="Most jobs that may wait.")
@click.option("--keep-days", type=click.FloatRange(0), default=90, show_default=True,
              help="How many days to keep scenes; 0 keeps them for ever.")
@click.option("--example/--no-example", default=True, show_default=True,
              help="Convert the example picture when nothing else is to be done, once, so that the page begins with a scene.")
@cluster_option("Let the workers of a Ray cluster convert, on machines that all see SPAG4D_HOME")
@in_words
def serve(  # noqa: PLR0913
    host: str, port: int | None, open_page: bool, names: tuple[str, ...], no_auth: bool,
    max_upload: float, max_queue: int, keep_days: float, example: bool, cluster: str | None,
) -> None:
    """Start the web page, by default at http://localhost:7860.

    Jobs and their files are kept in SPAG4D_HOME. Other machines are let in only with --host, or through a proxy with
    --name, and need the token that is printed; SPAG4D_TOKEN sets it.
    """
    from spag4d.compiling import compile_in_background
    from spag4d.web.server import Listening, serve_page
    from spag4d.web.service import Limits

    compile_in_background()
    limits = Limits(max_upload, max_queue, keep_days, with_example=example)
    serve_page(Listening(host, port, names, no_auth, open_page), limits, cluster=cluster, say=click.echo)
