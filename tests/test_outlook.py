"""Scenarios of a region, the record of such rules, and an example with an interval."""

import math

import numpy as np
import pytest
import small

import umkm_analysis as ua
from umkm_analysis import backtest, blocks, charts, data, outlook, report, text

FOLDER = data.shipped()
LANGS = pytest.mark.parametrize("lang", text.LANGS)


@pytest.fixture(scope="module")
def own():
    return outlook.register(FOLDER)


@pytest.fixture(scope="module")
def rates(own):
    return outlook.rates(FOLDER, own)


@pytest.fixture(scope="module")
def record(rates):
    return outlook.record(FOLDER, rates)


# Scenarios


def test_the_series_of_the_headline_claim_is_carried_forward(own):
    assert [(f.year, f.value) for f in own] == [(2023, 73300), (2024, 87397)]
    assert outlook.register(FOLDER, "0000") == []


def test_every_rate_comes_from_rows(rates):
    by = rates.set_index("method")
    assert list(by.index) == ["fixed_growth", "target", "census_pace"]
    goal = FOLDER.figure("BPN-0090").value / 100
    pace = (57000 / 50000) ** 0.1 - 1
    expected = [87397 / 73300 - 1, goal, pace]
    assert by["rate"].tolist() == pytest.approx(expected, abs=1e-12)
    # Both ends of the census are rounded to thousands.
    bounds = by.loc["census_pace", ["rate_low", "rate_high"]].tolist()
    assert bounds == pytest.approx([0.01128, 0.01507], abs=1e-4)
    for ids in rates["ids"]:
        for i in ids.split(";"):
            assert FOLDER.figure(i).region == "6471"


def test_a_register_has_scenarios_and_never_an_interval(rates):
    frame = outlook.scenarios(FOLDER)
    assert set(frame["kind"]) == {"scenario"}
    assert frame[["low", "high", "low_years", "high_years"]].isna().all(axis=None)
    assert set(frame["method"]) == {"naive", *rates["method"]}
    first = frame[frame["year"] == 2025].set_index("method")["point"]
    assert round(first["fixed_growth"]) == 104205
    assert round(first["naive"]) == 87397
    assert all("BPN-0074" in ids for ids in frame["ids"])


def test_a_data_folder_decides_what_is_said(tmp_path):
    """Without its target and its census a folder has one scenario fewer each."""
    path = small.cut(tmp_path / "data")
    table = path / "observations.csv"
    rows = table.read_text("utf-8").splitlines(keepends=True)
    dropped = [r for r in rows if ",target_growth_rate," not in r]
    table.write_text("".join(dropped), encoding="utf-8", newline="\n")
    folder = ua.open_folder(path)
    there = set(outlook.scenarios(folder)["method"])
    assert "target" not in there
    assert {"naive", "fixed_growth"} <= there


def test_what_came_is_said_to_be_one_case_of_perhaps_another_concept(own):
    said = outlook.of_published(outlook.scenarios(FOLDER), own)
    (words,) = [text.say(b, "en") for b in said]
    for part in ("2025", "93 thousand", "87,397", "104,205", "one case"):
        assert part in words
    assert said[0].ids[0] == "BPN-0084"


def test_a_rate_is_a_claim():
    panel = FOLDER.panel("cooperatives").pivot(index="region", columns="year")
    log = np.log(panel["value"].to_numpy())
    change = log[:, 3:] - log[:, :-3]
    kept = (change[~np.isnan(change)] >= 3 * math.log(1.05)).mean()
    words = text.say(outlook.of_claim(0.05), "en")
    assert f"active cooperatives, provinces {text.percent(kept, 0, 'en')}" in words
    assert "101,173" in words
    with pytest.raises(ua.DataError):
        outlook.of_claim(-1)


# The record


def test_the_record_is_that_of_the_back_test(record):
    """A cheap computation for the report, the same to the last digit."""
    for name in ("imk", "unincorporated"):
        table = backtest.run(FOLDER.panel(name), methods=["naive", "fixed_growth"])
        table = table.set_index(["method", "horizon"])
        own = record[record["panel"] == name].set_index(["method", "horizon"])
        for key in table.index:
            for column in ("mdape", "n", "years"):
                assert own.loc[key, column] == pytest.approx(table.loc[key, column])


def test_the_worst_year_is_worse_than_the_median(record):
    assert (record["worst_miss"] >= record["mdape"] - 1e-12).all()
    assert record["worst_miss_year"].between(1996, 2022).all()


def test_the_numbers_of_the_study_for_imk_of_imk(record):
    """Median misses of no change and of the last growth, 2017-2022."""
    panel = FOLDER.panel("imk")
    block = outlook.projection.blocks(panel[panel["segment"] == "2017-2022"])[0]
    for h, naive, repeated in ((1, 7.9, 14.7), (2, 9.0, 21.4), (3, 11.4, 40.7)):
        for rate, expected in ((0.0, naive), (None, repeated)):
            miss = np.median(outlook._missed(block, h, rate)[0])
            assert round(100 * miss, 1) == expected


def test_intervals_are_judged_only_where_years_suffice():
    held = outlook.held(FOLDER)
    assert list(held["panel"]) == ["cooperatives"]
    row = held.iloc[0]
    assert row["coverage_low"] <= row["coverage"] <= row["coverage_high"]
    words = text.say(outlook.of_held(held)[0], "en")
    assert str(row["worst_year"]) in words


# The example


