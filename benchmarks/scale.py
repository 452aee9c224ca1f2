"""How the work grows: check, load, import and report beside pandas.read_csv.

Run: python3 run.py python benchmarks/scale.py [LARGEST]
LARGEST is the number of rows of the largest folder, 1000000 by default. The rows are
made here, in a folder that is deleted again; they say nothing about anything. Each
step is a new Python: processor seconds without those of its start, and its peak memory.
The exponent is that of growth since ten times fewer rows: 1 is linear, and the fixed
cost of a step makes it less. Takes about 20 minutes; a step that is given up at one
size is not tried at the next. Exits 1 where 10^6 rows are checked in more than GOAL
times pandas.read_csv of the same file.
"""

import csv
import itertools
import math
import random
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

from umkm_analysis import folder
from umkm_analysis.folder import write_table

GOAL = 5
#: A step that takes more seconds is given up.
LIMIT = 300
AREAS = (1, 50, 500)
SIZES = ("micro", "small", "medium", "msme")
SECTORS = tuple("ABCDEFGHIJKLMNOPQRSTU")
STEPS = {
    "read_csv": "import pandas as pd; pd.read_csv(FOLDER + '/observations.csv')",
    "check": "from umkm_analysis import contract\nassert contract.check(FOLDER) == []",
    "load": "import umkm_analysis as ua\nua.open_folder(FOLDER).load('observations')",
    "report": (
        "import umkm_analysis as ua\n"
        "ua.report.build(ua.open_folder(FOLDER), langs=['en'], formats=['html'],"
        " out=FOLDER + '/out')"
    ),
    # The last, since it doubles the rows.
    "import": (
        "from umkm_analysis import importing\n"
        "plan = importing.plan(FOLDER + '/long.csv', FOLDER, {'concept': 'bench2',"
        " 'status': 'observed', 'publisher': 'Benchmark'})\n"
        "assert not plan.questions, plan.questions\n"
        "assert len(plan.write()) == plan.counts()['taken', 'figure']"
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


def periods(count):
    """Years from 1990 where they are enough, else months, else days."""
    if count <= 35:
        return (str(year) for year in itertools.count(1990))
    if count <= 35 * 12:
        return (f"{1990 + n // 12}-{n % 12 + 1:02}" for n in itertools.count())
    return (f"{date(1990, 1, 1) + timedelta(n)}" for n in itertools.count())


def made(place, rows, regions):
    """A folder with that many rows about that many areas."""
    home = folder.new(place, region="area-0", name="Area 0", level="city")
    with (home / "regions.csv").open("a", encoding="utf-8", newline="") as file:
        for i in range(1, regions):
            file.write(f"area-{i},,Area {i},city,0000,,\n")
    with (home / "concepts.csv").open("a", encoding="utf-8", newline="") as file:
        for name in ("bench", "bench2"):
            file.write(f"{name},b,b,b,b,no,no,,agency_list,{name}s,\n")
    combined = itertools.islice(
        (
            (period, f"area-{r}", size, sector)
            for period in periods(rows / (len(SECTORS) * len(SIZES) * regions))
            for sector in SECTORS
            for size in SIZES
            for r in range(regions)
        ),
        rows,
    )
    with (home / "observations.csv").open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file))

    def lines():
        luck = random.Random(1)
        for n, (period, area, size, sector) in enumerate(combined, 1):
            # Nothing that a formula could have made.
            value = round(1000 * math.exp(luck.gauss(0, 0.05)))
            yield {
                "id": f"B-{n}", "region_code": area, "period": period,
                "year": period[:4], "measure": "business_units", "concept": "bench",
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
    sizes = [10**n for n in range(3, 7) if 10**n <= largest]
    print(
        f"{'areas':>5} {'rows':>9}  {'step':9}{'seconds':>9}{'MiB':>7}"
        f"{'read_csv':>10}  exponent"
    )
    missed = False
    for regions, rows in itertools.product(AREAS, sizes):
        if rows == sizes[0]:
            before, given_up = {}, set()
        with tempfile.TemporaryDirectory() as base:
            home = made(Path(base) / "f", rows, regions)
            size = (home / "observations.csv").stat().st_size / 1e6
            print(f"{regions:5} {rows:9,}  {size:.1f} MB")
            for step in STEPS:
                if step in given_up:
                    continue
                seconds, memory = measured(step, home)
                if seconds is None:
                    given_up.add(step)
                    print(f"{'':15}  {step:9} over {LIMIT} s: given up", flush=True)
                    continue
                if step == "read_csv":
                    base_time = seconds
                ratio = seconds / base_time
                more = before.get(step)
                power = f"{math.log10(seconds / more):8.2f}" if more else ""
                before[step] = seconds
                print(
                    f"{'':15}  {step:9}{seconds:9.2f}{memory:7.0f}{ratio:8.1f} x"
                    f"  {power}",
                    flush=True,
                )
                if step == "check" and rows == 1_000_000:
                    missed |= ratio > GOAL
    if missed:
        print(f"the goal is missed: {GOAL} x pandas.read_csv")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
