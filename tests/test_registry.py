import pytest

from spag4d.depth import DEPTH_MODELS
from spag4d.errors import InputError
from spag4d.formats import FORMATS, READ_ONLY
from spag4d.registry import Registry, nearest


def test_parts_are_imported_on_first_use() -> None:
    assert Registry("thing", {"root": "math:sqrt"}).load("root")(9) == 3


def test_an_unknown_name_lists_the_choices_and_the_nearest() -> None:
    registry = Registry("thing", {"alpha": "math:sin", "beta": "math:cos"})
    with pytest.raises(InputError, match=r"unknown thing 'alhpa', did you mean 'alpha'\? Choices: alpha, beta"):
        registry["alhpa"]
    with pytest.raises(InputError, match=r"unknown thing 'zzz'\. Choices: alpha, beta"):
        registry.load("zzz")


def test_asking_for_an_unknown_name_is_no_error() -> None:
    registry = Registry("thing", {"alpha": "math:sin"})
    assert "alpha" in registry and "beta" not in registry


def test_nearest_stays_silent_when_nothing_is_like_it() -> None:
    assert nearest("qqq", ["alpha"]) == ""


@pytest.mark.parametrize("registry", [DEPTH_MODELS, FORMATS, READ_ONLY], ids=["depth", "formats", "read only"])
def test_every_registered_part_exists(registry: Registry) -> None:
    assert len(registry) > 0
    for name in registry:
        assert registry.load(name) is not None
