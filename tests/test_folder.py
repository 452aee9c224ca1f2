"""A new folder, a copy for a class, and what changed between two folders."""

import shutil
from datetime import date
from pathlib import Path

import prose
import pytest
import small

from umkm_analysis import cli, contract, data, folder
from umkm_analysis.errors import DataError

DAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    place = tmp_path_factory.mktemp("rumah kita é 家") / "kota baru"
    return folder.new(place, region="6371", today=DAY)


@pytest.fixture
def copy(made, tmp_path):
    return Path(shutil.copytree(made, tmp_path / "copy"))


def test_a_new_folder_is_sound_and_about_its_region(made):
    assert contract.check(made) == []
    city = data.open_folder(made)
    assert city.home == "6371"
    assert city.release == "2026-11-24"
    assert city.names("regions", "region_code", "id")["6371"] == "Kota Banjarmasin"
    assert set(city.load("measures")["measure"]) == set(
        data.load("measures")["measure"]
    )
    assert len(city.load("size_classes")) == len(data.load("size_classes"))


def test_its_two_rows_say_that_they_are_examples(made):
    rows = small.read(made / "observations.csv")
    assert len(rows) == 2
    for row in rows:
        assert row["id"].startswith("EXAMPLE-")
        assert "EXAMPLE" in row["note"]
        assert "CONTOH" in row["note"]
        assert row["grade"] == "D"
    for file, word in (("README.md", "never overwritten"), ("README.id.md", "ditimpa")):
        page = (made / file).read_text(encoding="utf-8")
        assert "Kota Banjarmasin" in page
        assert word in page


def test_the_report_at_once_says_that_there_is_nothing(made, tmp_path, capsys):
    words = ["report", "--data", str(made), "--out", str(tmp_path), "--lang", "id"]
    assert cli.main(words) == 0
    assert "belum memuat jumlah usaha untuk Kota Banjarmasin" in capsys.readouterr().out
    page = (tmp_path / "umkm-6371-id.html").read_text(encoding="utf-8")
    assert "Kota Banjarmasin" in page
    assert "Balikpapan" not in page


def test_the_examples_go_away_as_the_readme_says(copy):
    for file, key in (
        ("observations.csv", "EXAMPLE"),
        ("concepts.csv", "example,"),
        ("sources.csv", "example,"),
    ):
        path = copy / file
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(x for x in lines if not x.startswith(key)), "utf-8")
    assert contract.check(copy) == []


@pytest.mark.parametrize(
    ("options", "level", "parent"),
    [
        ({"region": "6372", "name": "Kota Lain"}, "city", "63"),
        ({"region": "6301", "name": "Kabupaten Lain"}, "regency", "63"),
        ({"region": "6371010", "name": "Kecamatan Lain"}, "district", "6371"),
        ({"region": "pasar-lama", "name": "Pasar Lama"}, "other", "0000"),
        (
            {"region": "x", "name": "X", "level": "desa", "parent": "6471"},
            "desa",
            "6471",
        ),
        # Known in the shipped tables, but what is said goes before it.
        ({"region": "6371", "level": "other", "parent": "62"}, "other", "62"),
        ({}, "other", "0000"),
    ],
)
def test_level_and_parent(tmp_path, options, level, parent):
    made = folder.new(tmp_path / "x", today=DAY, **options)
    row = small.read(made / "regions.csv")[-1]
    assert (row["level"], row["parent_code"]) == (level, parent)
    assert contract.check(made) == []


def test_codes_of_areas_have_a_form(copy):
    path = copy / "regions.csv"
    text = path.read_text(encoding="utf-8")
    for code, kemendagri, good in (
        ("6499", "64.99", True), ("640", "", False), ("64.99", "", False),
        ("x-1", "", True), ("6499", "6499", False), ("6499", "64.99.1", False),
    ):  # fmt: skip
        path.write_text(f"{text}{code},{kemendagri},X,other,64,,\n", encoding="utf-8")
        rules = [p.rule for p in contract.check(copy)]
        assert rules == ([] if good else ["pattern"]), code


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"region": "../x"}, "region_form"),
        ({"region": "=1+1"}, "region_form"),
        ({"region": "647", "name": "X"}, "region_form"),
        ({"region": "64.71", "name": "X"}, "region_form"),
        ({"region": "9999"}, "region_name"),
        ({"region": "y", "name": "Y", "parent": "nowhere"}, "region_parent"),
        ({"region": "6371", "parent": "nowhere"}, "region_parent"),
    ],
)
def test_a_region_that_cannot_be(tmp_path, options, code):
    with pytest.raises(DataError) as error:
        folder.new(tmp_path / "x", **options)
    assert error.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(copy, tmp_path, capsys):
    before = {p.name: p.read_bytes() for p in copy.iterdir()}
    assert cli.main(["new", str(copy), "--lang", "en"]) == 1
    assert "not empty" in capsys.readouterr().err
    assert {p.name: p.read_bytes() for p in copy.iterdir()} == before
    file = tmp_path / "file"
    file.write_text("mine")
    assert cli.main(["new", str(file)]) == 1
    assert file.read_text() == "mine"
    (tmp_path / "empty").mkdir()
    assert cli.main(["new", str(tmp_path / "empty")]) == 0
    assert contract.check(tmp_path / "empty") == []


