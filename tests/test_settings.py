import re
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spag4d.commands.convert import convert
from spag4d.commands.convert_video import convert_video
from spag4d.errors import InputError
from spag4d.settings import Settings, declared, markdown_table, page_schema


@pytest.mark.parametrize(("command", "video"), [(convert, False), (convert_video, True)])
def test_command_line_without_options_is_the_default(command: click.Command, video: bool) -> None:
    names = {setting.name for setting in declared(video=video)}
    context = click.Context(command)
    parsed = {str(p.name): p.get_default(context) for p in command.params if p.name in {one.name for one in declared()}}
    assert Settings.of(**parsed) == Settings()
    assert parsed.keys() == names


def test_the_documented_table_is_the_generated_one() -> None:
    assert markdown_table() in (Path(__file__).parents[1] / "docs" / "settings.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("values", "words"), [
    ({"stried": 2}, ["unknown setting 'stried'", "'stride'"]),
    ({"stride": 0}, ["stride = 0", "1"]),
    ({"stride": 17}, ["stride = 17", "16"]),
    ({"stride": "two"}, ["stride = 'two'", "integer"]),
    ({"depth_model": "bultin"}, ["depth_model = 'bultin'", "auto, panda, ", "did you mean 'builtin'"]),
    ({"depth_min": 50, "depth_max": 20}, ["depth_min (50 m)", "depth_max (20 m)"]),
    ({"global_scale": float("nan")}, ["global_scale", "finite"]),
    *(({name: value}, [f"{name} = {value!r}"]) for name, values in {
        "fps": (1e7, 1e12, 0, -1), "global_scale": (1e308, 1e-320, 0, -2), "camera_height": (1e308, -1),
        "depth_max": (1e308, 1e-320),
        "depth_map_unit": (0, 1e-320, 1e308), "sky_threshold": (1e308,), "start": (-1, 1e300), "duration": (0, -1, 1e300),
        "scale_factor": (1e-320,), "thickness": (1e-320,), "opacity": (1e-320, 1 - 1e-16), "max_splats": (10**30,),
        "temporal_alpha": (1 - 1e-16,)}.items() for value in values),
    ({"camera_height": 1e-320}, ["camera_height = 1e-320", "0.01 m"]),
    ({"device": "gpu"}, ["device = 'gpu'"]),
])
def test_a_bad_setting_is_named_with_its_value(values: dict, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        Settings.of(**values)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert "\n" not in str(caught.value)


@given(stride=st.integers(1, 16), scale=st.floats(0.1, 10), backing=st.booleans())
def test_a_record_repeats_the_run(stride: int, scale: float, backing: bool) -> None:
    settings = Settings.of(stride=stride, scale_factor=scale, backing=backing)
    assert Settings.model_validate_json(settings.model_dump_json()) == settings


def test_changed_leaves_the_original_alone() -> None:
    settings = Settings()
    assert settings.changed(stride=4).stride == 4
    assert settings.stride == 2
    assert settings.changed() is settings
    with pytest.raises(InputError, match="'thickness'"):
        settings.changed(thicknes=0.2)


def test_every_setting_says_what_it_does() -> None:
    for setting in declared():
        assert setting.field.description and setting.field.description.endswith(".")
        assert setting.extra["group"]
        assert setting.field.default in setting.choices or not setting.choices


def test_the_page_does_not_speak_command_line() -> None:
    names = "|".join(setting.name for setting in declared() if "_" in setting.name)
    for name, one in page_schema()["properties"].items():
        said = f"{one['title']} {one['description']}"
        typed = rf"--|spag4d|download-models|extension|without a value|\b(option|stride|{names})\b"
        found = re.search(typed, said, re.IGNORECASE)
        assert found is None, (name, said)
    folder = Path(__file__).parents[1] / "static"
    for path in [*folder.glob("js/**/*.js"), folder / "index.html", folder / "token.html"]:
        texts = re.findall(r"\"[^\"\n]*\"|`[^`]*`|>[^<]*<", path.read_text(encoding="utf-8"))
        typed = [text for text in texts if re.search(r"(?<!var\()--[a-z]{2}|\bspag4d (convert|download|serve)", text)]
        assert typed == [], path.name


def test_several_formats_are_one_setting() -> None:
    assert Settings.of(format="ply, spz,sog").format == "ply, spz,sog"
    for wrong in ("ply,auto", "ply,,spz", "ply,spx", ""):
        with pytest.raises(InputError, match="choose one of auto, ply, .* or several"):
            Settings.of(format=wrong)
    with pytest.raises(InputError, match="depth_model"):
        Settings.of(depth_model="builtin,panda")
