"""Messy files into rows: nothing lost, nothing guessed, whole or not at all."""

import contextlib
import csv
import io
import json
import os
import shutil
import subprocess
import sys
import tracemalloc
import zipfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
import small
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from umkm_analysis import cells, cli, contract, data, folder, importing, sheets
from umkm_analysis.errors import DataError, UmkmError

HERE = Path(__file__).parent
MESSY = HERE / "messy"
EXAMPLES = HERE.parent / "notebooks" / "examples"
COOP = {
    "concept": "cooperatives_active_province",
    "status": "observed",
    "publisher": "BPS",
    "totals": "skip",
}
IMK = {
    "numbers": "id",
    "concept": "imk_survey",
    "status": "observed",
    "totals": "skip",
    "precision": "survey_estimate",
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return folder.new(tmp_path_factory.mktemp("to") / "city", region="63")


@pytest.fixture
def city(sound, tmp_path):
    return Path(shutil.copytree(sound, tmp_path / "kota 家"))


def panel(name, **where):
    rows = small.read(contract.SHIPPED / f"{name}.csv")
    return [r for r in rows if all(r[k] in v for k, v in where.items())]


def values(rows, *keys):
    return {tuple(r[k] for k in keys): float(r["value"]) for r in rows}


def put(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def reasons(plan):
    return {reason for _, reason in plan.counts()}


def grow(path, rows):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(row)
    book.save(path)
    return book


# Numbers and times


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("1073", {"1073"}),
        ("1.073", {"1073", "1.073"}),
        ("1,073", {"1073", "1.073"}),
        ("1 073", {"1073"}),
        ("1\u00a0073\u202f000", {"1073000"}),
        ("1.073.000", {"1073000"}),
        ("1,073,000", {"1073000"}),
        ("1.073,5", {"1073.5"}),
        ("1,073.5", {"1073.5"}),
        ("12,5", {"12.5"}),
        ("12.50", {"12.5"}),
        ("0,123", {"0.123"}),
        ("0.123", {"0.123"}),
        ("-5", {"-5"}),
        ("−5", {"-5"}),
        ("Rp 1.073.000", {"1073000"}),
        ("93 ribu", {"93000"}),
        ("1,5 juta", {"1500000"}),
        ("87.397 unit usaha", {"87397", "87.397"}),
        ("12,5%", {"12.5"}),
        ("7*", {"7"}),
        ("7 *)", {"7"}),
        ("7²", {"7"}),
        ("7 a)", {"7"}),
        ("7 r", {"7"}),
        ("0", {"0"}),
    ],
)
def test_numbers(text, readings):
    made = cells.number(text)
    assert {cells.shown(v) for v in made.readings.values()} == readings
    assert (made.sure is None) == (len(readings) > 1)


NO_NUMBERS = """NaN Infinity 1e5 1.07.3 1,07,3
1.0730.000 01.073 ١٢٣ 12.345,67,8 64.71.01
(1.073) 1..2 --5 5- 1.073.00 >5 ±5 1/2 0x10 1_000 = - +5 1'073 ½ 5,-"""


@pytest.mark.parametrize("text", NO_NUMBERS.split())
def test_no_numbers(text):
    assert cells.number(text) is None


@pytest.mark.parametrize("word", ["-", "–", "—", "--"])
def test_a_dash_may_be_blank_or_zero(word):
    assert cells.missing(word) == "dash"


@pytest.mark.parametrize("word", ["n.a.", "NA", "...", "…", "*", "x", "NULL", "tad"])
def test_not_available(word):
    assert cells.missing(word) == "not_available"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("2023", "2023"),
        ("Tahun 2023", "2023"),
        ("2019-2020", "2019/2020"),
        ("Januari 2024", "2024-01"),
        ("Agt 2023", "2023-08"),
        ("2023 Mei", "2023-05"),
        ("31 Desember 2023", "2023-12-31"),
        ("31/12/2023", "2023-12-31"),
        ("03/04/2023", None),
        ("31 Februari 2023", None),
        ("Triwulan IV 2023", "2023-10/2023-12"),
        ("Semester I 2024", "2024-01/2024-06"),
        ("2024 TW 2", "2024-04/2024-06"),
        ("2935", None),
        ("Balikpapan", None),
        ("2024-13", None),
    ],
)
def test_times(text, made):
    assert cells.period(text) == made


def test_every_month_in_both_languages():
    from umkm_analysis import text

    for month in range(1, 13):
        for lang in text.LANGS:
            said = f"{text.label(f'month.{month}', lang)} 2024"
            assert cells.period(said) == f"2024-{month:02}"


def test_names_of_areas():
    rows = small.read(contract.SHIPPED / "regions.csv")
    regions = cells.Regions(rows)
    for row in rows:
        if "(" not in row["name"]:
            assert regions.find(row["name"].upper()) == [row["region_code"]]
    assert regions.find("Kab. Paser") == ["6401"]
    assert regions.find("Kec. Balikpapan  Kota") == ["6471011"]
    assert regions.find("Prov. Kalimantan-Timur") == ["64"]
    assert regions.find("Bandung") == ["3273"]
    assert regions.find("Kab. Bandung") == []
    assert regions.of_code("64.71.01") == "6471020"


number = st.decimals(-(10**9), 10**9, places=3, allow_nan=False)


@given(number, st.sampled_from(["id", "en"]))
def test_what_is_printed_is_read_back(value, lang):
    """Whatever `text` prints, one of the readings is the value."""
    from umkm_analysis import text

    made = cells.number(text.number(value, None, lang))
    assert value in made.readings.values()
    if made.sure is not None:
        assert made.sure == value


@given(st.text(max_size=30))
def test_no_text_breaks_the_readers(text):
    made = cells.number(text)
    assert made is None or all(isinstance(v, Decimal) for v in made.readings.values())
    found = cells.period(text)
    assert found is None or contract.is_period(found)
    cells.missing(text), cells.measure_of(text), cells.size_of(text)
    cells.role_of(text), cells.is_total(text)
    for value in made.readings.values() if made else ():
        assert contract._TYPES["number"].match(cells.shown(value))


# Whole files


