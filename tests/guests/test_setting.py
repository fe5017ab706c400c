"""A setting is one declaration: it is an option, in the schema of the page's form, checked, recorded, and reaches a stage."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TRIAL = '''
import importlib.util, json, sys, types
from pathlib import Path

import spag4d

source = Path(importlib.util.find_spec("spag4d.settings").origin).read_text(encoding="utf-8")
line = "    haze_m: float = _setting(5.0, 'How far one sees.', label='Haze', group='Gaussians', unit='m', gt=0)\\n"
place = source.index("    stride: int")
module = types.ModuleType("spag4d.settings")
module.__file__ = "settings.py"
sys.modules["spag4d.settings"] = spag4d.settings = module
exec(source[:place] + line + source[place:], module.__dict__)

import numpy as np
from click.testing import CliRunner

from spag4d import SPAG4D, InputError
from spag4d.commands import cli
from spag4d.web.job_request import JobRequest


assert "--haze-m" in CliRunner().invoke(cli, ["convert", "--help"]).output
assert "haze_m" in json.loads(CliRunner().invoke(cli, ["settings", "--schema"]).output)["properties"]
assert "--haze-m" in CliRunner().invoke(cli, ["settings"]).output
assert JobRequest.model_validate({"uploads": ["0" * 32], "settings": {"haze_m": 7}})
assert SPAG4D(haze_m=3).settings.haze_m == 3
try:
    SPAG4D(haze_m=-1)
except InputError as error:
    assert "haze" in str(error).lower()
else:
    raise AssertionError("bounds are not checked")
scene = Path(sys.argv[1], "a.ply")
SPAG4D(haze_m=3, stride=4).convert(np.full((64, 128, 3), 0.4, np.float32), scene, depth_map=np.full((64, 128), 2, np.float32))
assert b'"haze_m":3.0' in scene.read_bytes()[:4000]
'''


def test_a_guest_is_everywhere(tmp_path: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n" + TRIAL
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False, timeout=300,
                          cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
