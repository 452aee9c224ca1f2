"""What every notebook keeps to; that their outputs are true is nbval's to say."""

import hashlib
import json
import re
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "notebooks"
LANGS = ("id", "en")
NOTEBOOKS = sorted(FOLDER.glob("*/*.ipynb"))
PAIRS = sorted(
    {p.name[:2] for p in NOTEBOOKS if p.parent.name in LANGS and p.name[:2].isdigit()}
)
HEADINGS = {
    "id": [
        "Setelah ini Anda bisa",
        "Sebelum mulai",
        "Data",
        "Ringkasan",
        "Batas data",
        "Latihan",
        "Berikutnya",
    ],
    "en": [
        "After this you can",
        "Before you start",
        "Data",
        "Summary",
        "Limits",
        "Exercises",
        "Next",
    ],
}
QUESTION = {"id": "**Pertanyaan.**", "en": "**Question.**"}


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def source(cell):
    return "".join(cell["source"])


def code(path):
    return [c for c in read(path)["cells"] if c["cell_type"] == "code"]


def text(path):
    return [c for c in read(path)["cells"] if c["cell_type"] == "markdown"]


def of(pair, lang):
    return next((FOLDER / lang).glob(f"{pair}_*.ipynb"))


def test_there_are_pairs():
    assert len(PAIRS) >= 3
    for lang in LANGS:
        assert len(list((FOLDER / lang).glob("[0-9]*.ipynb"))) == len(PAIRS)


@pytest.mark.parametrize("pair", PAIRS)
def test_both_languages_run_the_same_code(pair):
    ours = [[source(c) for c in code(of(pair, lang))] for lang in LANGS]
    different = [(a, b) for a, b in zip(*ours, strict=True) if a != b]
    assert different == [('LANG = "id"', 'LANG = "en"')]


@pytest.mark.parametrize("pair", PAIRS)
def test_no_translation_is_stale(pair):
    """Each English text keeps the hash of the Indonesian text it says again."""
    first, second = (text(of(pair, lang)) for lang in LANGS)
    for a, b in zip(first, second, strict=True):
        digest = hashlib.sha256(source(a).encode()).hexdigest()[:16]
        assert b["metadata"]["source_hash"] == digest, source(b)[:80]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_cells_are_short_and_plain(path):
    cells = [source(c) for c in code(path)]
    lengths = [c.count("\n") + 1 for c in cells]
    assert statistics.median(lengths) <= 3
    assert max(lengths) <= 12
    assert cells[:2] in (
        [["import umkm_analysis as ua", f'LANG = "{lang}"'] for lang in LANGS]
    )
    assert cells[-1] == "print(ua.data.shipped().release)"
    assert not any(re.search(r"^\s*(def|class) ", c, re.M) for c in cells)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_every_cell_was_run_in_order_and_none_failed(path):
    cells = code(path)
    assert [c["execution_count"] for c in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        for output in cell["outputs"]:
            assert output["output_type"] != "error", source(cell)
            assert output.get("name") != "stderr", source(cell)
            shown = json.dumps(output)
            assert "np.float64" not in shown, source(cell)
            assert "np.int64" not in shown, source(cell)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_headings_are_the_same_everywhere(path):
    lang = path.parent.name
    whole = "\n".join(source(c) for c in text(path))
    found = re.findall(r"^## (.+)$", whole, re.M)
    assert [h for h in found if h in HEADINGS[lang]] == HEADINGS[lang]
    assert QUESTION[lang] in source(text(path)[0])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_no_figure_is_typed_into_a_text(path):
    """Years, headings, links, code, list numbers and minutes only."""
    for cell in text(path):
        prose = source(cell)
        prose = re.sub(r"^#.*$", "", prose, flags=re.M)
        prose = re.sub(r"\[[^\]]*\]\([^)]*\)|`[^`]*`", "", prose)
        prose = re.sub(r"^\d+\. ", "", prose, flags=re.M)
        prose = re.sub(r"^(Waktu|Time): .*$", "", prose, flags=re.M)
        prose = re.sub(r"\b(19|20)\d\d(-(19|20)\d\d)?\b", "", prose)
        assert not re.findall(r"\d+", prose), prose


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_links_lead_somewhere(path):
    for cell in text(path):
        for target in re.findall(r"\]\(([^)#]+)", source(cell)):
            if "://" not in target:
                assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_every_chart_is_seen(path):
    """A cell that draws shows its picture, once."""
    for cell in code(path):
        if re.search(r"\bua\.charts\.(?!alt)\w+\(|\bsns\.\w+plot\(", source(cell)):
            pictures = [o for o in cell["outputs"] if "image/png" in o.get("data", {})]
            assert len(pictures) == 1, source(cell)