def test_the_example_gives_the_rows_of_the_panel(city):
    plan = importing.plan(EXAMPLES / "imk_kalimantan.csv", city, IMK)
    assert plan.questions == {}
    assert plan.totals() == {"taken": 113, "pending": 0, "refused": 15}
    ids = plan.write()
    assert contract.check(city) == []
    years = [str(y) for y in range(2017, 2022)]
    there = panel("imk_province", measure=["business_units"], year=years,
                  region_code=["61", "62", "63", "64", "65"])  # fmt: skip
    rows = [r for r in small.read(city / "observations.csv") if r["id"] in ids]
    keys = ("region_code", "year", "size_class")
    assert values(rows, *keys) == values(there, *keys)
    assert len(rows) == len(there) == 75
    assert {r["precision"] for r in rows} == {"survey_estimate"}
    own = data.open_folder(city).series("imk_2017_2022", region="63",
                                        size_class="micro_small")  # fmt: skip
    assert [f.year for f in own] == [2017, 2018, 2019, 2020, 2021]
    source = small.read(city / "sources.csv")[-1]
    assert source["publisher"].startswith("BPS")
    assert "1–19 pekerja" in source["note"]


def test_the_next_release_is_one_command(city, capsys):
    first, second = (EXAMPLES / f"imk_kalimantan{x}.csv" for x in ("", "_2022"))
    words = ["import", str(first), "--to", str(city), "--yes"]
    for key, value in IMK.items():
        words += ["--answer", f"{key}={value}"]
    assert cli.main(words) == 0
    words = ["import", str(second), "--to", str(city), "--yes"]
    assert cli.main([*words, "--mapping", "0001-imk-kalimantan"]) == 0
    capsys.readouterr()
    rows = small.read(city / "observations.csv")
    assert [r["year"] for r in rows[-15:]] == ["2022"] * 15
    assert contract.check(city) == []
    # And again: nothing is new.
    words += ["--mapping", "0002-imk-kalimantan-2022", "--lang", "en"]
    assert cli.main(words) == 1
    assert "no new figure" in capsys.readouterr().err


def coop(rows):
    return values(rows, "region_code", "year")


@pytest.mark.parametrize(
    ("file", "answers", "years", "codes"),
    [
        ("garis.csv", {"numbers": "en", "measure": "cooperatives_active"},
         ["2020", "2021"], ["61", "63", "64"]),
        ("open_data.csv", {}, ["2020", "2021"], ["61", "63", "64"]),
        ("koperasi.xls", {"hidden": "take"}, ["2019", "2020", "2021"],
         ["61", "62", "63", "64", "65"]),
    ],
)  # fmt: skip
def test_messy_files(city, file, answers, years, codes):
    plan = importing.plan(MESSY / file, city, {**COOP, **answers})
    assert plan.questions == {}
    ids = plan.write()
    assert contract.check(city) == []
    rows = [r for r in small.read(city / "observations.csv") if r["id"] in ids]
    there = panel("cooperatives_province", year=years, region_code=codes)
    assert coop(rows) == coop(there)
    assert {r["size_class"] for r in rows} == {""}


def test_utf_16_tabs_months_and_hard_spaces(city):
    plan = importing.plan(MESSY / "bulanan.tsv", city, COOP)
    assert plan.questions == {}
    rows = {r["region_code"]: r for r in plan.rows()}
    assert [rows[c]["period"] for c in ("61", "63", "64")] == [
        "2020-12", "2020-12-31", "2021",
    ]  # fmt: skip
    assert [rows[c]["value"] for c in ("61", "63", "64")] == ["2904", "1824", "3067"]
    assert plan.counts()["refused", "not_available"] == 1
    assert dict(plan.said())["read"]["encoding"] == "utf-16"


def test_nothing_is_written_before_every_question_is_answered(city):
    before = {p.name: p.read_bytes() for p in city.iterdir()}
    plan = importing.plan(EXAMPLES / "imk_kalimantan.csv", city)
    assert set(plan.questions) == {"numbers", "concept", "status", "totals"}
    assert plan.figures == []
    with pytest.raises(DataError) as error:
        plan.write()
    assert error.value.code == "import_open"
    assert {p.name: p.read_bytes() for p in city.iterdir()} == before


def test_questions_have_words(city):
    for file in sorted(MESSY.iterdir()):
        plan = importing.plan(file, city)
        for question in plan.questions.values():
            for lang in ("id", "en"):
                assert question.words(lang)
            if question.kind not in ("publisher",):
                assert question.words("id") != question.words("en")


# The questions, one by one


def long(*rows, head="Provinsi,Tahun,Jumlah UMKM"):
    return "\n".join([head, *rows]) + "\n"


BASE = {"concept": "c", "status": "observed", "size_class": "msme", "publisher": "x"}


@pytest.mark.parametrize(
    ("text", "open_", "answer", "value"),
    [
        (long("Bali,2020,1.073"), "numbers", "id", "1073"),
        (long("Bali,2020,1.073,", "Jambi,2020,1.073.000"), None, None, "1073"),
        (long("Bali,2020,-", "Jambi,2020,5"), "dash", "zero", "0"),
        (long("Bali,2020,5*"), "mark:*", "provisional", "5"),
        (long("Bali,2020,5*", "*) Angka sementara"), None, None, "5"),
        (long("Bali,Mei 2020,5"), None, None, "5"),
        (long("Bali,03/04/2020,5"), "period:03/04/2020", "2020-04-03", "5"),
        (long("Pulau Antah,2020,5"), "region:Pulau Antah", "51", "5"),
        (long("Pulau Antah,2020,5"), "region:Pulau Antah", "+99/other/0000", "5"),
        (long("Bali,2020,5", head="Provinsi,Tahun,Jumlah UMKM (ribu)"), "scale",
         "1000", "5000"),
        (long("Bali,2020,5,orang", head="Provinsi,Tahun,Jumlah UMKM,Satuan"),
         "unit:orang", "same", "5"),
        (long("Bali,2020,5", head="Provinsi,Tahun,Banyaknya"), "measure:Banyaknya",
         "business_units", "5"),
        ("Tahun,Jumlah UMKM\n2020,5\n", "region", "63", "5"),
        ("Provinsi,Jumlah UMKM\nBali,5\n", "period", "2020", "5"),
        (long("Bali,2020,5", "Bali,2020,6"), "conflict", "last", "6"),
    ],
)  # fmt: skip
def test_what_is_not_said_is_asked(city, tmp_path, text, open_, answer, value):
    file = put(tmp_path / "x.csv", text)
    plan = importing.plan(file, city, BASE)
    asked = {k for k in plan.questions if not k.startswith("c.")}
    assert asked == ({open_} if open_ else set())
    if open_:
        assert plan.totals()["pending"] > 0
        plan = importing.plan(file, city, {**BASE, open_: answer})
        assert {k for k in plan.questions if not k.startswith("c.")} == set()
    assert value in [r["value"] for r in plan.rows()]


