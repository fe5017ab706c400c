"""What README and docs promise: links that lead somewhere, test images that are what they are said to be."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from spag4d.depth.from_file import depth_from_file
from spag4d.photos.image import read_panorama

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


def said_by_the_program() -> list[str]:
    """Every text in the package, with a zero character where an f-string puts something in, and the launchers."""
    texts = []
    for path in (ROOT / "spag4d").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                texts.append("".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
    return texts + [(ROOT / name).read_text(encoding="utf-8") for name in ("install.bat", "run.sh")]


def test_what_to_do_is_told_about_messages_that_there_are() -> None:
    table = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(.+?)` \|", table, re.MULTILINE)
    said = said_by_the_program()
    assert len(rows) > 10
    assert [row for row in rows if not any(row in text for text in said)] == []
