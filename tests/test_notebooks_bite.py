"""A notebook that would stay green whatever the data say proves nothing.

One figure is altered in a copy of the project; the run of the notebook, with the
very options of `run.py test`, must then fail, and without the change pass.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(folder, notebook):
    return subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider",
            "--nbval", "--nbval-current-env", "--nbval-cell-timeout=120",
            "--nbval-sanitize-with=tests/nbval_sanitize.cfg", notebook,
        ],
        cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )  # fmt: skip


@pytest.fixture
def copy(tmp_path):
    for name in ("data", "umkm_analysis", "notebooks"):
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "nbval_sanitize.cfg", tmp_path / "tests")
    for name in ("pyproject.toml", "conftest.py"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def alter(folder, old, new):
    path = folder / "data" / "observations.csv"
    content = path.read_bytes()
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new))


def test_an_altered_figure_turns_the_notebook_red(copy):
    notebook = "notebooks/id/01_angka.ipynb"
    untouched = run(copy, notebook)
    assert untouched.returncode == 0, untouched.stdout[-2000:]
    # The mayor's number of 2024, by one.
    row = b"msme_stated_by_mayor,msme,all,unit usaha UMKM,"
    alter(
        copy,
        b"BPN-0074,6471,2024,2024,business_units," + row + b"87397,87397,87397",
        b"BPN-0074,6471,2024,2024,business_units," + row + b"87398,87398,87398",
    )
    bitten = run(copy, notebook)
    assert bitten.returncode == 1, bitten.stdout[-2000:]
    assert "1 failed" in bitten.stdout
