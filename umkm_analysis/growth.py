"""Growth between figures that count the same thing, and refusals for the rest.

All functions return fractions (0.1923), those ending in ``_pp`` percentage
points. None reads files, formats numbers or draws.

Every function takes two numbers, two figures without any label, or two figures
of one series; anything else raises `ConceptMismatch`. The one way across is
`between` with `assume`: a row of readings.csv or a sentence of one's own, which
the result then carries.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

import pandas as pd

from umkm_analysis.contract import CALCULABLE, period_span
from umkm_analysis.errors import ConceptMismatch, DataError, NoOverlap
from umkm_analysis.figure import IDENTITY, Figure, number


@dataclass(frozen=True)
class Rate:
    """Growth between two figures.

    Attributes
    ----------
    value, low, high : float or None
        Growth over the whole time, a fraction, and its bounds from the rounding
        of both ends; None where a bound is unknown or unbounded.
    years : float or None
        Time between the two, None where a period is missing.
    years_basis : str or None
        "exact", or "difference of years" where one end is printed more finely
        than the other.
    cagr, cagr_low, cagr_high, log_growth : float or None
        Compound and logarithmic growth per year.
    assumption : str or None
        The reading or sentence under which the two were compared.
    """

    value: float
    low: float | None
    high: float | None
    years: float | None
    cagr: float | None
    log_growth: float | None
    assumption: str | None = None
    from_id: str | None = None
    to_id: str | None = None
    from_period: str | None = None
    to_period: str | None = None
    cagr_low: float | None = None
    cagr_high: float | None = None
    years_basis: str | None = None

    def as_record(self) -> dict:
        """A flat record with the keys that the command line prints."""
        record = asdict(self)
        for name, key in (
            ("value", "growth"),
            ("low", "growth_low"),
            ("high", "growth_high"),
        ):
            record[key] = record.pop(name)
        first = [
            "from_id", "to_id", "from_period", "to_period", "years", "growth",
            "growth_low", "growth_high", "log_growth", "cagr", "assumption",
        ]  # fmt: skip
        return {k: record[k] for k in [*first, *(k for k in record if k not in first)]}


def comparable(a, b) -> None:
    """Raise unless `a` and `b` may be compared.

    Raises
    ------
    ConceptMismatch
        Different series, region, measure, concept, size class or sector; a blank
        series; a number beside a labelled figure; grade D; a target.
    """
    figures = [isinstance(x, Figure) for x in (a, b)]
    if not any(figures):
        return
    if not all(figures):
        labelled = a if figures[0] else b
        if labelled.labelled:
            raise ConceptMismatch("number_and_figure", figure=_called(labelled))
        return
    if not a.labelled and not b.labelled:
        calculable(a, b)
        return
    for name in IDENTITY:
        if getattr(a, name) != getattr(b, name):
            raise _not_one(a, b, name)
    if not a.series:
        raise ConceptMismatch("no_series_slug", a=_called(a), b=_called(b))
    calculable(a, b)


def calculable(*figures) -> None:
    """Raise if one is of grade D or was not observed, whatever is assumed."""
    for figure in figures:
        if figure.grade == "D" or figure.status not in (None, *CALCULABLE):
            raise ConceptMismatch(
                "not_for_calculation", figure=_called(figure),
                grade=figure.grade or "-", status=figure.status or "-",
            )  # fmt: skip


def _not_one(a, b, name) -> ConceptMismatch:
    return ConceptMismatch(
        "not_one_series", a=_called(a), b=_called(b), what=name,
        left=getattr(a, name) or "-", right=getattr(b, name) or "-",
    )  # fmt: skip


def _called(figure: Figure) -> str:
    return figure.id or f"{figure.value:g} ({figure.series or figure.concept or '?'})"


def _in_percent_change(a, b) -> None:
    """Rates and shares change in points; flows need periods of equal length."""
    for figure in (a, b):
        if isinstance(figure, Figure) and figure.kind in ("rate", "share", "target"):
            raise ConceptMismatch("change_in_points", figure=_called(figure))
    if not (isinstance(a, Figure) and isinstance(b, Figure)):
        return
    if "flow" in (a.kind, b.kind):
        lengths = [_length(f) for f in (a, b)]
        if lengths[0] is None or lengths[0] != lengths[1]:
            raise ConceptMismatch(
                "flow_lengths", a=_called(a), b=_called(b), left=a.period or "-",
                right=b.period or "-",
            )  # fmt: skip


def _length(figure):
    """Length of a period in whole months, in days where it is not whole months."""
    period = figure.period or (str(figure.year) if figure.year else None)
    if period is None:
        return None
    first, last = period_span(period)
    whole = first.day == 1 and (last + timedelta(days=1)).day == 1
    if not whole:
        return "days", (last - first).days + 1
    return "months", (last.year - first.year) * 12 + last.month - first.month + 1


def _value(x, argument):
    return x.value if isinstance(x, Figure) else number(x, argument)


def _pair(a, b, *, zero_end=False):
    comparable(a, b)
    _in_percent_change(a, b)
    x, y = _value(a, "a"), _value(b, "b")
    if x <= 0:
        raise DataError("not_positive", argument="a", value=x)
    if y < 0 or (y == 0 and not zero_end):
        raise DataError("not_positive", argument="b", value=y)
    return x, y


def _years(years):
    years = number(years, "years")
    if years <= 0:
        raise DataError("not_positive", argument="years", value=years)
    return years


def growth(a, b) -> float:
    """Growth from `a` to `b`: (b - a) / a.

    Parameters
    ----------
    a, b : number or Figure
        Earlier and later value; a > 0, b >= 0.

    Returns
    -------
    float
        A fraction.

    Raises
    ------
    DataError
        Not finite, a <= 0 or b < 0.
    ConceptMismatch
        Figures that do not count the same thing.

    References
    ----------
    OECD, Glossary of statistical terms, "Percentage change".

    Examples
    --------
    >>> growth(73300, 87397)
    0.19231923601637108
    """
    x, y = _pair(a, b, zero_end=True)
    return _relative(x, y)


def cagr(a, b, years) -> float:
    """Compound annual growth rate: (b / a) ** (1 / years) - 1.

    Parameters
    ----------
    a, b : number or Figure
        Both positive.
    years : number
        Time between them, may be fractional.

    References
    ----------
    World Bank, "Growth rates"; BPS, "laju pertumbuhan geometrik".

    Examples
    --------
    The economic census of Balikpapan, 2006 to 2016:

    >>> round(cagr(50000, 57000, 10), 5)
    0.01319
    """
    x, y = _pair(a, b)
    return _compound(x, y, _years(years))


def _relative(x, y):
    rate = (y - x) / x
    if math.isinf(rate):
        raise DataError("not_finite", argument="(b - a) / a", value=rate)
    return rate


def _compound(x, y, years):
    if years == 1:
        return _relative(x, y)
    # In logs, so that neither the ratio nor the root can overflow early.
    rate = (math.log(y) - math.log(x)) / years
    if rate > _LARGEST:
        raise DataError("rate_too_large", years=years, ratio=y / x)
    return math.expm1(rate)


#: The largest logarithmic rate whose growth a float can hold.
_LARGEST = 709.0


def _compound_or_none(x, y, years):
    """None where a year's growth is beyond what can be written."""
    try:
        return _compound(x, y, years)
    except DataError:
        return None


