"""How the work grows: check, load, import and report beside pandas.read_csv.

Run: python3 run.py python benchmarks/scale.py [LARGEST]
LARGEST is the number of rows of the largest folder, 1000000 by default. The rows are
made here, in a folder that is deleted again; they say nothing about anything. Each
step is a new Python: processor seconds without its start, and its peak memory. Exits 1
where 10^6 rows are checked in more than GOAL times pandas.read_csv of the same file.
"""

import csv
import itertools
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from umkm_analysis import folder
from umkm_analysis.folder import write_table

GOAL = 5
#: A step that takes longer is given up.
LIMIT = 300
SIZES = ("micro", "small", "medium", "msme")
SECTORS = tuple("ABCDEFGHIJKLMNOPQRSTU")
STEPS = {
    "read_csv": "import pandas as pd; pd.read_csv(FOLDER + '/observations.csv')",
    "check": "from umkm_analysis import contract\nassert contract.check(FOLDER) == []",
    "load": "import umkm_analysis as ua\nua.open_folder(FOLDER).load('observations')",
    "import": (
        "from umkm_analysis import importing\n"
        "plan = importing.plan(FOLDER + '/long.csv', FOLDER, {'concept': 'bench2',"
        " 'status': 'observed', 'publisher': 'Benchmark'})\n"
        "assert not plan.questions, plan.questions\n"
        "assert len(plan.write()) == plan.counts()['taken', 'figure']"
    ),
    "report": (
        "import umkm_analysis as ua\n"
        "ua.report.build(ua.open_folder(FOLDER), langs=['en'], formats=['html'],"
        " out=FOLDER + '/out')"
    ),
}
MEASURED = """
import resource, sys, time, pandas
FOLDER = {folder!r}
start = time.process_time()
{step}
seconds = time.process_time() - start
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def measured(step, place):
    """Seconds and MiB of one step in a new Python."""
    code = MEASURED.format(folder=str(place), step=STEPS[step])
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False,
            timeout=LIMIT,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return None, None
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    seconds, memory = done.stdout.split()
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return float(seconds), float(memory) / unit


def made(place, rows, regions):
    """A folder with that many rows about that many areas."""
    home = folder.new(place, region="area-0", name="Area 0")
    with (home / "regions.csv").open("a", encoding="utf-8", newline="") as file:
        for i in range(1, regions):
            file.write(f"area-{i},,Area {i},other,0000,,\n")
    with (home / "concepts.csv").open("a", encoding="utf-8", newline="") as file:
        for name in ("bench", "bench2"):
            file.write(f"{name},b,b,b,b,no,no,,agency_list,{name}s,\n")
    months = (f"{1940 + n // 12}-{n % 12 + 1:02}" for n in itertools.count())
    combined = (
        (month, f"area-{r}", size, sector)
        for month in months
        for sector in SECTORS
        for size in SIZES
        for r in range(regions)
    )
    with (home / "observations.csv").open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file))

    def lines():
        for n, (month, area, size, sector) in enumerate(combined, 1):
            if n > rows:
                return
            value = 1000 + n % 97
            yield {
                "id": f"B-{n}", "region_code": area, "period": month,
                "year": month[:4], "measure": "business_units", "concept": "bench",
                "size_class": size, "sector": sector, "value": value,
                "value_low": value, "value_high": value, "precision": "exact",
                "status": "observed", "grade": "B", "source_id": "example",
            }  # fmt: skip

    write_table(home / "observations.csv", columns, lines())
    heads = ["Wilayah", "Tanggal", "Jumlah Usaha", "Skala", "Sektor"]
    with (
        (home / "observations.csv").open(encoding="utf-8", newline="") as source,
        (home / "long.csv").open("w", encoding="utf-8", newline="") as target,
    ):
        writer = csv.writer(target, delimiter=";")
        writer.writerow(heads)
        for r in csv.DictReader(source):
            name = r["region_code"].replace("area-", "Area ")
            writer.writerow(
                [name, r["period"], r["value"], r["size_class"], r["sector"]]
            )
    return home


def main():
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = [(10**n, 500 if n > 3 else 50) for n in range(3, 7) if 10**n <= largest]
    rounds += [(10_000, 1)] if largest >= 10_000 else []
    print(
        f"{'rows':>9} {'areas':>5}  {'step':9}{'seconds':>9}{'MiB':>7}  beside read_csv"
    )
    missed = False
    for rows, regions in rounds:
        with tempfile.TemporaryDirectory() as base:
            start = time.perf_counter()
            home = made(Path(base) / "f", rows, regions)
            size = (home / "observations.csv").stat().st_size / 1e6
            took = time.perf_counter() - start
            print(f"{rows:9,} {regions:5}  made      {took:9.2f}   ({size:.0f} MB)")
            base_time = None
            for step in STEPS:
                seconds, memory = measured(step, home)
                if seconds is None:
                    print(f"{rows:9,} {regions:5}  {step:9} over {LIMIT} s: given up")
                    continue
                base_time = base_time or seconds
                ratio = seconds / base_time
                print(
                    f"{rows:9,} {regions:5}  {step:9}{seconds:9.2f}{memory:7.0f}"
                    f"  {ratio:.1f} x",
                    flush=True,
                )
                if step == "check" and rows == 1_000_000:
                    missed = ratio > GOAL
    if missed:
        print(f"the goal is missed: {GOAL} x pandas.read_csv")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
