"""Recomputes published claims from their operands and gives a verdict.

Exact fractions throughout (only the root in ``annual_growth_pct`` is a float),
so that a verdict never hangs on binary rounding. Every formula is monotone in
each operand: its lowest value takes one end of each, the highest the others.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import inf, prod

from umkm_analysis.errors import DataError

VERDICTS = ("holds", "holds_within_rounding", "fails", "conflict", "cannot_be_checked")
#: Verdicts that may be given in words where nothing can be compared.
IN_WORDS = ("fails", "conflict")
COLUMNS = (
    "claim_id", "source_id", "text_en", "text_id", "kind", "formula", "operands",
    "comparator", "stated_value", "stated_unit", "stated_decimals", "computed_value",
    "computed_low", "computed_high", "verdict", "explanation_en", "explanation_id",
    "possible_origin",
)  # fmt: skip


@dataclass(frozen=True)
class Formula:
    """How a value is computed, how many operands it takes, and how they bound it."""

    compute: object
    rising: object  # given the number of operands: True where more means more
    least: int = 1
    most: float = inf


def _first_up(n):
    return [i == 0 for i in range(n)]


def _all_up(n):
    return [True] * n


def _annual(x, years):
    a, b = x
    n = years[0] - years[1]
    if n <= 0:
        raise DataError("claim_years")
    if a <= 0 or b <= 0:
        raise DataError("claim_sign")
    if n == 1:
        return 100 * (a / b - 1)
    return Fraction(100 * ((float(a) / float(b)) ** (1 / n) - 1))


FORMULAS = {
    "value": Formula(lambda x, _: x[0], _all_up, 1, 1),
    "sum": Formula(lambda x, _: sum(x), _all_up),
    "difference": Formula(lambda x, _: x[0] - sum(x[1:]), _first_up, 2),
    "ratio": Formula(lambda x, _: x[0] / x[1], _first_up, 2, 2),
    "percent_of": Formula(lambda x, _: x[0] * x[1] / 100, _all_up, 2, 2),
    "share_pct": Formula(lambda x, _: 100 * x[0] / x[1], _first_up, 2, 2),
    "whole_from_share": Formula(lambda x, _: 100 * x[0] / x[1], _first_up, 2, 2),
    "share_density": Formula(
        lambda x, _: x[0] / 100 * x[1] / x[2], lambda n: [True, True, False], 3, 3
    ),
    "growth_pct": Formula(lambda x, _: 100 * (x[0] / x[1] - 1), _first_up, 2, 2),
    "annual_growth_pct": Formula(_annual, _first_up, 2, 2),
    "residual_growth_pct": Formula(
        lambda x, _: 100 * (x[0] / x[1] / prod(1 + r / 100 for r in x[2:]) - 1),
        _first_up,
        3,
    ),
    "order_first": Formula(lambda x, _: x[0], lambda n: [True] + [False] * (n - 1), 2),
}


def _fraction(text):
    return Fraction(text) if text else None


def rounded(value: Fraction, decimals: int) -> Decimal:
    """Round half up, away from zero; negative decimals round to tens and so on.

    >>> rounded(Fraction(385, 20), 1), rounded(Fraction(-385, 20), 1)
    (Decimal('19.3'), Decimal('-19.3'))
    """
    scaled = abs(value) * Fraction(10) ** decimals
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    sign = -1 if value < 0 else 1
    result = Fraction(sign * whole) / Fraction(10) ** decimals
    places = max(decimals, 0)
    # Exact: the quotient has at most `places` decimals.
    scaled_int = result * 10**places
    return Decimal(int(scaled_int)).scaleb(-places)


def stored(value: Fraction | None, decimals: int | None) -> str:
    """Two decimals more than stated (two if blank or negative), zeros cut."""
    if value is None:
        return ""
    places = decimals + 2 if decimals is not None and decimals >= 0 else 2
    text = f"{rounded(value, places):f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


@dataclass(frozen=True)
class Result:
    """What came out: exact values (None where unknown) and the verdict."""

    value: Fraction | None
    low: Fraction | None
    high: Fraction | None
    verdict: str


def evaluate(claim: dict, rows: dict, printed_by: dict) -> Result:
    """Recompute one claim.

    Parameters
    ----------
    claim : dict of str
        A row of claims.csv as text.
    rows : dict
        Rows of observations.csv as text, by id.
    printed_by : dict
        For each id the sources that print the same statement (`printers`).
    """
    operands = [rows[i] for i in claim["operands"].split(";")]
    decimals = int(claim["stated_decimals"]) if claim["stated_decimals"] else None
    stated = _fraction(claim["stated_value"])
    comparator = claim["comparator"]
    if claim["formula"] == "none":
        value = low = high = None
    else:
        formula = FORMULAS[claim["formula"]]
        if not formula.least <= len(operands) <= formula.most:
            raise DataError(
                "claim_operands", claim=claim["claim_id"], formula=claim["formula"],
                found=len(operands),
            )  # fmt: skip
        years = [int(r["year"]) if r["year"] else None for r in operands]
        if claim["formula"] == "annual_growth_pct" and None in years:
            raise DataError("claim_years", claim=claim["claim_id"])
        try:
            value = Fraction(
                formula.compute([_fraction(r["value"]) for r in operands], years)
            )
            low, high = _ends(formula, operands, years, _printed_ends)
        except ZeroDivisionError:
            raise DataError("claim_zero", claim=claim["claim_id"]) from None
        except DataError as error:
            raise DataError(
                error.code, **{"claim": claim["claim_id"], **error.params}
            ) from None
    if comparator == "none" or (stated is None and comparator != "first"):
        kept = claim["verdict"] if claim["verdict"] in IN_WORDS else None
        return Result(value, low, high, kept or "cannot_be_checked")
    if value is None:
        return Result(value, low, high, "cannot_be_checked")
    if _holds(comparator, value, stated, decimals, operands):
        verdict = "holds"
    elif _holds_loosely(comparator, formula, value, stated, decimals, operands, years):
        verdict = "holds_within_rounding"
    elif any(claim["source_id"] in printed_by[r["id"]] for r in operands):
        verdict = "fails"
    else:
        verdict = "conflict"
    return Result(value, low, high, verdict)


def _printed_ends(row):
    return _fraction(row["value_low"]), _fraction(row["value_high"])


def _rounding_ends(row):
    """Bounds; survey estimates to half their printed step."""
    value, step = _fraction(row["value"]), _fraction(row["rounding"])
    if row["precision"] == "survey_estimate" and step:
        return value - step / 2, value + step / 2
    return _printed_ends(row)


def _truncation_ends(row):
    """As rounding, but a rounded figure may be a truncated one."""
    value, step = _fraction(row["value"]), _fraction(row["rounding"])
    if row["precision"] in ("rounded", "approx") and step:
        return value, value + step
    return _rounding_ends(row)


def _ends(formula, operands, years, ends_of):
    rising = formula.rising(len(operands))
    ends = [ends_of(r) for r in operands]
    if formula is FORMULAS["order_first"]:
        # The value is the first operand alone; the others are only compared.
        return ends[0]
    result = []
    for take_low in (True, False):
        chosen = [
            e[0] if up == take_low else e[1] for e, up in zip(ends, rising, strict=True)
        ]
        if any(c is None for c in chosen) or not _divisible(formula, chosen):
            result.append(None)
        else:
            result.append(Fraction(formula.compute(chosen, years)))
    return tuple(result)


def _divisible(formula, chosen):
    """Whether the ends may stand below the line: a bound of zero bounds nothing."""
    if formula in (FORMULAS["difference"], FORMULAS["order_first"]):
        return True
    if formula is FORMULAS["annual_growth_pct"] and chosen[0] <= 0:
        return False
    rates = formula is FORMULAS["residual_growth_pct"]
    return all(
        up or end > (-100 if rates and i >= 2 else 0)
        for i, (up, end) in enumerate(
            zip(formula.rising(len(chosen)), chosen, strict=True)
        )
    )


def _holds(comparator, value, stated, decimals, operands):
    if comparator == "eq":
        places = decimals if decimals is not None else 0
        return Fraction(rounded(value, places)) == stated
    if comparator == "first":
        first, *others = (_fraction(r["value"]) for r in operands)
        return all(first > other for other in others)
    return _compare(comparator, value, stated)


def _compare(comparator, value, stated):
    return {
        "ge": value >= stated,
        "le": value <= stated,
        "gt": value > stated,
        "lt": value < stated,
    }[comparator]


def _holds_loosely(comparator, formula, value, stated, decimals, operands, years):
    """Whether one allowed reading, rounding or truncation, meets the claim."""
    if comparator == "eq":
        unit = Fraction(10) ** -(decimals or 0)
        if int(abs(value) / unit) * unit == abs(stated) and value * stated >= 0:
            return True
    for ends_of in (_rounding_ends, _truncation_ends):
        if comparator == "first":
            (_, top), *others = (ends_of(r) for r in operands)
            if all(top is None or o[0] is None or top >= o[0] for o in others):
                return True
            continue
        low, high = _ends(formula, operands, years, ends_of)
        if comparator == "eq":
            above = low is not None and low > stated + unit / 2
            below = high is not None and high < stated - unit / 2
            if not above and not below:
                return True
            continue
        end = high if comparator in ("ge", "gt") else low
        if end is None or _compare(comparator, end, stated):
            return True
    return False


def printers(rows: dict) -> dict:
    """For each row id the set of sources that print the same statement."""
    root = {i: r["duplicates_of"] or i for i, r in rows.items()}
    by_root = {}
    for i, r in rows.items():
        by_root.setdefault(root[i], set()).add(r["source_id"])
    return {i: by_root[root[i]] for i in rows}


def recompute(claims: list[dict], observations: list[dict]) -> list[tuple]:
    """Pairs of each claim (text) with its Result, in the order given."""
    rows = {r["id"]: r for r in observations}
    printed_by = printers(rows)
    return [(c, evaluate(c, rows, printed_by)) for c in claims]


def as_stored(claim: dict, result: Result) -> dict:
    """The four computed columns as claims.csv keeps them."""
    decimals = int(claim["stated_decimals"]) if claim["stated_decimals"] else None
    return {
        "computed_value": stored(result.value, decimals),
        "computed_low": stored(result.low, decimals),
        "computed_high": stored(result.high, decimals),
        "verdict": result.verdict,
    }


def stale(claims, observations) -> list:
    """Problems where a stored column of claims.csv is not the recomputed one."""
    from umkm_analysis.contract import Problem

    problems = []
    rows = {r["id"]: r for r in observations.rows()}
    printed_by = printers(rows)
    for claim, line in zip(claims.rows(), claims.lines, strict=True):
        try:
            now = as_stored(claim, evaluate(claim, rows, printed_by))
        except DataError as error:
            problems.append(
                Problem(claims.file, line, "formula", error.code, error.params)
            )
            continue
        for column, text in now.items():
            if claim[column] != text:
                problems.append(
                    Problem(
                        claims.file, line, column, "claim_stale",
                        {"value": claim[column], "computed": text},
                    )
                )  # fmt: skip
    return problems
