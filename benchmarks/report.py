"""The report beside what a user would run instead: nbconvert on one notebook.

Run: python3 run.py python benchmarks/report.py
One process each; "again" is the second time in the same process. Exits 1 where id and
en as HTML and PDF take over 3 s again, or where regions do not grow linearly.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GOAL = 3.0


def timed(function, *args, **options):
    start = time.perf_counter()
    function(*args, **options)
    return time.perf_counter() - start


def nbconvert(out):
    """Notebook 01 executed and written as HTML, as papermill and nbconvert would."""
    subprocess.run(
        [
            sys.executable,
            "-m",
            "nbconvert",
            "--to=html",
            "--execute",
            f"--output-dir={out}",
            str(ROOT / "notebooks" / "id" / "01_angka.ipynb"),
        ],
        check=True,
        capture_output=True,
    )


def main():
    import umkm_analysis as ua
    from umkm_analysis import report

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        pages = {"formats": ("html", "pdf"), "out": out}
        first = timed(report.build, **pages)
        again = min(timed(report.build, **pages) for _ in range(3))
        everything = timed(report.build, formats=report.FORMATS, out=out)
        rival = min(timed(nbconvert, out) for _ in range(2))
        # Regions: the first ones, then four times as many.
        codes = report.all_regions(ua.data.shipped())[:16]
        options = {"langs": ("id",), "formats": ("html",), "out": out}
        few = sum(timed(report.build, region=c, **options) for c in codes[:4])
        many = sum(timed(report.build, region=c, **options) for c in codes)
    rows = [
        ("id and en, HTML and PDF, first in a process", first),
        ("the same again", again),
        ("every format", everything),
        ("nbconvert --execute, notebook 01 to HTML", rival),
        ("4 regions, HTML", few),
        ("16 regions, HTML", many),
    ]
    for name, seconds in rows:
        print(f"{name:48}{seconds:7.2f} s")
    print(f"nbconvert / report again: {rival / again:.1f}")
    print(f"16 regions / 4 regions: {many / few:.1f}")
    missed = again > GOAL or many / few > 8
    if missed:
        print("a goal is missed")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
