"""From the text fields of a form to `Settings`."""

from collections.abc import Mapping

from spag4d.errors import InputError
from spag4d.registry import nearest
from spag4d.settings import Settings, declared


def settings_from(fields: Mapping[str, str]) -> Settings:
    """Return the settings that a form asks for; an empty field is one that was left alone.

    Raises `InputError` for unknown fields, with the nearest known one, and for values out of bounds.
    """
    known = [setting.name for setting in declared() if setting.extra["page"]]
    for name in fields:
        if name not in known:
            raise InputError(f"unknown setting '{name[:80]}'{nearest(name[:80], known)}")
    return Settings.of(**{name: value.strip() for name, value in fields.items() if value.strip()})
