import pytest

from spag4d.data import Layers
from spag4d.formats.layer_comment import is_layers, layers_comment, layers_in
from tests.formats.gaussian_scenes import scene

COUNTS = {"fine": 7, "backing": 0, "sky": 2, "behind": 3}


def test_the_comment_names_the_layers_that_have_members() -> None:
    comment = layers_comment(Layers.split(scene(12), COUNTS))
    assert comment == "layers fine 7 sky 2 behind 3" and is_layers(comment)
    found = layers_in(["SPAG-4D 0.1.0", comment], scene(12))
    assert found is not None and found.counts == COUNTS


@pytest.mark.parametrize("comment", [
    "layers fine 7 sky 2", "layers fine 7 sky 2 behind 4", "layers sky 2 fine 7 behind 3", "layers fine 7 sky 2 fine 3",
    "layers fine 7 roof 5", "layers", "layers ", "layers fine -7 sky 19", "my layers fine 12", "layers fine " + 400 * "9"])
def test_a_comment_that_does_not_fit_the_file_names_nothing(comment: str) -> None:
    assert layers_in([comment], scene(12)) is None
