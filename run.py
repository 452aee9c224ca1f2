"""From a fresh clone to a report, the tests or the notebooks, with Python only.

Dari klon baru ke laporan, pengujian, atau buku catatan, cukup dengan Python:

    python3 run.py report     (Windows: py run.py report)

The first start makes .venv from requirements.lock, every file checked against its
hash; later starts skip that and need no network. This file uses the standard library
only, and no syntax newer than Python 3.6, so that an old Python can say what it lacks.
"""

import sys

MINIMUM = (3, 11)

if sys.version_info < MINIMUM:
    sys.exit(
        "run.py: perlu Python 3.11 atau lebih baru, ini Python {0}.{1} / "
        "Python 3.11 or newer is needed, this is Python {0}.{1}: "
        "python.org/downloads".format(*sys.version_info[:2])
    )

import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
WINDOWS = os.name == "nt"

# In a tested notebook a warning is an error: compared as output, it would name a path.
# This holds for those that Python shows to a reader; the kernels' own libraries give
# the others off while they start.
SEEN_WARNINGS = ["error"] + [
    "ignore::" + kind + "Warning"
    for kind in ("Deprecation", "PendingDeprecation", "Import", "Resource")
]

USAGE = """\
python3 run.py KATA ... / WORD ...      (Windows: py run.py ...)

  report      membangun laporan dalam dua bahasa ke reports/
              builds the report in both languages into reports/
  test        menjalankan semua pengujian; `test --all` menambah uji peramban
              runs every test; `test --all` adds the browser tests
  lab         membuka JupyterLab dengan buku catatan
              opens JupyterLab on the notebooks
  site        membangun situs dalam dua bahasa ke _site/
              builds the site in both languages into _site/
  umkm ...    menjalankan program lain di .venv, misalnya `umkm claims`
              runs any other program of .venv, for example `umkm claims`

Yang pertama kali membuat .venv (sekali saja, perlu jaringan); situs punya .venv-site.
The first start makes .venv (once; needs a network); the site has its .venv-site.
"""


class SetupError(Exception):
    """A step that failed, in one line that says what to do next."""


def say(text):
    print("run.py: " + text, file=sys.stderr, flush=True)


class Environment:
    """The folder .venv of one clone, and what was put into it."""

    def __init__(self, root, name=".venv", lock="requirements.lock"):
        self.root = Path(root)
        self.home = self.root / name
        self.bin = self.home / ("Scripts" if WINDOWS else "bin")
        self.python = self.bin / ("python.exe" if WINDOWS else "python")
        self.stamp = self.home / "umkm-setup.stamp"
        self.lock = self.root / lock

    def digest(self):
        """What .venv depends on; the place too, since scripts hold their path."""
        parts = [
            str(self.root),
            sys.implementation.cache_tag,
            getattr(sys, "abiflags", ""),
            self.lock.read_text(encoding="utf-8"),
            (self.root / "pyproject.toml").read_text(encoding="utf-8"),
        ]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def ready(self):
        """True if .venv was finished for these files and its Python still exists."""
        try:
            stamped = self.stamp.read_text(encoding="utf-8")
            settings = (self.home / "pyvenv.cfg").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return False
        # On Windows the file in .venv stays when the Python behind it is removed.
        base = [
            line.partition("=")[2].strip()
            for line in settings.splitlines()
            if line.partition("=")[0].strip() == "home"
        ]
        return (
            stamped == self.digest()
            and self.python.exists()
            and all(os.path.isdir(folder) for folder in base)  # noqa: PTH112
            and shutil.which("umkm", path=str(self.bin)) is not None
        )

    def remove(self):
        """Takes a half-made or outdated .venv away, the stamp first."""
        if self.home.is_symlink() or self.home.is_file():
            self.home.unlink()
            return
        if self.stamp.exists():
            self.stamp.unlink()
        if self.home.exists():
            shutil.rmtree(str(self.home))

    def variables(self):
        """The variables of a program that runs in .venv."""
        values = dict(os.environ)
        # Each of these would send an installation or an import elsewhere.
        for name in ("PYTHONHOME", "PIP_TARGET", "PIP_PREFIX"):
            values.pop(name, None)
        values["PIP_USER"] = "0"
        values["VIRTUAL_ENV"] = str(self.home)
        values["PATH"] = str(self.bin) + os.pathsep + values.get("PATH", "")
        return values