def test_an_answer_that_is_no_choice(city, tmp_path):
    head = "Provinsi,Tahun,Jumlah usaha"
    file = put(tmp_path / "x.csv", long("Bali,2020,1.073", head=head))
    for bad in ({"numbers": "de"}, {"status": "sure"}, {"size_class": "tiny"}):
        with pytest.raises(DataError) as error:
            importing.plan(file, city, {**BASE, **bad})
        assert error.value.code == "import_answer"


def test_a_new_concept_is_described_before_it_is_used(city, tmp_path):
    file = put(tmp_path / "x.csv", long("Bali,2020,5", "Bali,2021,6"))
    plan = importing.plan(file, city, BASE)
    asked = {f"c.{n}" for n in importing._NEW_CONCEPT}
    assert set(plan.questions) == asked
    told = dict.fromkeys(asked, "=2+2") | {"c.family": "agency_list", "c.series": "s"}
    plan = importing.plan(file, city, BASE | told)
    plan.write()
    assert contract.check(city) == []
    (row,) = (r for r in small.read(city / "concepts.csv") if r["concept"] == "c")
    assert row["name_id"] == "'=2+2"
    assert len(data.open_folder(city).series("s", region="51", size_class="msme")) == 2


def test_totals_are_checked_against_their_parts(city, tmp_path):
    text = "Provinsi,2020,2021\nBali,2,3\nJambi,3,4\nJumlah,5,8\n"
    file = put(tmp_path / "x.csv", text)
    answers = BASE | {"measure": "business_units"}
    plan = importing.plan(file, city, answers)
    said = dict(plan.said())
    assert said["total_agrees"] == {"n": 1}
    assert said["total_differs"]["printed"] == 8
    assert said["total_differs"]["sum"] == 7
    assert {"totals", "differs"} <= set(plan.questions)
    plan = importing.plan(file, city, answers | {"totals": "0000", "differs": "skip"})
    assert plan.counts()["refused", "total"] == 1
    assert "5" in [r["value"] for r in plan.rows() if r["region_code"] == "0000"]


def test_a_total_of_sizes_is_named_by_its_parts(city, tmp_path):
    text = "Provinsi,Mikro,Kecil,Menengah,Jumlah\nBali,5,3,1,9\nJambi,6,2,1,9\n"
    file = put(tmp_path / "UMKM.csv", "Jumlah usaha tahun 2020\n" + text)
    plan = importing.plan(
        file, city, {k: v for k, v in BASE.items() if "size" not in k}
    )
    assert {k for k in plan.questions if not k.startswith("c.")} == set()
    sizes = [r["size_class"] for r in plan.rows()]
    assert sizes == ["micro", "small", "medium", "msme"] * 2
    text = text.replace(",9\nJ", ",8\nJ")
    file = put(tmp_path / "UMKM.csv", "Jumlah usaha tahun 2020\n" + text)
    plan = importing.plan(
        file, city, {k: v for k, v in BASE.items() if "size" not in k}
    )
    assert "size_class:Jumlah" in plan.questions


def test_figures_that_differ_supersede(city, tmp_path):
    told = {"c.name_id": "n", "c.name_en": "n", "c.counts_what_id": "w",
            "c.counts_what_en": "w", "c.family": "agency_list",
            "c.series": "s"}  # fmt: skip
    file = put(tmp_path / "a.csv", long("Bali,2020,5", "Jambi,2020,7"))
    (first, _) = importing.plan(file, city, BASE | told).write()
    file = put(tmp_path / "b.csv", long("Bali,2020,6", "Jambi,2020,7", "Jambi,2021,8"))
    plan = importing.plan(file, city, BASE)
    assert set(plan.questions) == {"revisions"}
    assert plan.counts()["refused", "already"] == 1
    old = tmp_path / "old"
    shutil.copytree(city, old)
    importing.plan(file, city, BASE | {"revisions": "supersede"}).write()
    assert contract.check(city) == []
    rows = small.read(city / "observations.csv")
    assert [r["supersedes"] for r in rows if r["value"] == "6"] == [first]
    (figure,) = data.open_folder(city).series("s", region="51", size_class="msme")
    assert figure.value == 6
    added = [r for r in folder.diff(old, city) if r["table"] == "observations"]
    assert [r["change"] for r in added] == ["added", "revised", "added"]
    assert (added[1]["old"], added[1]["new"]) == ("5", "6")


def test_undo_gives_back_the_very_bytes(city, tmp_path, capsys):
    before = {p.name: p.read_bytes() for p in city.iterdir() if p.is_file()}
    plan = importing.plan(EXAMPLES / "imk_kalimantan.csv", city, IMK)
    plan.write()
    kept = city / "imports" / plan.saved
    raw = (EXAMPLES / "imk_kalimantan.csv").read_bytes()
    assert (kept / "imk_kalimantan.csv").read_bytes() == raw
    assert json.loads((kept / "import.json").read_text())["sha256"] == (
        contract.digest(EXAMPLES / "imk_kalimantan.csv").removeprefix("sha256:")
    )
    assert cli.main(["import", "--undo", "--to", str(city)]) == 0
    after = {p.name: p.read_bytes() for p in city.iterdir() if p.is_file()}
    assert after == before
    assert cli.main(["import", "--undo", "--to", str(city), "--lang", "en"]) == 1
    assert "no import to undo" in capsys.readouterr().err


