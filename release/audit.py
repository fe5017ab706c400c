"""Looks up what is installed among the known faults of published packages: ``.venv/bin/python release/audit.py``.

Fails where a fault is known that a newer version mends. Where the auditor or a list of faults cannot be had, as without a
network, it says so and succeeds.
"""

import json
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path
from typing import Any

_AUDITOR = "pip-audit"
_INSTALLING_S, _AUDITING_S = 120, 180


def main() -> None:
    """Print what is known and exit with 1 where something is to be done."""
    with tempfile.TemporaryDirectory() as folder:
        report = _report(Path(folder))
    if isinstance(report, str):
        print(f"audit: skipped, {report}")
        return
    lines, to_do = summary(report)
    print("\n".join(lines))
    sys.exit(1 if to_do else 0)


def summary(report: dict[str, Any]) -> tuple[list[str], bool]:
    """Summarise an auditor's report in lines, and return whether a newer version of something is needed.

    A package that it found nothing about was not looked up; if that is all of them, there was no list to look them up in.
    """
    packages = report["dependencies"]
    known = [package for package in packages if "vulns" in package]
    if not known:
        return [f"audit: skipped, none of {len(packages)} packages could be looked up: no list of faults can be reached"], False
    lines, to_do = [f"audit: {len(known)} of {len(packages)} packages were looked up"], False
    for package in known:
        for fault in package["vulns"]:
            mended = ", ".join(fault["fix_versions"])
            to_do |= bool(mended)
            lines.append(f"audit: {package['name']} {package['version']}: {fault['id']}, "
                        + (f"mended in {mended}" if mended else "not mended in any version yet"))
    return lines, to_do


def _report(folder: Path) -> dict[str, Any] | str:
    """Install the auditor by itself and return what it reports of our own packages, or why it does not."""
    try:
        venv.create(folder, with_pip=True)
        python = str(next(path for path in (folder / "bin/python", folder / "Scripts/python.exe") if path.exists()))
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", _AUDITOR]
        if subprocess.run(install, capture_output=True, timeout=_INSTALLING_S, check=False).returncode:
            return f"{_AUDITOR} cannot be installed"
        audit = [python, "-m", "pip_audit", "--path", sysconfig.get_path("purelib"), "--skip-editable", "--format", "json",
                 "--progress-spinner", "off", "--timeout", "10"]
        done = subprocess.run(audit, capture_output=True, text=True, timeout=_AUDITING_S, check=False)
        return json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        return f"{_AUDITOR} took longer than {error.timeout:.0f} s"
    except (OSError, subprocess.SubprocessError, ValueError):
        return f"{_AUDITOR} gave no answer: no list of faults can be reached"


if __name__ == "__main__":
    main()
