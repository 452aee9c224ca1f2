"""The report: what it says, that it is whole, and that nothing hostile gets in."""

import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from html.parser import HTMLParser

import pytest
import small

import umkm_analysis as ua
from umkm_analysis import blocks, report, whole, writers

SHIPPED = ua.data.shipped()
HOSTILE = '<script>alert(1)</script> & {{7*7}} #import "x" $y$ *z* `code` @who {0} \\_'


class Page(HTMLParser):
    """Every address, id and picture of a page."""

    def __init__(self, content):
        super().__init__()
        self.ids, self.links, self.loads, self.images = [], [], [], []
        self.lang, self.tags = None, []
        self.feed(content.decode("utf-8"))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append(tag)
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if tag == "html":
            self.lang = attrs["lang"]
        if tag == "a":
            self.links.append(attrs["href"])
        if tag == "img":
            self.images.append(attrs)
        if tag in ("img", "script", "iframe", "source"):
            self.loads.append(attrs.get("src", ""))
        if tag == "link":
            self.loads.append(attrs["href"])


def job(lang="id", region=None, folder=SHIPPED):
    region = folder.region(region)
    return writers.Job(report.content(folder, region), folder, region, lang)


@pytest.fixture(scope="module", params=["id", "en"])
def made(request):
    work = job(request.param)
    return request.param, {k: write(work) for k, write in writers.WRITERS.items()}


def test_the_page_asks_nothing_of_the_network(made):
    lang, files = made
    page = Page(files["html"])
    assert page.lang == lang
    assert page.loads
    assert all(x.startswith("data:") for x in page.loads)
    assert "script" not in page.tags
    assert b"@import" not in files["html"]
    assert not re.search(rb"url\(", files["html"])


def test_every_link_inside_the_page_leads_somewhere(made):
    page = Page(made[1]["html"])
    assert len(page.ids) == len(set(page.ids))
    inside = {x[1:] for x in page.links if x.startswith("#")}
    assert inside
    assert inside <= set(page.ids)


def test_every_picture_has_words(made):
    for image in Page(made[1]["html"]).images:
        assert len(image["alt"]) > 60


def test_the_numbers_that_readers_quote(made):
    lang, files = made
    page = files["html"].decode("utf-8")
    quoted = {
        "id": ["87.397", "73.300", "19,23 persen", "5,84 persen", "-1,03 persen"],
        "en": ["87,397", "73,300", "19.23 percent", "5.84 percent", "-1.03 percent"],
    }
    for words in quoted[lang]:
        assert words in page
    assert ua.tell("question", lang) in page


def test_pdf_is_accessible_and_speaks_its_language(made):
    lang, files = made
    assert files["pdf"].startswith(b"%PDF-1.7")
    assert b"pdfuaid:part" in files["pdf"]
    assert f"/Lang ({lang})".encode() in files["pdf"] or b"/Lang" in files["pdf"]
    assert b"CreationDate" not in files["pdf"]


def test_the_memo_has_its_chart_and_sentence(made):
    from docx import Document

    lang, files = made
    document = Document(io.BytesIO(files["docx"]))
    words = "\n".join(p.text for p in document.paragraphs)
    assert "BPN-0074" in words
    assert ua.tell("question", lang) in words
    (shape,) = document.inline_shapes
    assert len(shape._inline.docPr.get("descr")) > 60


def test_the_workbook_holds_numbers_and_sources(made):
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(made[1]["xlsx"]))
    assert book.sheetnames[0] == "README"
    assert len(book.sheetnames) >= 4
    numbers = 0
    for sheet in book.worksheets[1:]:
        heads = [c.value for c in sheet[1]]
        for row in sheet.iter_rows(min_row=2):
            for cell in row:
                assert cell.data_type != "f"
                numbers += cell.data_type == "n" and cell.value is not None
            if {"publisher", "penerbit"} & set(heads) and "istilah" not in heads:
                column = next(
                    i for i, h in enumerate(heads) if h in ("publisher", "penerbit")
                )
                if "meaning" not in heads and "artinya" not in heads:
                    assert row[column].value, (sheet.title, row[0].value)
    assert numbers > 100


def test_the_same_bytes_whatever_the_surroundings(tmp_path):
    """Another time zone, locale, hash seed and folder change nothing."""
    made = []
    for name, zone, seed in (("a", "Asia/Makassar", "1"), ("b b", "America/Lima", "2")):
        data = small.cut(tmp_path / name / "data")
        subprocess.run(
            [sys.executable, "-m", "umkm_analysis", "report", "--format", "all",
             "--lang", "id", "--data", str(data), "--out", "out"],
            cwd=tmp_path / name, check=True, capture_output=True,
            env={**os.environ, "TZ": zone, "PYTHONHASHSEED": seed, "LC_ALL": "C"},
        )  # fmt: skip
        files = sorted((tmp_path / name / "out").iterdir())
        made.append({f.name: f.read_bytes() for f in files})
    first, second = made
    assert len(first) == 6
    assert [n for n in first if first[n] != second.get(n)] == []


