"""`umkm project` and `umkm backtest`: records, words, reasons, one line an error."""

import csv
import functools
import importlib.util
import io
import json
import math

import pytest

from umkm_analysis import backtest, contract, data, text

ROOT = contract.HERE.parent
PROJECT = {
    *("year", "kind", "method", "point", "low", "high", "low_years", "high_years"),
    *("level", "own_points", "regions", "panel_years", "weight_on_own_growth"),
    *("concept", "why"),
}
BACKTEST = {
    *("panel", "method", "chosen", "horizon", "level", "n", "regions", "years"),
    *("mae_log", "mdape", "skill_vs_naive", "skill_vs_fixed_growth", "coverage"),
    *("coverage_year_block", "mean_width_log", "interval_score", "worst_year"),
    *("worst_year_coverage", "verdict"),
}
REGISTER = ["--series", "mayor_2023_2024", "--region", "6471"]
VALUES = ["--values", "2018=50,2019=60"]


def no_nan(word):
    raise AssertionError(word)


@pytest.fixture
def project(umkm):
    def run(*words):
        status, out, err = umkm("project", *words, "--format", "json")
        assert status == 0, err
        return json.loads(out, parse_constant=no_nan)

    return run


def panel(path, *, regions=6, years=range(2010, 2020), head="", more=(), tail=""):
    """A panel as CSV: `head` further columns, `tail` their cells."""
    rows = [f"r{r},{y},{100 + 3 * r + y - 2000}{tail}" for r in range(regions)
            for y in years]  # fmt: skip
    lines = [f"region,year,value{head}", *rows, *more]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    return path


# Project


def test_a_register_gets_named_scenarios_and_a_reason(project):
    rows = project(*REGISTER)
    assert len(rows) == 12
    for row in rows:
        assert set(row) >= PROJECT
        assert row["kind"] == "scenario"
        assert row["low"] is row["high"] is row["low_years"] is row["level"] is None
        assert row["why"] == text.label("why.without_panel", "id")
    points = {r["method"]: r["point"] for r in rows if r["year"] == 2025}
    assert points["naive"] == 87397
    assert round(points["fixed_growth"]) == 104205
    assert {"target", "census_pace"} <= set(points)


def test_given_rates_stand_beside_the_named_ones(project):
    rows = project(*REGISTER, "--scenario", "0.05", "--scenario", "-0.01")
    given = [r["rate"] for r in rows if r["method"] == "rate" and r["year"] == 2025]
    assert given == [0.05, -0.01]
    assert "target" in {r["method"] for r in rows}


@pytest.mark.parametrize("words", [
    ["--panel", "imk", "--region", "64"],
    ["--series", "imk_2017_2022", "--region", "64", "--size-class", "micro_small",
     "--sector", "C"],
])  # fmt: skip
def test_an_interval_comes_from_the_panel_of_the_same_concept(project, words):
    rows = project(*words, "--horizon", "1")
    (row,) = rows
    assert (row["kind"], row["year"], row["point"]) == ("interval", 2023, 26224)
    assert row["low_years"] < row["low"] < 26224 < row["high"] < row["high_years"]
    assert (row["regions"], row["panel_years"]) == (33, "2017-2022")
    assert row["concept"] == "imk_survey"
    assert "4 tahun sasaran" in row["why"]


def test_a_part_of_a_concept_is_not_what_the_panel_counts(project):
    """Food manufacturing is counted by the same survey, but is not the whole."""
    rows = project("--series", "imk_2017_2022", "--region", "6472", "--sector", "C")
    assert {r["kind"] for r in rows} == {"scenario"}


def test_a_borrowed_interval_is_an_illustration_with_its_sentence(umkm, project):
    (row, *others) = project(*REGISTER, "--borrow", "imk", "--horizon", "1")
    assert row["kind"] == "illustration"
    assert row["low"] < row["point"] < row["high"]
    assert row["why"].startswith("Ilustrasi saja")
    assert {r["kind"] for r in others} == {"scenario"}
    words = umkm("project", *REGISTER, "--borrow", "imk", "--lang", "en")[1]
    assert "Illustration only" in words


def test_a_panel_of_another_concept_gives_no_interval(project):
    rows = project(*VALUES, "--panel", "imk")
    assert {r["kind"] for r in rows} == {"scenario"}
    assert all("menghitung hal lain" in r["why"] for r in rows)
    late = ["--values", "2021=50,2022=60", "--panel", "imk"]
    assert {r["kind"] for r in project(*late)} == {"scenario"}
    said = project(*late, "--concept", "imk_survey")
    assert {r["kind"] for r in said} == {"interval"}


