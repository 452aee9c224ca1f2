"""Tables as frames, dates of knowledge, series, traces, panels, other folders."""

import csv
import json
import math
import shutil
from datetime import date, datetime

import pandas as pd
import pytest
import small

import umkm_analysis as ua
from umkm_analysis import contract, data
from umkm_analysis.errors import ConceptMismatch, DataError


def code(error):
    return error.value.code


@pytest.fixture(scope="module")
def cut(tmp_path_factory):
    return small.cut(tmp_path_factory.mktemp("folder") / "data")


def edit(folder, table, key, **cells):
    """Change some cells of the row that begins with `key`."""
    path = folder / f"{table}.csv"
    rows = small.read(path)
    row = next(r for r in rows if next(iter(r.values())) == key)
    row.update(cells)
    small.write(path, rows, list(rows[0]))


def add(folder, table, **cells):
    path = folder / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file))
    rows = small.read(path)
    small.write(path, [*rows, dict.fromkeys(columns, "") | cells], columns)


# Types


def test_types():
    frame = ua.load("observations")
    assert len(frame) == 758
    assert frame["value"].dtype == frame["value_low"].dtype == "float64"
    assert str(frame["year"].dtype) == "Int64"
    assert frame["year"].isna().any()
    assert frame["value_low"].isna().any()
    assert str(ua.load("imk_province")["year"].dtype) == "int64"
    assert str(ua.load("measures")["integer"].dtype) == "boolean"
    assert not any((frame[c] == "").any() for c in ("sector", "note", "supersedes"))
    assert frame["duplicates_of"].isna().sum() == 758 - 62


@pytest.mark.parametrize("name", list(contract.open_package().resources))
def test_every_table_loads(name):
    frame = ua.load(name)
    assert len(frame) > 0
    assert list(frame.columns) == [
        f["name"] for f in contract.open_package().resources[name]["schema"]["fields"]
    ]


def test_a_frame_is_ones_own():
    frame = ua.load("balikpapan")
    frame.loc[0, "value"] = -1
    assert ua.load("balikpapan").loc[0, "value"] == 50000


def test_no_such_table():
    with pytest.raises(DataError) as error:
        ua.load("observation")
    assert code(error) == "no_table"
    assert "observations" in str(error.value)


# Known by a date


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024", date(2024, 12, 31)),
        (2024, date(2024, 12, 31)),
        ("2024-02", date(2024, 2, 29)),
        ("2024-05-03", date(2024, 5, 3)),
        (date(2024, 5, 3), date(2024, 5, 3)),
        (datetime(2024, 5, 3, 12), date(2024, 5, 3)),
        (pd.Timestamp("2024-05-03"), date(2024, 5, 3)),
    ],
)
def test_dates(text, day):
    assert data.as_date(text) == day


@pytest.mark.parametrize(
    "bad", ["", "24", "2024-5", "3 Mei 2024", "2023-02-29", "2024/2025"]
)
def test_bad_dates(bad):
    with pytest.raises(DataError) as error:
        ua.load("observations", as_of=bad)
    assert code(error) == "as_of"


@pytest.fixture
def dated(cut, tmp_path):
    """Two sources of one statement, a later replacement, an undated source."""
    folder = shutil.copytree(cut, tmp_path / "dated")
    for path in ("claims.csv", "readings.csv", "story.csv", "balikpapan.csv"):
        (folder / path).unlink()
    for source, published in (("first", "2020-06-15"), ("press", "2020"),
                              ("later", "2021-03"), ("never", "")):  # fmt: skip
        add(folder, "sources", source_id=source, publisher="P", kind="press",
            published=published, read_extent="full", retrieved="2026-11-01",
            reuse="other")  # fmt: skip
    base = {
        "region_code": "6471", "measure": "business_units",
        "concept": "agency_register",
        "size_class": "msme", "sector": "all", "precision": "exact",
        "status": "observed", "grade": "B",
    }  # fmt: skip

    def put(key, value, source, year="2015", **more):
        value = str(value)
        add(folder, "observations", id=key, value=value, value_low=value,
            value_high=value, source_id=source, period=year, year=year,
            **base | more)  # fmt: skip

    put("T1", 100, "press")
    put("T2", 100, "first", duplicates_of="T1")
    put("T3", 100, "first", duplicates_of="T1")
    put("T4", 120, "later", supersedes="T1")
    put("T5", 7, "never", year="2014")
    return ua.open_folder(folder)


def known(folder, as_of):
    frame = folder.load("observations", as_of=as_of)
    return [i for i in frame["id"] if i.startswith("T")]


