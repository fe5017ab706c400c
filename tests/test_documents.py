"""What README and docs promise: links that lead somewhere, test images that are what they are said to be."""

import re
from pathlib import Path

import numpy as np
import pytest

from spag4d.depth.from_file import depth_from_file
from spag4d.io.image import read_panorama

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("training/*.md")]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


PICTURES = sorted((ROOT / "TestImage").glob("*.jpg"))


def test_there_are_three_pictures() -> None:
    assert [path.stem for path in PICTURES] == ["courtyard", "hard", "interior"]


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.stem)
def test_a_picture_comes_with_its_depth(picture: Path) -> None:
    assert picture.stat().st_size < 2.5e6
    panorama = read_panorama(picture)
    assert panorama.size_hw == (2048, 4096)
    depth = depth_from_file(picture.with_suffix(".depth.npz"), (512, 1024))
    assert depth.distance.min() > 0.3 and depth.distance[~depth.sky].max() < 2000
    assert depth.sky.any() and np.median(depth.distance[-1]) == pytest.approx(1.6, abs=0.4)
    assert (panorama.valid is None) == (picture.stem != "hard")