def test_undo_never_loses_what_was_done_by_hand(city):
    importing.plan(EXAMPLES / "imk_kalimantan.csv", city, IMK).write()
    path = city / "observations.csv"
    path.write_bytes(path.read_bytes().replace(b"53348", b"53349"))
    changed = path.read_bytes()
    with pytest.raises(DataError) as error:
        importing.undo(city)
    assert error.value.code == "import_undo_changed"
    assert path.read_bytes() == changed


# What printed tables look like


def got(plan):
    keys = ("region_code", "period", "measure", "size_class", "value")
    short = {"business_units": "u", "workers": "w", "turnover": "t"}
    return {
        tuple(short.get(r[k], r[k]) for k in keys if r[k] != "msme")
        for r in plan.rows()
    }


def shown(plan):
    """What is asked beside the description of a new concept."""
    return {k for k in plan.questions if not k.startswith("c.")}


BELOW = """Tabel 1. Jumlah UMKM menurut provinsi, 2020
Provinsi;Mikro;Kecil
Bali;10;2
Sumber: Dinas

Tabel 2. Jumlah tenaga kerja UMKM menurut provinsi, 2021
Provinsi;Mikro;Kecil
Bali;110;12
"""
LAYOUTS = {
    "tables below each other": (
        BELOW, {"table": "all"},
        {"51 2020 u micro 10", "51 2020 u small 2",
         "51 2021 w micro 110", "51 2021 w small 12"},
    ),
    "one of them": (
        BELOW, {"table": "2"}, {"51 2021 w micro 110", "51 2021 w small 12"},
    ),
    "tables beside each other": (
        "No;Provinsi;Jumlah UMKM 2020;;No;Provinsi;Jumlah UMKM 2020\n"
        "1;Bali;10;;3;Jambi;7\n2;Aceh;20;;4;Riau;8\n",
        {}, {"51 2020 u 10", "11 2020 u 20", "15 2020 u 7", "14 2020 u 8"},
    ),
    "the heads again on the next page": (
        "No;Provinsi;Tahun;Jumlah UMKM\n1;Bali;2020;10\n\nLanjutan tabel\n"
        "No;Provinsi;Tahun;Jumlah UMKM\n(1);(2);(3);(4)\n2;Aceh;2020;20\n",
        {}, {"51 2020 u 10", "11 2020 u 20"},
    ),
    "a label for several rows": (
        "Provinsi;Skala;Jumlah usaha 2021\nBali;Mikro;10\n;Kecil;2\n"
        "Aceh;Mikro;20\n;Kecil;4\n",
        {"fill:Provinsi": "above"},
        {"51 2021 u micro 10", "51 2021 u small 2",
         "11 2021 u micro 20", "11 2021 u small 4"},
    ),
    "lines that head others": (
        "Jumlah usaha menurut skala\nUraian;2021\nBali;\nUsaha Mikro;10\n"
        "Usaha Kecil;2\nAceh;\nUsaha Mikro;20\nUsaha Kecil;4\n",
        {"sections": "region"},
        {"51 2021 u micro 10", "51 2021 u small 2",
         "11 2021 u micro 20", "11 2021 u small 4"},
    ),
    "months below a year": (
        "Perkembangan UMKM tahun 2023\nProvinsi;Januari;Pebruari\nBali;5;6\n",
        {}, {"51 2023-01 u 5", "51 2023-02 u 6"},
    ),
    "quarters under years": (
        "Provinsi;2022;;2023\n;Triwulan I;Triwulan II;Triwulan I\nBali;5;6;7\n",
        {"measure": "business_units"},
        {"51 2022-01/2022-03 u 5", "51 2022-04/2022-06 u 6", "51 2023-01/2023-03 u 7"},
    ),
    "variables in rows": (
        "tahun;provinsi;variabel;nilai\n2020;Bali;Jumlah UMKM;10\n"
        "2020;Bali;Tenaga kerja;30\n2020;Bali;Omzet (juta rupiah);4\n",
        {"scale:Omzet (juta rupiah)": "1000000"},
        {"51 2020 u 10", "51 2020 w 30", "51 2020 t 4000000"},
    ),
    "a unit of one column only": (
        "Provinsi;Jumlah UMKM (unit) 2020;Omzet (juta rupiah) 2020\nBali;10;55\n",
        {"scale:Omzet (juta rupiah) 2020": "1000000"},
        {"51 2020 u 10", "51 2020 t 55000000"},
    ),
    "half a year in the title": (
        "Jumlah UMKM s.d. Juni 2023\nProvinsi;Jumlah UMKM\nBali;10\n",
        {"period": "2023-06"}, {"51 2023-06 u 10"},
    ),
    "an office that is named after another thing": (
        "DINAS KOPERASI DAN UMKM\nREKAP UMKM TAHUN 2023\nProvinsi;Mikro\nBali;5\n",
        {}, {"51 2023 u micro 5"},
    ),
    "the date of the last change": (
        "Provinsi;Tanggal;Tahun;Jumlah UMKM\nBali;2022-05-01;2022;10\n",
        {"column:Tanggal": "note"}, {"51 2022 u 10"},
    ),
    "an area of one column that nobody knows": (
        "Jumlah UMKM\nTahun;Bali;Kota Antah\n2019;10;20\n",
        {"region:Kota Antah": "15"}, {"51 2019 u 10", "15 2019 u 20"},
    ),
    "a decimal comma that separates": (
        "Provinsi,Tahun,Jumlah UMKM\nBali,2020,1,5\nAceh,2020,7\n",
        {"column:D": "skip"}, {"51 2020 u 1", "11 2020 u 7"},
    ),
    "a blank line, empty columns, footnotes in heads": (
        ";Provinsi¹;;Tahun 2);Jumlah UMKM *)\n;;;;\n;Bali;;2020;1.073.000\n",
        {}, {"51 2020 u 1073000"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(city, tmp_path, layout):
    text, told, wanted = LAYOUTS[layout]
    file = put(tmp_path / "x.csv", text)
    plan = importing.plan(file, city, BASE)
    assert shown(plan) >= set(told)
    assert {tuple(w.split()) for w in wanted} > got(plan) or not told
    plan = importing.plan(file, city, BASE | told)
    assert shown(plan) == set()
    assert got(plan) == {tuple(w.split()) for w in wanted}


def test_heads_that_are_torn_end_a_table(city, tmp_path):
    text = "No;Provinsi;Tahun;UMKM\n1;Bali;2020;10\n2;Aceh;2020;20\nNo;Prov x\n"
    plan = importing.plan(put(tmp_path / "x.csv", text + "3;Jambi;2020;7\n"), city)
    assert set(plan.questions) == {"table"}


def test_what_stands_where_figures_stand_is_never_a_head_or_a_note(city, tmp_path):
    odd = ("sekitar 100", ">500", "100-200", "(12)", "1973-01-01", "-5", "7")
    text = "".join(f"Bali;{2010 + n};{x}\n" for n, x in enumerate(odd))
    for rows in (text, "".join(text.splitlines(keepends=True)[::-1])):
        file = put(tmp_path / "x.csv", "Provinsi;Tahun;Jumlah UMKM\n" + rows)
        plan = importing.plan(file, city, BASE)
        assert {f"{s} {r}": n for (s, r), n in plan.counts().items()} == {
            "taken label": 14, "taken head": 3, "taken figure": 1,
            "refused unreadable": 4, "refused date": 1, "refused negative": 1,
        }  # fmt: skip


def test_sheets_say_what_their_tables_do_not(city, tmp_path):
    book = grow(tmp_path / "x.xlsx", [["Tahun", "Jumlah UMKM"], [2020, 10]])
    book.active.title = "Bali"
    for name in ("Aceh", "Lainnya"):
        book.create_sheet(name).append(["Tahun", "Jumlah UMKM"])
        book[name].append([2020, 12])
    book.save(tmp_path / "x.xlsx")
    plan = importing.plan(tmp_path / "x.xlsx", city, BASE | {"sheet": "all"})
    assert shown(plan) == {"region:Lainnya"}
    assert got(plan) == {("51", "2020", "u", "10"), ("11", "2020", "u", "12")}


def test_a_date_that_shows_a_year_is_a_year(city, tmp_path):
    book = grow(tmp_path / "x.xlsx", [["Provinsi", "Tahun", "Jumlah UMKM"]])
    for row, form in enumerate(("yyyy", "mmm-yy", "dd/mm/yyyy"), 2):
        book.active.append(["Bali", datetime(2020, 5, 12), row])
        book.active.cell(row, 2).number_format = form
    book.save(tmp_path / "x.xlsx")
    plan = importing.plan(tmp_path / "x.xlsx", city, BASE)
    assert [r["period"] for r in plan.rows()] == ["2020", "2020-05", "2020-05-12"]


PAGE = """<html><head><meta charset="utf-8"><style>td {}</style></head><body>
<h1>Jumlah UMKM</h1><table border=1><tr><th rowspan=2>Provinsi</th>
<th colspan="2">Usaha</th></tr><tr><th>2020</th><th>2021</th></tr>
<tr><td>Bali</td><td>1.073</td><td>1.100</td></tr>
<tr style="display:none"><td>Jambi<td>7<td>8
<tr><td>Aceh<br></td><td>845<td>900</table><p>Sumber: BPS &amp; Dinas</body></html>"""
XML = """<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="A">
<Table><Row><Cell ss:MergeAcross="2"><Data ss:Type="String">UMKM 2020</Data></Cell>
</Row><Row ss:Index="3"><Cell><Data ss:Type="String">Provinsi</Data></Cell>
<Cell ss:Index="3"><Data ss:Type="String">Jumlah UMKM</Data></Cell></Row>
<Row><Cell><Data ss:Type="String">Bali</Data></Cell><Cell ss:Index="3"
 ss:Formula="=1+1"><Data ss:Type="Number">1073</Data></Cell></Row></Table></Worksheet>
</Workbook>"""


def test_pages_and_xml_that_are_saved_as_xls(city, tmp_path):
    told = BASE | {"numbers": "id", "hidden": "skip"}
    plan = importing.plan(put(tmp_path / "x.xls", PAGE), city, told)
    assert got(plan) == {
        ("51", "2020", "u", "1073"), ("51", "2021", "u", "1100"),
        ("11", "2020", "u", "845"), ("11", "2021", "u", "900"),
    }  # fmt: skip
    assert plan.counts()["refused", "hidden"] == 3
    assert plan.meta["publisher"] == "BPS & Dinas"
    plan = importing.plan(put(tmp_path / "y.xls", XML), city, BASE)
    assert got(plan) == {("51", "2020", "u", "1073")}
    assert "formulas" in dict(plan.said())


def test_a_known_area_comes_with_its_code(tmp_path):
    city = folder.new(tmp_path / "f", region="64")
    text = "Kota;Tahun;Jumlah UMKM\nKota Samarinda;2020;5\nKota Antah;2020;6\n"
    file = put(tmp_path / "x.csv", text)
    plan = importing.plan(file, city, BASE)
    assert plan.questions["region:Kota Samarinda"].choices == ("6472", "skip")
    plan = importing.plan(file, city, BASE | {"regions": "add"})
    assert {r["region_code"] for r in plan.rows()} == {"6472", "64-kota-antah"}
    added = {r["region_code"]: r["parent_code"] for r in plan.new["regions"]}
    assert added == {"6472": "64", "64-kota-antah": "64"}


# Every cell has one fate

words = st.sampled_from(
    ["Bali", "Jambi", "Kota X", "Jumlah", "2020", "2021", "Tahun", "Mikro", "Provinsi",
     "1.073", "5", "-", "n.a.", "x y", "Jumlah UMKM", "(1)", "(2)", "*) catatan", "",
     "", "7*", "#REF!", "=1+1", "Sumber: BPS", "%", "12,5%", "Satuan", "unit"]
)  # fmt: skip
grids = st.lists(st.lists(words, max_size=6), max_size=9)


@settings(
    deadline=None, max_examples=60, suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(grids, st.dictionaries(
    st.sampled_from(["numbers", "dash", "status", "totals", "region", "period"]),
    st.sampled_from(["id", "zero", "observed", "skip", "63", "2020"]), max_size=3,
))  # fmt: skip
def test_counts_add_up_to_the_cells_of_the_file(sound, tmp_path, grid, answers):
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows(grid)
    file = put(tmp_path / "x.csv", out.getvalue())
    try:
        plan = importing.plan(file, sound, answers)
    except UmkmError:
        return
    cells_ = [c for s in plan.book.sheets for r in s.rows for c in r if c.strip()]
    assert sum(plan.totals().values()) == len(cells_) == len(plan.cells())
    taken = [c for c in plan.cells() if c["reason"] == "figure"]
    assert len(taken) == len(plan.figures)
    pending = {c["reason"] for c in plan.cells() if c["status"] == "pending"}
    assert pending <= set(plan.questions)
    for c in plan.cells():
        assert plan.why(c["reason"], "en")


def test_a_plan_is_one_document(city, capsys):
    words = ["import", str(MESSY / "garis.csv"), "--to", str(city), "--format", "json"]
    assert cli.main(words) == 0
    listed = json.loads(capsys.readouterr().out)
    assert len(listed) == 15
    assert set(listed[0]) == set(importing.CELLS)


# Spreadsheets


def test_xlsx_merged_heads_typed_numbers_formulas_and_what_is_hidden(city, tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["Jumlah UMKM menurut provinsi", None, None, None],
        ["Provinsi", "Mikro", None, "Kecil"],
        [None, 2020, 2021, 2021],
        ["Bali", 5, 6, "=B4+1"],
        ["Jambi", 1.073, 8, 9],
        ["Aceh", 1, 2, 3],
    ):
        sheet.append(row)
    sheet.merge_cells("A1:D1"), sheet.merge_cells("A2:A3"), sheet.merge_cells("B2:C2")
    sheet.row_dimensions[6].hidden = True
    book.create_sheet("Rahasia").append(["x", 1])
    book["Rahasia"].sheet_state = "hidden"
    file = tmp_path / "buku é.xlsx"
    book.save(file)
    plan = importing.plan(file, city, BASE)
    asked = {k for k in plan.questions if not k.startswith("c.")}
    assert asked == {"decimals", "hidden"}
    said = dict(plan.said())
    assert said["hidden"]["places"] == ["6"]
    assert said["hidden_sheet"]["sheet"] == "Rahasia"
    assert {"formula_unstored", "hidden_sheet"} <= reasons(plan)
    plan = importing.plan(file, city, BASE | {"decimals": "thousand", "hidden": "skip"})
    got = {(r["region_code"], r["period"], r["size_class"]): r["value"]
           for r in plan.rows()}  # fmt: skip
    assert got == {
        ("51", "2020", "micro"): "5", ("51", "2021", "micro"): "6",
        ("15", "2020", "micro"): "1073", ("15", "2021", "micro"): "8",
        ("15", "2021", "small"): "9",
    }  # fmt: skip


def test_a_stored_result_is_taken_and_the_formula_is_not_run(city, tmp_path):
    file = tmp_path / "x.xlsx"
    grow(file, [["Provinsi", "Tahun", "Jumlah UMKM"], ["Bali", 2020, 0]])
    rewrite(file, lambda xml: xml.replace(b"<v>0</v>", b"<f>1/0</f><v>41</v>"))
    plan = importing.plan(file, city, BASE)
    assert [r["value"] for r in plan.rows()] == ["41"]
    assert "formulas" in dict(plan.said())


def rewrite(path, change, part="xl/worksheets/sheet1.xml"):
    with zipfile.ZipFile(path) as old:
        parts = {n: old.read(n) for n in old.namelist()}
    parts[part] = change(parts[part])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)


ODS = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:o" xmlns:table="urn:t" xmlns:text="urn:x">
<office:body><office:spreadsheet><table:table table:name="Lembar">
<table:table-row><table:table-cell><text:p>Provinsi</text:p></table:table-cell>
<table:table-cell><text:p>Tahun</text:p></table:table-cell>
<table:table-cell><text:p>Jumlah UMKM</text:p></table:table-cell>
<table:table-cell table:number-columns-repeated="16381"/></table:table-row>
<table:table-row><table:table-cell><text:p>Bali</text:p></table:table-cell>
<table:table-cell office:value-type="float" office:value="2020"><text:p>2.020</text:p>
</table:table-cell><table:table-cell office:value-type="float" office:value="41">
<text:p>41</text:p></table:table-cell></table:table-row>
<table:table-row table:visibility="collapse"><table:table-cell><text:p>Jambi</text:p>
</table:table-cell><table:table-cell><text:p>2020</text:p></table:table-cell>
<table:table-cell><text:p>1.073</text:p></table:table-cell></table:table-row>
<table:table-row table:number-rows-repeated="1048573"><table:table-cell
table:number-columns-repeated="16384"/></table:table-row>
</table:table></office:spreadsheet></office:body></office:document-content>"""


def ods(path, content=ODS):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        file.writestr("content.xml", content)
    return path


def test_ods(city, tmp_path):
    plan = importing.plan(ods(tmp_path / "x.ods"), city, BASE)
    assert {"hidden", "numbers"} <= set(plan.questions)
    plan = importing.plan(
        tmp_path / "x.ods", city, BASE | {"hidden": "take", "numbers": "id"}
    )
    assert [r["value"] for r in plan.rows()] == ["41", "1073"]


def test_several_sheets_are_asked_about(city, tmp_path):
    book = grow(tmp_path / "x.xlsx", [["Provinsi", "Tahun", "UMKM"], ["Bali", 2020, 4]])
    book.create_sheet("B").append(["Provinsi", "Tahun", "UMKM"])
    book["B"].append(["Jambi", 2020, 6])
    book.save(tmp_path / "x.xlsx")
    plan = importing.plan(tmp_path / "x.xlsx", city, BASE)
    assert set(plan.questions) >= {"sheet"}
    assert plan.totals()["pending"] == 12
    plan = importing.plan(tmp_path / "x.xlsx", city, BASE | {"sheet": "B"})
    assert [r["value"] for r in plan.rows()] == ["6"]
    plan = importing.plan(tmp_path / "x.xlsx", city, BASE | {"sheet": "all"})
    assert [r["value"] for r in plan.rows()] == ["4", "6"]


# Hostile files


def code_of(file, city):
    with pytest.raises(DataError) as error:
        importing.plan(file, city)
    for lang in ("id", "en"):
        assert "\n" not in error.value.words(lang)
    return error.value.code


def test_a_bomb_is_refused_before_it_is_unpacked(city, tmp_path):
    file = tmp_path / "x.xlsx"
    grow(file, [["a", 1]])
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/big", b"\0" * 30_000_000)
    assert code_of(file, city) == "import_bomb"


def test_a_cell_at_the_far_end_fills_no_memory(city, tmp_path):
    file = tmp_path / "x.xlsx"
    grow(file, [["a", 1]])
    row = "<row r='{0}'><c r='XFD{0}'><v>1</v></c></row>"
    rows = "".join(row.format(n) for n in range(5, 3000)).encode()
    rewrite(file, lambda xml: xml.replace(b"</sheetData>", rows + b"</sheetData>"))
    assert code_of(file, city) == "import_cells"
    bomb = ODS.replace('visibility="collapse"', 'number-rows-repeated="99999999"')
    assert code_of(ods(tmp_path / "x.ods", bomb), city) == "import_cells"


def test_no_entities(city, tmp_path):
    evil = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    content = ODS.replace("?>", "?>" + evil, 1)
    assert code_of(ods(tmp_path / "x.ods", content), city) == "import_broken"


def misplaced():
    """The end of a packed file whose parts should lie before its beginning."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    raw = packed.getvalue()
    return raw[raw.index(b"PK\x01\x02") :]


MISPLACED = misplaced()
#: The start of a part that is said to be packed as no spreadsheet is.
OTHERWISE = io.BytesIO()
with zipfile.ZipFile(OTHERWISE, "w", zipfile.ZIP_BZIP2) as archive:
    archive.writestr("xl/workbook.xml", "<workbook/>")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"%PDF-1.7", "import_pdf"),
        (b"PK\x03\x04broken", "import_broken"),
        # Named, since a ZIP holds the time at which it was made.
        pytest.param(b"PK\x03\x04" + MISPLACED, "import_broken", id="misplaced"),
        pytest.param(
            OTHERWISE.getvalue().replace(b"BZh", b"xxx"), "import_broken", id="bzip2"
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "import_broken"),
        (b"\n\n%PDF-1.4\n", "import_pdf"),
        (b"<html><p>1</p></html>", "import_html"),
        (b'{"result": {"records": [{"id": 1}]}}', "import_kind"),
        (b"MIME-Version: 1.0\n", "import_kind"),
        (b"a\x00\x01\x02;1", "import_kind"),
        (b"a;\x81\x8d", "import_broken"),
    ],
)
def test_what_is_no_table(city, tmp_path, raw, code):
    file = tmp_path / "x.xls"
    file.write_bytes(raw)
    assert code_of(file, city) == code


