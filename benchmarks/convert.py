"""Seconds per stage and peak memory of a whole conversion, each run in a process of its own.

    python benchmarks/convert.py TestImage/courtyard.jpg --depth-map TestImage/courtyard.depth.npz --stride 1 --runs 5

Prints a table of medians and one line of JSON. With ``--depth-map`` no depth network runs.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path


def convert(picture: Path, options: list[str]) -> tuple[dict, float]:
    """Return the result of one conversion and the peak memory of its process in MB."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "spag4d", "convert", str(picture), f"{folder}/scene.ply", "--json", *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        record = json.loads(process.stdout.read())
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return record, usage.ru_maxrss / 1024 / (1024 if sys.platform == "darwin" else 1)


def main() -> None:
    """Run the benchmark; options that it does not know go to ``spag4d convert``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    arguments, options = parser.parse_known_args()
    results = [convert(arguments.picture, options) for _ in range(arguments.runs)]
    records = [record for record, _ in results]
    stages = {name: statistics.median(r["stage_times"][name] for r in records) for name in records[0]["stage_times"]}
    total = statistics.median(record["processing_time"] for record in records)
    peak = max(memory for _, memory in results)
    print(f"{arguments.picture.name} {' '.join(options)}: {records[0]['splat_count']:,} Gaussians, medians of {arguments.runs}")
    print("\n".join(f"| {name} | {seconds:.2f} s |" for name, seconds in {**stages, "total": total}.items()))
    print(f"| peak memory | {peak:.0f} MB |")
    print(json.dumps({"picture": arguments.picture.name, "options": options, "stages": stages, "total_s": total,
                      "peak_mb": peak, "machine": platform.processor() or platform.machine(), "cpus": os.cpu_count()}))


if __name__ == "__main__":
    main()