def test_a_partial_date_counts_from_its_end(dated):
    assert known(dated, "2020-06-14") == []
    assert known(dated, "2020-06-15") == ["T2", "T3"]
    assert known(dated, "2020-12-30") == ["T2", "T3"]
    assert known(dated, "2020") == known(dated, "2020-12-31") == ["T1", "T2", "T3"]
    assert known(dated, "2021-03-30") == ["T1", "T2", "T3"]
    assert known(dated, "2021-03") == ["T1", "T2", "T3", "T4"]


def test_undated_rows_are_left_out_and_counted(dated):
    assert "T5" not in known(dated, "2026")
    undated = {s["source_id"] for s in dated.rows("sources") if not s["published"]}
    frame = dated.load("observations")
    everything = dated.load("observations", as_of="2026").attrs["left_out_undated"]
    assert everything == frame["source_id"].isin(undated).sum() >= 1
    asked = dated.figures(concept="agency_register", as_of="2026")
    assert asked.attrs["left_out_undated"] == 1
    assert "left_out_undated" not in dated.figures().attrs


def test_a_repeat_stands_in_until_its_original_is_known(dated):
    early = dated.figures(as_of="2020-06-15").set_index("id")["duplicates_of"]
    assert pd.isna(early["T2"])
    assert early["T3"] == "T2"
    late = dated.figures(as_of="2020").set_index("id")["duplicates_of"]
    assert late[["T2", "T3"]].tolist() == ["T1", "T1"]


def register(folder, as_of):
    figures = folder.series("agency_register", region="6471", as_of=as_of)
    return {f.id: f.value for f in figures if f.id.startswith("T")}


def test_what_replaces_it_counts_only_when_known(dated):
    assert register(dated, "2021-04") == {"T4": 120}
    assert register(dated, None) == {"T4": 120, "T5": 7}
    with pytest.raises(DataError):  # nothing of it was known
        dated.series("agency_register", region="6471", as_of="2019-01-01")
    # T1 replaces nothing of its repeats: still one row for the period.
    assert register(dated, "2020") == {"T1": 100}
    assert register(dated, "2020-07") == {"T2": 100}


def test_as_of_needs_sources(dated):
    with pytest.raises(DataError) as error:
        dated.load("concepts", as_of="2024")
    assert code(error) == "as_of_table"
    assert len(dated.load("unincorporated_region", as_of="2026")) >= 0


# Series


def test_series_leaves_out_what_is_not_for_calculation(dated):
    ids = {f.id for f in dated.series("agency_register", region="6471")}
    assert not ids & {"T1", "T2", "T3"}


def test_series_is_in_time_order():
    for slug, options in (
        ("agency_register", {"size_class": "msme"}),
        ("grdp_2010_base", {"measure": "grdp_real", "sector": "all"}),
        ("economic_census", {}),
    ):
        figures = ua.series(slug, region="6471", **options)
        ends = [contract.period_span(f.period)[1] for f in figures]
        assert ends == sorted(ends)
        assert len({f.series for f in figures}) == 1


@pytest.mark.parametrize(
    ("slug", "options", "expected", "names"),
    [
        ("agency_registre", {}, "unknown", "agency_register"),
        ("", {}, "unknown", "agency_register"),
        ("agency_register", {"region": "9999"}, "unknown", "region"),
        ("agency_register", {"region": "0000"}, "no_series", "6471"),
        ("agency_register", {"measure": "licences"}, "no_series", "business_units"),
        ("agency_register", {"measure": "usaha"}, "unknown", "business_units"),
        ("agency_register", {"size_class": "large"}, "no_series", "msme"),
        ("agency_register", {"size_class": "big"}, "unknown", "msme"),
        ("agency_register", {"sector": "Z9"}, "unknown", "sector"),
        ("grdp_2010_base", {"measure": "grdp_share"}, "many_series", "/ C"),
    ],
)
def test_series_refusals_list_the_choices(slug, options, expected, names):
    with pytest.raises(DataError) as error:
        ua.series(slug, **{"region": "6471", **options})
    assert code(error) == expected
    for lang in ("id", "en"):
        assert names in error.value.words(lang)


def test_two_rows_of_one_period_are_refused(dated):
    path = dated.path / "observations.csv"
    text = path.read_text("utf-8")
    # As T4 no longer replaces T1, both are figures of 2015.
    path.write_text(text.replace(",T1,\n", ",,\n"), "utf-8")
    assert path.read_text("utf-8") != text
    with pytest.raises(DataError, match="series_period"):
        ua.open_folder(dated.path).series("agency_register", region="6471")


