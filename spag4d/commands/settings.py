"""``spag4d settings``: every setting, as a table or a schema."""

import json

import click

from spag4d.commands.endings import in_words
from spag4d.settings import Settings, markdown_table


@click.command()
@click.option("--schema", is_flag=True, help="Print the JSON schema instead of the table.")
@in_words
def settings(schema: bool) -> None:
    """List every setting with its default, bounds and meaning."""
    click.echo(json.dumps(Settings.model_json_schema(), indent=2) if schema else markdown_table(), nl=schema)
