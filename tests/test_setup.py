"""run.py: from a clone to a finished .venv, and back from everything that goes wrong.

The set-up is run for real on a toy project whose packages are made here, so that it
needs no network and takes seconds.
"""

import ast
import base64
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[1]
RUN = ROOT / "run.py"

on_posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


@pytest.fixture(scope="module")
def run():
    spec = importlib.util.spec_from_file_location("run", RUN)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- what needs no .venv -----------------------------------------------------------


def python(code, file, *words):
    """A file run as a program, after some code has changed the Python under it."""
    code += f"; runpy.run_path({str(file)!r}, run_name='__main__')"
    return subprocess.run(
        [sys.executable, "-c", f"import runpy, sys; {code}", *words],
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_parses_where_it_can_only_refuse():
    ast.parse(RUN.read_text(encoding="utf-8"), feature_version=(3, 6))


def test_an_old_python_is_told_so_in_one_line():
    done = python("sys.version_info = (3, 8, 10, 'final', 0)", RUN, "report")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "ini Python 3.8 / Python 3.11 or newer is needed" in done.stderr


def test_it_uses_the_standard_library_only():
    for node in ast.walk(ast.parse(RUN.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module]
        for name in names:
            assert name.partition(".")[0] in sys.stdlib_module_names


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_split_off_venv_module_names_its_package(module, clone):
    # None is what the import system holds for a module that must not be found.
    code = f"sys.modules[{module!r}] = None"
    done = python(code, clone.root / "run.py", "report")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    package = "python{}.{}-venv".format(*sys.version_info[:2])
    assert f"sudo apt install {package}" in done.stderr
    assert not (clone.root / ".venv").exists()


def test_without_a_word_it_prints_its_usage(run):
    done = python("pass", RUN)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == run.USAGE


def test_help_is_an_answer(run):
    done = python("pass", RUN, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == run.USAGE


# --- which program the words mean --------------------------------------------------


@pytest.fixture
def here(run, tmp_path, monkeypatch):
    """A clone with a program `umkm` in its .venv; we stand in its folder."""
    environment = run.Environment(tmp_path)
    environment.bin.mkdir(parents=True)
    program = environment.bin / ("umkm.exe" if os.name == "nt" else "umkm")
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    return environment


def test_report_passes_its_words(run, here):
    command, folder = run.command_for(["report", "--lang", "id"], here)
    assert command[1:] == ["-m", "umkm_analysis", "report", "--lang", "id"]
    assert folder == here.root


def test_report_started_elsewhere_writes_into_the_clone(
    run, here, tmp_path, monkeypatch
):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    command, folder = run.command_for(["report"], here)
    assert command[-2:] == ["--out", str(here.root / "reports")]
    assert folder == elsewhere
    command, _ = run.command_for(["report", "--out=mine"], here)
    assert command[-1] == "--out=mine"


def test_other_words_are_programs_of_the_environment(run, here):
    command, _ = run.command_for(["umkm", "claims", "a b"], here)
    assert command == [str(here.bin / "umkm"), "claims", "a b"]


def test_an_unknown_word_is_a_clear_error(run, here):
    with pytest.raises(run.SetupError, match=r"no 'sectors' in \.venv"):
        run.command_for(["sectors"], here)


EVERYTHING = ["tests", "umkm_analysis", "notebooks"]
SIDE_BY_SIDE = ["--numprocesses=auto", "--maxprocesses=4", "--dist=loadfile"]
NO_BROWSER = "--ignore=tests/e2e"


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ([], [NO_BROWSER, *EVERYTHING, *SIDE_BY_SIDE]),
        (["-k", "growth"], [NO_BROWSER, *EVERYTHING, *SIDE_BY_SIDE, "-k", "growth"]),
        (["--pdb"], [NO_BROWSER, *EVERYTHING, "--pdb"]),
        (["--all"], [*EVERYTHING, *SIDE_BY_SIDE]),
        (["--all", "-x"], [*EVERYTHING, *SIDE_BY_SIDE, "-x"]),
        (["tests/test_cli.py"], [NO_BROWSER, "tests/test_cli.py"]),
        (["notebooks/explore.ipynb"], [NO_BROWSER, "notebooks/explore.ipynb"]),
    ],
)
def test_test_runs_everything_unless_a_path_is_named(run, words, meant):
    command = run.test_words(words)
    assert command[:3] == ["-m", "pytest", "--nbval"]
    assert [word for word in command[3:] if not word.startswith("--nbval-")] == meant


# --- what a stamp means ------------------------------------------------------------


def finished(environment):
    """An environment that looks finished, without the work of making it."""
    environment.bin.mkdir(parents=True)
    environment.python.symlink_to(sys.executable)
    (environment.bin / "umkm").write_text("#!/bin/sh\n")
    (environment.bin / "umkm").chmod(0o755)
    base = Path(sys.executable).parent
    (environment.home / "pyvenv.cfg").write_text(f"home = {base}\n")
    environment.stamp.write_text(environment.digest())
    assert environment.ready()


@pytest.fixture
def stamped(run, tmp_path):
    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / name).write_text(f"# {name}\n")
    environment = run.Environment(tmp_path)
    finished(environment)
    return environment