# Figures and traces


def test_figures_keep_everything():
    frame = ua.figures()
    assert len(frame) == 758
    assert set(frame["grade"]) == set("ABCD")
    assert frame["unit"].notna().all()
    assert frame["family"].notna().all()


def test_trace():
    row = ua.trace("BPN-0077")
    assert (row["value"], row["value_low"], row["value_high"]) == (73300, 73250, 73350)
    assert row["rounding"] == 100
    assert row["source_publisher"]
    assert row["source_url"].startswith("https://")
    assert row["concept_counts_what_id"]
    assert "BPN-0078" in row["repeated_by"].split(";")
    assert "C001" in row["used_by_claims"].split(";")
    assert row["used_by_readings"] is None
    assert "growth_right" in row["shown_in"].split(";")
    assert ua.trace("BPN-0084")["used_by_readings"] == "all_msme_2024_2025"
    claim = ua.trace("C001")
    assert (claim["verdict"], claim["operands"]) == ("holds", "BPN-0074;BPN-0077")
    json.dumps(row)
    json.dumps(claim)


def test_trace_of_what_was_replaced(dated):
    assert dated.trace("T1")["superseded_by"] == "T4"
    assert dated.trace("T1")["repeated_by"] == "T2;T3"


def test_trace_every_row():
    ids = ua.load("observations")["id"]
    for row_id in ids[::40]:
        row = ua.trace(row_id)
        assert not any(isinstance(v, float) and math.isnan(v) for v in row.values())
    with pytest.raises(DataError) as error:
        ua.trace("BPN-77")
    assert "BPN-0077" in str(error.value)


def test_figure():
    figure = data.figure("BPN-0084")
    assert (figure.value, figure.low, figure.high) == (93000, 92500, 93500)
    assert (figure.id, figure.kind, figure.unit) == ("BPN-0084", "stock", "unit")
    assert data.figure("BPN-0248").low is None


# Panels


@pytest.mark.parametrize(
    ("name", "regions", "years"),
    [("imk", 34, 9), ("cooperatives", 34, 16), ("unincorporated", 9, 8)],
)
def test_shipped_panels(name, regions, years):
    frame = ua.panel(name)
    assert list(frame.columns) == ["region", "year", "value", "segment", "concept"]
    assert frame["year"].nunique() == years
    assert abs(frame["region"].nunique() - regions) <= 1
    assert not frame.duplicated(["region", "year"]).any()
    assert frame[["region", "year"]].equals(
        frame[["region", "year"]].sort_values(["region", "year"], ignore_index=True)
    )
    assert (frame["value"] > 0).all()
    assert "0000" not in set(frame["region"])


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("region,year,value\nB,2020,1\nA,2021,2.5\nA,2020,2\n", 0),
        ("year,value,region\r\n2020,1,B\r\n2021,2.5,A\r\n2020,2,A\r\n", 0),
        (
            '"region","year","value","segment"\nB,2020,1,x\nA,2021,2.5,y\nA,2020,2,y\n',
            2,
        ),
        (
            "region,year,value,concept,segment\nB,2020,1,c,\nA,2021,2.5,c,\nA,2020,2,c,\n",
            0,
        ),
    ],
)
def test_a_panel_of_ones_own(tmp_path, text, segments):
    frame = ua.panel(write(tmp_path / "mine.csv", text))
    assert list(frame.columns) == ["region", "year", "value", "segment", "concept"]
    assert frame["region"].tolist() == ["A", "A", "B"]
    assert frame["value"].tolist() == [2, 2.5, 1]
    assert frame["segment"].nunique() == segments
    assert ua.panel(str(tmp_path / "mine.csv")).equals(frame)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("region;year;value\nA;2020;1\n", "separator"),
        ("region,year\nA,2020\n", "column_missing"),
        ("region,year,value,note\nA,2020,1,x\n", "column_unknown"),
        ("region,year,value\nA,2020,1\nA,2020,2\n", "unique"),
        ("region,year,value\nA,2020,87.397.000\n", "type_number"),
        ("region,year,value\nA,2020,NaN\n", "not_a_number"),
        ("region,year,value\nA,2020.0,1\n", "type_integer"),
        ("region,year,value\nA,,1\n", "required"),
        ("region,year,value\nA,2020\n", "row_short"),
        (b"\xef\xbb\xbfregion,year,value\nA,2020,1\n", "byte_order_mark"),
        ("region,year,value\nA,2020,1\n".encode("utf-16"), "encoding"),
        ("", "empty"),
    ],
)
def test_a_bad_panel(tmp_path, text, rule):
    with pytest.raises(DataError) as error:
        ua.panel(write(tmp_path / "mine.csv", text))
    assert error.value.params["rule"] == rule
    assert "mine.csv" in str(error.value)


