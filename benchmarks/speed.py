"""How long people wait: the import beside pandas, and the report again.

Run: python3 run.py python benchmarks/speed.py
Ratios are of one run on one machine, best of several; exits 1 where a goal is missed.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

GOALS = {"import": 1.10, "report": 3.0}


def best(words, times):
    """Seconds of the fastest of several runs of a new Python."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run([sys.executable, *words], check=True, capture_output=True)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def main():
    pandas = best(["-c", "import pandas"], 7)
    ours = best(["-c", "import umkm_analysis"], 7)
    used = best(["-c", "import umkm_analysis as ua; ua.load('observations')"], 7)
    with tempfile.TemporaryDirectory() as folder:
        words = ["-m", "umkm_analysis", "report", "--out", str(Path(folder))]
        first = best(words, 1)
        # What is there to the byte is not made again.
        again = best(words, 4)
    rows = [
        ("import pandas", pandas, ""),
        ("import umkm_analysis", ours, f"{ours / pandas:.2f} x pandas"),
        (
            "import umkm_analysis, load observations",
            used,
            f"{used / pandas:.2f} x pandas",
        ),
        ("umkm report, id and en, HTML, first", first, ""),
        ("umkm report, id and en, HTML, again", again, f"goal {GOALS['report']:g} s"),
    ]
    for name, seconds, remark in rows:
        print(f"{name:45}{seconds:7.2f} s  {remark}")
    missed = ours / pandas > GOALS["import"] or again > GOALS["report"]
    if missed:
        print("a goal is missed")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
