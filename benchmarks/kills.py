"""Kills at random moments: every file is the old one or the new one, never half.

Run: python3 run.py python benchmarks/kills.py [KILLS]
Each of import, undo, report, check --seal and the set-up of run.py is killed equally
often, KILLS times in all (100 by default): half of the time after a random while, half
of the time shortly after it wrote something. After each kill every file is compared
with those from before and those of a run that was left alone, and the folder is
checked. Then the same is run again and must end as if nothing had happened. The set-up
is the real one, on the toy project of its tests. Prints the counts; exits 1 where a
file is neither, where a folder is not sound, or where the next run does not work.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from umkm_analysis import contract, folder

ROOT = Path(__file__).resolve().parents[1]
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
#: No hash that was ever computed has a digit too many.
BROKEN = "sha256:0000"
#: The shipped tables are sealed; here a copy stands in their place.
PROGRAM = """
import pathlib, sys
from umkm_analysis import cli, contract
if sys.argv[1] == "check":
    contract.SHIPPED = pathlib.Path({place!r})
sys.exit(cli.main(sys.argv[1:]))
"""


class Folder:
    """A data folder, and one command that works on it."""

    def __init__(self, step, place):
        self.step, self.place = step, place

    @classmethod
    def prepared(cls, step, base):
        """As it is before the step."""
        place = base / step
        if step == "seal":
            shutil.copytree(contract.SHIPPED, place)
            path = place / "datapackage.json"
            text = path.read_text(encoding="utf-8").replace("sha256:", BROKEN)
            path.write_text(text, encoding="utf-8", newline="\n")
            return cls(step, place)
        made = cls(step, folder.new(place, region="63"))
        if step in ("undo", "report"):
            made.start(IMPORT).wait()
        return made

    def copy(self, place):
        return Folder(self.step, Path(shutil.copytree(self.place, place)))

    def start(self, words=None):
        words = [
            w.replace("FOLDER", str(self.place)) for w in words or STEPS[self.step]
        ]
        return started([sys.executable, "-c", self._program(), *words], ROOT)

    def _program(self):
        return PROGRAM.format(place=str(self.place))

    def files(self):
        """What readers see: not the lock, and not what was laid aside."""
        return {
            name: path.read_bytes()
            for path in sorted(self.place.rglob("*"))
            if path.is_file()
            and not any(
                part.startswith(".") for part in path.relative_to(self.place).parts
            )
            and not path.name.endswith(".new")
            and (name := path.relative_to(self.place).as_posix())
        }

    def checked(self):
        """Whether the command finds no problem; hashes are those of the copy."""
        if self.step != "seal":
            return contract.check(self.place) == []
        command = [sys.executable, "-c", self._program(), "check"]
        return started(command, ROOT).wait() == 0

    def sound(self):
        """No problem; before it is sealed, the hashes are wrong and nothing else."""
        old = self.step == "seal" and BROKEN in (
            self.place / "datapackage.json"
        ).read_text(encoding="utf-8")
        return contract.check(self.place) == [] and self.checked() == (not old)

    def as_wanted(self, new):
        """Whether a further run ended as if nothing had happened."""
        ours = {k: v for k, v in self.files().items() if not k.startswith("imports/")}
        wanted = {k: v for k, v in new.items() if not k.startswith("imports/")}
        return ours == wanted and self.checked()


class SetUp:
    """The toy project of the tests of run.py, and its set-up."""

    def __init__(self, place):
        sys.path.insert(0, str(ROOT / "tests"))
        from test_setup import Clone

        self.place, self.clone = place, Clone(place)

    def copy(self, place):
        return SetUp(place)

    def start(self):
        return started(
            [sys.executable, "run.py", "umkm"], self.place, self.clone.variables()
        )

    def files(self):
        """The stamp alone: it says that all the others are there."""
        stamp = self.place / ".venv" / "umkm-setup.stamp"
        return {"stamp": stamp.read_bytes()} if stamp.exists() else {}

    def sound(self):
        """An environment that is stamped is whole."""
        if not self.files():
            return True
        program = shutil.which("umkm", path=str(self.place / ".venv" / "bin"))
        words = [program or "umkm"]
        code = started(words, self.place, {**os.environ, "VIRTUAL_ENV": ""}).wait()
        return code == 7

    def as_wanted(self, _):
        return bool(self.files()) and self.sound()


def started(command, place, variables=None):
    return subprocess.Popen(
        command,
        cwd=place,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def stamps(place):
    """When what is in a folder was written."""
    found = {}
    for home, _, names in os.walk(place):
        for path in (Path(home), *(Path(home, n) for n in names)):
            with contextlib.suppress(FileNotFoundError):
                found[path] = path.stat().st_mtime_ns
    return found


def killed(it, whole, draw):
    """Start it and kill it with all its children; False if it was done before."""
    alone = draw.random() < 0.5
    before = stamps(it.place)
    process = it.start()
    until = time.monotonic() + whole * draw.uniform(0.2, 1.02)
    if not alone:
        while process.poll() is None and stamps(it.place) == before:
            time.sleep(0.0005)
        until = time.monotonic() + draw.uniform(0, max(0.03, whole * 0.05))
    while process.poll() is None and time.monotonic() < until:
        time.sleep(0.0005)
    if process.poll() is not None:
        return False
    # At times the parent alone, so that its children write on.
    if os.name == "posix" and draw.random() < 0.7:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    return True


def tried(step, kills, draw):
    """Counts of one step."""
    count = dict.fromkeys(("killed", "old", "new", "half", "unsound", "stuck"), 0)
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        before = SetUp(base / step) if step == "set-up" else Folder.prepared(step, base)
        done = before.copy(base / "done")
        start = time.perf_counter()
        done.start().wait()
        whole = time.perf_counter() - start
        old, new = before.files(), done.files()
        for n in range(kills * 20):
            if count["killed"] == kills:
                break
            it = before.copy(base / f"run{n}")
            if killed(it, whole, draw):
                count["killed"] += 1
                for path, content in it.files().items():
                    kind = (
                        "old" if content == old.get(path)
                        else "new" if step == "set-up" or content == new.get(path)
                        else "half"
                    )  # fmt: skip
                    count[kind] += 1
                    if kind == "half":
                        print(f"  neither old nor new: {path}")
                # An import that is undone gets another name; no other file may go.
                gone = old.keys() - it.files().keys()
                count["half"] += sum(not k.startswith("imports/") for k in gone)
                count["unsound"] += not it.sound()
                it.start().wait()
                count["stuck"] += not it.as_wanted(new)
            shutil.rmtree(it.place)
    return count


def main():
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    draw = random.Random(8)
    steps = [*STEPS, "set-up"]
    print("step    killed    old    new   half  unsound  stuck  (files; folders)")
    totals = dict.fromkeys(("killed", "bad"), 0)
    for n, step in enumerate(steps):
        share = kills // len(steps) + (n < kills % len(steps))
        c = tried(step, share, draw)
        totals["killed"] += c["killed"]
        totals["bad"] += c["half"] + c["unsound"] + c["stuck"] + (c["killed"] < share)
        print(
            f"{step:7}{c['killed']:7}{c['old']:7}{c['new']:7}{c['half']:7}"
            f"{c['unsound']:9}{c['stuck']:7}",
            flush=True,
        )
    print(f"{totals['killed']} kills, {totals['bad']} bad")
    return int(bool(totals["bad"]))


if __name__ == "__main__":
    sys.exit(main())
