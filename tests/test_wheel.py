"""The wheel works without the clone: tables, notebooks and lessons travel inside."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command, cwd, **variables):
    return subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    run("-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder with the installed wheel, far from the clone."""
    target = tmp_path_factory.mktemp("installed")
    options = ["--offline", "--no-deps", "--target", target]
    run("-m", "uv", "pip", "install", "-q", *options, wheel, cwd=target)
    return target


@pytest.fixture
def python(installed, tmp_path):
    """Runs Python elsewhere, with the installed copy before the clone's."""

    def call(*words):
        return run(*words, cwd=tmp_path, PYTHONPATH=str(installed))

    return call


def files_below(folder):
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
        and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts)
    }


def test_it_holds_tables_notebooks_and_lessons_and_nothing_beside_the_package(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    carried = files_below("data") | files_below("notebooks")
    carried |= files_below("teaching/en") | files_below("teaching/id")
    expected = files_below("umkm_analysis") | {f"umkm_analysis/{n}" for n in carried}
    assert {name for name in names if ".dist-info/" not in name} == expected
    assert any(name.endswith("/licenses/LICENSE-DATA") for name in names)


LOAD = """
import sys
opened = []
sys.addaudithook(lambda event, args: event == "open" and opened.append(str(args[0])))
import umkm_analysis as ua
assert len(ua.load("observations")) > 700
print(ua.__file__, *(name for name in opened if name.endswith(".csv")), sep="\\n")
"""


def test_tables_are_read_from_the_installed_copy(python, installed):
    package, *tables = python("-c", LOAD).splitlines()
    assert Path(package).parent == installed / "umkm_analysis"
    assert {Path(table).parent for table in tables} == {
        installed / "umkm_analysis" / "data"
    }


def test_its_command_works_far_from_the_clone(python):
    claims = json.loads(python("-m", "umkm_analysis", "claims", "--format", "json"))
    assert len(claims) > 100


def test_it_makes_a_folder_for_a_class(python, tmp_path):
    python("-m", "umkm_analysis", "start", tmp_path / "class")
    made = {p.relative_to(tmp_path / "class") for p in (tmp_path / "class").rglob("*")}
    for folder in ("data", "notebooks", "teaching/en", "teaching/id"):
        assert {Path(name) for name in files_below(folder)} <= made


def test_it_makes_a_folder_for_a_region_fills_it_and_reports(python, tmp_path):
    python("-m", "umkm_analysis", "new", tmp_path / "f", "--region", "6371")
    file = tmp_path / "x.csv"
    file.write_text("Tahun,Jumlah UMKM\n2020,1073\n", encoding="utf-8")
    told = ("concept=imk_survey", "status=observed", "region=6371", "publisher=x")
    words = [w for answer in told for w in ("--answer", answer)]
    command = ("-m", "umkm_analysis", "import", file, "--to", tmp_path / "f", "--yes")
    python(*command, *words)
    python("-m", "umkm_analysis", "check", tmp_path / "f")
    options = ("--data", tmp_path / "f", "--out", tmp_path, "--lang", "en")
    made = python("-m", "umkm_analysis", "report", *options).splitlines()
    assert "1,073" in Path(made[0]).read_text(encoding="utf-8")


def test_its_program_is_called_umkm(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith("entry_points.txt"))
        assert b"umkm = umkm_analysis.cli:main" in archive.read(name)
