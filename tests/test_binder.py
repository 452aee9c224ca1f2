"""The environment that Binder builds is ours, and the cells for Colab are sound."""

import os
import re
import shutil
import subprocess
import sys
import tomllib

import prose
import pytest
import yaml
from prose import ROOT

FOLDER = ROOT / ".binder"
PAGES = {"id": "teaching/id/tanpa_pasang.md", "en": "teaching/en/open_online.md"}
#: Names that differ on conda-forge.
CONDA = {"matplotlib": "matplotlib-base", "typst": "typst-py"}


def specs(path):
    listed = yaml.safe_load(path.read_text("utf-8"))["dependencies"]
    return {s.split(" ")[0]: s.partition(" ")[2] for s in listed if isinstance(s, str)}


def test_binder_has_what_the_lessons_need_in_the_same_versions():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = list(project["dependencies"])
    for extra, packages in project["optional-dependencies"].items():
        needed += packages if extra != "test" else []
    names = [re.match(r"[\w-]+", s.split(";")[0])[0] for s in needed]
    names = {CONDA.get(n, n) for n in names}
    binder, ours = specs(FOLDER / "environment.yml"), specs(ROOT / "environment.yml")
    assert set(binder) - {"python", "pip"} == names
    assert all(binder[n] == ours[n] for n in names)


def test_binder_has_one_python_that_the_package_takes():
    version = specs(FOLDER / "environment.yml")["python"]
    found = re.fullmatch(r"=3\.(\d+)", version)
    assert found
    assert int(found[1]) >= 11


@pytest.mark.skipif(sys.platform == "win32", reason="Binder runs on Linux")
def test_post_build_can_run():
    script = FOLDER / "postBuild"
    assert os.access(script, os.X_OK)
    subprocess.run([shutil.which("bash"), "-n", script], check=True)


@pytest.mark.parametrize("lang", PAGES)
def test_the_pages_lead_to_what_is_there(lang):
    path = ROOT / PAGES[lang]
    assert prose.dead_links(path) == []
    page = path.read_text("utf-8")
    cell = re.search(r"^```\n(.*?)^```", page, re.M | re.S)[1]
    assert (ROOT / re.search(r"%cd umkm/(\S+)", cell)[1]).is_dir()
    assert f'ua.explore("{lang}")' in cell
    assert "notebooks/explore.ipynb" in page