@on_posix
@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_a_changed_file_means_a_new_set_up(stamped, name):
    with (stamped.root / name).open("a") as file:
        file.write("# changed\n")
    assert not stamped.ready()


@on_posix
def test_another_python_means_a_new_set_up(stamped, monkeypatch):
    fake = SimpleNamespace(cache_tag="cpython-399")
    monkeypatch.setattr(sys, "implementation", fake)
    assert not stamped.ready()


@on_posix
def test_a_moved_clone_means_a_new_set_up(run, stamped, tmp_path):
    moved = tmp_path.with_name(tmp_path.name + "-moved")
    stamped.root.rename(moved)
    assert not run.Environment(moved).ready()


@on_posix
def test_a_vanished_python_means_a_new_set_up(stamped):
    stamped.python.unlink()
    stamped.python.symlink_to(stamped.root / "gone")
    assert not stamped.ready()


@on_posix
def test_a_vanished_base_means_a_new_set_up(stamped):
    settings = stamped.home / "pyvenv.cfg"
    settings.write_text(f"home = {stamped.root / 'gone'}\n")
    assert not stamped.ready()


@on_posix
@pytest.mark.parametrize("damage", [b"", b"\xff\xfe", b"0" * 64])
def test_a_damaged_stamp_means_a_new_set_up(stamped, damage):
    stamped.stamp.write_bytes(damage)
    assert not stamped.ready()


@on_posix
def test_removing_a_linked_environment_spares_what_it_links_to(run, tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "kept").touch()
    environment = run.Environment(tmp_path)
    environment.home.symlink_to(theirs)
    environment.remove()
    assert not environment.home.exists()
    assert (theirs / "kept").exists()


def test_uv_comes_by_the_hashes_of_the_lock(run):
    lines = run.pinned(ROOT / "requirements.lock", "uv").splitlines()
    assert lines[0].startswith("uv==")
    assert len(lines) > 5
    assert all(line.startswith("    --hash=sha256:") for line in lines[1:])
    # pip reads on after a backslash: the last line must not end in one.
    assert [line.endswith("\\") for line in lines] == [True] * (len(lines) - 1) + [
        False
    ]


# --- the real set-up, on a toy project ---------------------------------------------

BACKEND = """\
from pathlib import Path
from toywheel import write_wheel

def build_editable(folder, config_settings=None, metadata_directory=None):
    here = str(Path(__file__).parent)
    entry = "[console_scripts]\\numkm = toy:main\\n"
    return write_wheel(folder, "toy", {"toy.pth": here + "\\n"}, entry).name
"""

TOY = """\
import os, sys
import piece

def main():
    print(sys.argv[1:], os.environ["VIRTUAL_ENV"])
    return piece.CODE
"""


def write_wheel(folder, name, files, entry_points=""):
    """A wheel of a few text files."""
    info = f"{name}-1.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: toy\n"
        "Root-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": entry_points,
    }
    record = f"{info}/RECORD,,\n"
    for path, text in files.items():
        digest = hashlib.sha256(text.encode()).digest()
        digest = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text.encode())}\n"
    path = Path(folder) / f"{name}-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(file, text)
    return path