def log_growth(a, b, years=1) -> float:
    """Logarithmic growth per year: ln(b / a) / years.

    References
    ----------
    World Bank, "Growth rates"; BPS, "laju pertumbuhan eksponensial".

    Examples
    --------
    >>> round(log_growth(73300, 87397), 9)
    0.175900348
    """
    x, y = _pair(a, b)
    return (math.log(y) - math.log(x)) / _years(years)


def midpoint_growth(a, b) -> float:
    """Growth over the mean of both ends: 2 (b - a) / (a + b), from -2 to 2.

    One of the two may be zero.

    References
    ----------
    Davis, Haltiwanger and Schuh (1996), Job Creation and Destruction.

    Examples
    --------
    >>> round(midpoint_growth(73300, 87397), 9)
    0.175448204
    """
    comparable(a, b)
    _in_percent_change(a, b)
    x, y = _value(a, "a"), _value(b, "b")
    for argument, value in (("a", x), ("b", y)):
        if value < 0:
            raise DataError("negative", argument=argument, value=value)
    if x == y == 0:
        raise DataError("both_zero")
    return 2 * (y - x) / (x + y)


def growth_bounds(a, b, years=1) -> tuple[float | None, float | None]:
    """Lowest and highest growth that the bounds of both ends allow.

    [(b.low / a.high) ** (1 / years) - 1, (b.high / a.low) ** (1 / years) - 1],
    exact because growth rises with b and falls with a. A number is exact.

    Returns
    -------
    tuple
        (low, high); None where the bound it needs is unknown or unbounded.

    Raises
    ------
    DataError
        A low end of `a` that is not positive.

    Examples
    --------
    >>> a, b = Figure.exact(87397), Figure.rounded(93000, to=1000)
    >>> [round(x, 7) for x in growth_bounds(a, b)]
    [0.0583887, 0.0698308]
    """
    _pair(a, b, zero_end=True)
    return _bounds(a, b, _years(years))


