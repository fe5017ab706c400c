"""Tries hostile files, and counts what comes of them: ``python -m benchmarks.fuzz --count 5000 --seed 1``.

Each trial is made of the seed and its number alone, so that ``--first N --count 1`` repeats one of them.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a child inherits no threads, and each would make its own

from benchmarks.fuzz.mutations import Mutant, mutant  # noqa: E402
from benchmarks.fuzz.samples import Sample, samples  # noqa: E402
from benchmarks.fuzz.trial import ACCEPTED, FAULTS, REFUSED, SAID, VERDICTS, WRONG, Trial, done, tried  # noqa: E402


def warmed(found: list[Sample], folder: Path) -> None:
    """Do in this process what the children will do, with honest files, so that they find everything loaded."""
    import cv2
    import tqdm

    cv2.setNumThreads(1)
    tqdm.tqdm.monitor_interval = 0
    for number, sample in enumerate(found):
        place = folder / str(number)
        place.mkdir()
        sample.laid_out(place, sample.files[sample.name])
        for work in dict.fromkeys(sample.works):
            if done(work, place):
                raise SystemExit(f"the honest {sample.name} is not accepted: {(place / SAID).read_text()}")


def one_trial(sample: Sample, changed: Mutant, rng: Random, place: Path) -> Trial:
    """Lay a hostile file out and try it; one that is cut may only be accepted with a warning."""
    place.mkdir()
    sample.laid_out(place, changed.data)
    trial = tried(sample.work(rng), place)
    if trial.verdict == ACCEPTED and changed.missing > sample.spare and "Warning: " not in trial.said:
        return Trial(WRONG, f"{trial.said}\nbut it is cut", trial.seconds, trial.megabytes)
    return trial


def main() -> None:
    """Print a table by kind of file, every fault, and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="a part of the names or kinds of the samples to be tried")
    parser.add_argument("--keep", type=Path, help="a folder for the files that end in a fault")
    options = parser.parse_args()
    started = time.perf_counter()
    counts: dict[str, Counter[str]] = {}
    slowest = largest = 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "made").mkdir()
        (folder / "honest").mkdir()
        found = [sample for sample in samples(folder / "made") if options.only in f"{sample.kind} {sample.name}"]
        warmed(found, folder / "honest")
        begun = time.perf_counter()
        for number in range(options.first, options.first + options.count):
            rng = Random(f"{options.seed}/{number}")
            sample = found[rng.randrange(len(found))]
            changed = mutant(sample.files[sample.name], rng)
            place = folder / str(number)
            trial = one_trial(sample, changed, rng, place)
            counts.setdefault(sample.kind, Counter())[trial.verdict] += 1
            slowest, largest = max(slowest, trial.seconds), max(largest, trial.megabytes)
            if trial.verdict in FAULTS:
                print(f"{number} {sample.name}: {trial.verdict}, {trial.seconds:.1f} s, {trial.megabytes:.0f} MB; "
                      f"{changed.how}\n    {trial.said.strip()[-1500:]}", flush=True)
                if options.keep:
                    shutil.copytree(place, options.keep / f"{number}-{trial.verdict.split()[0]}", dirs_exist_ok=True)
            shutil.rmtree(place)
    print(f"{'':12}" + "".join(f"{verdict:>18}" for verdict in VERDICTS))
    for kind, of_kind in sorted(counts.items()):
        print(f"{kind:12}" + "".join(f"{of_kind[verdict]:>18,}" for verdict in VERDICTS))
    total = sum(counts.values(), Counter())
    faults = sum(total[verdict] for verdict in FAULTS)
    print(json.dumps({
        "seed": options.seed, "tried": options.count, "refused": total[REFUSED], "accepted": total[ACCEPTED], "faults": faults,
        "slowest_s": round(slowest, 2), "largest_mb": round(largest), "seconds": round(time.perf_counter() - begun, 1),
        "seconds_before": round(begun - started, 1)}))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