class Clone:
    """A toy project beside a copy of run.py; its wheels are the only registry."""

    def __init__(self, root):
        self.root = root
        self.wheels = root / "wheels"
        self.wheels.mkdir(parents=True)
        shutil.copy(RUN, root)
        source = Path(__file__).read_text(encoding="utf-8")
        maker = next(
            ast.get_source_segment(source, node)
            for node in ast.parse(source).body
            if isinstance(node, ast.FunctionDef) and node.name == "write_wheel"
        )
        imports = "import base64, hashlib, zipfile\nfrom pathlib import Path\n\n"
        (root / "toywheel.py").write_text(imports + maker)
        (root / "backend.py").write_text(BACKEND)
        (root / "toy.py").write_text(TOY)
        (root / "pyproject.toml").write_text(
            '[build-system]\nrequires = []\nbuild-backend = "backend"\n'
            'backend-path = ["."]\n[project]\nname = "toy"\nversion = "1"\n'
        )
        self.piece = write_wheel(self.wheels, "piece", {"piece.py": "CODE = 7\n"})
        self.lock()

    def lock(self, digest=None):
        digest = digest or hashlib.sha256(self.piece.read_bytes()).hexdigest()
        text = f"piece==1 \\\n    --hash=sha256:{digest}\n"
        (self.root / "requirements.lock").write_text(text)

    def variables(self):
        values = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
        return {
            **values,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            # An address, since pip splits this at spaces.
            "PIP_FIND_LINKS": self.wheels.as_uri(),
        }

    def open(self, *words):
        return subprocess.Popen(
            [sys.executable, "run.py", *words],
            cwd=self.root,
            env=self.variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def start(self, *words):
        return self.result(self.open(*words))

    @staticmethod
    def result(child):
        out, err = child.communicate(timeout=100)
        return SimpleNamespace(code=child.returncode, out=out, err=err)

    def in_the_middle(self, *words):
        """A set-up that has begun to make .venv anew and is not done with it."""
        begun = self.root / ".venv" / "pyvenv.cfg"
        before = begun.stat().st_mtime_ns if begun.exists() else None
        child = self.open(*words)
        until = time.monotonic() + 60
        while not begun.exists() or begun.stat().st_mtime_ns == before:
            assert time.monotonic() < until
            assert child.poll() is None
            time.sleep(0.01)
        return child


@pytest.fixture
def clone(tmp_path):
    return Clone(tmp_path / "a clone")


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """One clone through all that can happen to it; each start is kept."""
    clone = Clone(tmp_path_factory.mktemp("story") / "a clone")
    told = SimpleNamespace(clone=clone, stamp=clone.root / ".venv/umkm-setup.stamp")

    clone.lock(digest="0" * 64)
    told.tampered = clone.start("umkm")
    told.stamp_after_tampering = told.stamp.exists()
    clone.lock()

    # A suite that was begun in the background is deaf to Ctrl-C, and so is its child.
    held = signal.signal(signal.SIGINT, signal.default_int_handler)
    child = clone.in_the_middle("umkm")
    signal.signal(signal.SIGINT, held)
    child.send_signal(signal.SIGINT)
    told.stopped = clone.result(child)
    told.stamp_after_stopping = told.stamp.exists()

    child = clone.in_the_middle("umkm")
    child.kill()
    told.killed = child
    # Its children may live on and write for a moment; two others come at once.
    both = [clone.open("umkm", "one"), clone.open("umkm", "two words", "--x")]
    told.both = [clone.result(child) for child in both]
    told.killed.communicate()

    shutil.rmtree(clone.wheels)
    before = time.monotonic()
    told.again = clone.start("umkm", "claims")
    told.again_seconds = time.monotonic() - before
    return told


def is_one_line(text, *parts):
    lines = text.splitlines()
    # The first line says that a set-up begins.
    assert len(lines) == 2, text
    assert lines[1].startswith("run.py: ")
    return all(part in lines[1] for part in parts)


@on_posix
def test_a_file_with_another_hash_stops_the_set_up(story):
    assert story.tampered.code == 1
    assert is_one_line(story.tampered.err, "installing failed", "pemasangan gagal")
    assert not story.stamp_after_tampering


@on_posix
def test_ctrl_c_is_one_line_and_leaves_no_stamp(story):
    assert story.stopped.code == 130
    assert is_one_line(story.stopped.err, "stopped; start again")
    assert not story.stamp_after_stopping


@on_posix
def test_two_starts_after_a_killed_one_make_one_whole_environment(story):
    one, two = story.both
    home = str(story.clone.root / ".venv")
    assert (one.code, one.out) == (7, f"['one'] {home}\n")
    assert (two.code, two.out) == (7, f"['two words', '--x'] {home}\n")
    assert (one.err + two.err).count("siap / ready") == 1
    assert "menunggu penyiapan lain / waiting for another set-up" in one.err + two.err


@on_posix
def test_a_second_start_needs_nothing_and_says_nothing(story):
    """The wheels are gone: whatever asked for a package would fail."""
    assert (story.again.code, story.again.err) == (7, "")
    assert story.again.out.startswith("['claims'] ")
    # Two starts of Python, with a wide margin for a busy machine.
    assert story.again_seconds < 2


# --- what goes out with the clone --------------------------------------------------


def test_the_data_licence_names_every_table():
    words = (ROOT / "LICENSE-DATA").read_text(encoding="utf-8")
    for path in (ROOT / "data").iterdir():
        assert re.search(rf"\b{re.escape(path.name)}\b", words), path.name


def test_the_citation_is_of_this_version():
    cited = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    version = re.search(r'^version = "(.+)"$', project, re.M).group(1)
    assert f"\nversion: {version}\n" in cited


@pytest.mark.parametrize("name", ["observations.csv", "balikpapan.csv"])
def test_git_never_converts_a_table(name):
    """Its hash in the contract is of its bytes, on Windows too."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone: git says nothing here")
    asked = subprocess.run(
        ["git", "check-attr", "text", "--", f"data/{name}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stdout.endswith("text: unset\n")


# --- what would let a check pass that should fail ----------------------------------


def tracked():
    """Text files of the clone; where it came without git, all but what is made."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
        )
        names = listed.stdout.decode().split("\0")
        paths = [ROOT / name for name in names if name]
    else:
        made = {".venv", "reports", "__pycache__", ".pytest_cache", ".ruff_cache"}
        made |= {".hypothesis", ".ipynb_checkpoints"}
        paths = [
            path
            for path in ROOT.rglob("*")
            if not made & set(path.relative_to(ROOT).parts)
        ]
    binary = {".png", ".xlsx", ".docx", ".pdf", ".gz"}
    return [path for path in paths if path.is_file() and path.suffix not in binary]