def _bounds(a, b, years, compound=_compound):
    a, b = (x if isinstance(x, Figure) else Figure.exact(x) for x in (a, b))
    if a.low is not None and a.low <= 0:
        raise DataError("not_positive", argument="a.low", value=a.low)
    if b.low is not None and b.low < 0:
        raise DataError("negative", argument="b.low", value=b.low)

    def end(x, y):
        if x is None or y is None:
            return None
        if years == 1:
            return (y - x) / x
        return compound(x, y, years) if y > 0 else -1.0

    return end(a.high, b.low), end(a.low, b.high)


def years_between(a: Figure, b: Figure) -> tuple[float | None, str | None]:
    """Years from one figure to another, and how they were counted.

    Periods of one fineness (both years, months or days) are counted to that
    fineness; otherwise it is the difference of the years, and said to be.
    A span of time (2012/2018) stands at its end.

    Examples
    --------
    >>> a = Figure.exact(1, period="2017-12"); b = Figure.exact(1, period="2018-06")
    >>> years_between(a, b)
    (0.5, 'exact')
    >>> years_between(a, Figure.exact(1, period="2019"))
    (2.0, 'difference of years')
    """
    ends = []
    for figure in (a, b):
        if figure.period is None:
            if figure.year is None:
                return None, None
            ends.append((0, date(figure.year, 12, 31), figure.year))
        else:
            last = figure.period.split("/")[-1]
            day = period_span(figure.period)[1]
            ends.append((last.count("-"), day, figure.year or day.year))
    (fine_a, day_a, year_a), (fine_b, day_b, year_b) = ends
    if fine_a != fine_b:
        return float(year_b - year_a), "difference of years"
    if fine_a == 0:
        return float(day_b.year - day_a.year), "exact"
    if fine_a == 1:
        months = (day_b.year - day_a.year) * 12 + day_b.month - day_a.month
        return months / 12, "exact"
    return _day_years(day_a, day_b), "exact"


def _day_years(first, last):
    """Whole years to the last anniversary, and the rest as a part of its year."""
    if last < first:
        return -_day_years(last, first)

    def anniversary(year):
        try:
            return first.replace(year=year)
        except ValueError:  # 29 February
            return date(year, 3, 1)

    whole = last.year - first.year
    if anniversary(first.year + whole) > last:
        whole -= 1
    start, end = anniversary(first.year + whole), anniversary(first.year + whole + 1)
    return whole + (last - start).days / (end - start).days


