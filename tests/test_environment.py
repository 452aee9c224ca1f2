"""environment.yml, pyproject.toml and the locks say the same."""

import ast
import asyncio
import json
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import rattler
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from rattler.exceptions import SolverError

ROOT = Path(__file__).parents[1]

# Where conda-forge has another name for a package.
CONDA_NAMES = {"matplotlib": "matplotlib-base", "typst": "typst-py"}

PYTHONS = ["3.11", "3.12", "3.13"]


def pins_of(file):
    """(name, version, marker) for each entry of a lock."""
    text = (ROOT / file).read_text(encoding="utf-8")
    return re.findall(r"^([a-z0-9][^\s=]*)==(\S+)(?: ; (.+?))? \\$", text, re.M)


def versions_for(pins, python, system="linux"):
    """The versions that a lock gives to one Python."""
    machine = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": system,
        "platform_system": {"linux": "Linux", "win32": "Windows"}[system],
        "os_name": {"linux": "posix", "win32": "nt"}[system],
    }
    return {
        name: version
        for name, version, marker in pins
        if not marker or Marker(marker).evaluate(machine)
    }


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def core(project):
    return [Requirement(text) for text in project["project"]["dependencies"]]


@pytest.fixture(scope="module")
def extras(project):
    groups = project["project"]["optional-dependencies"]
    return {name: [Requirement(t) for t in texts] for name, texts in groups.items()}


@pytest.fixture(scope="module")
def wanted(core, extras):
    """Every requirement of the project, extras included."""
    return core + [item for group in extras.values() for item in group]


@pytest.fixture(scope="module")
def conda():
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def conda_specs(conda):
    return [spec for spec in conda["dependencies"] if isinstance(spec, str)]


@pytest.fixture(scope="module")
def pins():
    return pins_of("requirements.lock")


def test_conda_and_project_want_the_same(project, wanted, conda_specs):
    expected = ["pip", f"python {project['project']['requires-python']}"]
    for requirement in wanted:
        name = canonicalize_name(requirement.name)
        expected.append(f"{CONDA_NAMES.get(name, name)} {requirement.specifier}")
    assert sorted(conda_specs) == sorted(expected)


def test_conda_installs_the_clone_itself(conda):
    assert conda["channels"] == ["conda-forge"]
    assert conda["dependencies"][-1] == {"pip": ["-e ."]}


@pytest.mark.parametrize("python", PYTHONS)
def test_conda_solver_finds_an_environment_in_the_locked_versions(
    conda_specs, pins, tmp_path, python
):
    """The channel is a folder made here: no network, and so no word on conda-forge."""
    locked = {CONDA_NAMES.get(n, n): v for n, v in versions_for(pins, python).items()}
    records = {
        f"{name}-{version}-0.conda": {
            "name": name,
            "version": version,
            "build": "0",
            "build_number": 0,
            "depends": [],
            "subdir": "noarch",
        }
        for name, version in {"python": f"{python}.0", "pip": "24", **locked}.items()
    }
    channel = tmp_path / "channel"
    for folder, packages in {"noarch": records, "linux-64": {}}.items():
        (channel / folder).mkdir(parents=True)
        data = {"info": {"subdir": folder}, "packages.conda": packages}
        (channel / folder / "repodata.json").write_text(json.dumps(data))

    def solve(specs):
        return asyncio.run(
            rattler.solve(
                [channel.as_uri()],
                specs,
                gateway=rattler.Gateway(cache_dir=tmp_path / "cache"),
                platforms=["linux-64", "noarch"],
            )
        )

    solved = {record.name.normalized for record in solve(conda_specs)}
    assert solved == {spec.split()[0] for spec in conda_specs}
    with pytest.raises(SolverError):
        solve([*conda_specs, "pandas >=99"])


@pytest.mark.parametrize("system", ["linux", "win32"])
@pytest.mark.parametrize("python", PYTHONS)
def test_lock_has_every_requirement_in_a_version_that_is_wanted(
    wanted, pins, python, system
):
    locked = versions_for(pins, python, system)
    for requirement in wanted:
        version = locked[canonicalize_name(requirement.name)]
        assert version in requirement.specifier


LOCKS = ["requirements.lock", "requirements-e2e.lock", "site/requirements.lock"]


@pytest.mark.parametrize("file", LOCKS)
def test_every_entry_of_a_lock_has_hashes_and_no_address(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.M)[1:]
    assert len(blocks) == len(pins_of(file)) > 0
    for block in blocks:
        assert re.search(r"^    --hash=sha256:[0-9a-f]{64}", block, re.M), block
    assert "://" not in text
    assert not re.search(r"^\s*(-i|-f|--index|--find|--extra)", text, re.M)


def test_the_lock_of_the_browser_tests_adds_and_changes_nothing(pins):
    both = dict(versions_for(pins, "3.11"))
    for name, version in versions_for(pins_of("requirements-e2e.lock"), "3.11").items():
        assert both.setdefault(name, version) == version


def test_the_site_is_made_with_the_versions_of_the_lock(pins):
    core = versions_for(pins, "3.11")
    site = versions_for(pins_of("site/requirements.lock"), "3.11")
    assert {name: site[name] for name in site if name in core} == {
        name: version for name, version in core.items() if name in site
    }
    assert {"pandas", "typst", "sphinx", "myst-nb"} <= set(site)


def test_the_wheel_is_built_with_what_the_lock_has(project, pins):
    for text in project["build-system"]["requires"]:
        requirement = Requirement(text)
        assert versions_for(pins, "3.11")[requirement.name] in requirement.specifier


def test_the_package_imports_only_what_it_declares(core, extras):
    """Jupyter brings much along; without it, an undeclared import would fail."""
    found = packages_distributions()
    declared = {canonicalize_name(item.name) for item in core}
    for group in ("lab", "report", "import"):
        declared |= {canonicalize_name(item.name) for item in extras[group]}
    for path in sorted((ROOT / "umkm_analysis").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            for name in (name.partition(".")[0] for name in names):
                if name in sys.stdlib_module_names or name == "umkm_analysis":
                    continue
                distributions = {canonicalize_name(d) for d in found.get(name, [])}
                assert distributions & declared, f"{path.name} imports {name}"