def test_a_stop_in_between_leaves_nothing(tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(folder, "_fill", stop)
    with pytest.raises(KeyboardInterrupt):
        folder.new(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


# A copy for a class


def test_start(tmp_path, capsys):
    place = tmp_path / "kelas 家"
    assert cli.main(["start", str(place), "--lang", "en"]) == 0
    out, err = capsys.readouterr()
    assert out.strip() == str(place / "notebooks" / "en")
    assert "jupyter lab" in err
    lessons = sorted((place / "notebooks" / "id").glob("*.ipynb"))
    assert len(lessons) == len(
        list((folder.shipped("notebooks") / "id").glob("*.ipynb"))
    )
    # The path that the lessons use.
    assert (lessons[0].parent / "../../data/balikpapan.csv").resolve().is_file()
    assert contract.check(place / "data") == []
    assert str(place / "teaching" / "en") in err


def test_start_copies_what_a_teacher_needs(tmp_path):
    folder.start(tmp_path)
    for lang, guide in (("id", "panduan.md"), ("en", "guide.md")):
        place = tmp_path / "teaching" / lang
        assert (place / guide).is_file()
        assert len(list(place.glob("*.pdf"))) == 3
        # Nothing in the copy leads out of it.
        assert [x for page in place.glob("*.md") for x in prose.dead_links(page)] == []


def test_start_keeps_what_a_student_wrote(tmp_path, capsys):
    folder.start(tmp_path)
    lesson = next((tmp_path / "notebooks" / "id").glob("01*.ipynb"))
    lesson.write_text("mine", encoding="utf-8")
    (tmp_path / "data" / "balikpapan.csv").unlink()
    copied, kept = folder.start(tmp_path)
    assert [p.name for p in copied] == ["balikpapan.csv"]
    assert kept == [lesson]
    assert lesson.read_text(encoding="utf-8") == "mine"
    assert cli.main(["start", str(tmp_path)]) == 0
    assert lesson.name in capsys.readouterr().err


def test_start_follows_no_link(tmp_path):
    outside = tmp_path / "outside.csv"
    place = tmp_path / "class" / "data"
    place.mkdir(parents=True)
    (place / "regions.csv").symlink_to(outside)
    _, kept = folder.start(tmp_path / "class")
    assert kept == [place / "regions.csv"]
    assert not outside.exists()


# What changed


def test_diff_names_every_changed_cell(made, copy, capsys):
    path = copy / "observations.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(",2,2,2,exact", ",3,3,3,exact"), encoding="utf-8")
    path = copy / "families.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([*lines[:-1], "new,New,Baru,99,,\n"]), encoding="utf-8")
    found = folder.diff(made, copy)
    assert [
        (r["row"], r["column"], r["change"], r["old"], r["new"]) for r in found[:3]
    ] == [
        ("EXAMPLE-2", "value", "changed", "2", "3"),
        ("EXAMPLE-2", "value_low", "changed", "2", "3"),
        ("EXAMPLE-2", "value_high", "changed", "2", "3"),
    ]
    assert [(r["table"], r["row"], r["change"]) for r in found[3:]] == [
        ("families", "context", "removed"),
        ("families", "new", "added"),
    ]
    assert cli.main(["diff", str(made), str(copy), "--lang", "en"]) == 0
    out, err = capsys.readouterr()
    assert "EXAMPLE-2" in out
    assert err == "5 changes.\n"
    assert cli.main(["diff", str(made), str(made), "--lang", "en"]) == 0
    assert capsys.readouterr() == ("", "Nothing has changed.\n")


def test_diff_of_rows_in_another_order_is_nothing(made, copy):
    path = copy / "regions.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text(head + "".join(rows[::-1]), encoding="utf-8")
    assert folder.diff(made, copy) == []


def test_diff_of_other_bytes_with_the_same_cells_is_nothing(made, copy):
    for name in ("observations.csv", "concepts.csv"):
        path = copy / name
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    rows = small.read(copy / "regions.csv")
    columns = sorted(rows[0], reverse=True)
    folder.write_table(copy / "regions.csv", columns, rows)
    (copy / "README.md").write_text("mine", encoding="utf-8")
    assert folder.diff(made, copy) == []


def test_diff_of_tables_and_rows_that_come_and_go(made, copy):
    terms = len(small.read(copy / "glossary.csv"))
    (copy / "glossary.csv").unlink()
    path = copy / "observations.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + text.splitlines(keepends=True)[-1], encoding="utf-8")
    for old, new, change in ((made, copy, "removed"), (copy, made, "added")):
        found = folder.diff(old, new)
        assert [r["change"] for r in found if r["table"] == "glossary"] == (
            [change] * terms
        )
        (again,) = (r for r in found if r["table"] == "observations")
        assert again["row"] == "EXAMPLE-2 / #2"
    with pytest.raises(DataError):
        folder.diff(made, copy / "observations.csv")


def test_diff_refuses_what_it_cannot_read(made, copy):
    (copy / "regions.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError):
        folder.diff(made, copy)


# Satu Data


def test_metadata_in_the_words_of_satu_data(made, capsys):
    listed = folder.satu_data()
    assert sum(r["baris"] for r in listed) == len(data.load("observations"))
    for record in listed:
        assert tuple(record) == folder.SATU_DATA
        for key in ("konsep", "definisi", "ukuran", "satuan"):
            assert record[key]
    assert cli.main(["metadata", "--data", str(made), "--format", "csv"]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head == ",".join(folder.SATU_DATA)
    assert line.endswith("UMKM,Jumlah usaha,usaha,,2")
