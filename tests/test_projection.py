"""Projections: published numbers, hand-computed ones, and what must be refused."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from umkm_analysis import data
from umkm_analysis.backtest import simulate
from umkm_analysis.errors import (
    ConceptMismatch,
    DataError,
    Leak,
    TooFewRegions,
    TooShort,
)
from umkm_analysis.estimator import year_level
from umkm_analysis.figure import Figure
from umkm_analysis.projection import (
    bottom_up,
    conformal,
    drift,
    fit_panel,
    project,
    prorate,
    scenario,
)

CITY = {2023: 73300, 2024: 87397}


def kaltim(last=2022):
    panel = data.panel("imk")
    own = panel[(panel.region == "64") & panel.year.between(2017, last)]
    return [
        Figure(v, year=y, region="64", concept=c, series="imk")
        for v, y, c in zip(own.value, own.year, own.concept, strict=True)
    ], panel


# Scenarios


def test_the_mayors_growth_once_more():
    assert scenario(87397, 87397 / 73300 - 1, 1) == pytest.approx(104205, abs=0.5)


def test_bps_worked_example_ten_more_years():
    assert scenario(278741, 0.0303, 10) == pytest.approx(375697, abs=1)


@pytest.mark.parametrize(
    ("last", "rate", "h", "code"),
    [
        (0, 0.02, 1, "not_positive"),
        (-5, 0.02, 1, "not_positive"),
        (math.nan, 0.02, 1, "not_finite"),
        (10, -1, 1, "rate_too_low"),
        (10, 0.02, -1, "negative"),
        ("many", 0.02, 1, "not_a_number"),
    ],
)
def test_scenario_refuses(last, rate, h, code):
    with pytest.raises(DataError) as e:
        scenario(last, rate, h)
    assert e.value.code == code
    assert str(e.value) != code
    assert e.value.words("id")


# Drift


def test_drift_is_r_forecast():
    """R forecast 8.20, rwf(c(100, 110, 118, 131, 140), drift = TRUE, h = 1)."""
    r = drift([100, 110, 118, 131, 140], 1, 0.95, log=False, quantile="z")
    assert r == pytest.approx((150, 145.26624, 154.73376), abs=5e-6)


def test_drift_t_is_wider_and_grows_with_the_horizon():
    y = [100, 110, 118, 131, 140]
    t = drift(y, np.arange(1, 4), 0.95)
    z = drift(y, np.arange(1, 4), 0.95, quantile="z")
    assert ((t.high - t.low) > (z.high - z.low)).all()
    assert (np.diff(t.high / t.low) > 0).all()
    assert t.point == pytest.approx(140 * 1.4 ** (np.arange(1, 4) / 4))


def test_drift_needs_three_points():
    with pytest.raises(TooShort):
        drift([73300, 87397], 1)


# Conformal quantile


def test_conformal_oracles():
    assert conformal(range(1, 20), 0.95) == 19
    assert conformal(range(1, 10), 0.9) == 9
    with pytest.raises(TooFewRegions):
        conformal(range(1, 19), 0.95)


def test_a_score_from_the_future_is_a_leak():
    years = [2018, 2019, 2020, 2021, 2022]
    assert conformal([1, 2, 3, 4, 5], 0.8, target_years=years, origin=2022) == 5
    with pytest.raises(Leak) as e:
        conformal([1, 2, 3, 4, 5], 0.8, target_years=years, origin=2021)
    assert "2022" in str(e.value)
    assert "2021" in str(e.value)


def test_the_level_is_raised_only_where_years_differ():
    rng = np.random.default_rng(0)
    alike = np.abs(rng.standard_normal((200, 12)))
    assert year_level(alike, 0.8, 1) == pytest.approx(0.8, abs=0.03)
    shocks = np.exp(rng.standard_normal(12))
    assert year_level(alike * shocks, 0.8, 1) > 0.82
    assert year_level(alike[:, :1], 0.8, 1) == pytest.approx(0.9)


# What a panel says


@pytest.mark.parametrize(("level", "needed"), [(0.8, 4), (0.9, 9), (0.95, 19)])
def test_no_level_without_enough_regions(level, needed):
    panel = simulate(regions=needed, years=9)
    assert fit_panel(panel, level=level).regions == needed
    with pytest.raises(TooFewRegions) as e:
        fit_panel(panel, level=level, without="r00000")
    assert (e.value.params["needed"], e.value.params["m"]) == (needed, needed - 1)


def test_a_short_panel_is_given_no_change_and_says_so():
    series, panel = kaltim()
    r = project(series, panel=panel)
    assert r["kind"].tolist() == ["interval"] * 3
    assert r["method"].tolist() == ["naive"] * 3
    assert r["regions"].tolist() == [33] * 3
    assert r["past_years"].tolist() == [4, 3, 2]
    assert r["point"].tolist() == pytest.approx([series[-1].value] * 3)
    codes = [{code for code, _ in why} for why in r["why"]]
    assert codes[0] == {"too_few_years"}
    assert codes[1] == {"too_few_years", "year_risk_unmeasured"}
    # Level .8 by year blocks needs four years.
    assert r["low_years"].notna().tolist() == [True, False, False]
    assert r["low_years"][0] <= r["low"][0] < r["high"][0] <= r["high_years"][0]


def test_nothing_is_learned_across_a_break():
    """2013-15 halves: other values there change nothing from 2017 on."""
    series, panel = kaltim()
    other = panel.copy()
    old = other.year < 2016
    other.loc[old, "value"] = other.loc[old, "value"] * np.where(
        other.year[old] % 2, 9, 1
    )
    pd.testing.assert_frame_equal(
        project(series, panel=panel), project(series, panel=other)
    )


def test_the_future_and_the_region_itself_are_not_used():
    series, panel = kaltim(2020)
    other = panel.copy()
    hidden = (other.year > 2020) | (other.region == "64")
    other.loc[hidden, "value"] = 1.0
    pd.testing.assert_frame_equal(
        project(series, panel=panel, horizon=1), project(series, panel=other, horizon=1)
    )


def test_growth_is_believed_where_it_lasts_and_only_there():
    lasting = fit_panel(simulate(regions=30, lasting=0.06, growth=0.05, seed=1))
    assert (lasting.weight_own + lasting.weight_panel > 0.2).all()
    assert (lasting.weight_own + lasting.weight_panel <= 0.5 + 1e-9).all()
    nothing = fit_panel(simulate(regions=30, growth=0.0, seed=1))
    assert (nothing.weight_own == 0).all()
    assert (nothing.weight_panel == 0).all()


def test_a_gap_is_no_pair_and_no_break():
    panel = simulate(regions=12, years=14, seed=2)
    gap = panel[~((panel.region == "r00003") & (panel.year == 2010))]
    fit = fit_panel(gap)
    assert fit.regions == 12
    assert np.isfinite(fit.q).all()
    r = project({2015: 10.0, 2017: 12.0, 2018: 13.0}, panel=gap.drop(columns="concept"))
    assert r["own_points"].tolist() == [2] * 3
    one = project({2015: 10.0, 2018: 12.0}, panel=gap.drop(columns="concept"))
    assert one["own_points"].tolist() == [1] * 3


# Concepts


def test_the_city_gets_scenarios_without_an_interval():
    r = project(CITY, horizon=1, scenarios={"target": 0.02})
    assert r["method"].tolist() == ["naive", "target"]
    assert r["point"].tolist() == pytest.approx([87397, 87397 * 1.02])
    assert r[["low", "high", "low_years", "high_years"]].isna().all().all()
    assert {w[0][0] for w in r["why"]} == {"without_panel"}


def test_a_panel_of_another_concept_gives_no_interval():
    series = [
        Figure(v, year=y, region="6471", concept="msme_stated_by_mayor", series="mayor")
        for y, v in CITY.items()
    ]
    panel = data.panel("imk")
    r = project(series, panel=panel)
    assert set(r["kind"]) == {"scenario"}
    assert r["low"].isna().all()
    assert set(r["method"]) == {"naive", "fixed_growth"}
    assert r["why"][0][0][0] == "other_concept"
    lent = project(series, panel=panel, borrow=panel)
    assert set(lent["kind"]) == {"illustration"}
    assert all(w[0][0] == "borrowed" for w in lent["why"])
    assert lent["low"].notna().all()


def test_a_bare_number_is_not_of_a_panels_concept():
    r = project(CITY, panel=data.panel("cooperatives"))
    assert set(r["kind"]) == {"scenario"}


def test_two_concepts_in_one_series():
    mixed = [Figure(10, year=2020, concept="a"), Figure(11, year=2021, concept="b")]
    with pytest.raises(ConceptMismatch):
        project(mixed)
    with pytest.raises(ConceptMismatch):
        project([Figure(10, year=2020, concept="a"), (2021, 11)])


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ({"concept": "a"}, "no_series_slug"),
        ({"series": "a", "grade": "D"}, "not_for_calculation"),
        ({"series": "a", "status": "target"}, "not_for_calculation"),
        ({"series": "a", "kind": "rate"}, "change_in_points"),
    ],
)
def test_what_has_no_growth_is_not_projected_by_its_growth(label, code):
    with pytest.raises(ConceptMismatch) as e:
        project([Figure(10, year=2020, **label), Figure(11, year=2021, **label)])
    assert e.value.code == code


# Rounding of the start


def test_bounds_that_are_unknown_are_not_the_value():
    labels = {"concept": "simulated", "series": "s", "region": "x"}
    survey = [Figure(90, year=2023, **labels), Figure(93, year=2024, **labels)]
    r = project(survey, panel=simulate(regions=20, years=9, seed=3), horizon=1)
    assert r["low"].notna().all()
    assert r[["start_low", "start_high"]].isna().all(axis=None)


def test_the_rounding_of_the_last_point_enters_the_interval():
    panel = simulate(regions=20, years=9, seed=3)
    labels = {"concept": "simulated", "series": "s", "region": "x"}

    def one(last):
        first = Figure.exact(90000, year=2023, **labels)
        return project([first, last], panel=panel, horizon=1).iloc[0]

    exact = one(Figure.exact(93000, year=2024, **labels))
    rounded = one(Figure.rounded(93000, to=1000, year=2024, **labels))
    assert rounded["point"] == exact["point"]
    assert math.log(rounded["high"] / exact["high"]) == pytest.approx(0.0054, abs=5e-5)
    assert math.log(rounded["low"] / exact["low"]) == pytest.approx(-0.0054, abs=5e-5)
    at_least = one(Figure.at_least(93000, year=2024, **labels))
    assert math.isnan(at_least["high"])
    assert at_least["low"] == pytest.approx(exact["low"])


# Bad input: one clear line each


@pytest.mark.parametrize(
    ("series", "kind", "code"),
    [
        ({2023: 0, 2024: 5}, DataError, "not_positive"),
        ({2023: -1, 2024: 5}, DataError, "not_positive"),
        ({2023: math.nan, 2024: 5}, DataError, "not_finite"),
        ({2023: None, 2024: 5}, DataError, "not_a_number"),
        ([(2023, 4), (2023, 5)], DataError, "series_repeated"),
        ([(2024, 4), (2023, 5)], DataError, "series_order"),
        ([(None, 4)], DataError, "series_year"),
        ([(2023.5, 4)], DataError, "series_year"),
        ([(pd.Timestamp("2023-01-01"), 4)], DataError, "series_year"),
        ([], TooShort, "no_points"),
        ([3, 4], DataError, "not_a_series"),
    ],
)
def test_bad_series(series, kind, code):
    with pytest.raises(kind) as e:
        project(series)
    assert e.value.code == code
    for lang in ("id", "en"):
        assert "\n" not in e.value.words(lang)
        assert len(e.value.words(lang)) > 30


@pytest.mark.parametrize(
    ("change", "kind", "code"),
    [
        (
            lambda p: p.assign(value=p.value.where(p.index != 4, 0)),
            DataError,
            "panel_value",
        ),
        (
            lambda p: p.assign(value=p.value.where(p.index != 4, -2)),
            DataError,
            "panel_value",
        ),
        (
            lambda p: p.assign(value=p.value.where(p.index != 4)),
            DataError,
            "panel_value",
        ),
        (lambda p: p.assign(value="many"), DataError, "panel_value"),
        (lambda p: p.assign(year=p.year.where(p.index != 4)), DataError, "panel_year"),
        (
            lambda p: p.assign(region=p.region.where(p.index != 4)),
            DataError,
            "panel_region",
        ),
        (lambda p: pd.concat([p, p[3:4]]), DataError, "panel_repeated"),
        (lambda p: p.drop(columns="value"), DataError, "panel_column"),
        (lambda p: p[:0], DataError, "panel_empty"),
        (lambda p: p.assign(concept=p.region), ConceptMismatch, "panel_concepts"),
        (lambda p: p[p.region == "r00001"], TooFewRegions, "too_few_regions"),
        (lambda p: p[p.year < 2007], TooShort, "panel_short"),
        (lambda p: p[p.year < 2006], TooShort, "panel_short"),
        (lambda p: p.to_dict(), DataError, "not_a_panel"),
    ],
)
def test_bad_panel(change, kind, code):
    with pytest.raises(kind) as e:
        fit_panel(change(simulate(regions=6, years=8)))
    assert e.value.code == code
    for lang in ("id", "en"):
        assert "\n" not in e.value.words(lang)
        assert len(e.value.words(lang)) > 30


@pytest.mark.parametrize("level", [0, 1, 80, -0.1, math.nan])
def test_bad_level(level):
    with pytest.raises(DataError):
        fit_panel(simulate(regions=6, years=8), level=level)


@pytest.mark.parametrize("horizon", [0, -1, 1.5, "3"])
def test_bad_horizon(horizon):
    with pytest.raises(DataError):
        project(CITY, horizon=horizon)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: project(CITY, horizon=10**7),
        lambda: project(CITY, horizon=1, scenarios=1e308),
        lambda: project({1: 1e-300, 2: 1e300}, horizon=3),
        lambda: scenario(1e300, 1, 1000),
        lambda: project(
            {2012: 1e308, 2013: 1.7e308},
            panel=simulate(regions=9, years=9).drop(columns="concept"),
        ),
    ],
)
def test_too_far_ahead_is_one_line_and_never_infinite(ask):
    with pytest.raises(DataError) as e:
        ask()
    assert e.value.code == "too_far"


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda: drift(["a", 2, 3], 1), "not_a_number"),
        (lambda: drift([1, 2, 3], -1), "negative"),
        (lambda: drift([1, 2, 3], math.nan), "not_finite"),
        (lambda: scenario(1, 0.1, "x"), "not_a_number"),
        (lambda: bottom_up({"a": {2025: "x"}}), "not_a_number"),
        (lambda: prorate({"a": {2025: 1}}, {2025: math.inf}), "not_finite"),
    ],
)
def test_words_and_gaps_where_numbers_belong(ask, code):
    with pytest.raises(DataError) as e:
        ask()
    assert e.value.code == code


def test_a_million_rows_are_no_trouble():
    fit = fit_panel(simulate(regions=100_000, years=10))
    assert np.isfinite(fit.q).all()


# Properties


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.001, 1000))
def test_order_and_unit_change_nothing(seed, factor):
    panel = simulate(regions=8, years=12, lasting=0.04, seed=seed % 50)
    shuffled = panel.sample(frac=1, random_state=seed)
    scaled = panel.assign(value=panel.value * factor)
    series = {2015: 100.0, 2016: 104.0}
    bare = [p.drop(columns="concept") for p in (panel, shuffled, scaled)]
    a, b, c = (project(series, panel=p) for p in bare)
    pd.testing.assert_frame_equal(a, b)
    pd.testing.assert_frame_equal(a, c)
    d = project({y: v * factor for y, v in series.items()}, panel=bare[0])
    for end in ("point", "low", "high"):
        assert d[end].to_numpy() == pytest.approx(a[end].to_numpy() * factor)


# Sums


def test_bottom_up_and_prorate():
    parts = {"micro": {2025: 60.0, 2026: 63.0}, "small": {2026: 7.0, 2025: 20.0}}
    assert bottom_up(parts).to_dict() == {2025: 80, 2026: 70}
    shares = prorate(parts, {2025: 160, 2026: 70})
    assert shares.loc[2025].tolist() == [120, 40]
    assert shares.sum(axis=1).tolist() == pytest.approx([160, 70])
    with pytest.raises(DataError):
        bottom_up({"a": {2025: 1}, "b": {2026: 1}})
    with pytest.raises(DataError):
        bottom_up({"a": {2025: -1}})
    with pytest.raises(DataError):
        prorate({"a": {2025: 0}}, 5)
    with pytest.raises(DataError):
        prorate(parts, {2025: 160})