def between(a: Figure, b: Figure, *, assume: str | None = None, folder=None) -> Rate:
    """Growth between two figures, with its bounds and its assumption.

    Parameters
    ----------
    a, b : Figure
        Earlier and later figure of one series, or both without labels.
    assume : str, optional
        The only way across concepts: a row of readings.csv (which must name
        these two figures), or a sentence of one's own. The Rate carries it.
    folder : Folder, optional
        Where readings.csv is looked up; the shipped one by default.

    Returns
    -------
    Rate

    Raises
    ------
    ConceptMismatch
        Different concepts and no assumption; also rates and shares, and flows
        of unequal periods, which no assumption makes comparable.
    DataError
        Time does not run forward, or a value is not positive.

    Examples
    --------
    >>> import umkm_analysis as ua
    >>> s = ua.series("mayor_2023_2024", region="6471")
    >>> r = between(s[0], s[1])
    >>> round(r.value, 4), round(r.low, 4), round(r.high, 4), r.years
    (0.1923, 0.1915, 0.1931, 1.0)
    """
    figures = [x for x in (a, b) if isinstance(x, Figure)]
    if len(figures) < 2:
        for f in figures:
            if f.labelled:
                raise ConceptMismatch("number_and_figure", figure=_called(f))
        a, b = (
            x if isinstance(x, Figure) else Figure.exact(number(x, n))
            for x, n in ((a, "a"), (b, "b"))
        )
    if assume is None:
        comparable(a, b)
    else:
        calculable(a, b)
        assume = _assumption(a, b, assume, folder)
    _in_percent_change(a, b)
    if a.value <= 0:
        raise DataError("not_positive", argument="a", value=a.value)
    if b.value < 0:
        raise DataError("negative", argument="b", value=b.value)
    years, basis = years_between(a, b)
    if years is not None and not _forward(a, b, years):
        raise DataError(
            "time_order", a=a.period or str(a.year), b=b.period or str(b.year)
        )
    low, high = _bounds(a, b, 1)
    # Two ends in one year, of different fineness: growth, but none per year.
    positive = b.value > 0 and bool(years)
    cagr_low, cagr_high = (None, None)
    if years:
        cagr_low, cagr_high = _bounds(a, b, years, _compound_or_none)
    return Rate(
        value=(b.value - a.value) / a.value, low=low, high=high, years=years,
        cagr=_compound_or_none(a.value, b.value, years) if positive else None,
        log_growth=math.log(b.value / a.value) / years if positive else None,
        assumption=assume, from_id=a.id, to_id=b.id,
        from_period=a.period or (str(a.year) if a.year else None),
        to_period=b.period or (str(b.year) if b.year else None),
        cagr_low=cagr_low, cagr_high=cagr_high, years_basis=basis,
    )  # fmt: skip


def _forward(a, b, years):
    """Whether time runs from `a` to `b`; within one year by their last days."""
    if years or not (a.period and b.period):
        return years > 0
    return period_span(a.period)[1] < period_span(b.period)[1]


def _assumption(a, b, assume, folder):
    text = str(assume).strip()
    if not text:
        raise ConceptMismatch("assume_blank")
    from umkm_analysis import data

    folder = folder or data.shipped()
    names = {r["reading"]: r for r in folder.rows("readings")}
    if text in names:
        row = names[text]
        if (a.id, b.id) != (row["from_id"], row["to_id"]):
            raise ConceptMismatch(
                "reading_ids",
                reading=text,
                expected=f"{row['from_id']}, {row['to_id']}",
                found=f"{a.id or '-'}, {b.id or '-'}",
            )
        for figure in (a, b):
            row = folder.figure(figure.id)
            for what in ("value", "low", "high", "measure"):
                if getattr(figure, what) != getattr(row, what):
                    raise ConceptMismatch(
                        "reading_row", reading=text, row=figure.id, what=what,
                        expected=getattr(row, what), found=getattr(figure, what),
                    )  # fmt: skip
        return text
    if " " not in text:
        raise ConceptMismatch(
            "assume_unknown", reading=text, choices=sorted(names) or ["-"]
        )
    if a.measure != b.measure:
        raise ConceptMismatch("assume_measure", a=_called(a), b=_called(b))
    return text


def read_under(name: str, folder=None) -> Rate:
    """Growth under one row of readings.csv.

    >>> r = read_under("micro_2024_2025")
    >>> round(r.low, 4), round(r.high, 4)
    (-0.0103, 0.0012)
    """
    from umkm_analysis import data

    folder = folder or data.shipped()
    row = folder.reading(name)
    return between(
        folder.figure(row["from_id"]), folder.figure(row["to_id"]), assume=name,
        folder=folder,
    )  # fmt: skip


def over_time(figures) -> list[Rate]:
    """Growth between each figure of a series and the next, then over the whole.

    Parameters
    ----------
    figures : sequence of Figure
        In time order. The last Rate, from the first to the last, is only added
        where there are more than two figures. Flows are followed among periods
        of one length: a quarter is not set beside years.

    Raises
    ------
    DataError
        Fewer than two figures.
    """
    figures = list(figures) if isinstance(figures, Iterable) else []
    if len(figures) < 2:
        raise DataError("one_figure", found=len(figures))
    pairs, lines = [], {}
    for figure in figures:
        flow = isinstance(figure, Figure) and figure.kind == "flow"
        lines.setdefault(_length(figure) if flow else None, []).append(figure)
    for line in lines.values():
        pairs += pairwise(line)
        if len(line) > 2:
            pairs.append((line[0], line[-1]))
    if not pairs:
        # No two of one length: the refusal says which.
        pairs = list(pairwise(figures))
    return [between(a, b) for a, b in pairs]