def test_no_such_panel(tmp_path):
    for name, expected in (("imj", "no_panel"), (tmp_path / "no.csv", "no_file"),
                           (3, "no_panel"), (tmp_path, "no_file")):  # fmt: skip
        with pytest.raises(DataError) as error:
            ua.panel(name)
        assert code(error) == expected
        if expected == "no_panel":
            assert "cooperatives" in str(error.value)


# Another folder

GONE = ("balikpapan", "readings", "claims", "story", "size_classes",
        "unincorporated_region")  # fmt: skip


@pytest.fixture(params=["own contract", "no contract"])
def other(cut, tmp_path, request):
    """Another city, with the required tables only."""
    folder = shutil.copytree(cut, tmp_path / "bontang")
    for name in GONE:
        (folder / f"{name}.csv").unlink()
    contract_file = folder / "datapackage.json"
    if request.param == "no contract":
        contract_file.unlink()
    else:
        whole = json.loads(contract_file.read_text("utf-8"))
        whole["resources"] = [r for r in whole["resources"] if r["name"] not in GONE]
        whole["home_region"], whole["created"] = "6474", "2026-12-31"
        del whole["headline_claim"]
        contract_file.write_text(json.dumps(whole), "utf-8")
    path = folder / "observations.csv"
    rows = [r for r in small.read(path) if r["id"] in ("BPN-0015", "BPN-0025")]
    for i, row in enumerate(rows):
        row |= {"id": str(i + 1), "region_code": "6474"}
    small.write(path, rows, list(rows[0]))
    path = folder / "regions.csv"
    rows = small.read(path)
    own = {
        "region_code": "6474",
        "name": "Bontang",
        "level": "city",
        "parent_code": "64",
    }
    small.write(path, [*rows, dict.fromkeys(rows[0], "") | own], list(rows[0]))
    return ua.open_folder(folder)


def test_another_city(other):
    assert contract.check(other.path) == []
    assert other.home == other.region() == "6474"
    assert not other.shipped
    s = other.series("agency_register", region="6474")
    assert [f.value for f in s] == [21140, 22853]
    assert ua.growth.between(*s).value == pytest.approx(22853 / 21140 - 1)
    assert len(other.figures(region="6474")) == 2
    assert other.trace("1")["used_by_claims"] is None
    assert len(other.claims()) == 0
    assert list(other.claims().columns) == list(ua.claims().columns)
    assert len(other.panel("imk")) == len(ua.panel("imk"))
    for call in (
        lambda: other.reading("micro_2024_2025"),
        lambda: other.claims(["C001"]),
        lambda: other.region("6471x"),
        lambda: other.trace("BPN-0074"),
    ):
        with pytest.raises(DataError):
            call()
    with pytest.raises(ConceptMismatch):
        ua.growth.between(s[0], ua.data.figure("BPN-0074"))


def test_folders_do_not_mix(other):
    assert len(ua.load("observations")) == 758
    assert len(other.load("observations")) == 2


def test_two_folders_never_share_a_series(other):
    ours = ua.series("agency_register", region="6471", size_class="msme")
    theirs = other.series("agency_register", region="6474")
    with pytest.raises(ConceptMismatch):
        ua.growth.growth(ours[0], theirs[1])


def test_a_folder_is_checked_when_it_is_read(cut, tmp_path):
    folder = shutil.copytree(cut, tmp_path / "data")
    edit(folder, "observations", "BPN-0075", value="87.397")
    opened = ua.open_folder(folder)
    with pytest.raises(DataError) as error:
        opened.load("families")
    assert error.value.params["file"] == "observations.csv"
    assert "1 more" in str(error.value)


def test_no_folder(tmp_path):
    with pytest.raises(DataError) as error:
        ua.open_folder(tmp_path / "none")
    assert code(error) == "no_folder"


def test_a_folder_without_rows_has_no_home(cut, tmp_path):
    folder = shutil.copytree(cut, tmp_path / "data")
    (folder / "datapackage.json").unlink()
    for path in folder.glob("*.csv"):
        path.write_text(path.read_text("utf-8").split("\n")[0] + "\n", "utf-8")
    assert contract.check(folder) == []
    with pytest.raises(DataError) as error:
        _ = ua.open_folder(folder).home
    assert code(error) == "no_region"
