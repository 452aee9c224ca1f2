"""What README.md and README.id.md say and show is true, and their commands run.

`python3 run.py WORD ...` makes .venv and starts a program in it. Making it is tested
in test_setup.py and, from fresh clones, in CI; here the programs run as the set-up
would start them, with the Python of this test.
"""

import contextlib
import io
import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import prose
import pytest
import yaml
from prose import ROOT, n

import umkm_analysis as ua
from umkm_analysis import cli, contract, data, text

NAMES = {"en": "README.md", "id": "README.id.md"}
FIVE = ("census", "household_survey", "agency_list", "licences", "mayor")
#: Commands of umkm that have a test of their own here.
NOT_ASKING = ("check", "report", "new", "start")
LESSONS = {"en": "teaching/en/lesson_01.md", "id": "teaching/id/pelajaran_01.md"}


@pytest.fixture(params=text.LANGS)
def lang(request):
    return request.param


@pytest.fixture
def path(lang):
    return ROOT / NAMES[lang]


@pytest.fixture
def page(path):
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The picture in each language, and its alternative text."""
    draw = runpy.run_path(str(ROOT / "docs" / "headline.py"))["draw"]
    folder = tmp_path_factory.mktemp("drawn")
    return {path.stem[-2:]: (path, alt) for path, alt in draw(folder)}


@pytest.fixture
def alt(lang, drawn):
    return drawn[lang][1]


@pytest.fixture
def english():
    return (ROOT / NAMES["en"]).read_text(encoding="utf-8")


def fenced(page, kind):
    blocks = re.findall(rf"^ *```{kind}\n(.*?)^ *```$", page, re.M | re.S)
    return "\n".join(blocks)


def commands(page):
    """The words after run.py of every command in the page, code in prose included."""
    lines = fenced(page, "sh").splitlines()
    lines += re.findall(r"`(python3 run\.py [^`]+)`", page)
    words = [shlex.split(line, comments=True) for line in lines]
    assert all(w[:2] == ["python3", "run.py"] for w in words if w)
    return [w[2:] for w in words if w]


def family_row(family, lang):
    """A row of the table of families, from the data."""
    name = data.load("families").set_index("family").loc[family]
    frame = data.load("observations").merge(
        data.load("balikpapan")[["id", "family"]], on="id"
    )
    rows = frame[frame["family"] == family].sort_values(["year", "period", "id"])
    figures = ", ".join(
        f"{n(v, lang)} ({text.period(p, lang)})"
        for v, p in zip(rows["value"], rows["period"], strict=True)
    )
    return f"| {name[f'name_{lang}']} | {figures} | {name[f'note_{lang}']} |"


def notebook_rows(lang):
    """The table of notebooks: titles and minutes from the notebooks themselves."""
    rows = []
    for own in sorted((ROOT / "notebooks" / lang).glob("[0-9]*_*.ipynb")):
        number = own.name.partition("_")[0]
        files = {
            code: min((ROOT / "notebooks" / code).glob(f"{number}_*.ipynb"))
            for code in text.LANGS
        }
        cells = json.loads(own.read_text(encoding="utf-8"))["cells"]
        first = "".join(cells[0]["source"])
        title = re.search(r"^# \d+\. (.+)$", first, re.M)[1]
        minutes = re.search(r"(?:Time: about|Waktu: sekitar) (\d+)", first)[1]
        where = ", ".join(
            f"[{code}]({files[code].relative_to(ROOT).as_posix()})"
            for code in text.LANGS
        )
        rows.append(f"| {title} | {minutes} | {where} |")
    return rows


def phrases(lang):
    """Every passage of the page that holds a number, computed from the data."""
    mayor = ua.series("mayor_2023_2024", region="6471")
    rate = ua.growth.between(mayor[0], mayor[1])
    growth = text.percent(rate.value, 2, lang)
    count = n(mayor[1].value, lang)
    figures = n(len(data.load("observations")), lang)
    sources = data.load("sources")
    full = n((sources["read_extent"] == "full").sum(), lang)
    claims = n(len(data.load("claims")), lang)
    release = text.period(data.shipped().release, lang)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    python = project["requires-python"].removeprefix(">=")
    lesson = (ROOT / LESSONS[lang]).read_text(encoding="utf-8")
    minutes = re.search(r"\b(\d+) (?:minutes|menit)\b", lesson)[1]
    told = {
        "en": [
            f"said {count} MSMEs (UMKM), up {growth}",
            f"Python {python} or newer",
            f"of {minutes} minutes",
            f"hold {figures} figures from {n(len(sources), lang)} sources, {full} of "
            f"them read in full; {claims} published claims",
            f"(as of {release}): none yet",
        ],
        "id": [
            f"menyebut {count} UMKM, naik {growth}",
            f"Python {python} atau",
            f"{minutes} menit",
            f"memuat {figures} angka dari {n(len(sources), lang)} sumber, {full} di "
            f"antaranya dibaca utuh; {claims} pernyataan",
            f"(per {release}): belum ada",
        ],
    }[lang]
    told.append(str(ua.tell("safe", lang)))
    told += [family_row(family, lang) for family in FIVE]
    told += notebook_rows(lang)
    return told


def test_it_fits_on_a_page(page):
    assert len(page.splitlines()) <= 120


def test_every_number_in_it_is_computed_here(page, lang, alt):
    assert prose.unchecked(page, [*phrases(lang), alt]) == []


def test_it_opens_with_the_question_and_says_what_is_weak(page, lang):
    assert page.startswith(f"# {ua.tell('question', lang)}\n")
    first_screen = page[: page.index("![")]
    assert str(ua.tell("weak", lang)) in first_screen


def test_the_safe_sentence_is_that_of_the_data(page, lang):
    assert f"\n> {ua.tell('safe', lang)}\n" in page


def test_all_families_of_the_headline_chart_but_the_unsourced_are_there(page, lang):
    shown = set(data.load("balikpapan")["family"])
    assert shown - {"unsourced"} == set(FIVE)
    for family in FIVE:
        assert family_row(family, lang) in page


def test_all_notebooks_are_there(page, lang):
    missing = [row for row in notebook_rows(lang) if row not in page]
    assert missing == [], "add these rows to the table of notebooks"


def test_links_lead_somewhere(path):
    assert prose.dead_links(path) == []


def test_both_have_the_same_parts(lang):
    shapes = [
        re.findall(
            r"^(#+ |\||```\w*|\d\. |- |!|>)",
            (ROOT / name).read_text(encoding="utf-8"),
            re.M,
        )
        for name in NAMES.values()
    ]
    assert shapes[0] == shapes[1]


def drawing(file):
    """The elements of an SVG in order, without ids, and its numbers apart."""
    source = re.sub(r"(?:id|href|clip-path)=\"[^\"]*\"", "", file.read_text("utf-8"))
    number = re.compile(r"-?\d+(?:\.\d+)?")
    return number.sub("#", source), [float(x) for x in number.findall(source)]


def test_the_picture_is_what_the_code_draws_now(page, lang, drawn):
    """Same elements at the same places; the last digits may differ by machine."""
    path, alt = drawn[lang]
    assert f"![{alt}](docs/headline-{lang}.svg)" in page
    stored, fresh = drawing(ROOT / "docs" / path.name), drawing(path)
    assert stored[0] == fresh[0], "run: python docs/headline.py"
    assert stored[1] == pytest.approx(fresh[1], abs=0.05), (
        "run: python docs/headline.py"
    )


def test_the_picture_asks_nothing_of_the_network(lang):
    source = (ROOT / "docs" / f"headline-{lang}.svg").read_text(encoding="utf-8")
    assert not re.findall(r"(?:href|src)=\"(?!#)[^\"]*\"", source)
    assert "<script" not in source


def test_python_lines_print_what_they_are_said_to(page, lang):
    lines = fenced(page, "python")
    assert len(lines.strip().splitlines()) <= 7
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(compile(lines, "README", "exec"), {})
    assert shown.getvalue() == f"0.1915 0.1923 0.1931\n{ua.tell('safe', lang)}\n"


def test_commands_that_ask_run(page, lang, capsys):
    asked = [w for w in commands(page) if w[0] == "umkm" and w[1] not in NOT_ASKING]
    assert {w[1] for w in asked} == {"figures", "trace", "claims", "growth"}
    for words in asked:
        assert cli.main(words[1:]) == 0
        shown, problems = capsys.readouterr()
        assert shown
        assert not problems
        if words[1] == "growth":
            assert data.load("readings")[f"assumption_{lang}"].iloc[1] in shown


def test_set_up_knows_the_other_commands(english, tmp_path, monkeypatch):
    """report, test, lab and site are words of run.py; what each starts is there.

    The site is built and walked through by tests/e2e, which has its packages.
    """
    page = english
    known = {w[0] for w in commands(page)}
    assert known == {"report", "test", "lab", "site", "umkm", "python"}
    run = runpy.run_path(str(ROOT / "run.py"))
    environment = run["Environment"](ROOT)
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    report, _ = run["command_for"](["report"], environment)
    assert report[1:] == ["-m", "umkm_analysis", "report"]
    assert cli.main([*report[3:], "--lang", "id", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "umkm-6471-id.html").is_file()
    tests, folder = run["command_for"](["test"], environment)
    paths = [w for w in tests if (folder / w).is_dir()]
    assert {"tests", "umkm_analysis", "notebooks"} <= set(paths)
    lab, _ = run["command_for"](["lab"], environment)
    subprocess.run(
        [sys.executable, *lab[1:3], "--version"], check=True, capture_output=True
    )


def test_both_pages_have_the_same_commands():
    """So it is enough to run those of one page, except for their language."""
    pages = [(ROOT / name).read_text(encoding="utf-8") for name in NAMES.values()]
    english, indonesian = (commands(page) for page in pages)
    assert [
        [w for w in words if w not in ("--lang", "en")] for words in english
    ] == indonesian


def copy_of_the_clone(target):
    for name in ("umkm_analysis", "data", "docs", "teaching"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, target / name, ignore=ignore)


def started(words, folder, clone=None):
    """Run a command of run.py in a folder, as .venv would start it."""
    program = {
        "umkm": [sys.executable, "-m", "umkm_analysis"],
        "python": [sys.executable],
    }[words[0]]
    return subprocess.run(
        [*program, *words[1:]],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(clone or ROOT)},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def test_a_release_is_added_as_described(english, tmp_path):
    """The commands of its third step, in a copy with one more source and figure."""
    page = english
    copy_of_the_clone(tmp_path)
    row = data.load("observations", as_of=None).set_index("id").loc["BPN-0084"]
    with (tmp_path / "data" / "sources.csv").open("a", encoding="utf-8") as file:
        file.write(
            "new-source,,New outlet,press,https://example.org/a,2026-11-20,full,"
            "2026-11-24,press_fact_cited,\n"
        )
    with (tmp_path / "data" / "observations.csv").open("a", encoding="utf-8") as file:
        file.write(
            f"BPN-9999,6471,2026,2026,business_units,{row['concept']},msme,all,,"
            "94000,93500,94500,rounded,1000,observed,B,new-source,,,,\n"
        )
    steps = page[page.index("`data/sources.csv`") :]
    steps = [w for w in commands(steps) if "my_city" not in " ".join(w)]
    assert [w[:2] for w in steps[:5]] == [
        ["umkm", "check"],
        ["umkm", "check"],
        ["python", "-m"],
        ["python", "docs/headline.py"],
        ["python", "teaching/worksheets.py"],
    ]
    unsealed = started(steps[0], tmp_path, tmp_path)
    assert unsealed.returncode == 1
    assert unsealed.stdout.count("[hash]") == 2
    assert unsealed.stdout.count("\n") == 2
    for words in steps[1:5]:
        done = started(words, tmp_path, tmp_path)
        assert done.returncode == 0, done.stderr
    assert started(steps[0], tmp_path, tmp_path).returncode == 0
    dictionary = (tmp_path / "data" / "README.md").read_text(encoding="utf-8")
    assert f"| {n(len(data.load('observations')) + 1, 'en')} |" in dictionary


def test_a_folder_of_ones_own_works_as_described(english, tmp_path):
    """Its three commands, the examples replaced by a figure in between."""
    new, check, report = (w for w in commands(english) if "my_city" in " ".join(w))
    made = started(new, tmp_path)
    assert made.returncode == 0, made.stderr
    mine = tmp_path / "my_city"
    assert (mine / "README.md").exists()
    table = (mine / "observations.csv").read_text(encoding="utf-8")
    assert table.count("EXAMPLE-") == 2
    header = table.split("\n")[0]
    (mine / "observations.csv").write_text(
        f"{header}\nBJM-1,6371,2016,2016,business_units,found,all,nonfarm,,89751,"
        "89751,89751,exact,,observed,B,mine,,,,\n",
        encoding="utf-8",
    )
    for name, line in (
        ("concepts.csv", "found,Census,Sensus,Businesses,Usaha,yes,yes,,census,,\n"),
        ("sources.csv", "mine,,BPS,other,,2017,full,2026-11-24,other,\n"),
    ):
        with (mine / name).open("a", encoding="utf-8") as file:
            file.write(line)
    for words in (check, report):
        done = started(words, tmp_path)
        assert done.returncode == 0, done.stderr
    page = (tmp_path / "my_city_report" / "umkm-6371-en.html").read_text("utf-8")
    assert "Kota Banjarmasin" in page
    assert "89,751" in page
    assert "87,397" not in page


def test_a_copy_for_a_class_is_made(english, tmp_path):
    (start,) = (w for w in commands(english) if w[:2] == ["umkm", "start"])
    assert started(start, tmp_path).returncode == 0
    files = {path.name for path in (tmp_path / "my_class").rglob("*.ipynb")}
    assert files == {path.name for path in (ROOT / "notebooks").rglob("*.ipynb")}


def test_the_citation_agrees_with_the_project():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert {"cff-version", "message", "title", "authors"} <= set(cited)
    assert cited["version"] == project["version"] == ua.__version__
    assert str(cited["date-released"]) == data.shipped().release
    assert cited["license"] == project["license"]
    assert [a["name"] for a in cited["authors"]] == [
        a["name"] for a in project["authors"]
    ]


def test_the_changelog_has_this_version_and_its_sections():
    log = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.split(r"^## ", log, flags=re.M)[1]
    release = data.shipped().release
    assert newest.startswith(f"{ua.__version__} - data release {release}\n")
    assert re.findall(r"^### (\w+)", newest, re.M) == ["Data", "Method", "Material"]
    for file in re.findall(r"`([\w/.]+\.(?:md|json))`", newest):
        assert (ROOT / file).exists() or (Path(contract.SHIPPED) / file).exists()
    words = re.search(r"command line `umkm`: ([^.]+)\.", " ".join(newest.split()))
    for word in words[1].split(", "):
        assert word in cli.COMMANDS