def change_pp(p0, p1) -> float:
    """Change of a share in percentage points: 100 (p1 - p0).

    Parameters
    ----------
    p0, p1 : number or Figure
        Shares as fractions from 0 to 1; figures keep the percent of their rows.

    Raises
    ------
    DataError
        A fraction outside 0 to 1, or a figure whose unit is not percent.

    Examples
    --------
    >>> round(change_pp(0.4, 0.58), 10)
    18.0
    """
    comparable(p0, p1)
    values = []
    for argument, p in (("p0", p0), ("p1", p1)):
        if isinstance(p, Figure) and p.labelled:
            if p.unit != "percent":
                raise DataError("not_percent", figure=_called(p), unit=p.unit or "-")
            values.append(p.value / 100)
            continue
        value = _value(p, argument)
        if not 0 <= value <= 1:
            raise DataError("not_a_share", argument=argument, value=value)
        values.append(value)
    return 100 * (values[1] - values[0])


def _indexed(s, argument) -> pd.Series:
    """A Series of finite numbers, one a year, in order; figures must be one series."""
    if isinstance(s, pd.Series | Mapping):
        values = list(s.values()) if isinstance(s, Mapping) else s.tolist()
        if any(isinstance(v, Figure) for v in values):
            # Figures in a Series are figures all the same.
            s = values
    if not isinstance(s, pd.Series | Mapping):
        figures = list(s) if isinstance(s, Iterable) else []
        if not figures or not all(isinstance(f, Figure) for f in figures):
            raise DataError("series_by_year", argument=argument)
        for f in figures:
            comparable(figures[0], f)
            _in_percent_change(figures[0], f)
        if any(f.year is None for f in figures):
            raise DataError("series_by_year", argument=argument)
        s = pd.Series([f.value for f in figures], index=[f.year for f in figures])
    s = pd.Series(s)
    if s.empty:
        raise DataError("empty_argument", argument=argument)
    if not s.index.is_unique:
        twice = s.index[s.index.duplicated()][0]
        raise DataError("year_twice", argument=argument, year=twice)
    values = [number(v, f"{argument}[{k}]") for k, v in s.items()]
    try:
        return pd.Series(
            values, index=s.index, name=s.name, dtype="float64"
        ).sort_index()
    except TypeError:  # an index of years and texts has no order
        raise DataError("series_by_year", argument=argument) from None


def index_numbers(s, base_year) -> pd.Series:
    """Index numbers: 100 x_t / x_base.

    Parameters
    ----------
    s : Series indexed by year, or figures of one series
    base_year : label of the index

    Raises
    ------
    DataError
        The base year is missing or its value is not positive.

    References
    ----------
    OECD (2007), Data and Metadata Reporting and Presentation Handbook, ch. 7.

    Examples
    --------
    >>> index_numbers(pd.Series({2006: 50000, 2016: 57000}), 2006).tolist()
    [100.0, 114.0]
    """
    s = _indexed(s, "s")
    if base_year not in s.index:
        raise DataError(
            "no_base_year", year=base_year, choices=[str(y) for y in s.index]
        )
    base = s[base_year]
    if base <= 0:
        raise DataError("not_positive", argument=f"s[{base_year}]", value=base)
    return 100 * s / base


def contributions_pp(parts0, parts1, *, total0=None, total1=None) -> pd.Series:
    """What each part adds to total growth, in percentage points.

    100 (x1_i - x0_i) / total0, which sums to the growth of the total.

    Parameters
    ----------
    parts0, parts1 : Series, mapping or list
        The same parts at two times, all >= 0; Series and mappings are matched by
        label.
    total0, total1 : number, optional
        Stated totals. Where they differ from the sum of the parts the difference
        is a part of its own, "residual".

    Returns
    -------
    Series
        One row a part, in percentage points.

    Raises
    ------
    DataError
        Different parts, negative or missing values, a total that is not positive,
        or only one of the two totals.

    References
    ----------
    INSEE, "Contribution to growth" (definition c1207).

    Examples
    --------
    >>> contributions_pp({"micro": 90, "other": 10}, {"micro": 96, "other": 14})
    micro    6.0
    other    4.0
    dtype: float64
    """
    _same_parts(parts0, parts1)
    a, b = _parts(parts0, "parts0"), _parts(parts1, "parts1")
    if set(a.index) != set(b.index):
        odd = sorted(map(str, set(a.index) ^ set(b.index)))
        raise DataError("different_parts", choices=odd)
    b = b.reindex(a.index)
    if (total0 is None) != (total1 is None):
        raise DataError("one_total")
    base = a.sum()
    result = b - a
    if total0 is not None:
        base, later = number(total0, "total0"), number(total1, "total1")
        rest0, rest1 = base - a.sum(), later - b.sum()
        tiny = 1e-9 * max(abs(base), abs(later))
        if abs(rest0) > tiny or abs(rest1) > tiny:
            result["residual"] = rest1 - rest0
    if base <= 0:
        raise DataError("not_positive", argument="total0", value=base)
    return 100 * result / base