def test_hostile_words_stay_words(tmp_path):
    data = shutil.copytree(SHIPPED.path, tmp_path / "data")
    quoted = '"' + HOSTILE.replace('"', '""') + '"'
    swaps = {
        "regions.csv": ("Kota Balikpapan", quoted),
        "sources.csv": (",IKN Bisnis,", f",{quoted},"),
        "concepts.csv": ("UMKM menurut pernyataan wali kota", quoted),
        "claims.csv": (
            "Pertumbuhan terjadi karena perizinan usaha makin mudah.",
            quoted,
        ),
    }
    for name, (old, new) in swaps.items():
        path = data / name
        content = path.read_text(encoding="utf-8")
        assert old in content
        path.write_text(content.replace(old, new), encoding="utf-8", newline="\n")
    folder = ua.open_folder(data)
    work = job("id", folder=folder)
    page = writers.to_html(work)
    assert b"<script>" not in page
    assert b"&lt;script&gt;alert(1)" in page
    assert b"{{7*7}}" in page
    assert writers.to_pdf(work).startswith(b"%PDF")
    for kind in ("docx", "xlsx"):
        with zipfile.ZipFile(io.BytesIO(writers.WRITERS[kind](work))) as archive:
            assert archive.testzip() is None
            whole = b"".join(archive.read(n) for n in archive.namelist())
            assert b"<script>" not in whole


def test_text_that_begins_like_a_formula_is_text():
    from openpyxl import Workbook, load_workbook

    book = Workbook()
    writers._row(book.active, 1, ["=1+1", "+62", "-", "@x", "x\x07y", 5])
    buffer = io.BytesIO()
    book.save(buffer)
    row = load_workbook(io.BytesIO(buffer.getvalue())).active[1]
    assert [c.data_type for c in row] == ["s"] * 5 + ["n"]
    assert row[0].value == "=1+1"
    assert row[4].value == "x\ufffdy"


@pytest.mark.parametrize("region", ["64", "1904", "6471010", "1471"])
def test_any_region_has_an_honest_report(region):
    """With many figures, one, or none: never an error, never a figure not its own."""
    work = job("en", region)
    page = writers.to_html(work)
    assert ua.blocks.region_name(SHIPPED, region).encode() in page
    assert b"73,300" not in page
    assert writers.to_pdf(work).startswith(b"%PDF")


def test_a_region_without_any_figure_says_so():
    there = set(SHIPPED.load("observations")["region_code"])
    empty = next(r for r in SHIPPED.load("regions")["region_code"] if r not in there)
    page = writers.to_html(job("en", empty)).decode()
    assert ua.text.label("report.no_counts", "en") in page


def test_files_are_whole_or_not_there(tmp_path, monkeypatch):
    target = tmp_path / "x.html"
    whole.write(target, b"old")

    def interrupted(self, other):
        raise KeyboardInterrupt

    monkeypatch.setattr(whole.Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        whole.write(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_target_that_cannot_be_written_gives_one_line(tmp_path, capsys):
    from umkm_analysis.cli import main

    blocked = tmp_path / "file"
    blocked.write_text("x", encoding="utf-8")
    assert main(["report", "--out", str(blocked / "in"), "--lang", "en"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_all_regions_are_those_with_a_figure():
    regions = report.all_regions(SHIPPED)
    assert regions[0] == "0000"
    assert "6471" in regions
    assert set(regions) == set(SHIPPED.load("observations")["region_code"])


def test_the_zip_is_a_folder_that_checks(tmp_path):
    with zipfile.ZipFile(io.BytesIO(writers.to_zip(SHIPPED))) as archive:
        archive.extractall(tmp_path)
    assert ua.check(tmp_path) == []
    assert (tmp_path / "README.md").exists()


def test_what_is_there_already_is_not_made_twice(tmp_path, capsys):
    from umkm_analysis.cli import main

    data = small.cut(tmp_path / "data")
    words = ["report", "--data", str(data), "--out", str(tmp_path / "out")]
    # A region without figures: what is asked is whether, not how, it is made.
    words += ["--lang", "en", "--region", "0000"]
    assert main(words) == 0
    said = capsys.readouterr().out
    page = tmp_path / "out" / "umkm-0000-en.html"
    first, stamp = page.read_bytes(), page.stat().st_mtime_ns
    assert main(words) == 0
    assert capsys.readouterr().out == said
    assert page.stat().st_mtime_ns == stamp
    # A file that was changed is made again; so is all, where a datum has changed.
    page.write_bytes(first + b" ")
    assert main(words) == 0
    assert page.read_bytes() == first
    table = data / "regions.csv"
    content = table.read_text(encoding="utf-8")
    table.write_text(
        content.replace("Indonesia", "Nusantara"), encoding="utf-8", newline="\n"
    )
    assert main(words) == 0
    assert page.read_bytes() != first


@pytest.mark.parametrize("region", ["0000", "6171", "62"])
def test_no_growth_is_safe_to_say_where_two_things_were_counted(region):
    """Their only growth claims compare figures that are not of one series."""
    claims = SHIPPED.claims(region=region)
    assert (claims["formula"] == "growth_pct").any()
    assert blocks.headline_claim(SHIPPED, region) is None
    for lang in ua.text.LANGS:
        said = " ".join(ua.say(b, lang) for b in blocks.safe(SHIPPED, region))
        assert "persen" not in said
        assert "percent" not in said