@pytest.mark.parametrize("raw", [b"", b"\n\n", b";;;\n", b"a;b;c\n", b"only words\n"])
def test_a_file_without_figures_is_no_error(city, tmp_path, raw, capsys):
    file = tmp_path / "x.csv"
    file.write_bytes(raw)
    assert cli.main(["import", str(file), "--to", str(city)]) == 0
    assert cli.main(["import", str(file), "--to", str(city), "--yes"]) == 1


def test_nothing_live_is_written(city, tmp_path):
    head = '"Provinsi","Tahun","Jumlah UMKM","Keterangan"'
    text = f'=HYPERLINK("x")\n{head}\nBali,2020,5,"=cmd|calc"\nSumber: @SUM(1)\n'
    told = {f"c.{n}": "-2+3" for n in importing._NEW_CONCEPT} | {
        "c.family": "agency_list", "c.series": "none",
    }  # fmt: skip
    importing.plan(put(tmp_path / "x.csv", text), city, BASE | told).write()
    assert contract.check(city) == []
    for file in city.glob("*.csv"):
        for row in small.read(file):
            for cell in row.values():
                assert not contract._FORMULA.match(cell), cell


def test_links_and_the_shipped_folder_are_no_targets(city, tmp_path):
    file = put(tmp_path / "x.csv", long("Bali,2020,5"))
    outside = tmp_path / "outside.csv"
    shutil.move(city / "sources.csv", outside)
    (city / "sources.csv").symlink_to(outside)
    assert code_of(file, city) == "import_symlink"
    assert code_of(file, contract.SHIPPED) == "import_shipped"