def _same_parts(parts0, parts1):
    """Parts that are figures: each of one series in time, all of one concept."""
    old, new = (dict(pd.Series(p, dtype=object).items()) for p in (parts0, parts1))
    for key in old.keys() & new.keys():
        comparable(old[key], new[key])
        _in_percent_change(old[key], new[key])
    figures = [f for f in (*old.values(), *new.values()) if isinstance(f, Figure)]
    if any(f.labelled for f in figures):
        for f in (*old.values(), *new.values()):
            if not isinstance(f, Figure):
                raise ConceptMismatch("number_and_figure", figure=_called(figures[0]))
            for name in ("series", "region", "measure", "concept"):
                if getattr(f, name) != getattr(figures[0], name):
                    raise _not_one(figures[0], f, name)


def _parts(parts, argument) -> pd.Series:
    s = pd.Series(parts) if not isinstance(parts, pd.Series) else parts
    if s.empty:
        raise DataError("empty_argument", argument=argument)
    if not s.index.is_unique:
        raise DataError(
            "part_twice", argument=argument, part=s.index[s.index.duplicated()][0]
        )
    values = []
    for key, value in s.items():
        value = number(value.value if isinstance(value, Figure) else value,
                       f"{argument}[{key}]")  # fmt: skip
        if value < 0:
            raise DataError("negative", argument=f"{argument}[{key}]", value=value)
        values.append(value)
    return pd.Series(values, index=s.index, dtype="float64")


def _one_splice(old, new):
    """Labelled figures are linked only within their series."""
    first = []
    for s in (old, new):
        values = pd.Series(s, dtype=object).tolist()
        first += [v for v in values if isinstance(v, Figure)][:1]
    labelled = [f for f in first if f.labelled]
    if labelled and len(first) == 1:
        raise ConceptMismatch("number_and_figure", figure=_called(labelled[0]))
    if labelled:
        comparable(*first)


class Splice(NamedTuple):
    """A spliced series and the link factor new / old of the link year."""

    series: pd.Series
    factor: float


def splice(old, new, year) -> Splice:
    """Carry an old series back onto the level of a new one at an overlap year.

    Parameters
    ----------
    old, new : Series indexed by year, or figures of one series each
    year : label
        A year that both have; the link factor is new[year] / old[year].

    Returns
    -------
    Splice
        (series, factor): old times the factor before `year`, new from it on.
        Growth on each side is unchanged.

    Raises
    ------
    NoOverlap
        `year` is not in both.
    ConceptMismatch
        Labelled figures of two series: take their values into Series, and the
        responsibility with them.

    References
    ----------
    OECD, "Linking of time series".

    Examples
    --------
    >>> old = pd.Series({2009: 180, 2010: 200})
    >>> new = pd.Series({2010: 100, 2011: 110, 2012: 120})
    >>> s, f = splice(old, new, 2010)
    >>> s.tolist(), f
    ([90.0, 100.0, 110.0, 120.0], 0.5)
    """
    _one_splice(old, new)
    old, new = _indexed(old, "old"), _indexed(new, "new")
    if year not in old.index or year not in new.index:
        raise NoOverlap(
            "no_overlap", year=year,
            choices=[str(y) for y in old.index.intersection(new.index)] or ["-"],
        )  # fmt: skip
    for argument, s in (("old", old), ("new", new)):
        if s[year] <= 0:
            raise DataError(
                "not_positive", argument=f"{argument}[{year}]", value=s[year]
            )
    factor = new[year] / old[year]
    joined = pd.concat([old[old.index < year] * factor, new[new.index >= year]])
    return Splice(joined, float(factor))
