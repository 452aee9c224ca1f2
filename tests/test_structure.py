"""Shares, concentration, location quotient, shift-share, computed series."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from umkm_analysis import structure
from umkm_analysis.errors import DataError
from umkm_analysis.figure import Figure

counts = st.lists(st.integers(0, 10**7), min_size=2, max_size=12).filter(any)
positive = st.lists(st.integers(1, 10**6), min_size=2, max_size=8)


def rounded(values, to):
    return [Figure.rounded(value, to=to) for value in values]


# Published worked examples


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([30, 30, 20, 20], 0.26),  # US Department of Justice
        ([20, 50, 20, 10], 0.34),  # Doersam 2004, in the REAT manual
        ([30, 70], 0.58),
        ([15] * 6 + [1] * 10, 0.136),
        ([80] + [2] * 5 + [1] * 10, 0.643),
    ],
)
def test_hhi_published(x, expected):
    assert structure.hhi(x) == pytest.approx(expected)
    assert structure.effective_number(x) == pytest.approx(1 / expected)


def test_hhi_normalized():
    assert structure.hhi([20, 50, 20, 10], normalized=True) == pytest.approx(0.12)
    assert structure.hhi([7, 7, 7], normalized=True) == pytest.approx(0)
    with pytest.raises(DataError) as error:
        structure.hhi([5], normalized=True)
    assert error.value.code == "single_part"


def test_shannon_published():
    # Cover and Thomas 2006, example 1.1.2: eight horses, two bits.
    horses = [32, 16, 8, 4, 1, 1, 1, 1]
    assert structure.shannon(horses, base=2) == pytest.approx(2)
    assert structure.shannon([1, 1, 1, 0]) == pytest.approx(math.log(3))
    assert structure.shannon([9]) == 0
    for base in (0, -2, 1):
        with pytest.raises(DataError):
            structure.shannon([1, 2], base=base)


def test_location_quotient_published():
    # Farhauer and Kroell 2013, in the REAT manual.
    assert structure.location_quotient(1714, 79006, 879213, 15593224) == pytest.approx(
        0.3847623, abs=5e-8
    )
    # EconGeo manual, region 1 makes only industry 1 and all of it.
    assert structure.location_quotient(100, 100, 100, 500) == 5


#: G. Krumme, University of Washington: the city of "Holukuluku" 1985-1995.
CITY = ([500, 100, 200, 200], [1000, 100, 250, 280])
NATION = ([1000, 2000, 4000, 3000], [1100, 2400, 5200, 4200])


def test_krumme_location_quotients():
    quotients = structure.location_quotient(
        pd.Series(CITY[0], list("abcd")),
        1000,
        pd.Series(NATION[0][::-1], list("dcba")),
        10000,
    )
    assert quotients.round(3).to_dict() == {"a": 5, "b": 0.5, "c": 0.5, "d": 0.667}


def test_krumme_shift_share():
    frame = structure.shift_share(*CITY, *NATION)
    assert frame["regional"].tolist() == pytest.approx([450, -20, -10, 0])
    assert frame.sum().tolist() == pytest.approx([290, -80, 420])


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ([90, 20, 10, 60], [100, 40, 10, 55], (27, 1, -3)),
        ([60, 30, 30, 40], [85, 55, 40, 35], (24, -1, 32)),
        ([250, 100, 110, 300], [255, 115, 85, 390], (114, 0, -29)),
    ],
)
def test_shift_share_farhauer_kroell(start, end, expected):
    nation = ([400, 150, 150, 400], [440, 210, 135, 480])
    for method in ("classic", "esteban"):
        frame = structure.shift_share(start, end, *nation, method)
        parts = frame[["national", "mix"]].sum().tolist()
        assert [*parts, frame.iloc[:, 2:].to_numpy().sum()] == pytest.approx(
            expected, abs=1e-9
        )


def test_esteban_by_hand():
    frame = structure.shift_share(*CITY, *NATION, method="esteban")
    assert frame["regional"].tolist() == pytest.approx([90, -40, -20, 0], abs=1e-9)
    assert frame["allocation"].tolist() == pytest.approx([360, 20, 10, 0], abs=1e-9)


# Properties


@given(counts, st.integers(1, 1000))
def test_shares_sum_and_scale(x, factor):
    p = structure.shares(x)
    assert p.sum() == pytest.approx(1)
    np.testing.assert_allclose(p, structure.shares([v * factor for v in x]))


@given(counts, st.randoms())
def test_order_does_not_matter(x, random):
    mixed = random.sample(x, len(x))
    assert structure.hhi(x) == pytest.approx(structure.hhi(mixed))
    assert structure.shannon(x) == pytest.approx(structure.shannon(mixed))


@given(counts)
def test_concentration_limits(x):
    n = len(x)
    assert 1 / n - 1e-12 <= structure.hhi(x) <= 1 + 1e-12
    assert -1e-12 <= structure.shannon(x) <= math.log(n) + 1e-12
    # Hill numbers fall with their order: e^H counts small parts more than 1/HHI.
    assert structure.effective_number(x) <= math.exp(structure.shannon(x)) + 1e-9


@given(st.data())
def test_shift_share_adds_to_the_change(data):
    n = data.draw(st.integers(1, 6))
    whole = st.lists(st.integers(1, 10**6), min_size=n, max_size=n)
    any_count = st.lists(st.integers(0, 10**6), min_size=n, max_size=n)
    r0, r1 = data.draw(any_count.filter(any)), data.draw(any_count)
    n0, n1 = data.draw(whole), data.draw(any_count)
    for method in ("classic", "esteban"):
        frame = structure.shift_share(r0, r1, n0, n1, method)
        np.testing.assert_allclose(
            frame.sum(axis=1), np.subtract(r1, r0), rtol=1e-6, atol=1e-3
        )


def test_region_equal_to_the_whole_has_no_mix_and_no_regional_part():
    frame = structure.shift_share(*NATION, *NATION)
    assert frame["mix"].sum() == pytest.approx(0)
    assert frame["regional"].tolist() == pytest.approx([0] * 4)


@given(positive, st.sampled_from([10, 1000]), st.data())
def test_bounds_contain_what_rounding_hides(values, to, data):
    figures = rounded(values, to)
    true = [
        data.draw(st.floats(max(f.low, 0), f.high, allow_subnormal=False))
        for f in figures
    ]
    if sum(true) == 0:
        return
    bounds = structure.share_bounds(figures)
    share = structure.shares(true)
    assert (bounds["low"] <= share + 1e-9).all()
    assert (share <= bounds["high"] + 1e-9).all()
    ranks = structure.rank_intervals(figures)
    rank = pd.Series(true).rank(method="min", ascending=False)
    assert ((ranks["best"] <= rank) & (rank <= ranks["worst"])).all()


# Figures, labels, errors


def test_shares_keep_the_index_and_read_figures():
    labels = ["Tengah", "Kota", "Selatan"]
    x = pd.Series([Figure.exact(v) for v in (2, 1, 1)], labels)
    assert structure.shares(x).to_dict() == {
        "Tengah": 0.5,
        "Kota": 0.25,
        "Selatan": 0.25,
    }
    assert structure.shares(np.array([3, 1])).tolist() == [0.75, 0.25]
    assert structure.shares([1.7e308, 1.7e308]).tolist() == [0.5, 0.5]


def test_share_of_a_stated_total():
    micro = [Figure.rounded(87000, to=1000)]
    bounds = structure.share_bounds(micro, total=Figure.rounded(93000, to=1000))
    assert bounds.loc[0].tolist() == pytest.approx([87 / 93, 865 / 935, 875 / 925])
    with pytest.raises(DataError) as error:
        structure.share_bounds([12], total=10)
    assert error.value.code == "part_exceeds_whole"


def test_unknown_ends_stay_unknown():
    figures = [Figure.at_least(10), Figure.exact(30)]
    bounds = structure.share_bounds(figures)
    assert bounds.loc[0, "low"] == pytest.approx(0.25)
    assert math.isnan(bounds.loc[0, "high"])
    assert math.isnan(bounds.loc[1, "low"])
    assert bounds.loc[1, "high"] == pytest.approx(0.75)
    ranks = structure.rank_intervals([Figure(10), Figure.exact(30), Figure.exact(20)])
    assert ranks.to_numpy().tolist() == [[3, 1, 3], [1, 1, 2], [2, 2, 3]]


def test_ranks_of_exact_numbers_share_ties():
    ranks = structure.rank_intervals(pd.Series([5, 9, 5], list("abc")))
    assert ranks.loc["a"].tolist() == [2, 2, 2]
    assert ranks.loc["c"].tolist() == [2, 2, 2]


def test_series_are_matched_by_label():
    r0, r1 = pd.Series([1, 2], ["a", "b"]), pd.Series([4, 2], ["b", "a"])
    n0, n1 = pd.Series([10, 20], ["a", "b"]), pd.Series([10, 20], ["a", "b"])
    frame = structure.shift_share(r0, r1, n0, n1)
    assert frame["regional"].to_dict() == {"a": 1, "b": 2}
    same = structure.shift_share(r0.to_dict(), r1.to_dict(), n0.to_dict(), n1)
    pd.testing.assert_frame_equal(frame, same)
    with pytest.raises(DataError) as error:
        structure.shift_share(r0, r1, n0, n1.rename({"b": "c"}))
    assert error.value.code == "different_parts"
    assert error.value.params["choices"] == ["b", "c"]
    with pytest.raises(DataError) as error:
        structure.shift_share(r0, r1.set_axis(["a", "a"]), n0, n1)
    assert error.value.code == "part_twice"


@pytest.mark.parametrize(
    ("x", "code"),
    [
        ([], "empty_argument"),
        ([0, 0], "all_zero"),
        ([1, -1], "negative"),
        ([1, math.nan], "not_finite"),
        ([1, math.inf], "not_finite"),
        ([1, None], "not_a_number"),
        ([1, "2"], "not_a_number"),
        ([1, True], "not_a_number"),
        ([[1, 2], [3]], "not_a_number"),
        (np.ones((2, 2)), "not_parts"),
        (pd.DataFrame({"a": [1]}), "not_parts"),
        (5, "not_parts"),
        ("12", "not_a_number"),
        (pd.Series([1, 2], dtype="Int64").shift(), "not_a_number"),
    ],
)
def test_bad_parts(x, code):
    for function in (structure.shares, structure.hhi, structure.shannon):
        with pytest.raises(DataError) as error:
            function(x)
        assert error.value.code == code


def test_error_names_the_part():
    with pytest.raises(DataError) as error:
        structure.shares(pd.Series([3, -2], ["trade", "craft"]))
    assert error.value.params == {"argument": "x[craft]", "value": -2}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((5, 0, 5, 10), "not_positive"),
        ((0, 5, 0, 10), "not_positive"),
        ((6, 5, 8, 10), "part_exceeds_whole"),
        ((6, 7, 5, 10), "part_exceeds_whole"),
        ((1, 11, 5, 10), "part_exceeds_whole"),
        ((-1, 5, 5, 10), "negative"),
        (([1, 2], 5, [3, 3, 3], 10), "lengths_differ"),
    ],
)
def test_bad_location_quotient(arguments, code):
    with pytest.raises(DataError) as error:
        structure.location_quotient(*arguments)
    assert error.value.code == code


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (([1, 2], [1, 2], [0, 5], [5, 5]), "not_positive"),
        (([0, 0], [1, 2], [5, 5], [5, 5]), "all_zero"),
        (([1, 2], [1, 2], [5, 5], [5]), "lengths_differ"),
        (([1, 2], [1, -2], [5, 5], [5, 5]), "negative"),
        (([1, 2], [1, 2], [5, 5], [5, 5], "dunn"), "unknown_method"),
    ],
)
def test_bad_shift_share(arguments, code):
    with pytest.raises(DataError) as error:
        structure.shift_share(*arguments)
    assert error.value.code == code


def test_sector_new_in_the_region_is_all_regional():
    frame = structure.shift_share([0, 10], [4, 10], [10, 10], [20, 10], "esteban")
    assert frame.loc[0].tolist() == [0, 0, 4, 0]


# Computed series


@pytest.mark.parametrize(
    ("x", "pattern"),
    [
        # A national series, 2016-2019: +1,271,440 each year.
        ([61651177, 62922617, 64194057, 65465497], "equal_steps"),
        ([61651177, 62922617, 64194057], "equal_steps"),
        # Bandung in West Java's projection, 6.19 % each year.
        (
            [343938, 365218, 387815, 411810, 437290, 464346, 493076, 523584],
            "equal_rates",
        ),
        ([100, 105, 110.25, 115.7625], "equal_rates"),
        ([100 * 1.05**t for t in range(4)], "equal_rates"),
        ([round(5000 * 0.93**t) for t in range(5)], "equal_rates"),
        ([math.floor(5000 * 1.07**t) for t in range(5)], "equal_rates"),
        ([round(1000 + 41.6 * t) for t in range(6)], "equal_steps"),
        (list(range(100, 200, 10)), "equal_steps"),
        (
            [Figure.rounded(1000 * (50 + 9 * t), to=1000) for t in range(6)],
            "equal_steps",
        ),
        # Not computed, or not to be known:
        ([73300, 87397], None),
        ([1, 2, 3], None),
        ([50000, 51000, 52000, 53000], None),
        (rounded([50000, 50800, 51600, 52400], to=1000), None),
        ([87397] * 5, None),
        ([0, 0, 0, 0], None),
        ([21837, 22744, 23595, 24088, 24666], None),
        ([4.2, 3.7, 2.1, 2.4], None),
    ],
)
def test_computed_pattern(x, pattern):
    assert structure.computed_pattern(x) == pattern
    assert structure.looks_computed(x) is (pattern is not None)


@given(st.integers(2000, 10**6), st.floats(0.02, 0.3), st.integers(4, 9))
@example(17205, 0.23323917504134034, 8)
@example(2000, 0.22177, 4)
def test_a_rounded_rate_is_recognised(start, rate, n):
    chained = [start]
    for _ in range(n - 1):
        chained.append(round(chained[-1] * (1 + rate)))
    if start * rate > 400:
        assert structure.looks_computed(chained)
        assert structure.looks_computed(chained[::-1])
        assert structure.looks_computed(
            [round(start * (1 + rate) ** t) for t in range(n)]
        )


def every_stretch(x):
    """The longest stretch by the definition: each one is tried."""
    for length in range(len(x), 2, -1):
        tries = len(x) - length + 1
        for i in range(tries):
            part = slice(i, i + length)
            pattern = structure.computed_pattern(x[part], chance=0.05 / tries)
            if pattern:
                return part, pattern
    return None


legs = st.lists(
    st.tuples(
        st.sampled_from(["step", "rate", "luck"]),
        st.integers(1, 6),
        st.floats(-0.4, 0.9),
    ),
    min_size=1,
    max_size=4,
)


@given(legs, st.integers(20, 10**6), st.sampled_from([0, 1, 10, 1000]))
def test_the_longest_stretch_is_the_one_that_trying_all_finds(legs, start, to):
    values = [float(start)]
    for kind, n, much in legs:
        for i in range(n):
            last = values[-1]
            new = {
                "step": last + round(1000 * much),
                "rate": last * (1 + much),
                "luck": last * (1 + much * math.sin(7 * i + last)),
            }[kind]
            values.append(float(round(new)))
    x = rounded(values, to) if to else values
    assert structure.longest_pattern(x) == every_stretch(x)


def test_false_alarms_on_simulated_counts_stay_below_the_chance():
    rng = np.random.default_rng(20251107)
    for start, mean, n in [(1000, 40, 4), (20000, 1000, 3), (20000, 1000, 4)]:
        steps = rng.poisson(mean, (500, n))
        alarms = [structure.looks_computed(start + row.cumsum()) for row in steps]
        assert np.mean(alarms) <= 0.05


def test_looks_computed_refuses_gaps_and_emptiness():
    for x, code in (([], "empty_argument"), ([1, math.nan, 3], "not_finite")):
        with pytest.raises(DataError) as error:
            structure.looks_computed(x)
        assert error.value.code == code


@pytest.mark.parametrize(
    "call",
    [
        lambda: structure.hhi([0, 0]),
        lambda: structure.hhi(7),
        lambda: structure.hhi([7], normalized=True),
        lambda: structure.shannon([1, 2], base=1),
        lambda: structure.share_bounds([12], total=10),
        lambda: structure.shift_share([1], [1], [1, 2], [1, 2]),
        lambda: structure.shift_share([1], [1], [1], [1], "dunn"),
    ],
)
def test_every_error_has_words(call):
    with pytest.raises(DataError) as error:
        call()
    for lang in ("id", "en"):
        words = error.value.words(lang)
        assert "\n" not in words
        assert "{" not in words