def test_two_writers(city):
    one = importing.plan(EXAMPLES / "imk_kalimantan.csv", city, IMK)
    two = importing.plan(EXAMPLES / "imk_kalimantan.csv", city, IMK)
    with importing._lock(city), pytest.raises(DataError) as error:
        one.write()
    assert error.value.code == "import_locked"
    one.write()
    with pytest.raises(DataError) as error:
        two.write()
    assert error.value.code == "import_changed"
    assert contract.check(city) == []


def test_a_disk_that_is_full_leaves_the_folder_as_it_was(city, monkeypatch):
    before = {p.name: p.read_bytes() for p in city.iterdir() if p.is_file()}
    plan = importing.plan(EXAMPLES / "imk_kalimantan.csv", city, IMK)

    def full(self, *args, **options):
        raise OSError(28, "No space left on device", str(self))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(DataError) as error:
            plan.write()
    assert error.value.code == "cannot_write"
    after = {p.name: p.read_bytes() for p in city.iterdir() if p.is_file()}
    assert after == before
    assert not (city / "imports" / ".staging").exists()


def test_wrong_use(city, tmp_path, capsys):
    for words, says in (
        (["--yes"], "Name the file"),
        (["no.csv"], "no file"),
        (["no.csv", "--answer", "x"], "KEY=ANSWER"),
        (["no.csv", "--mapping", "never"], "no file"),
    ):
        assert cli.main(["import", *words, "--to", str(city), "--lang", "en"]) == 1
        err = capsys.readouterr().err
        assert says in err
        assert err.count("\n") == 1
    bad = put(tmp_path / "m.json", "[1]")
    with pytest.raises(DataError):
        importing.mapping(city, bad)