def test_values_with_a_panel_of_ones_own(umkm, project, tmp_path):
    mine = panel(tmp_path / "mine.csv")
    rows = project(*VALUES, "--panel", mine)
    assert {r["kind"] for r in rows} == {"interval"}
    assert {r["regions"] for r in rows} == {6}
    named = panel(tmp_path / "named.csv", head=",concept", tail=",shops")
    status, out, err = umkm("project", *VALUES, "--panel", named, "--format", "csv")
    assert status == 0
    assert "shops" in err
    assert {r["kind"] for r in csv.DictReader(io.StringIO(out))} == {"interval"}


def test_the_latest_segment_is_a_regions_own_history(project, tmp_path):
    rows = [f"r{r},{y},{500 + r + y - 2000},new" for r in range(6)
            for y in range(2019, 2025)]  # fmt: skip
    mine = panel(tmp_path / "s.csv", head=",segment", tail=",old", more=rows)
    found = project("--panel", mine, "--region", "r2", "--horizon", "1")
    assert found[0]["year"] == 2025
    assert (found[0]["method"], found[0]["point"]) == ("naive", 526)
    assert found[0]["start_low"] is None  # a panel holds no bounds
    assert found[0]["panel_years"] == "2019-2024"


@pytest.mark.parametrize("lang", text.LANGS)
def test_the_table_says_where_each_rate_comes_from(umkm, lang):
    status, out, _ = umkm("project", *REGISTER, "--lang", lang)
    assert status == 0
    for number in (87397, 104205, 148141):
        assert text.number(number, 0, lang) in out
    assert text.label("why.without_panel", lang) in out
    assert "nan" not in out.lower().split()
    out = umkm("project", "--panel", "imk", "--region", "64", "--lang", lang)[1]
    assert text.term("kind", "interval", lang) in out
    assert "33" in out


# One clear line for every bad input


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--values", "2023=0,2024=5"], "2023"),
        (["--values", "2023=-1,2024=5"], "2023=-1"),
        (["--values", "2023=nan,2024=5"], "2023=nan"),
        (["--values", "2023=,2024=5"], "2023="),
        (["--values", "2024=5,2023=4"], "2023"),
        (["--values", "2023=5,2023=4"], "2023"),
        (["--values", "2023=5", "--horizon", "0"], "horizon"),
        (["--values", "2023=5", "--level", "2"], "level"),
        (["--values", "2023=5", "--level", "nan"], "level"),
        (["--values", "2023=5", "--scenario", "-2"], "rate"),
        (["--values", "2023=5", "--scenario", "2%"], "2%"),
        (["--values", "2023=5", "--scenario", "nan"], "rate"),
        (["--panel", "imk"], "--region"),
        (["--panel", "imk", "--region", "99"], "99"),
        (["--panel", "nope", "--region", "64"], "nope"),
        (["--panel", "imk", "--region", "64", "--level", "0.99"], "99"),
        (["--series", "nope"], "nope"),
    ],
)
def test_one_clear_line(umkm, words, part):
    for lang in text.LANGS:
        status, out, err = umkm("project", *words, "--lang", lang)
        assert (status, out) == (1, "")
        assert err.startswith("umkm: ")
        assert err.count("\n") == 1
        assert part in err


def test_nothing_to_project_is_wrong_usage(umkm):
    status, out, err = umkm("project")
    assert (status, out) == (2, "")
    assert "--series" in err


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("project", "--values", "2023=5", "--measure", "persons"), "--measure"),
        (("project", "--panel", "imk", "--region", "64", "--sector", "C"), "--sector"),
        (("growth", "--values", "2023=5,2024=6", "--as-of", "2023"), "--as-of"),
        (
            ("growth", "--reading", "micro_2024_2025", "--size-class", "micro"),
            "--size-class",
        ),
    ],
)
def test_what_would_be_ignored_is_wrong_usage(umkm, words, part):
    status, out, err = umkm(*words)
    assert (status, out) == (2, "")
    assert f"{part} " in err.splitlines()[-1]


BAD = {
    "zero": "r9,2019,0",
    "negative": "r9,2019,-4",
    "nan": "r9,2019,nan",
    "missing": "r9,2019,",
    "infinite": "r9,2019,inf",
    "no year": "r9,,5",
    "half a year": "r9,2019.5,5",
    "no region": ",2019,5",
    "twice": "r1,2019,5",
}