def test_the_example_has_both_widths_and_the_new_series_stays_apart():
    found = outlook.example(FOLDER)
    assert (found.panel, found.region) == ("imk", "64")
    first = found.rows.iloc[0]
    assert first["kind"] == "interval"
    assert first["low_years"] < first["low"] < first["point"]
    assert first["point"] < first["high"] < first["high_years"]
    assert [(f.year, f.value) for f in found.later] == [
        (2023, 35641), (2024, 33551), (2025, 37498),
    ]  # fmt: skip
    assert {f.concept for f in found.later} == {"imk_survey_2023"}
    assert found.history[-1].year == 2022
    assert all(FOLDER.figure(i).concept == "imk_survey" for i in found.ids)


def test_the_region_itself_comes_before_the_area_around_it():
    assert outlook.example(FOLDER, "64").region == "64"
    assert outlook.example(FOLDER, "0000") is None


# Charts


def ends(ax):
    return {t.get_text() for t in ax.texts}


@LANGS
def test_scenarios_are_thin_lines_with_names(lang, own, rates):
    ax = charts.scenarios(lang=lang)
    try:
        frame = outlook.scenarios(FOLDER)
        last = frame[frame["year"] == 2027]
        for row in last.to_dict("records"):
            name = text.term("method", row["method"], lang)
            number = text.number(row["point"], 0, lang)
            assert any(name in t and number in t for t in ends(ax))
        assert not ax.collections  # no band: no interval
        thin = [line for line in ax.lines if line.get_linewidth() < 1.5]
        assert len(thin) == len(last)
        assert all(line.get_xdata()[0] == 2024 for line in thin)
        assert "93" in str(charts.alt(ax))
    finally:
        charts.close(ax)


@LANGS
def test_the_fan_has_two_bands_and_marks_that_nothing_joins(lang):
    found = outlook.example(FOLDER)
    ax = charts.example(lang=lang, found=found)
    try:
        assert len(ax.collections) == 2
        first = found.rows.iloc[0]
        drawn = [c.get_paths()[0].vertices[:, 1] for c in ax.collections]
        assert any(np.isclose(y, first["high_years"]).any() for y in drawn)
        assert any(np.isclose(y, first["low"]).any() for y in drawn)
        marks = [line for line in ax.lines if line.get_marker() == "D"]
        assert sorted(line.get_ydata()[0] for line in marks) == [33551, 35641, 37498]
        assert all(len(line.get_xdata()) == 1 for line in marks)
        for line in ax.lines:
            if line.get_marker() == "o":
                assert max(line.get_xdata()) == 2022
        assert ax.get_ylim()[0] == 0
        alt = str(charts.alt(ax))
        for value in (first["low"], first["high_years"], 35641):
            assert text.number(value, 0, lang) in alt
        assert any("BPS" in t for t in ends(ax))
    finally:
        charts.close(ax)


@LANGS
def test_the_record_has_a_dot_a_rule_and_horizon(lang, record):
    ax = charts.record(record, lang=lang)
    try:
        dots = [line for line in ax.lines if line.get_markersize() == 6]
        assert len([d for d in dots if d.get_marker() == "o"]) == len(record)
        words = " ".join(ends(ax))
        for row in record.to_dict("records"):
            assert text.number(100 * row["mdape"], 1, lang) in words
            assert f"({row['worst_miss_year']}: " in words
    finally:
        charts.close(ax)


@LANGS
def test_a_back_test_shows_coverage_with_its_worst_year(lang):
    panel = backtest.simulate(regions=12, years=14, seed=3)
    table = backtest.run(panel, name="mine.csv", horizons=[1])
    ax = charts.record(table, lang=lang)
    try:
        words = " ".join(ends(ax))
        row = table[table["method"] == "naive"].iloc[0]
        held = text.number(100 * row["coverage"], 0, lang)
        assert f"{held} ({row['worst_year']}: " in words
        # With two points these are the last growth under other names.
        for method in ("drift", "log_ols"):
            assert text.term("method", method, lang) not in words
    finally:
        charts.close(ax)


# The report


@LANGS
def test_the_report_says_it_with_the_same_blocks(lang):
    parts = report._projection(FOLDER, "6471")
    said = [text.say(b, lang) for part in parts for b in part.blocks]
    assert text.label("why.without_panel", lang) in said
    jumps = blocks.of_peers(ua.breakdown.peers(FOLDER, "6471"), FOLDER, "6471")["jump"]
    assert text.say(jumps[0], lang) in said
    drawn = [p.draw.func.__name__ for p in parts if p.kind == "chart"]
    assert drawn == ["scenarios", "record", "example"]


def test_a_region_without_a_register_says_so():
    parts = report._projection(FOLDER, "0000")
    (words,) = [text.say(b, "en") for p in parts for b in p.blocks]
    assert words.startswith("For Indonesia there is no count")


def test_borrowed_intervals_are_nowhere_in_report_or_readme():
    """`--borrow` is for exploring: kind "illustration" is said to no reader."""
    for region in ("6471", "64", "1904"):
        for part in report.content(FOLDER, region):
            keys = [b.key for b in part.blocks]
            assert "why.borrowed" not in keys
            if part.table is not None and "kind" in part.table.frame:
                assert "illustration" not in set(part.table.frame["kind"])
    root = data.contract.HERE.parent
    for page in ("README.md", "README.id.md"):
        assert "borrow" not in (root / page).read_text("utf-8")
    for name in ("report.py", "writers.py", "charts/projection.py"):
        assert "borrow" not in (data.contract.HERE / name).read_text("utf-8")