def test_letters_and_places():
    for column in (0, 25, 26, 701, 702, 16383):
        assert sheets.place(f"{sheets.letters(column)}7") == (6, column)


# A terminal, a large file, a disk that is full or may not be written


def child(code, *words, before=(), **options):
    """Python with the package at hand; standard error and the exit code."""
    done = subprocess.run(
        [*before, sys.executable, "-c", code, *map(str, words)],
        cwd=HERE.parent, capture_output=True, text=True, check=False, **options,
    )  # fmt: skip
    return done.returncode, done.stderr


def test_a_terminal_is_asked(city, tmp_path):
    pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals")
    file = put(tmp_path / "x.csv", long("Bali,2020,1.073"))
    words = ["-m", "umkm_analysis", "import", file, "--to", city, "--lang", "en"]

    def talk(answers):
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, *map(str, words)], cwd=HERE.parent, stdin=theirs,
            stdout=theirs, stderr=theirs,
        )  # fmt: skip
        os.close(theirs)
        os.write(ours, answers.encode())
        said = b""
        # The end of a terminal is an error on Linux and an empty text elsewhere.
        with contextlib.suppress(OSError):
            while part := os.read(ours, 4096):
                said += part
        os.close(ours)
        return process.wait(), said.decode()

    before = (city / "observations.csv").read_bytes()
    code, said = talk("id\n\n")
    assert code == 0
    assert "concept: What is counted" in said
    code, said = talk("de\nid\nimk_survey\nobserved\nDinas\nn\n")
    assert code == 0
    assert "numbers=de cannot be used" in said
    assert (city / "observations.csv").read_bytes() == before
    code, said = talk("id\nimk_survey\nobserved\nDinas\ny\n")
    assert "1 rows written" in said
    assert small.read(city / "observations.csv")[-1]["value"] == "1073"