@pytest.mark.parametrize("row", BAD.values(), ids=BAD)
@pytest.mark.parametrize("command", ["project", "backtest"])
def test_a_bad_row_is_named(umkm, tmp_path, command, row):
    mine = panel(tmp_path / "bad.csv", more=[row])
    words = ["--region", "r1"] if command == "project" else []
    status, out, err = umkm(command, "--panel", mine, *words, "--lang", "en")
    assert (status, out) == (1, "")
    assert err.count("\n") == 1
    assert "row 6" in err


def test_two_concepts_and_one_region(umkm, tmp_path):
    two = panel(tmp_path / "two.csv", head=",concept", tail=",a",
                more=["r9,2018,5,b", "r9,2019,5,b"])  # fmt: skip
    one = panel(tmp_path / "one.csv", regions=1)
    for mine, region, part in ((two, "r1", "a, b"), (one, "r0", "")):
        for words in (["project", "--region", region], ["backtest"]):
            status, out, err = umkm(*words, "--panel", mine)
            assert (status, out) == (1, "")
            assert err.count("\n") == 1
            assert part in err


def test_rows_in_any_order_are_the_same_panel(project, tmp_path):
    mine = panel(tmp_path / "a.csv")
    head, *rows = mine.read_text("utf-8").splitlines()
    mixed = tmp_path / "b.csv"
    mixed.write_text("\n".join([head, *rows[::-1]]) + "\n", encoding="utf-8")
    words = ["--region", "r1"]
    assert project("--panel", mine, *words) == project("--panel", mixed, *words)


# Back-test


@pytest.fixture(scope="module")
def once():
    """Each panel is tried once, whatever the format that is asked for."""
    run = backtest.run

    @functools.cache
    def kept(name, horizons, level):
        return run(data.panel(name), horizons=horizons, levels=[level], name=name)

    return lambda frame, *, horizons, levels, name: kept(
        name, tuple(horizons), levels[0]
    )


def test_the_records_of_a_back_test(umkm, monkeypatch, once):
    monkeypatch.setattr(backtest, "run", once)
    status, out, err = umkm("backtest", "--format", "json", "--lang", "en")
    rows = json.loads(out, parse_constant=no_nan)
    assert status == 0
    assert {r["panel"] for r in rows} == {"imk", "cooperatives", "unincorporated"}
    for row in rows:
        assert set(row) >= BACKTEST
        assert row["verdict"] in ("usable", "too few years to judge")
        assert isinstance(row["chosen"], bool)
    chosen = {(r["panel"], r["method"]) for r in rows if r["chosen"]}
    assert chosen == {("imk", "naive"), ("unincorporated", "naive"),
                      ("cooperatives", "gated")}  # fmt: skip
    # Every blank has its reason.
    blank = {(r["panel"], r["horizon"]) for r in rows if r["method"] == "naive"
             and r["coverage"] is None}  # fmt: skip
    for name, horizon in blank:
        assert f"{name}, horizon {horizon}: there is no year whose width" in err
    for name in ("imk", "cooperatives", "unincorporated"):
        assert f"{name}, own mean growth, trend line on logs" in err


def test_too_few_regions_for_a_level(umkm, tmp_path):
    small = panel(tmp_path / "small.csv", regions=4)
    status, out, err = umkm("backtest", "--panel", small, "--lang", "en",
                            "--format", "json")  # fmt: skip
    assert status == 0
    rows = json.loads(out, parse_constant=no_nan)
    assert {r["coverage"] for r in rows} == {None}
    assert {r["panel"] for r in rows} == {"small.csv"}
    assert "needs at least 4 other regions in the panel; there are 3" in err


def test_what_is_written_down_is_what_the_command_prints(monkeypatch, once):
    """docs/backtest.*: words exactly, numbers to the digits that machines agree on."""
    monkeypatch.setattr(backtest, "run", once)
    path = ROOT / "docs" / "backtest.py"
    spec = importlib.util.spec_from_file_location("docs_backtest", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, fresh in module.pages().items():
        stored = (ROOT / "docs" / name).read_text("utf-8")
        if name.endswith(".md"):
            assert stored == fresh, "run: python docs/backtest.py"
            continue
        tables = [list(csv.reader(io.StringIO(t))) for t in (stored, fresh)]
        for a, b in zip(*tables, strict=True):
            for x, y in zip(a, b, strict=True):
                same = x == y or math.isclose(float(x), float(y), abs_tol=1e-9)
                assert same, "run: python docs/backtest.py"
