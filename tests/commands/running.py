"""The command line in this process."""

from click.testing import CliRunner, Result

from spag4d.commands import cli


def run(*arguments: object) -> Result:
    """Run ``spag4d`` with these words."""
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])