class Turn:
    """One set-up at a time: holds the lock file, or waits for who holds it.

    The operating system frees it when its holder ends, however that happens, so no
    stale lock is left behind.
    """

    def __init__(self, path):
        self.path = path
        self.file = None

    def take(self):
        if WINDOWS:
            import msvcrt

            self.file.seek(0)
            msvcrt.locking(self.file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(self.file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)

    def __enter__(self):
        self.file = self.path.open("a")
        told = False
        while True:
            try:
                self.take()
            except (BlockingIOError, PermissionError):
                if not told:
                    say("menunggu penyiapan lain / waiting for another set-up")
                    told = True
                time.sleep(0.2)
            else:
                return self

    def __exit__(self, *_):
        self.file.close()

    def handed_on(self):
        """Lets a child hold the lock too.

        If this process is killed, its orphan may still write to .venv: the next start
        must wait for it.
        """
        return {} if WINDOWS else {"pass_fds": (self.file.fileno(),)}


def step(title, command, environment, turn):
    """Runs one step quietly; returns "" or, if it failed, its last line of output."""
    variables = environment.variables()
    # A caller may want errors for warnings of our code, not for those of installers.
    variables.pop("PYTHONWARNINGS", None)
    child = subprocess.Popen(
        [str(part) for part in command],
        cwd=str(environment.root),
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **turn.handed_on(),
    )
    start = time.monotonic()
    live = sys.stderr.isatty()
    try:
        while True:
            try:
                output, _ = child.communicate(timeout=1)
                break
            except subprocess.TimeoutExpired:
                if live:
                    seconds = int(time.monotonic() - start)
                    sys.stderr.write(f"\r  {title} ... {seconds} s ")
                    sys.stderr.flush()
    finally:
        if live:
            sys.stderr.write("\r" + " " * 72 + "\r")
        if child.poll() is None:
            child.kill()
            child.wait()
    if child.returncode == 0:
        return ""
    lines = output.decode(errors="replace").split("\n")
    lines = [line.strip() for line in lines if line.strip()]
    return lines[-1] if lines else f"exit {child.returncode}"


def pinned(lock, name):
    """The lines of one package in the lock, hashes included."""
    block = []
    for line in lock.read_text(encoding="utf-8").splitlines():
        if line.startswith(name + "==") or (block and line.startswith("    --hash")):
            block.append(line)
        elif block:
            break
    return "\n".join(block) + "\n"


def make(environment, turn):
    """Makes .venv anew; the stamp comes last, so that a part never counts as whole."""
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise SetupError(
                "Python ini tanpa modul {0}; pasang dulu / this Python has no module "
                "{0}; install it first: sudo apt install "
                "python{1}.{2}-venv".format(module, *sys.version_info[:2])
            )
    name = environment.home.name
    say(f"menyiapkan {name}, sekali saja / setting up {name}, once")
    try:
        environment.remove()
    except OSError as error:
        raise SetupError(
            f"{name} tidak dapat dihapus; tutup program yang memakainya / {name} "
            f"cannot be removed; close the programs that use it: {error}"
        ) from None
    digest = environment.digest()

    # A child, so that an interruption or a crash of ensurepip is a step like others.
    # -I: a module in the caller's folder must not stand in for one of Python's own.
    command = [base_python(), "-I", "-m", "venv", environment.home]
    failed = step("venv", command, environment, turn)
    if failed:
        raise SetupError(f"{name} gagal dibuat / {name} could not be made: {failed}")

    # uv is fast; pip brings it, by its hash. Where there is no uv for a machine, pip
    # does it all.
    alone = environment.home / "uv.txt"
    alone.write_text(pinned(environment.lock, "uv"), encoding="utf-8")
    pip = pip_install(environment)
    uv = ["--require-hashes", "--no-deps", "--only-binary=:all:", "--retries=2"]
    step("uv", [*pip, *uv, "-r", alone], environment, turn)

    install(["--require-hashes", "-r", environment.lock], environment, turn)
    project = ["--no-deps", "--no-build-isolation", "-e", environment.root]
    install(project, environment, turn)
    write_whole(environment.stamp, digest)


def pip_install(environment):
    return [
        environment.python,
        *("-m", "pip", "--disable-pip-version-check", "install", "-q"),
    ]


def install(arguments, environment, turn):
    """Installs with uv, or with pip where uv does not run or does not reach its index.

    Both take the same files, since both hold them to the hashes of the lock.
    """
    python = environment.python
    uv = [python, "-m", "uv", "pip", "install", "-q", "--python", python]
    for installer in (uv, pip_install(environment)):
        title = "paket / packages"
        failed = step(title, [*installer, *arguments], environment, turn)
        if not failed:
            return
    raise SetupError(
        "pemasangan gagal; periksa jaringan, lalu ulangi / installing failed; check "
        f"the network, then start again: {failed}"
    )


def write_whole(path, text):
    """Writes a file so that no reader ever meets a part of it."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def base_python():
    """The Python behind this one: an environment must not be made from itself."""
    return getattr(sys, "_base_executable", None) or sys.executable


def set_up(environment, browser=False):
    """Makes sure that .venv is whole; does nothing if it is.

    The browser tests need the largest package of all, so it has a lock of its own and
    comes only when it is asked for.
    """
    more = environment.root / "requirements-e2e.lock"
    noted = environment.home / "umkm-e2e.stamp"
    wanted = more.read_text(encoding="utf-8") if browser else ""

    def complete():
        if not environment.ready():
            return False
        return not browser or (
            noted.exists() and noted.read_text(encoding="utf-8") == wanted
        )

    if complete():
        return
    with Turn(environment.root / (environment.home.name + ".lock")) as turn:
        # Who was waited for may have done it.
        if complete():
            return
        start = time.monotonic()
        if not environment.ready():
            make(environment, turn)
        if browser:
            install(["--require-hashes", "-r", more], environment, turn)
            write_whole(noted, wanted)
        say(f"siap / ready, {time.monotonic() - start:.0f} s")


def test_words(rest):
    """pytest over tests, doctests and notebooks, or over the paths named."""
    browser = "--all" in rest
    rest = [word for word in rest if word != "--all"]
    named = [
        word
        for word in rest
        if not word.startswith("-")
        and ("/" in word or os.sep in word or word.endswith((".py", ".ipynb")))
    ]
    words = ["-m", "pytest", "--nbval", "--nbval-current-env"]
    words += ["--nbval-cell-timeout=120"]
    words += ["--nbval-sanitize-with=tests/nbval_sanitize.cfg"]
    if not browser:
        words += ["--ignore=tests/e2e"]
    if not named:
        words += ["tests", "umkm_analysis", "notebooks"]
        if "--pdb" not in rest:
            # A notebook's cells need one kernel, in order: no file is split.
            words += ["--numprocesses=auto", "--maxprocesses=4", "--dist=loadfile"]
    return words + rest


def command_for(words, environment):
    """(program and arguments, folder to run it in) for the words of a caller."""
    word, rest = words[0], list(words[1:])
    python = str(environment.python)
    root = environment.root
    here = Path.cwd()
    if word == "report":
        if here != root and not any(item.startswith("--out") for item in rest):
            rest += ["--out", str(root / "reports")]
        return [python, "-m", "umkm_analysis", "report", *rest], here
    if word == "test":
        os.environ["PYTHONWARNINGS"] = ",".join(SEEN_WARNINGS)
        return [python, *test_words(rest)], root
    if word == "lab":
        start = "--FileContentsManager.preferred_dir=" + str(root / "notebooks")
        return [python, "-m", "jupyterlab", start, *rest], root
    if word == "site":
        return [python, str(root / "site" / "build.py"), *rest], here
    program = shutil.which(word, path=str(environment.bin))
    if program is None:
        raise SetupError(
            f"tidak ada '{word}' di .venv / no '{word}' in .venv; python3 run.py --help"
        )
    return [program, *rest], here


def hand_over(command, folder, environment):
    """Runs the program; its exit code becomes ours."""
    os.chdir(str(folder))
    variables = environment.variables()
    if not WINDOWS:
        # The program takes this process's place: signals and exit code are its own.
        os.execve(command[0], command, variables)
    child = subprocess.Popen(command, env=variables)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            # Ctrl-C reaches the child as well, and the child decides.
            continue


def main(words):
    if not words:
        sys.stderr.write(USAGE)
        return 2
    if words[0] in ("-h", "--help"):
        sys.stdout.write(USAGE)
        return 0
    environment = Environment(ROOT)
    if words[0] == "site":
        environment = Environment(ROOT, ".venv-site", "site/requirements.lock")
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        set_up(environment, browser=words[0] == "test" and "--all" in words)
        command, folder = command_for(words, environment)
        return hand_over(command, folder, environment)
    except SetupError as error:
        say(str(error))
    except OSError as error:
        say(f"gagal / failed: {error}")
    except KeyboardInterrupt:
        say("dihentikan; mulai lagi untuk melanjutkan / stopped; start again to go on")
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
