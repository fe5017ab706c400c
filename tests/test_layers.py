"""The house rules that a reader relies on: imports point downwards, and the start stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from spag4d.commands import cli

PACKAGE = Path(__file__).parents[1] / "spag4d"

LAYERS = [
    ("errors",),
    ("progress", "registry", "data", "color", "device", "kernels"),
    ("io", "kernel_signatures"),
    ("networks", "geometry", "photos", "models", "cluster"),
    ("clips", "compiling"),
    ("depth", "refine", "splat", "video", "render", "formats"),
    ("world", "mesh", "motion", "animate"),
    ("check", "shots"),
    ("settings", "presets"),
    ("conversion", "sequence_record", "first_run", "finishing", "on_cluster"),
    ("stages", "sequence", "contradictions"),
    ("reconstruction",),
    ("clip_scene", "animated_scene", "batch", "video_parts"),
    ("batch_on_cluster", "video_on_cluster"),
    ("core",),
    ("web",),
    ("commands", "warm_up"),
    ("__main__", "__init__"),
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def part_of(module: str) -> str:
    pieces = module.split(".")
    return pieces[1] if len(pieces) > 1 else "__init__"


def imported(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found += names if node.module == "spag4d" else [node.module or ""]
    return [name for name in found if name.split(".")[0] == "spag4d"]


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(PACKAGE)) for path in MODULES])
def test_imports_never_point_upwards_or_sideways(path: Path) -> None:
    relative = path.relative_to(PACKAGE)
    home = relative.parts[0].removesuffix(".py")
    for name in imported(path):
        target = part_of(name)
        if name == "spag4d.__version__" or target == home:
            continue
        assert LEVEL[target] < LEVEL[home], f"{relative} imports {name}"


def test_folders_are_at_most_two_deep() -> None:
    assert all(len(path.relative_to(PACKAGE).parts) <= 2 for path in MODULES)


def test_each_command_is_declared_in_a_file_of_its_name() -> None:
    for name, command in cli.commands.items():
        assert command.callback is not None and command.callback.__module__ == f"spag4d.commands.{name.replace('-', '_')}"


def test_help_does_not_import_the_heavy_packages() -> None:
    code = "import sys, spag4d.commands; print(*sorted({'torch', 'cv2', 'numpy', 'PIL'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_server_starts_without_what_only_conversions_need() -> None:
    code = "import sys, spag4d.web.app; print(*sorted({'torch', 'numba'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_server_answers_about_jobs_of_every_format_without_what_only_conversions_need() -> None:
    code = ("import sys; from spag4d.formats import FORMATS; from spag4d.web.job import Job; "
            "[Job(id='a', kind='photo', name='a', created_s=0, settings={'format': name}).downloads for name in FORMATS]; "
            "print(*sorted({'torch', 'numba', 'scipy'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_built_in_depth_of_a_processor_needs_no_pytorch() -> None:
    code = ("import sys, numpy, spag4d; spag4d.SPAG4D(device='cpu').estimate_depth(numpy.zeros((64, 128, 3), numpy.uint8)); "
            "print('torch' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_public_names_are_importable() -> None:
    code = "import spag4d; print(all(getattr(spag4d, name) is not None for name in spag4d.__all__), len(spag4d.__all__))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "11"]
