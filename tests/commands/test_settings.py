import json

from spag4d.settings import declared
from tests.commands.running import run


def test_settings_command_lists_all() -> None:
    table = run("settings").output
    assert all(f"`{setting.name}`" in table for setting in declared())
    assert json.loads(run("settings", "--schema").output)["additionalProperties"] is False