@pytest.fixture(scope="module")
def texts():
    # Seeds of the fuzzers are bytes that no encoding reads: what can be read, is.
    found = {path: path.read_bytes().decode(errors="replace") for path in tracked()}
    assert len(found) > 20
    return found


# Written in pieces, so that this file does not hold what it looks for.
TOLERANT = [
    "|| " + "true",
    "|| " + ":",
    "set " + "+e",
    "continue-on-" + "error",
    "allow_" + "failure",
    "--nbval" + "-lax",
    "NBVAL_" + "IGNORE_OUTPUT",
    "NBVAL_" + "SKIP",
    "nbval-" + "ignore-output",
    "nbval-" + "skip",
    "--" + "deselect",
    "--ignore" + "-glob",
    "collect_" + "ignore",
    "--exit-" + "zero",
]


@pytest.mark.parametrize("phrase", TOLERANT)
def test_no_check_is_told_to_pass(texts, phrase):
    assert [path.name for path, text in texts.items() if phrase in text] == []


def test_no_blanket_except_hides_a_failure(texts):
    blanket = {"Exception", "BaseException"}
    found = []
    for path, text in texts.items():
        # A benchmark is no check, and its rivals fail in ways of their own.
        if path.suffix != ".py" or path.parent.name == "benchmarks":
            continue
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.ExceptHandler):
                continue
            last = node.body[-1]
            if isinstance(last, ast.Raise) and last.exc is None:
                # It tidies up and lets the failure go on.
                continue
            caught = {
                n.id for n in ast.walk(node.type or node) if isinstance(n, ast.Name)
            }
            if node.type is None or caught & blanket:
                found.append(f"{path.name}:{node.lineno}")
    assert found == []


def test_no_address_of_a_registry(texts):
    hosts = ["py" + "pi.org", "pythonhosted" + ".org", "npm" + "js.org"]
    hosts += ["deb.debian" + ".org", "conda." + "anaconda.org", "crates" + ".io"]
    found = [(p.name, host) for p, t in texts.items() for host in hosts if host in t]
    assert found == []


def test_no_place_on_somebodys_machine(texts):
    places = re.compile(
        r"(?<![\w.:/~-])/(?:home|root|Users|work|opt|mnt|tmp)/\w|[A-Z]:\\Users"
    )
    found = [
        (path.name, match.group())
        for path, text in texts.items()
        # A path inside a web address is no place on a machine.
        if (match := places.search(re.sub(r"https?://\S+", "", text)))
    ]
    assert found == []