def test_without_a_terminal_nothing_is_asked(city, tmp_path):
    file = put(tmp_path / "x.csv", long("Bali,2020,1.073"))
    words = ["import", file, "--to", city, "--lang", "en"]
    code = "import sys; from umkm_analysis import cli; sys.exit(cli.main(sys.argv[1:]))"
    status, said = child(code, *words, input="id\n")
    assert status == 0
    assert "answer with --answer KEY=ANSWER" in said
    assert "concept: What is counted" in said


def test_memory_grows_with_the_rows_and_no_faster(city, tmp_path):
    """At most 2 kB for each row of a file of five columns."""

    def peak(rows):
        lines = (f"Bali,{1900 + n % 120}-{n // 120 % 12 + 1:02},{n},Mikro,{n // 1440}"
                 for n in range(rows))  # fmt: skip
        head = "Provinsi,Periode,Jumlah Usaha,Skala,Sektor"
        file = put(tmp_path / "x.csv", long(*lines, head=head))
        place = Path(shutil.copytree(city, tmp_path / f"f{rows}"))
        tracemalloc.start()
        told = {"concept": "imk_survey", "status": "observed", "publisher": "x"}
        plan = importing.plan(file, place, told | {"sectors": "add"})
        assert len(plan.write()) == rows
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert (peak(6000) - peak(2000)) / 4000 < 2000


def test_a_huge_file_is_refused_before_it_is_read(city, tmp_path, capsys):
    file = put(tmp_path / "x.csv", long("Bali,2020,5"))
    with file.open("r+b") as huge:
        huge.truncate(200_000_000)
    tracemalloc.start()
    assert cli.main(["import", str(file), "--to", str(city), "--lang", "en"]) == 1
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "150,000,000 bytes" in said


IMPORT = """
import sys
from umkm_analysis import cli, importing, sheets
{before}
sys.exit(cli.main(["import", *sys.argv[1:], "--yes", "--lang", "en"]))
"""


def imk(city):
    return [EXAMPLES / "imk_kalimantan.csv", "--to", city,
            *(w for k, v in IMK.items() for w in ("--answer", f"{k}={v}"))]  # fmt: skip


def test_a_disk_that_takes_no_more(city):
    """A limit of the system on the size of files stands for the end of the disk."""
    pytest.importorskip("resource", reason="Windows has no such limit")
    before = {p.name: p.read_bytes() for p in city.iterdir() if p.is_file()}
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))"
    status, said = child(IMPORT.format(before=limit), *imk(city))
    assert status == 1
    assert "Traceback" not in said
    assert "cannot be written" in said
    after = {p.name: p.read_bytes() for p in city.iterdir() if p.is_file()}
    assert after == before
    assert contract.check(city) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_folder_that_may_not_be_written(sound, tmp_path):
    """Root may write everywhere, unless that right of root is laid down."""
    city = Path(shutil.copytree(sound, tmp_path / "city"))
    city.chmod(0o555)
    root = os.geteuid() == 0
    humble = ["setpriv", "--bounding-set", "-dac_override"] if root else []
    status, said = child(IMPORT.format(before=""), *imk(city), before=humble)
    city.chmod(0o755)
    assert status == 1
    assert "Traceback" not in said
    assert "cannot be written" in said
    assert not (city / "imports").exists()
    assert contract.check(city) == []


def test_two_programs_at_once(city):
    command = [sys.executable, "-c", IMPORT.format(before=""), *map(str, imk(city))]
    both = [
        subprocess.Popen(command, cwd=HERE.parent, stderr=subprocess.PIPE, text=True,
                         stdout=subprocess.DEVNULL)
        for _ in range(2)
    ]  # fmt: skip
    said = [p.communicate()[1] for p in both]
    assert sorted(p.returncode for p in both) == [0, 1]
    assert "Traceback" not in "".join(said)
    rows = [
        r for r in small.read(city / "observations.csv") if "EXAMPLE" not in r["id"]
    ]
    assert len(rows) == 75
    assert contract.check(city) == []
