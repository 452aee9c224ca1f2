"""Claims made by hand for each rule of CLAIMS.md, and all stored ones recomputed."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import umkm_analysis as ua
from umkm_analysis import contract, verdicts
from umkm_analysis.errors import DataError


def row(value, low=None, high=None, *, precision="exact", step="", year="2024", **more):
    """A row of observations as text; exact unless bounds are given."""
    value = str(value)
    if precision == "exact":
        low = high = value
    return {
        "value": value, "value_low": "" if low is None else str(low),
        "value_high": "" if high is None else str(high), "precision": precision,
        "rounding": str(step), "year": year, "source_id": "theirs",
        "duplicates_of": "", **more,
    }  # fmt: skip


def rounded(value, step, **more):
    half = Fraction(step) / 2
    return row(
        value, float(Fraction(value) - half), float(Fraction(value) + half),
        precision="rounded", step=step, **more,
    )  # fmt: skip


def judge(formula, given_rows, comparator="eq", stated="", decimals="0", **more):
    """Evaluate a claim over rows named a, b, c; its source is "ours"."""
    rows = {
        name: {"id": name, **r} for name, r in zip("abcdefg", given_rows, strict=False)
    }
    claim = {
        "claim_id": "X1", "source_id": "ours", "formula": formula,
        "operands": ";".join(rows), "comparator": comparator,
        "stated_value": str(stated), "stated_decimals": str(decimals), "verdict": "",
        **more,
    }  # fmt: skip
    result = verdicts.evaluate(claim, rows, verdicts.printers(rows))
    return result, verdicts.as_stored(claim, result)


def verdict(*args, **more):
    return judge(*args, **more)[1]["verdict"]


# All of them


def test_every_stored_claim_is_the_recomputed_one():
    folder = ua.open_folder(contract.SHIPPED)
    stored = folder.rows("claims")
    now = verdicts.recompute(stored, folder.rows("observations"))
    assert len(now) == len(stored) >= 137
    for claim, result in now:
        kept = {k: claim[k] for k in verdicts.as_stored(claim, result)}
        assert verdicts.as_stored(claim, result) == kept, claim["claim_id"]
    assert {r.verdict for _, r in now} == set(verdicts.VERDICTS)


def test_judged_in_words():
    frame = ua.claims(["C008", "C118", "C012"])
    assert frame["verdict"].tolist() == ["conflict", "conflict", "fails"]


def test_possible_origin_is_blank_where_it_holds():
    frame = ua.claims()
    holds = frame["verdict"] == "holds"
    assert frame.loc[holds, "possible_origin"].isna().all()


# Formulas, with values by hand


@pytest.mark.parametrize(
    ("formula", "operands", "value"),
    [
        ("value", [row(7)], "7"),
        ("sum", [row(1), row(2), row(3)], "6"),
        ("sum", [row(5)], "5"),
        ("difference", [row(10), row(3), row(2)], "5"),
        ("ratio", [row(10), row(4)], "2.5"),
        ("percent_of", [row(200), row(15)], "30"),
        ("share_pct", [row(1), row(8)], "12.5"),
        ("whole_from_share", [row(30), row(15)], "200"),
        ("share_density", [row(40), row(1000), row(8)], "50"),
        ("growth_pct", [row(87397), row(73300)], "19.23"),
        ("annual_growth_pct", [row(121, year="2024"), row(100, year="2022")], "10"),
        ("annual_growth_pct", [row(121, year="2024"), row(100, year="2023")], "21"),
        ("residual_growth_pct", [row(121), row(100), row(10)], "10"),
        ("residual_growth_pct", [row("133.1"), row(100), row(10), row(10)], "10"),
        ("order_first", [row(9), row(3)], "9"),
    ],
)
def test_formulas(formula, operands, value):
    result, stored = judge(formula, operands, "none")
    assert Decimal(stored["computed_value"]) == Decimal(value)
    assert stored["computed_low"] == stored["computed_high"] == stored["computed_value"]
    assert result.verdict == "cannot_be_checked"


def test_none_computes_nothing():
    _, stored = judge("none", [row(1), row(2)], "none")
    assert stored == {
        "computed_value": "", "computed_low": "", "computed_high": "",
        "verdict": "cannot_be_checked",
    }  # fmt: skip


ENDS = {
    "value": "l", "sum": "lll", "difference": "lhh", "ratio": "lh", "percent_of": "ll",
    "share_pct": "lh", "whole_from_share": "lh", "share_density": "llh",
    "growth_pct": "lh", "annual_growth_pct": "lh", "residual_growth_pct": "lhhh",
}  # fmt: skip


@pytest.mark.parametrize("formula", ENDS)
def test_bounds_take_the_ends_of_the_table(formula):
    spread = [
        row(v, v - 1, v + 1, precision="rounded", step=2, year=str(y))
        for v, y in ((100, 2024), (50, 2020), (20, 2019), (10, 2018))
    ]
    operands = spread[: len(ENDS[formula])]
    result, _ = judge(formula, operands, "none")

    def at(ends):
        values = [
            {"l": r["value_low"], "h": r["value_high"]}[e]
            for r, e in zip(operands, ends, strict=True)
        ]
        exact = [row(v, year=r["year"]) for v, r in zip(values, operands, strict=True)]
        return judge(formula, exact, "none")[0].value

    low = ENDS[formula]
    assert result.low == at(low)
    assert result.high == at(low.translate(str.maketrans("lh", "hl")))
    assert result.low < result.value < result.high


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([f for f in ENDS if f != "annual_growth_pct"]), st.data())
def test_bounds_hold_every_value_between(formula, data):
    operands, inside = [], []
    for _ in ENDS[formula]:
        v, w = data.draw(st.integers(2, 1000)), data.draw(st.integers(0, 1))
        operands.append(row(v, v - w, v + w, precision="rounded", step=2))
        inside.append(row(data.draw(st.fractions(v - w, v + w, max_denominator=50))))
    result, _ = judge(formula, operands, "none")
    value = judge(formula, inside, "none")[0].value
    assert result.low <= value <= result.high


def test_a_blank_bound_makes_its_end_blank():
    least = row(10, 10, None, precision="at_least")
    survey = row(10, precision="survey_estimate", step=1)
    exact = row(100)
    _, stored = judge("sum", [least, exact], "none")
    assert (stored["computed_low"], stored["computed_high"]) == ("110", "")
    _, stored = judge("ratio", [exact, least], "none")
    assert (stored["computed_low"], stored["computed_high"]) == ("", "10")
    _, stored = judge("ratio", [exact, survey], "none")
    assert (stored["computed_low"], stored["computed_high"]) == ("", "")


def test_a_bound_of_zero_bounds_nothing():
    small = row("0.4", "-0.1", "0.9", precision="rounded", step=1)
    _, stored = judge("ratio", [row(9), small], "none")
    assert stored["computed_value"] == "22.5"
    assert (stored["computed_low"], stored["computed_high"]) == ("10", "")


# Stored numbers


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        ("1.25", 1, "1.3"), ("-1.25", 1, "-1.3"), ("1.24", 1, "1.2"), ("2.5", 0, "3"),
        ("-2.5", 0, "-3"), ("-0.04", 1, "0"), ("1450", -2, "1500"),
        ("-1450", -2, "-1500"),
        ("1449.9", -2, "1400"), ("0.285", 2, "0.29"), ("0", 3, "0"),
    ],
)  # fmt: skip
def test_half_up_away_from_zero(value, decimals, text):
    assert verdicts.rounded(Fraction(value), decimals) == Decimal(text)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        ("19.231923", 2, "19.2319"), ("0.5", 0, "0.5"), ("12.345", None, "12.35"),
        ("12.345", -3, "12.35"), ("93000", -3, "93000"), ("-0.001", 0, "0"),
        ("-12.345", 0, "-12.35"), ("5.10", 1, "5.1"), (None, 2, ""),
    ],
)  # fmt: skip
def test_stored(value, decimals, text):
    value = None if value is None else Fraction(value)
    assert verdicts.stored(value, decimals) == text


# Comparators and verdicts

TENS = row(100, precision="survey_estimate", step=10)


@pytest.mark.parametrize(
    ("value", "comparator", "stated", "holds"),
    [
        (10, "eq", 10, True), (10, "eq", 11, False), (10, "ge", 10, True),
        (10, "ge", 11, False), (10, "le", 10, True), (10, "le", 9, False),
        (10, "gt", 10, False), (10, "gt", 9, True), (10, "lt", 10, False),
        (10, "lt", 11, True),
    ],
)  # fmt: skip
def test_comparators(value, comparator, stated, holds):
    assert (verdict("value", [row(value)], comparator, stated) == "holds") == holds


@pytest.mark.parametrize(
    ("value", "stated", "decimals", "expected"),
    [
        ("12.25", "12.3", 1, "holds"),  # half goes up
        ("-12.25", "-12.3", 1, "holds"),  # away from zero
        ("12.25", "12.2", 1, "holds_within_rounding"),  # truncated
        ("-12.25", "-12.2", 1, "holds_within_rounding"),
        ("12.29", "12.2", 1, "holds_within_rounding"),
        ("12.31", "12.2", 1, "conflict"),
        ("12.19", "12.1", 1, "holds_within_rounding"),
        ("87397", "87000", -3, "holds"),
        ("87500", "88000", -3, "holds"),
        ("87500", "87000", -3, "holds_within_rounding"),
        ("87499", "88000", -3, "conflict"),
        ("-0.4", "0", 0, "holds"),
        ("0.9", "0", 0, "holds_within_rounding"),
        ("-0.9", "0", 0, "holds_within_rounding"),
        ("5", "-5", 0, "conflict"),
    ],
)
def test_equal_rounded_or_truncated(value, stated, decimals, expected):
    assert verdict("value", [row(value)], "eq", stated, decimals) == expected


@pytest.mark.parametrize(
    ("operand", "comparator", "stated", "expected"),
    [
        (rounded(93000, 1000), "eq", 93400, "holds_within_rounding"),  # rounded
        (rounded(93000, 1000), "eq", 93900, "holds_within_rounding"),  # truncated
        (rounded(93000, 1000), "eq", 94001, "conflict"),
        (rounded(93000, 1000), "eq", 92500, "holds_within_rounding"),
        (rounded(93000, 1000), "eq", 92499, "conflict"),
        (rounded(93000, 1000), "ge", 93500, "holds_within_rounding"),
        (rounded(93000, 1000), "gt", 94000, "conflict"),
        (rounded(93000, 1000), "le", 92500, "holds_within_rounding"),
        (rounded(93000, 1000), "lt", 92500, "conflict"),
        (row(10, 10, None, precision="at_least"), "eq", 50, "holds_within_rounding"),
        (row(10, 10, None, precision="at_least"), "eq", 9, "conflict"),
        (row(10, 10, None, precision="at_least"), "ge", 50, "holds_within_rounding"),
        (row(10, 10, None, precision="at_least"), "le", 9, "conflict"),
        (row(10, None, 10, precision="at_most"), "eq", 3, "holds_within_rounding"),
        (row(10, None, 10, precision="at_most"), "eq", 11, "conflict"),
        # Survey estimates only to half their printed step, though they are wider.
        (row(10, precision="survey_estimate", step=1), "eq", 12, "conflict"),
        (TENS, "eq", 105, "holds_within_rounding"),
        (TENS, "eq", 107, "conflict"),
    ],
)
def test_allowed_readings(operand, comparator, stated, expected):
    assert verdict("value", [operand], comparator, stated) == expected


def test_the_interval_meets_half_a_unit_of_the_last_decimal():
    growth = [rounded(93000, 1000), row(87397)]  # 5.84 to 6.98, truncated to 7.56
    for stated, expected in (
        ("6.4", "holds"),
        ("5.8", "holds_within_rounding"),
        ("5.7", "conflict"),
        ("7.6", "holds_within_rounding"),
        ("7.7", "conflict"),
    ):
        assert verdict("growth_pct", growth, "eq", stated, 1) == expected, stated


@pytest.mark.parametrize(
    ("operands", "expected"),
    [
        ([row(9), row(3), row(8)], "holds"),
        ([row(9), row(9)], "holds_within_rounding"),  # a tie is not the largest
        ([row(8), row(9)], "conflict"),
        ([rounded(90, 10), row(94)], "holds_within_rounding"),
        ([rounded(90, 10), row(99)], "holds_within_rounding"),  # truncated to tens
        ([rounded(90, 10), row(101)], "conflict"),
        ([row(8, 8, None, precision="at_least"), row(9)], "holds_within_rounding"),
        ([row(8), row(9, None, 9, precision="at_most")], "holds_within_rounding"),
    ],
)
def test_first(operands, expected):
    result, stored = judge("order_first", operands, "first", "", "")
    assert stored["verdict"] == expected
    assert result.value == Fraction(operands[0]["value"])


def test_who_printed_it_decides_between_fails_and_conflict():
    wrong = ("sum", [row(1), row(2)], "eq", 9)
    assert verdict(*wrong) == "conflict"
    ours = row(1, source_id="ours")
    assert verdict("sum", [ours, row(2)], "eq", 9) == "fails"
    # Our source repeats a, or a repeats ours: the statement is printed by us.
    repeat = row(1, source_id="ours", duplicates_of="a")
    result, _ = judge("sum", [row(1), row(2), repeat], "eq", 9, operands="a;b")
    assert result.verdict == "fails"
    original = [row(1, duplicates_of="c"), row(2), row(1, source_id="ours")]
    result, _ = judge("sum", original, "eq", 9, operands="a;b")
    assert result.verdict == "fails"


def test_verdicts_in_words_are_kept_only_without_a_comparison():
    for kept in ("fails", "conflict"):
        assert verdict("none", [row(1)], "none", verdict=kept) == kept
    for other in ("holds", "holds_within_rounding", ""):
        assert verdict("none", [row(1)], "none", verdict=other) == "cannot_be_checked"
    assert verdict("value", [row(1)], "eq", 1, verdict="fails") == "holds"
    assert verdict("value", [row(1)], "eq", "", verdict="") == "cannot_be_checked"


@pytest.mark.parametrize(
    ("formula", "operands", "code"),
    [
        ("ratio", [row(1)], "claim_operands"),
        ("growth_pct", [row(1), row(2), row(3)], "claim_operands"),
        ("order_first", [row(1)], "claim_operands"),
        ("ratio", [row(1), row(0)], "claim_zero"),
        ("growth_pct", [row(1), row(0)], "claim_zero"),
        ("annual_growth_pct", [row(1), row(2)], "claim_years"),
        ("annual_growth_pct", [row(1, year=""), row(2)], "claim_years"),
        ("annual_growth_pct", [row(1, year="2020"), row(2)], "claim_years"),
        ("annual_growth_pct", [row(-1), row(2, year="2020")], "claim_sign"),
        ("annual_growth_pct", [row(1), row(0, year="2020")], "claim_sign"),
    ],
)
def test_claims_that_cannot_be_computed(formula, operands, code):
    with pytest.raises(DataError) as error:
        judge(formula, operands, "none")
    assert error.value.code == code
    assert "X1" in str(error.value)


def test_claims_as_a_frame():
    frame = ua.claims(["C005", "C001"])
    assert frame["claim_id"].tolist() == ["C005", "C001"]
    assert list(frame.columns) == list(verdicts.COLUMNS)
    first = frame.set_index("claim_id").loc["C001"]
    assert (first["computed_value"], first["computed_low"], first["computed_high"]) == (
        19.2319, 19.1506, 19.3133,
    )  # fmt: skip
    assert ua.claims(region="6471")["claim_id"].isin(ua.claims()["claim_id"]).all()
    with pytest.raises(DataError, match="C999"):
        ua.claims(["C999"])
