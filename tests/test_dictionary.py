"""The data dictionary says what the contract and the data say now."""

import json
import re
import shutil
import subprocess
import sys

import pytest

from umkm_analysis import contract, data, dictionary, text

CONTRACT = json.loads((contract.SHIPPED / "datapackage.json").read_text("utf-8"))
ENUMS = {
    (r["name"], f["name"]): f["constraints"]["enum"]
    for r in CONTRACT["resources"]
    for f in r["schema"]["fields"]
    if "enum" in f.get("constraints", {})
}


@pytest.fixture(params=text.LANGS)
def lang(request):
    return request.param


@pytest.fixture
def page(lang):
    path = contract.SHIPPED / dictionary.FILES[lang]
    return path.read_text(encoding="utf-8")


def section(page, heading):
    """The text below one heading, up to the next of any level."""
    return re.split(r"^#+ ", page.split(f"\n{heading}\n", 1)[1], flags=re.M)[0]


def test_the_committed_files_are_not_stale(page, lang):
    assert page == dictionary.words(lang), "run: python -m umkm_analysis.dictionary"


def test_the_command_writes_both_files_into_the_data(tmp_path):
    shutil.copytree(contract.SHIPPED, tmp_path / "data")
    shutil.copytree(contract.HERE, tmp_path / "umkm_analysis")
    for name in dictionary.FILES.values():
        (tmp_path / "data" / name).unlink()
    command = [sys.executable, "-m", "umkm_analysis.dictionary"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    for name in dictionary.FILES.values():
        written = (tmp_path / "data" / name).read_bytes()
        assert written == (contract.SHIPPED / name).read_bytes()


def test_a_changed_contract_or_row_changes_the_page(tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(contract.SHIPPED, folder)
    before = dictionary.words("en", data.open_folder(folder))
    lines = (folder / "families.csv").read_text(encoding="utf-8").splitlines(True)
    lines.append("extra,Extra,Tambahan,99,,\n")
    (folder / "families.csv").write_text("".join(lines), encoding="utf-8")
    after = dictionary.words("en", data.open_folder(folder))
    count = len(data.load("families"))
    assert f"(#families) | {count} |" in before
    assert f"(#families) | {count + 1} |" in after
    assert "| `extra` | Extra |" in after

    changed = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    changed["resources"][0]["schema"]["fields"][3]["description"] = "Other words."
    (folder / "datapackage.json").write_text(json.dumps(changed), encoding="utf-8")
    assert "Other words." in dictionary.words("en", data.open_folder(folder))


def test_every_table_and_column_is_there_with_its_words(page, lang):
    title, words = {
        "en": ("title", "description"),
        "id": ("title_id", "description_id"),
    }[lang]
    for resource in CONTRACT["resources"]:
        part = section(page, f"### `{resource['path']}`")
        rows = len(data.load(resource["name"]))
        assert resource[title] in part
        assert f" {text.number(rows, 0, lang)} " in part
        for spec in resource["schema"]["fields"]:
            (line,) = (x for x in part.splitlines() if f"| `{spec['name']}` |" in x)
            assert line.endswith(f"| {spec[words]} |")
            for allowed in spec.get("constraints", {}).get("enum", ()):
                assert f"`{allowed}`" in line


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("observations", "grade"),
        ("observations", "status"),
        ("observations", "precision"),
        ("claims", "formula"),
        ("claims", "verdict"),
    ],
)
def test_every_code_is_explained(page, table, column):
    part = page.split(f"| `{column}` |", 1)[1].split("\n\n", 1)[0]
    explained = re.findall(r"^\| `([^`]+)` \| \S", part, re.M)
    assert explained == ENUMS[table, column]


def test_every_number_has_a_unit():
    for table in dictionary.describe():
        for field in table["fields"]:
            if field["type"] in ("integer", "number") and field["name"] != "sort":
                assert field["unit"], (table["name"], field["name"])
            if isinstance(field["unit"], dict):
                home = field["unit"]["table"] or table["name"]
                names = [
                    f["name"]
                    for t in dictionary.describe()
                    if t["name"] == home
                    for f in t["fields"]
                ]
                assert field["unit"]["column"] in names


def test_every_measure_is_listed_with_its_unit(page, lang):
    for _, row in data.load("measures").iterrows():
        unit = text.term("unit", row["unit"], lang)
        assert f"| `{row['measure']}` | {unit} |" in page


def test_words_by_hand_hold_no_figure(lang):
    """A number of the data is asked for in braces, so that it cannot go stale."""
    template = dictionary.TEMPLATES / f"dictionary.{lang}.md"
    source = template.read_text(encoding="utf-8")
    source = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}|`[^`]*`", "", source, flags=re.S)
    source = re.sub(r"\[[^]]*\]\([^)]*\)", "", source)
    source = re.sub(r"^\d\. ", "", source, flags=re.M)
    numbers = set(re.findall(r"\d[\d.,]*\d|\d", source)) - {"3", "8"}
    assert {n for n in numbers if not re.fullmatch(r"(19|20)\d\d", n)} == set()


def test_links_lead_somewhere(page):
    anchors = set(re.findall(r'<a id="([^"]+)">', page))
    for target in re.findall(r"\]\(([^)]+)\)", page):
        if target.startswith("#"):
            assert target[1:] in anchors
        else:
            assert (contract.SHIPPED / target).exists()


def test_both_languages_have_the_same_shape():
    shapes = []
    for lang in text.LANGS:
        page = dictionary.words(lang)
        shapes.append(
            [
                len(re.findall(pattern, page, re.M))
                for pattern in (r"^## ", r"^### ", r"^\|", r"^- ", r"^\d\. ")
            ]
        )
    assert shapes[0][:3] == shapes[1][:3]
    assert shapes[0][4] == shapes[1][4]
