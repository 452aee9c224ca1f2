"""Growth: published worked examples, properties, and everything that is refused."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import umkm_analysis as ua
from umkm_analysis import growth as g
from umkm_analysis.errors import ConceptMismatch, DataError, NoOverlap, UmkmError
from umkm_analysis.figure import Figure

few = settings(max_examples=50, deadline=None)
positive = st.floats(1e-3, 1e12)
counts = st.integers(1, 10**9)
MAYOR = {"region": "6471"}


def code(error):
    return error.value.code


# Published worked examples


@pytest.mark.parametrize(
    ("a", "b", "percent"),
    [
        (73300, 87397, 19.23),  # the mayor of Balikpapan, July 2025
        (129.9, 136.0, 4.7),  # ONS, Consumer Prices Indices Technical Manual, table 7
        (99.6, 101.4, 1.8),  # CSO Ireland, "How to calculate a percentage change"
        (1200, 1260, 5),  # The Economist, Guide to Economic Indicators
        (100, 100, 0),
        (50, 0, -100),
    ],
)
def test_growth_published(a, b, percent):
    decimals = len(str(percent).partition(".")[2])
    assert round(100 * g.growth(a, b), decimals) == percent


def test_the_three_rates_of_the_city():
    assert g.growth(73300, 87397) == pytest.approx(0.192319236, abs=5e-10)
    assert g.log_growth(73300, 87397) == pytest.approx(0.175900348, abs=5e-10)
    assert g.midpoint_growth(73300, 87397) == pytest.approx(0.175448204, abs=5e-10)


@pytest.mark.parametrize(
    ("a", "b", "years", "rate", "digits"),
    [
        (194.7, 205.8, 5, 0.0111507, 7),  # BPS, geometric rate
        (206730, 278741, 10, 0.0303380, 7),
        (147.79, 179.38, 10, 0.0196, 4),  # censuses of Indonesia 1980 and 1990
        (50000, 57000, 10, 0.0132, 4),  # economic census of the city, 2006 and 2016
        (100, 121, 2, 0.1, 12),
        (100, 110, 0.5, 0.21, 12),
    ],
)
def test_cagr_published(a, b, years, rate, digits):
    assert round(g.cagr(a, b, years), digits) == rate


def test_log_growth_published():
    assert round(g.log_growth(147.79, 179.38, 10), 4) == 0.0194  # BPS, exponential
    assert round(278741 * (1 + round(g.cagr(206730, 278741, 10), 4)) ** 10) == 375697


def test_bounds_published():
    a, b = Figure.exact(87397), Figure.rounded(93000, to=1000)
    assert g.growth_bounds(a, b) == pytest.approx((0.0583887, 0.0698308), abs=5e-8)
    census = Figure.rounded(50000, to=1000), Figure.rounded(57000, to=1000)
    low, high = g.growth_bounds(*census, 10)
    assert (round(low, 4), round(high, 4)) == (0.0113, 0.0151)
    assert g.growth_bounds(100, 121, 2) == pytest.approx((0.1, 0.1))


def test_only_these_bases_give_1923():
    bases = [
        a for a in range(73000, 73600) if round(100 * g.growth(a, 87397), 2) == 19.23
    ]
    assert (bases[0], bases[-1]) == (73299, 73304)


def test_splice_published():
    spliced, factor = g.splice(
        pd.Series({2009: 180, 2010: 200}),
        pd.Series({2010: 100, 2011: 110, 2012: 120}),
        2010,
    )
    assert factor == 0.5
    assert spliced.to_dict() == {2009: 90, 2010: 100, 2011: 110, 2012: 120}


def test_points_are_not_percent():
    assert g.change_pp(0.10, 0.13) == pytest.approx(3)  # not the 30 percent it grew
    assert g.growth(10, 13) == pytest.approx(0.3)


def test_contributions_by_hand():
    old = {"primary": 150, "secondary": 600, "tertiary": 800}
    new = {"primary": 240, "secondary": 690, "tertiary": 980}
    parts = g.contributions_pp(old, new)
    assert parts.round(2).to_dict() == {
        "primary": 5.81,
        "secondary": 5.81,
        "tertiary": 11.61,
    }
    assert parts.sum() == pytest.approx(100 * g.growth(1550, 1910))
    # INSEE: growth of the part times its weight in the period before.
    weights = {k: v / 1550 for k, v in old.items()}
    for key in old:
        assert parts[key] == pytest.approx(
            100 * weights[key] * g.growth(old[key], new[key])
        )


def test_a_stated_total_has_a_residual():
    # Kalimantan Timur 2020: the parts do not add up to the printed total.
    parts = g.contributions_pp(
        {"a": 40, "b": 50}, {"a": 44, "b": 56}, total0=100, total1=110
    )
    assert parts.to_dict() == pytest.approx({"a": 4, "b": 6, "residual": 0})
    parts = g.contributions_pp(
        {"a": 40, "b": 50}, {"a": 44, "b": 56}, total0=90, total1=100
    )
    assert "residual" not in parts


# Properties


@few
@given(counts, counts, st.integers(1, 1000), st.integers(1, 1000), st.data())
def test_bounds_contain_every_interior_pair(a, b, step_a, step_b, data):
    first = Figure.rounded(a + step_a, to=step_a)
    second = Figure.rounded(b, to=min(step_b, 2 * b))
    years = data.draw(st.sampled_from([1, 2, 0.5, 7]))
    low, high = g.growth_bounds(first, second, years)
    x = data.draw(st.floats(first.low, first.high))
    y = data.draw(st.floats(second.low, second.high).filter(lambda v: v > 0))
    inside = g.growth(x, y) if years == 1 else g.cagr(x, y, years)
    slack = 1e-9 * (1 + abs(inside))
    assert low - slack <= inside <= high + slack
    assert low <= high


@few
@given(positive, positive, st.floats(0.1, 50), st.floats(1e-3, 1e3))
def test_scaling_changes_nothing(a, b, years, c):
    assert g.log_growth(c * a, c * b, years) == pytest.approx(
        g.log_growth(a, b, years), abs=1e-9
    )
    assert g.cagr(c * a, c * b, years) == pytest.approx(
        g.cagr(a, b, years), rel=1e-6, abs=1e-9
    )
    assert g.midpoint_growth(c * a, c * b) == pytest.approx(
        g.midpoint_growth(a, b), abs=1e-9
    )


@few
@given(positive, positive, st.floats(0.1, 50))
def test_the_rates_agree(a, b, years):
    rate = g.cagr(a, b, years)
    assume(-0.999 < rate < 1e6)
    assert math.log1p(rate) == pytest.approx(g.log_growth(a, b, years), abs=1e-9)
    assert g.log_growth(a, b) == pytest.approx(-g.log_growth(b, a), abs=1e-9)
    assert -2 <= g.midpoint_growth(a, b) <= 2
    assert g.midpoint_growth(a, b) == pytest.approx(-g.midpoint_growth(b, a), abs=1e-12)


@few
@given(st.lists(positive, min_size=2, max_size=8), st.integers(0, 7))
def test_index_ratios_are_growth_whatever_the_base(values, base):
    s = pd.Series(values, index=range(2010, 2010 + len(values)))
    base = 2010 + base % len(values)
    index = g.index_numbers(s, base)
    assert index[base] == pytest.approx(100)
    for year in s.index[1:]:
        ratio = index[year] / index[year - 1] - 1
        assert ratio == pytest.approx(
            g.growth(s[year - 1], s[year]), rel=1e-6, abs=1e-9
        )


@few
@given(
    st.lists(counts, min_size=2, max_size=6), st.lists(counts, min_size=2, max_size=6)
)
def test_splice_keeps_growth_on_each_side(old, new):
    link = 2010
    old = pd.Series(old, index=range(link - len(old) + 1, link + 1), dtype=float)
    new = pd.Series(new, index=range(link, link + len(new)), dtype=float)
    joined, factor = g.splice(old, new, link)
    assert list(joined.index) == list(range(old.index[0], new.index[-1] + 1))
    assert factor == pytest.approx(new[link] / old[link])
    for side in (old, new):
        for year in side.index[1:]:
            assert joined[year] / joined[year - 1] == pytest.approx(
                side[year] / side[year - 1]
            )


@few
@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1))
def test_contributions_add_up_to_growth(pairs):
    old = {str(i): a for i, (a, _) in enumerate(pairs)}
    new = {str(i): b for i, (_, b) in enumerate(pairs)}
    assume(sum(old.values()) > 0)
    parts = g.contributions_pp(old, dict(reversed(new.items())))
    total = 100 * g.growth(sum(old.values()), sum(new.values()))
    assert parts.sum() == pytest.approx(total, rel=1e-9, abs=1e-7)
    assert list(parts.index) == list(old)


# Figures of one series


def test_the_series_of_the_mayor():
    s = ua.series("mayor_2023_2024", region="6471")
    rate = g.between(s[0], s[1])
    assert (rate.from_id, rate.to_id) == ("BPN-0077", "BPN-0074")
    assert (rate.from_period, rate.to_period, rate.years) == ("2023", "2024", 1)
    assert rate.value == g.growth(s[0], s[1]) == 0.19231923601637108
    assert (rate.low, rate.high) == g.growth_bounds(s[0], s[1])
    assert rate.low == pytest.approx(87397 / 73350 - 1)
    assert rate.high == pytest.approx(87397 / 73250 - 1)
    assert rate.cagr == rate.value == g.cagr(s[0], s[1], 1)
    assert rate.log_growth == pytest.approx(0.175900348)
    assert rate.assumption is None


def test_over_more_years():
    s = ua.series("economic_census", region="6471", size_class="all", sector="nonfarm")
    (rate,) = g.over_time(s)
    assert rate.years == 10
    assert rate.value == pytest.approx(0.14)
    assert (round(rate.cagr_low, 4), round(rate.cagr, 4), round(rate.cagr_high, 4)) == (
        0.0113, 0.0132, 0.0151,
    )  # fmt: skip


def test_over_time_ends_with_the_whole():
    figures = [
        Figure.exact(v, year=y) for y, v in ((2020, 100), (2021, 110), (2023, 133.1))
    ]
    rates = g.over_time(figures)
    assert [r.years for r in rates] == [1, 2, 3]
    assert all(r.cagr == pytest.approx(0.1) for r in rates)
    with pytest.raises(DataError) as error:
        g.over_time(figures[:1])
    assert code(error) == "one_figure"


def test_unknown_bounds_are_never_the_value():
    exact, survey = Figure.exact(100), Figure(120)
    assert g.growth_bounds(exact, survey) == (None, None)
    assert g.growth_bounds(survey, exact) == (None, None)
    assert g.growth_bounds(exact, Figure.at_least(120)) == (pytest.approx(0.2), None)
    assert g.growth_bounds(exact, Figure.at_most(120)) == (None, pytest.approx(0.2))
    assert g.growth_bounds(Figure.at_least(100), Figure.exact(120)) == (
        None,
        pytest.approx(0.2),
    )
    rate = g.between(replace(exact, year=2020), replace(survey, year=2024))
    assert (rate.low, rate.high, rate.cagr_low, rate.cagr_high) == (None,) * 4
    assert rate.value == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("first", "second", "years", "basis"),
    [
        ("2023", "2024", 1, "exact"),
        ("2024-01", "2024-07", 0.5, "exact"),
        ("2023-05-03", "2024-05-03", 1, "exact"),
        ("2024-02-29", "2025-03-01", 1, "exact"),
        ("2023-12-31", "2024-12-31", 1, "exact"),
        ("2012/2018", "2019", 1, "exact"),
        ("2023", "2024-05-03", 1, "difference of years"),
        ("2024-05", "2025-11-10", 1, "difference of years"),
        ("2024-01/2024-06", "2024", 0, "difference of years"),
    ],
)
def test_years_between(first, second, years, basis):
    a, b = Figure.exact(100, period=first), Figure.exact(110, period=second)
    assert g.years_between(a, b) == (pytest.approx(years), basis)
    rate = g.between(a, b)
    assert rate.value == pytest.approx(0.1)
    assert (rate.cagr is None) == (years == 0)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2024", "2023"),
        ("2024", "2024"),
        ("2024", "2024-05"),
        ("2024-06", "2024-05-31"),
    ],
)
def test_time_runs_forward(first, second):
    with pytest.raises(DataError) as error:
        g.between(Figure.exact(1, period=first), Figure.exact(2, period=second))
    assert code(error) == "time_order"


def test_without_time_no_yearly_rate():
    rate = g.between(100, 110)
    assert (rate.value, rate.years, rate.cagr, rate.log_growth) == (
        pytest.approx(0.1), None, None, None,
    )  # fmt: skip


# Refusals: what is not a figure


@pytest.mark.parametrize("bad", [0, -1, math.nan, math.inf, None, "87397", True, pd.NA])
def test_bad_first_value(bad):
    for function in (g.growth, g.log_growth, lambda a, b: g.cagr(a, b, 1), g.between):
        with pytest.raises(DataError, match="a"):
            function(bad, 100)


@pytest.mark.parametrize("bad", [-1, math.nan, -math.inf, None, [1], np.bool_(True)])
def test_bad_second_value(bad):
    for function in (g.growth, g.midpoint_growth, g.log_growth, g.between):
        with pytest.raises(DataError):
            function(100, bad)


@pytest.mark.parametrize("years", [0, -1, math.nan, "2", None])
def test_bad_years(years):
    for call in (
        lambda: g.cagr(1, 2, years),
        lambda: g.log_growth(1, 2, years),
        lambda: g.growth_bounds(1, 2, years),
    ):
        with pytest.raises(DataError, match="years"):
            call()


def test_zero_ends():
    assert g.growth(5, 0) == -1
    assert g.midpoint_growth(0, 7) == 2
    assert g.midpoint_growth(7, 0) == -2
    for function in (g.cagr, lambda a, b, y: g.log_growth(a, b)):
        with pytest.raises(DataError):
            function(5, 0, 1)
    with pytest.raises(DataError) as error:
        g.midpoint_growth(0, 0)
    assert code(error) == "both_zero"
    with pytest.raises(DataError) as error:
        g.growth_bounds(Figure(3, -1, 7), Figure.exact(5))
    assert code(error) == "not_positive"


def test_huge_and_tiny():
    assert g.cagr(1e-300, 1e300, 1000) == pytest.approx(10**0.6 - 1)
    assert g.log_growth(1e-300, 1e300) == pytest.approx(600 * math.log(10))


def test_bad_figures():
    for bad in ("soon", "2024-13", "2024/2023", "24", ""):
        with pytest.raises(DataError) as error:
            Figure.exact(1, period=bad)
        assert code(error) == "period_form"
    with pytest.raises(DataError):
        Figure.exact(1, year=2024.5)
    with pytest.raises(DataError) as error:
        Figure.exact(1, period="2024", year=2020)
    assert code(error) == "year_in_period"
    with pytest.raises(DataError):
        Figure(5, 6, 7)
    with pytest.raises(DataError):
        Figure.rounded(5, to=0)
    assert Figure.exact(1, period=2024).year == 2024


@pytest.mark.parametrize("bad", [-0.1, 1.1, 40, math.nan])
def test_a_share_is_a_fraction(bad):
    with pytest.raises(DataError):
        g.change_pp(bad, 0.5)


def test_index_and_splice_refuse():
    s = pd.Series({2020: 10.0, 2021: 0.0})
    for base, expected in ((2019, "no_base_year"), (2021, "not_positive")):
        with pytest.raises(DataError) as error:
            g.index_numbers(s, base)
        assert code(error) == expected
    with pytest.raises(NoOverlap):
        g.splice(pd.Series({2019: 22853}), pd.Series({2023: 73300}), 2019)
    with pytest.raises(NoOverlap):
        g.splice(pd.Series({2019: 1, 2020: 2}), pd.Series({2020: 2}), 2019)
    with pytest.raises(DataError):
        g.splice(pd.Series({2020: 0}), pd.Series({2020: 2}), 2020)
    for bad in (pd.Series(dtype=float), pd.Series([1, 2], index=[2020, 2020]),
                pd.Series({2020: math.nan}), [1, 2], []):  # fmt: skip
        with pytest.raises(DataError):
            g.index_numbers(bad, 2020)


def test_contributions_refuse():
    for old, new, totals in (
        ({"a": 1}, {"b": 1}, {}),
        ({"a": 1}, {"a": -1}, {}),
        ({"a": 0}, {"a": 1}, {}),
        ({"a": 1}, {"a": math.nan}, {}),
        ({"a": 1}, {"a": 2}, {"total0": 5}),
        ({}, {}, {}),
        ([1, 2], [1], {}),
    ):
        with pytest.raises(DataError):
            g.contributions_pp(old, new, **totals)


# Refusals: what does not count the same thing

LABELS = {
    "region": "6471", "measure": "business_units", "concept": "c", "series": "s",
    "size_class": "msme", "sector": "all",
}  # fmt: skip


def made(value=100, year=2023, **labels):
    return Figure.exact(value, **{**LABELS, "period": str(year), **labels})


PAIRWISE = {
    "growth": g.growth,
    "between": g.between,
    "cagr": lambda a, b: g.cagr(a, b, 1),
    "log_growth": g.log_growth,
    "midpoint_growth": g.midpoint_growth,
    "growth_bounds": g.growth_bounds,
    "change_pp": g.change_pp,
    "index_numbers": lambda a, b: g.index_numbers([a, b], 2023),
    "splice": lambda a, b: g.splice([a], [b], 2023),
    "splice of Series": lambda a, b: g.splice(
        pd.Series({2023: a}), pd.Series({2023: b}), 2023
    ),
    "index of a Series": lambda a, b: g.index_numbers(
        pd.Series({2023: a, 2024: b}), 2023
    ),
    "contributions_pp": lambda a, b: g.contributions_pp({"x": a}, {"x": b}),
    "over_time": lambda a, b: g.over_time([a, b]),
}
pairwise = pytest.mark.parametrize("function", PAIRWISE.values(), ids=PAIRWISE)


def test_made_by_hand_and_of_one_series():
    assert g.growth(made(), made(110, 2024)) == pytest.approx(0.1)


@pairwise
@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("other", ["other", None])
def test_one_label_differs(function, name, other):
    with pytest.raises(ConceptMismatch):
        function(made(), made(110, 2024, **{name: other}))


@pairwise
def test_a_number_beside_a_labelled_figure(function):
    for a, b in ((made(), 110), (100, made(110, 2024)), (made(), Figure.exact(110))):
        with pytest.raises((ConceptMismatch, DataError)) as error:
            function(a, b)
        if function not in (PAIRWISE["index_numbers"], PAIRWISE["index of a Series"]):
            assert isinstance(error.value, ConceptMismatch)


@pairwise
@pytest.mark.parametrize("slug", [None, ""])
def test_a_blank_series_never_gives_growth(function, slug):
    with pytest.raises(ConceptMismatch) as error:
        function(made(series=slug), made(110, 2024, series=slug))
    assert code(error) == "no_series_slug"


@pairwise
@pytest.mark.parametrize(
    "label", [{"grade": "D"}, {"status": "target"}, {"status": "projected"},
              {"status": "expectation"}]
)  # fmt: skip
def test_not_for_calculation(function, label):
    for a, b in ((made(**label), made(1, 2024)), (made(), made(1, 2024, **label))):
        with pytest.raises(ConceptMismatch) as error:
            function(a, b)
        assert code(error) == "not_for_calculation"


IN_PERCENT = {k: v for k, v in PAIRWISE.items() if k != "change_pp"}


@pytest.mark.parametrize("function", IN_PERCENT.values(), ids=IN_PERCENT)
@pytest.mark.parametrize("measure", ["grdp_share", "unemployment_rate", "grdp_growth"])
def test_rates_and_shares_change_in_points(function, measure):
    with pytest.raises(ConceptMismatch) as error:
        function(made(40, measure=measure), made(44, 2024, measure=measure))
    assert code(error) == "change_in_points"
    pp = g.change_pp(made(40, measure=measure), made(44, 2024, measure=measure))
    assert pp == pytest.approx(4)


@pytest.mark.parametrize("function", IN_PERCENT.values(), ids=IN_PERCENT)
@pytest.mark.parametrize(
    ("first", "second"),
    [("2023", "2024-01/2024-03"), ("2023-04", "2024"), ("2023-04-02", "2024-04"),
     ("2023-01-01/2023-01-07", "2024-01-01/2024-01-08"), (None, None)],
)  # fmt: skip
def test_flows_need_periods_of_equal_length(function, first, second):
    flow = {"measure": "grdp_real"}
    with pytest.raises(UmkmError) as error:
        function(made(**flow, period=first), made(110, **flow, period=second))
    assert code(error) in ("flow_lengths", "series_by_year")


@pytest.mark.parametrize(
    ("first", "second"),
    [("2023", "2024"), ("2024-01/2024-03", "2025-01/2025-03"), ("2023-02", "2024-02"),
     ("2023", "2024-01-01/2024-12-31")],
)  # fmt: skip
def test_flows_of_equal_length(first, second):
    a = made(measure="grdp_real", period=first)
    assert g.growth(a, made(110, measure="grdp_real", period=second)) == pytest.approx(
        0.1
    )


def test_flows_over_time_leave_the_quarter_out():
    real = {"measure": "grdp_real", "sector": "all"}
    s = ua.series("grdp_2010_base", region="6471", **real)
    assert {f.period for f in s} == {"2018", "2020", "2024", "2025-01/2025-03"}
    rates = g.over_time(s)
    assert {p for r in rates for p in (r.from_period, r.to_period)} == {
        "2018", "2020", "2024",
    }  # fmt: skip
    with pytest.raises(ConceptMismatch) as error:
        g.over_time(s[-2:])
    assert code(error) == "flow_lengths"


# Across concepts


def reading(name):
    row = ua.data.reading(name)
    return ua.data.figure(row["from_id"]), ua.data.figure(row["to_id"])


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("all_msme_2024_2025", 0.0584, 0.0698), ("micro_2024_2025", -0.0103, 0.0012)],
)
def test_readings(name, low, high):
    a, b = reading(name)
    with pytest.raises(ConceptMismatch):
        g.between(a, b)
    with pytest.raises(ConceptMismatch):
        g.growth(a, b)
    rate = g.between(a, b, assume=name)
    assert (round(rate.low, 4), round(rate.high, 4)) == (low, high)
    assert rate.assumption == name
    assert g.read_under(name) == rate


def test_a_reading_is_for_its_own_rows_only():
    micro, msme = reading("micro_2024_2025"), reading("all_msme_2024_2025")
    for a, b, name in (
        (*msme, "micro_2024_2025"),
        (*micro, "all_msme_2024_2025"),
        (*micro[::-1], "micro_2024_2025"),
        (micro[0], msme[1], "micro_2024_2025"),
        (Figure.exact(87397), Figure.exact(87000), "micro_2024_2025"),
        (100, 110, "micro_2024_2025"),
    ):
        with pytest.raises(ConceptMismatch) as error:
            g.between(a, b, assume=name)
        assert code(error) == "reading_ids"


def test_a_reading_is_for_its_rows_as_they_stand():
    a, b = reading("all_msme_2024_2025")
    forged = replace(a, value=80000, low=80000, high=80000)
    with pytest.raises(ConceptMismatch) as error:
        g.between(forged, b, assume="all_msme_2024_2025")
    assert code(error) == "reading_row"
    assert "87397" in str(error.value).replace(",", "")


def test_a_sentence_of_ones_own():
    a, b = reading("all_msme_2024_2025")
    said = "I assume that the register did not change."
    assert g.between(a, b, assume=said).assumption == said
    for bad, expected in (
        ("", "assume_blank"),
        ("  ", "assume_blank"),
        ("micro", "assume_unknown"),
        (True, "assume_unknown"),
    ):
        with pytest.raises(ConceptMismatch) as error:
            g.between(a, b, assume=bad)
        assert code(error) == expected
    with pytest.raises(ConceptMismatch) as error:
        g.between(a, replace(b, measure="licences"), assume=said)
    assert code(error) == "assume_measure"
    with pytest.raises(ConceptMismatch) as error:
        g.between(100, b, assume=said)
    assert code(error) == "number_and_figure"


@pytest.mark.parametrize("label", [{"grade": "D"}, {"status": "target"}])
def test_no_assumption_makes_it_fit_for_calculation(label):
    with pytest.raises(ConceptMismatch) as error:
        g.between(made(**label), made(9, 2024), assume="as if it were counted")
    assert code(error) == "not_for_calculation"


def test_no_assumption_makes_a_rate_or_a_flow_fit():
    rate = {"measure": "unemployment_rate"}
    with pytest.raises(ConceptMismatch):
        g.between(made(**rate), made(9, 2024, **rate), assume="as if it were a count")
    flow = {"measure": "turnover"}
    with pytest.raises(ConceptMismatch):
        g.between(made(**flow), made(9, 2024, **flow, period="2024-05"), assume="a b")


def test_every_pair_of_different_series_is_refused():
    frame = ua.figures(region="6471", measure="business_units")
    figures = [ua.data._figure(row, {}) for _, row in frame.iterrows()]
    refused = allowed = 0
    for a in figures:
        for b in figures:
            same = a.series and all(getattr(a, k) == getattr(b, k) for k in LABELS)
            fit = all(
                f.grade != "D" and f.status in ("observed", "provisional", "derived")
                for f in (a, b)
            )
            try:
                g.growth(a, b)
                allowed += 1
                assert same
                assert fit
            except ConceptMismatch:
                refused += 1
                assert not (same and fit)
    assert refused > allowed > 0


def test_refusals_say_what_differs_and_what_to_do():
    a, b = reading("all_msme_2024_2025")
    with pytest.raises(ConceptMismatch) as error:
        g.growth(a, b)
    assert isinstance(error.value, ValueError)
    for lang in ("id", "en"):
        words = error.value.words(lang)
        assert "BPN-0074" in words
        assert "BPN-0084" in words
        assert "assume=" in words


def test_a_rate_beyond_all_numbers_is_refused_or_left_out():
    with pytest.raises(ua.DataError) as caught:
        g.cagr(1, 1e9, 1 / 365)
    assert caught.value.code == "rate_too_large"
    a = ua.Figure.exact(1, period="2024-05-03")
    b = ua.Figure.exact(10**9, period="2024-05-04")
    rate = g.between(a, b)
    assert (rate.cagr, rate.cagr_low, rate.cagr_high) == (None, None, None)
    assert rate.value == 10**9 - 1


def test_growth_too_large_for_a_number_is_refused():
    with pytest.raises(DataError) as e:
        g.growth(5e-324, 1e308)
    assert e.value.code == "not_finite"
