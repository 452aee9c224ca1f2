"""Kills at random moments: every file is the old one or the new one, never half.

Run: python3 run.py python benchmarks/kills.py [TIMES]
Each of import, undo, report and check --seal is started TIMES times in all (100 by
default) and killed after a random while. After each kill the files are compared with
those from before and with those of a run that was left alone, and the folder is
checked. Prints the counts; exits 1 where a file is neither or a folder is not sound.
"""

import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from umkm_analysis import contract, folder

EXAMPLE = folder.shipped("notebooks") / "examples" / "imk_kalimantan.csv"
ANSWERS = ("numbers=id", "concept=imk_survey", "status=observed", "totals=skip")
IMPORT = [
    "import", str(EXAMPLE), "--to", "FOLDER", "--yes",
    *(word for a in ANSWERS for word in ("--answer", a)),
]  # fmt: skip
STEPS = {
    "import": IMPORT,
    "undo": ["import", "--undo", "--to", "FOLDER"],
    "report": ["report", "--data", "FOLDER", "--out", "FOLDER/out", "--lang", "id"],
    "seal": ["check", "--seal"],
}


def run(words, place, kill_after=None):
    """Run one command on a folder; kill it after some seconds. True if it was."""
    words = [w.replace("FOLDER", str(place)) for w in words]
    code = (
        "import sys, pathlib\n"
        "from umkm_analysis import cli, contract\n"
        f"contract.SHIPPED = pathlib.Path({str(place)!r})"
        " if 'check' in sys.argv else contract.SHIPPED\n"
        "sys.exit(cli.main(sys.argv[1:]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(kill_after)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    return False


def files(place):
    """What readers see: not the lock, and not what was laid aside."""
    return {
        p.relative_to(place).as_posix(): p.read_bytes()
        for p in sorted(place.rglob("*"))
        if p.is_file()
        and not any(part.startswith(".") for part in p.relative_to(place).parts)
        and not p.name.endswith(".new")
    }


def prepared(step, base):
    """A folder as it is before the step."""
    if step == "seal":
        place = Path(shutil.copytree(contract.SHIPPED, base / "seal"))
        path = place / "datapackage.json"
        content = path.read_text(encoding="utf-8").replace("sha256:", "sha256:0")
        path.write_text(content, encoding="utf-8")
        return place
    place = folder.new(base / step, region="63")
    if step in ("undo", "report"):
        run(IMPORT, place)
    return place


def main():
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    draw = random.Random(8)
    bad = killed = 0
    print(f"{'step':8}{'runs':>6}{'killed':>8}{'old':>7}{'new':>7}{'half':>6}  sound")
    for step, words in STEPS.items():
        with tempfile.TemporaryDirectory() as name:
            base = Path(name)
            before = prepared(step, base)
            done = Path(shutil.copytree(before, base / "done"))
            start = time.perf_counter()
            run(words, done)
            whole = time.perf_counter() - start
            old, new = files(before), files(done)
            count = dict.fromkeys(("old", "new", "half"), 0)
            sound = hits = 0
            runs = times // len(STEPS)
            for n in range(runs):
                place = Path(shutil.copytree(before, base / f"run{n}"))
                # Most of the time is the start of Python; the end is what counts.
                hits += run(words, place, whole * draw.uniform(0.3, 1.05))
                for path, content in files(place).items():
                    if path.endswith("import.json"):
                        continue
                    if content == old.get(path):
                        count["old"] += 1
                    elif content == new.get(path):
                        count["new"] += 1
                    else:
                        count["half"] += 1
                        print(f"  neither old nor new: {path}")
                sound += contract.check(place) == [] or step == "seal"
                # Whoever runs it again is not stopped by what the kill left behind.
                run(words, place)
                sound += contract.check(place) == [] or step == "seal"
                shutil.rmtree(place)
            killed += hits
            bad += count["half"] + (2 * runs - sound)
            print(
                f"{step:8}{runs:6}{hits:8}{count['old']:7}{count['new']:7}"
                f"{count['half']:6}  {sound} of {2 * runs}",
                flush=True,
            )
    print(f"{killed} kills, {bad} bad")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
