"""Projections of short yearly series, with intervals learned from other regions.

Two exact points say nothing about how wrong the next one will be. A projection
here is either a *scenario* (last value, a named rate, no interval) or is learned
from a *panel*: the same thing counted in other regions (`umkm_analysis.estimator`
says how).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from numbers import Real

import numpy as np
import pandas as pd

from umkm_analysis.errors import ConceptMismatch, DataError, TooShort
from umkm_analysis.estimator import (
    GATE_YEARS,
    JUDGE_YEARS,
    OWN_POINTS,
    Interval,
    PanelFit,
    check_count,
    check_level,
    conformal,
    fit_panel,
)
from umkm_analysis.figure import IDENTITY, Figure, number
from umkm_analysis.growth import calculable, growth
from umkm_analysis.panels import (
    LAST_YEAR,
    Block,
    Checked,
    blocks,
    floats,
    numbers,
    shown,
)

__all__ = [
    "JUDGE_YEARS",
    "Block",
    "Interval",
    "PanelFit",
    "blocks",
    "bottom_up",
    "conformal",
    "drift",
    "fit_panel",
    "project",
    "prorate",
    "scenario",
]


def scenario(last, rate, h):
    """What the last value becomes if a given yearly rate holds: no interval.

    Parameters
    ----------
    last : float or Figure
        The last value, positive.
    rate : float
        Yearly rate as a fraction, above -1.
    h : int or array
        Years ahead, not negative.

    Returns
    -------
    float or ndarray
        ``last * (1 + rate) ** h``, in the unit of `last`.

    Raises
    ------
    DataError
        Where `last` is not positive, `rate` not above -1, `h` negative, or the
        result too large for a number.

    Examples
    --------
    The mayor's growth once more, for 2025:

    >>> round(scenario(87397, 87397 / 73300 - 1, 1))
    104205
    """
    last = _positive(last.value if isinstance(last, Figure) else last, "last")
    if number(rate, "rate") <= -1:
        raise DataError("rate_too_low", rate=rate)
    h = _ahead(h)
    with np.errstate(over="ignore"):  # said in words instead
        result = last * (1 + float(rate)) ** h
    if not np.isfinite(result).all():
        raise DataError("too_far", argument="h", value=np.max(h))
    return result if result.ndim else float(result)


def drift(y, h, level=0.8, *, log=True, quantile="t"):
    """Random walk with drift: the mean growth of the series itself goes on.

    Parameters
    ----------
    y : sequence of float, length n >= 3
        One value a year, without gaps.
    h : int or array
        Years ahead.
    level : float
        Of the interval, between 0 and 1.
    log : bool
        Work on logs (values must then be positive).
    quantile : {"t", "z"}
        Student t on n - 2 degrees of freedom, or the normal one R prints.

    Returns
    -------
    Interval
        point, low, high; arrays where `h` is one.

    Raises
    ------
    TooShort
        With fewer than three points nothing is known about the error.

    Notes
    -----
    ``se^2 = s^2 h (1 + h / (n - 1))``, Hyndman & Athanasopoulos, fpp3, 5.5.

    Examples
    --------
    >>> r = drift([100, 110, 118, 131, 140], 1, 0.95, log=False, quantile="z")
    >>> round(r.point, 5), round(r.low, 5), round(r.high, 5)
    (150.0, 145.26624, 154.73376)
    """
    from scipy import stats

    level = check_level(level)
    if quantile not in ("t", "z"):
        raise DataError("choice", argument="quantile", value=quantile, choices="t, z")
    y = numbers(y, "y")
    n = y.size
    if y.ndim != 1 or n < 3:
        raise TooShort("drift_points", points=n)
    if log:
        y = np.log([_positive(v, "y") for v in y])
    h = _ahead(h)
    d = np.diff(y)
    se = np.sqrt(np.sum((d - d.mean()) ** 2) / (n - 2) * h * (1 + h / (n - 1)))
    p = (1 + level) / 2
    half = se * (stats.t.ppf(p, n - 2) if quantile == "t" else stats.norm.ppf(p))
    point = y[-1] + h * d.mean()
    ends = np.stack([point, point - half, point + half])
    ends = np.exp(ends) if log else ends
    return Interval(*(e if e.ndim else float(e) for e in ends))


def project(series, *, panel=None, horizon=3, level=0.8, scenarios=None, borrow=None):
    """The next years of a series, each row with how it arose.

    Parameters
    ----------
    series : list of Figure, Series, dict or list of (year, value)
        One series in time order. Points before a gap are not used.
    panel : DataFrame, optional
        Other regions, same concept: gives an interval. See `fit_panel`.
    horizon : int
        Years ahead.
    level : float
        Of the interval.
    scenarios : dict of name to rate, list of rates, or rate, optional
        Yearly rates as fractions. By default, and only where there is no
        interval, the last growth repeated. No change is always there.
    borrow : DataFrame, optional
        A panel of another concept; rows then are "illustration".

    Returns
    -------
    DataFrame
        One row a year and method: year, kind, method, point, low, high (between
        regions), low_years, high_years (including bad years), level, own_points,
        regions, panel_years, past_years, weight_on_own_growth,
        weight_on_panel_growth, rate, start_low, start_high, concept, why: a tuple
        of (code, parameters), empty where nothing needs saying.

    Raises
    ------
    DataError
        A value not positive, a year missing, repeated or out of order; a horizon
        beyond the last year that a table may hold.
    ConceptMismatch
        Figures that may not be compared over time: of more than one series or of
        none, of grade D, targets, rates.
    TooFewRegions
        The panel is of the concept, but too small for the level.

    Examples
    --------
    Balikpapan's register has no panel of its own concept, so no interval:

    >>> r = project({2023: 73300, 2024: 87397}, horizon=1)
    >>> r[["year", "kind", "method", "low"]].values.tolist()
    [[2025, 'scenario', 'naive', nan], [2025, 'scenario', 'fixed_growth', nan]]
    >>> r["why"][0]
    (('without_panel', {'concept': None}),)
    """
    level, horizon = check_level(level), check_count(horizon, "horizon")
    own = _own(series)
    if own.year + horizon > LAST_YEAR:
        raise DataError("too_far", argument="horizon", value=horizon)
    ahead = np.arange(1, horizon + 1)
    rows, why = [], [("without_panel", {"concept": own.concept})]
    for frame, kind in ((panel, "interval"), (borrow, "illustration")):
        if frame is None or rows:
            continue
        table = blocks(frame)
        counted = sorted({b.concept or "" for b in table})
        if kind == "interval":
            table = [b for b in table if b.concept == own.concept]
            if not table:
                why = [("other_concept", {"concept": own.concept, "panel": counted})]
                continue
        try:
            fit = fit_panel(
                Checked(table),
                own_points=min(own.points, OWN_POINTS),
                horizon=horizon,
                level=level,
                origin=own.year,
                without=own.region,
            )
        except TooShort as error:
            why = [(error.code, error.params)]
            continue
        rows = _interval_rows(own, fit, kind, ahead, counted)
    empty = not rows
    if empty:
        rows += _scenario_rows(own, {"naive": 0.0}, ahead, tuple(why))
    if scenarios is None and empty and own.points > 1:
        last = own.log[-1] - own.log[-2]
        scenarios = {"fixed_growth": _exp(last, 1, math.expm1)}
    if scenarios is not None:
        if not isinstance(scenarios, Mapping):
            scenarios = {("rate", i): r for i, r in enumerate(np.ravel(scenarios))}
        rows += _scenario_rows(own, scenarios, ahead, tuple(why) if empty else ())
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    for name in ("year", "own_points", "regions", "past_years"):
        frame[name] = frame[name].astype("Int64" if name != "year" else "int64")
    for name in _FLOATS:
        frame[name] = frame[name].astype(float)
    return frame


_FLOATS = (
    "point", "low", "high", "low_years", "high_years", "level",
    "weight_on_own_growth", "weight_on_panel_growth", "rate", "start_low", "start_high",
)  # fmt: skip
_COLUMNS = (
    "year", "kind", "method", *_FLOATS[:6], "own_points", "regions", "panel_years",
    "past_years", *_FLOATS[6:], "concept", "why",
)  # fmt: skip


def bottom_up(parts):
    """Sum of projected parts.

    Parameters
    ----------
    parts : dict of name to Series, or DataFrame
        One entry (column) a part, indexed by year, not negative.

    Returns
    -------
    Series
        The total a year. Ends of intervals must not be added: project the total.

    Raises
    ------
    DataError
        A negative or missing value, or parts with different years.

    Examples
    --------
    >>> bottom_up({"micro": {2025: 87000}, "small": {2025: 6000}}).tolist()
    [93000.0]
    """
    return _parts(parts).sum(axis=1)


def prorate(parts, total):
    """Parts scaled to a total, year by year.

    Parameters
    ----------
    parts : dict of name to Series, or DataFrame
        As for `bottom_up`; their sum must not be zero.
    total : float or Series
        The total for every year.

    Returns
    -------
    DataFrame
        One column a part; rows sum to `total`.

    Examples
    --------
    >>> prorate({"a": {2025: 30.0}, "b": {2025: 10.0}}, 80).iloc[0].tolist()
    [60.0, 20.0]
    """
    parts = _parts(parts)
    if not isinstance(total, Mapping | pd.Series):
        total = pd.Series(number(total, "total"), index=parts.index)
    total = pd.Series(total)
    total = pd.Series(numbers(total, "total"), total.index)
    if set(total.index) != set(parts.index):
        raise DataError("parts_years", part="total", years=list(total.index))
    total = total.reindex(parts.index)
    if (total < 0).any():
        raise DataError("negative", argument="total", value=total.tolist())
    base = parts.sum(axis=1)
    if (base == 0).any():
        raise DataError("all_zero", argument="parts")
    return parts.mul(total / base, axis=0)


def _parts(parts):
    columns = {}
    items = list(parts.items())
    if not items:
        raise DataError("empty_argument", argument="parts")
    for name, part in items:
        part = pd.Series(part)
        part = pd.Series(numbers(part, str(name)), part.index)
        first = next(iter(columns.values()), part)
        if set(part.index) != set(first.index):
            raise DataError("parts_years", part=str(name), years=list(part.index))
        if (part < 0).any():
            raise DataError("negative", argument=str(name), value=part.tolist())
        columns[name] = part
    return pd.DataFrame(columns)


@dataclass(frozen=True)
class _Own:
    """The end of a series: its last unbroken run of years."""

    year: int
    log: np.ndarray
    low: float | None
    high: float | None
    concept: str | None
    region: str | None

    @property
    def points(self):
        return self.log.size

    @property
    def bounded(self):
        return not (self.low is None and self.high is None)


def _own(series):
    if isinstance(series, pd.Series | Mapping):
        items = list(series.items())
    else:
        items = [
            (s.year, s) if isinstance(s, Figure) else s
            for s in (series if isinstance(series, list | tuple) else [series])
        ]
        if any(not isinstance(i, tuple | list) or len(i) != 2 for i in items):
            raise DataError("not_a_series")
    if not items:
        raise TooShort("no_points")
    labels = {
        tuple(getattr(v, k) for k in IDENTITY) if isinstance(v, Figure) else None
        for _, v in items
    }
    if len(labels) > 1:
        raise ConceptMismatch("project_mixed", count=len(labels))
    last = items[-1][1]
    years, values = [], []
    for year, value in items:
        if not isinstance(year, Real | str) or not floats([year])[0].is_integer():
            raise DataError("series_year", year=shown(year))
        if years and int(year) == years[-1]:
            raise DataError("series_repeated", year=int(year))
        if years and int(year) < years[-1]:
            raise DataError("series_order", year=int(year), before=years[-1])
        years.append(int(year))
        value = value.value if isinstance(value, Figure) else value
        values.append(_positive(value, f"series[{int(year)}]"))
    _one_series([v for _, v in items])
    run = 1
    while run < len(years) and years[-run] - years[-run - 1] == 1:
        run += 1
    low, high = values[-1], values[-1]
    if isinstance(last, Figure):
        low, high = last.low, last.high
    return _Own(
        years[-1],
        np.log(values[-run:]),
        low,
        high,
        getattr(last, "concept", None),
        getattr(last, "region", None),
    )


def _one_series(values):
    if not isinstance(values[0], Figure):
        return
    calculable(*values)
    for a, b in pairwise(values):
        growth(a, b)


def _interval_rows(own, fit, kind, ahead, counted):
    point, half, bad = (a[0] for a in fit.predict(own.log[None]))
    start = own.log[-1]
    # A start that is unbounded below has no lower end, whatever the panel says. One
    # whose bounds are unknown adds nothing: past errors hold the survey's own.
    under, over = (
        math.nan if not end or end <= 0 else math.log(end) - start
        for end in ((own.low, own.high) if own.bounded else np.exp([start] * 2))
    )
    rows = []
    for i, h in enumerate(ahead):
        why = []
        if kind == "illustration":
            why.append(("borrowed", {"concept": own.concept, "panel": counted}))
        if not fit.gated[i]:
            why.append(("too_few_years", {"years": int(fit.past_years[i])}))
        if fit.past_years[i] < GATE_YEARS:
            why.append(("year_risk_unmeasured", {"years": int(fit.past_years[i])}))
        if math.isnan(under) or math.isnan(over):
            why.append(("start_unbounded", {}))
        rows.append(
            {
                "year": own.year + int(h),
                "kind": kind,
                "method": "gated" if fit.gated[i] else "naive",
                "point": _exp(point[i], h),
                "low": _exp(point[i] + under - half[i], h),
                "high": _exp(point[i] + over + half[i], h),
                "low_years": _exp(point[i] + under - bad[i], h),
                "high_years": _exp(point[i] + over + bad[i], h),
                "level": fit.level,
                "own_points": fit.own_points,
                "regions": fit.regions,
                "panel_years": f"{fit.panel_years[0]}-{fit.panel_years[1]}",
                "past_years": int(fit.past_years[i]),
                "weight_on_own_growth": fit.weight_own[i],
                "weight_on_panel_growth": fit.weight_panel[i],
                "start_low": own.low,
                "start_high": own.high,
                "concept": own.concept,
                "why": tuple(why),
            }
        )
    return rows


def _scenario_rows(own, rates, ahead, why):
    last = math.exp(own.log[-1])
    return [
        {
            "year": own.year + int(h),
            "kind": "scenario",
            "method": name if isinstance(name, str) else name[0],
            "point": scenario(last, rate, h),
            "own_points": min(own.points, 2 if name == "fixed_growth" else 1),
            "rate": rate,
            "start_low": own.low,
            "start_high": own.high,
            "concept": own.concept,
            "why": why,
        }
        for name, rate in rates.items()
        for h in ahead
    ]


def _ahead(h):
    h = numbers(h, "h")
    if (h < 0).any():
        raise DataError("negative", argument="h", value=h.tolist())
    return h


def _exp(x, h, of=math.exp):
    try:
        return of(x)
    except OverflowError:
        raise DataError("too_far", argument="horizon", value=int(h)) from None


def _positive(value, argument):
    value = number(value, argument)
    if value <= 0:
        raise DataError("not_positive", argument=argument, value=value)
    return value
