"""From a fresh clone to a report, beyond the download.

    python3 run.py python benchmarks/setup.py [--runs 3] [--peer]

Each run clones this repository (what is committed) into a new folder and starts
`run.py report` there with warm package caches, so that what is timed is work and not
the network. The steps are those a newcomer waits for. `--peer` also times the usual
way, venv and pip with the same lock, in the same run.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]

# Seconds from nothing to the report that a newcomer may be asked to wait.
LIMIT = 20


def base_python():
    """The Python behind .venv, as a newcomer would start it."""
    return getattr(sys, "_base_executable", sys.executable)


class Seconds(NamedTuple):
    """By the clock, and of the processor: a busy machine changes the first only."""

    clock: float
    processor: float

    @staticmethod
    def sum(items):
        return Seconds(*(sum(each) for each in zip(*items, strict=True)))


def spent():
    times = os.times()
    return times.children_user + times.children_system


def timed(*command, cwd):
    variables = dict(os.environ)
    variables.pop("VIRTUAL_ENV", None)
    start, before = time.perf_counter(), spent()
    subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return Seconds(time.perf_counter() - start, spent() - before)


def once(folder):
    """Seconds for each step of one newcomer."""
    clone = folder / "clone"
    python = base_python()
    return {
        "clone": timed("git", "clone", "-q", ROOT, clone, cwd=folder),
        "set-up": timed(python, "run.py", "python", "-V", cwd=clone),
        "first report": timed(python, "run.py", "report", cwd=clone),
        "second report": timed(python, "run.py", "report", cwd=clone),
        "second start": timed(python, "run.py", "python", "-c", "", cwd=clone),
        "of it Python": timed(clone / ".venv/bin/python", "-c", "", cwd=clone),
    }


def peer(folder):
    """Seconds for venv and pip with the same lock."""
    home = folder / "venv"
    python = home / "bin" / "python"
    lock = ROOT / "requirements.lock"
    pip = [python, "-m", "pip", "install", "-q", "--require-hashes", "-r", lock]
    steps = [base_python(), "-m", "venv", home], pip
    return Seconds.sum(timed(*command, cwd=folder) for command in steps)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peer", action="store_true")
    options = parser.parse_args()

    runs = []
    # The first one fills the caches and is not counted.
    for _ in range(options.runs + 1):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(once(Path(folder)))
    runs = runs[1:]

    rows = {step: [run[step] for run in runs] for step in runs[0]}
    newcomer = "clone", "set-up", "first report"
    total = [Seconds.sum(run[step] for step in newcomer) for run in runs]
    rows["fresh clone to a report"] = total
    if options.peer:
        with tempfile.TemporaryDirectory() as folder:
            rows["peer of set-up: venv and pip"] = [peer(Path(folder))]

    print(f"Python {sys.version.split()[0]}, {options.runs} runs, seconds\n")
    print("| step                         | median |  worst | processor |")
    print("|------------------------------|-------:|-------:|----------:|")
    for step, seconds in rows.items():
        clock = [each.clock for each in seconds]
        processor = statistics.median(each.processor for each in seconds)
        print(f"| {step:<28} | {statistics.median(clock):6.2f} | ", end="")
        print(f"{max(clock):6.2f} | {processor:9.2f} |")
    print(f"\nfresh clone to a report: at most {LIMIT} s wanted")
    return 0 if max(each.clock for each in total) <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
