"""How wrong the rules for a projection have been, on panels of real series.

``run`` takes every year of a panel in turn as the present. For each region it
learns from the *other* regions and from years up to that present only, projects,
and compares with what came. Holding out the region alone, inside one year, would
score every rule, good or bad, at exactly the level asked for.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from umkm_analysis.errors import DataError, TooFewRegions
from umkm_analysis.estimator import (
    JUDGE_YEARS,
    Past,
    check_count,
    check_level,
    departures,
    growths,
    least_regions,
    scale,
)
from umkm_analysis.figure import number
from umkm_analysis.panels import LAST_YEAR, blocks, numbers, some

METHODS = (
    "naive",
    "fixed_growth",
    "panel_median",
    "drift",
    "log_ols",
    "shrunk",
    "gated",
)
_RULES = {
    "naive": "naive",
    "panel_median": (0.0, 1.0),
    "shrunk": "shrunk",
    "gated": "gated",
}
_FOLDS = 60  # up to here each region is left out alone, above in ten parts
_DRAWS = 2000


def run(
    panel, *, methods=None, own_points=2, horizons=(1, 2, 3), levels=(0.8,), name=None
):
    """The accuracy and coverage table of a panel.

    Parameters
    ----------
    panel : DataFrame
        region, year, value, maybe segment and concept, in any order.
    methods : list of str, or dict of name to function, optional
        Some of `METHODS`, and rivals of one's own: a function takes the values up
        to a year, an (m, n) array with NaN at gaps, and a horizon, and returns m
        points. Naive is always computed.
    own_points : int
        Last points of the region itself that a rule may use.
    horizons : sequence of int
        Years ahead.
    levels : sequence of float
        Coverages meant.
    name : str, optional
        Goes into the column `panel`; the concepts by default.

    Returns
    -------
    DataFrame
        One row a method, horizon and level: panel, method, chosen (the one
        `project` uses), horizon, level, n (region-years), regions, years (target
        years), mae_log, mdape (fraction), skill_vs_naive and
        skill_vs_fixed_growth (1 - ratio of mae_log; above zero is better),
        coverage and coverage_year_block (mean over years), coverage_low and
        coverage_high (`coverage_band`), mean_width_log, interval_score (logs),
        interval_years, worst_year and worst_year_coverage, verdict. NaN where a
        level has too few regions or a rule no interval; ``attrs["why"]`` lists
        the reasons as errors.

    Raises
    ------
    DataError
        A panel that `projection.blocks` refuses; an unknown method.
    TooFewRegions
        Fewer than two regions: nothing can be learned from others.
    Leak
        If a score was known only after its origin.

    Notes
    -----
    drift and log_ols have their own t intervals (none below three points);
    all others the conformal one. Formulas: METHODS.md; fpp3, 5.8-5.10.

    Examples
    --------
    >>> p = simulate(regions=12, years=9, seed=1)
    >>> r = run(p, methods=["naive"], horizons=[1])
    >>> r[["n", "years", "verdict"]].values.tolist()
    [[84, 7, 'too few years to judge']]
    """
    own_points = check_count(own_points, "own_points")
    horizons = [check_count(h, "horizons") for h in np.ravel(horizons)]
    levels = [check_level(v) for v in np.ravel(levels)]
    for argument, given in (("horizons", horizons), ("levels", levels)):
        if not given:
            raise DataError("empty_argument", argument=argument)
    rules = _methods(methods)
    table = blocks(panel)
    if max(horizons) > LAST_YEAR - table[-1].years[-1]:
        raise DataError("too_far", argument="horizons", value=max(horizons))
    if name is None:
        name = ", ".join(sorted({b.concept or "" for b in table}))
    if max(len(b.regions) for b in table) < 2:
        raise TooFewRegions("too_few_regions", level=0.5, needed=2, m=0)
    tests = [_Test(b, own_points) for b in table]
    rows, why = [], {}
    for h in horizons:
        base = {
            rival: np.concatenate([t.plain(rival, h) for t in tests])
            for rival in ("naive", "fixed_growth")
        }
        for method, rule in rules.items():
            parts = [t.score(method, rule, h, levels) for t in tests]
            for i, level in enumerate(levels):
                part = [(p[0], p[1], *p[2][i]) for p in parts]
                row = _summary(part, base, level, h)
                judged = tests[-1].target_years(h) >= JUDGE_YEARS
                regions = max(len(b.regions) for b in table)
                rows.append(
                    {
                        "panel": name,
                        "method": method,
                        "chosen": method == ("gated" if judged else "naive"),
                        "horizon": h,
                        "level": level,
                        "regions": regions,
                        **row,
                    }
                )
                if regions - 1 < least_regions(level):
                    why[level] = TooFewRegions(
                        "too_few_regions",
                        level=level,
                        needed=least_regions(level),
                        m=regions - 1,
                    )
    frame = pd.DataFrame(rows, columns=_KEYS)
    frame = frame[frame["n"] > 0].reset_index(drop=True)
    frame.attrs["why"] = list(why.values())
    return frame


def by_year(panel, *, method="gated", own_points=2, horizon=1, level=0.8):
    """The record of one rule year by year: what a mean over years hides.

    Parameters
    ----------
    panel, own_points
        As for `run`.
    method : str or function
        One of `METHODS`, or a rival as in `run`.
    horizon : int
    level : float

    Returns
    -------
    DataFrame
        segment, year (the target), n (regions), mae_log, coverage,
        coverage_year_block; NaN where there is no interval.

    Examples
    --------
    >>> p = simulate(regions=12, years=6, seed=1)
    >>> by_year(p, method="naive")["n"].tolist()
    [12, 12, 12, 12]
    """
    rule = method if callable(method) else _methods([method])[method]
    method = "rival" if callable(method) else method
    horizon, level = check_count(horizon, "horizon"), check_level(level)
    rows = []
    for block in blocks(panel):
        test = _Test(block, check_count(own_points, "own_points"))
        error, year, [(half, bad)] = test.score(method, rule, horizon, [level])
        for y in np.unique(year):
            e, *ends = (x[year == y] for x in (np.abs(error), half, bad))
            inside = [np.where(np.isnan(w), np.nan, e <= w).mean() for w in ends]
            rows.append((block.segment, int(y), e.size, e.mean(), *inside))
    return pd.DataFrame(
        rows,
        columns=["segment", "year", "n", "mae_log", "coverage", "coverage_year_block"],
    )


_KEYS = [
    "panel", "method", "chosen", "horizon", "level", "n", "regions", "years", "mae_log",
    "mdape", "skill_vs_naive", "skill_vs_fixed_growth", "coverage", "coverage_low",
    "coverage_high", "coverage_year_block", "mean_width_log", "interval_score",
    "interval_years", "worst_year", "worst_year_coverage", "verdict",
]  # fmt: skip


def _methods(methods):
    """Names to rules; naive and fixed growth first, for the skills."""
    if methods is None:
        methods = METHODS
    if isinstance(methods, str):
        methods = [methods]
    rivals = methods if isinstance(methods, Mapping) else {}
    rules = {}
    for method in sorted(
        {"naive", *methods}, key=lambda m: METHODS.index(m) if m in METHODS else 99
    ):
        if callable(rivals.get(method)):
            rules[method] = rivals[method]
        elif method in METHODS:
            rules[method] = method
        else:
            raise DataError(
                "choice", argument="methods", value=method, choices=", ".join(METHODS)
            )
    return rules


class _Test:
    """One segment: who is left out, and what each left-out part would have seen."""

    def __init__(self, block, own_points):
        self.y, self.years, self.n = block.log, block.years, own_points
        m = len(self.y)
        folds = m if m <= _FOLDS else 10
        self.fold = np.arange(m) % folds
        self.pasts = {}
        self.d, self.b = growths(self.y, own_points)

    def past(self, fold, careful):
        """What other regions show, and which."""
        key = fold, careful
        if key not in self.pasts:
            others = np.flatnonzero(self.fold != fold)
            others = others[some(others.size)]
            past = Past(self.y[others], self.years, self.n, careful)
            self.pasts[key] = past, others
        return self.pasts[key]

    def origins(self, h):
        return np.arange(max(self.n - 1, 1), self.years.size - h)

    def plain(self, method, h):
        """Errors of no change, or of the last growth, wherever `score` has one."""
        s = self.origins(h)
        change = self.y[:, s + h] - self.y[:, s]
        known = ~np.isnan(change + (self.b if self.n > 1 else self.d)[:, s])
        return ((h * self.d[:, s] if method != "naive" else 0) - change)[known]

    def target_years(self, h):
        s = self.origins(h)
        return int((~np.isnan(self.y[:, s + h] - self.d[:, s])).any(axis=0).sum())

    def score(self, method, rule, h, levels):
        """Log errors (N,), target years (N,), and per level the two half-widths."""
        m, size = self.y.shape
        s = self.origins(h)
        error = np.full((m, size), np.nan)
        half = np.full((len(levels), 2, m, size), np.nan)
        step = self._own_rule(method, rule, h)
        careful = method not in ("panel_median", "shrunk")
        own = method in ("drift", "log_ols")
        for fold in np.unique(self.fold) if m > 1 and not own else []:
            out = self.fold == fold
            past, others = self.past(fold, careful)
            v = departures(self.d[out], past.mu, self.n)
            b = self.b[out]
            if self.n == 1:
                b = np.where(np.isnan(self.y[out]), np.nan, past.mu)
            steps = None if step is None else step[others]
            for t in s:
                fits = past.fit(t, h, _RULES.get(method, "naive"), levels, steps)
                if step is None:
                    u, w = fits[0][:2]
                    change = h * (u * b[:, t] + w * past.mu[t])
                    actual = self.y[out, t + h] - self.y[out, t]
                    actual = np.where(np.isnan(b[:, t]), np.nan, actual)
                    error[out, t] = change - actual
                for i, (_, _, prior, q, q_years, _) in enumerate(fits):
                    width = scale(v[:, t], past.spread[t], self.n, prior)
                    half[i, 0, out, t] = q * width
                    half[i, 1, out, t] = q_years * width
        if step is not None:
            error[:, s] = step[:, s] - (self.y[:, s + h] - self.y[:, s])
            error[np.isnan(self.b if self.n > 1 else self.d)] = np.nan
        if own:
            for i, level in enumerate(levels):
                half[i, 0] = self._own_width(method, h, level)
        known = ~np.isnan(error)
        target = np.broadcast_to(self.years + h, error.shape)[known]
        return error[known], target, [(x[0][known], x[1][known]) for x in half]

    def _own_rule(self, method, rule, h):
        """Forecast log changes (m, T) of a rule that looks at the series alone."""
        if method == "fixed_growth":
            return h * self.d
        if method == "drift":
            return h * (self.b if self.n > 1 else self.d)
        if method == "log_ols":
            return self._line(h)[0]
        if not callable(rule):
            return None
        step = np.full(self.y.shape, np.nan)
        for t in self.origins(h):
            point = rule(np.exp(self.y[:, : t + 1]), h)
            step[:, t] = np.log(np.asarray(point, float)) - self.y[:, t]
        return step

    def _windows(self):
        n = max(self.n, 2)
        empty = np.full((n - 1, len(self.y)), np.nan).T
        padded = np.concatenate([empty, self.y], axis=1)
        return np.lib.stride_tricks.sliding_window_view(padded, n, axis=1), n

    def _line(self, h):
        """Least squares line through the last own points: change, residual ss."""
        y, n = self._windows()
        x = np.arange(n) - (n - 1) / 2
        slope = y @ x / (x @ x)
        mean = y.mean(axis=-1)
        rest = y - mean[..., None] - slope[..., None] * x
        return mean + slope * ((n - 1) / 2 + h) - self.y, (rest**2).sum(axis=-1)

    def _own_width(self, method, h, level):
        if self.n < 3:
            return math.nan
        from scipy import stats

        y, n = self._windows()
        t = stats.t.ppf((1 + level) / 2, n - 2)
        if method == "drift":
            d = np.diff(y, axis=-1)
            ss = ((d - d.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1)
            return t * np.sqrt(ss / (n - 2) * h * (1 + h / (n - 1)))
        ss = self._line(h)[1]
        x = (n - 1) / 2 + h
        return t * np.sqrt(ss / (n - 2) * (1 + 1 / n + 12 * x**2 / (n**3 - n)))


def _summary(parts, base, level, h):
    """One row of the table from the parts (segments) of a method."""
    error = np.concatenate([p[0] for p in parts])
    year = np.concatenate([p[1] for p in parts])
    half, bad = (np.concatenate([p[i] for p in parts]) for i in (2, 3))
    # Two segments may share a target year; they are different populations.
    part = np.repeat(np.arange(len(parts)), [len(p[0]) for p in parts])
    key = np.unique(np.stack([part, year]), axis=1, return_inverse=True)[1].ravel()
    years = int(key.max(initial=-1)) + 1
    row = dict.fromkeys(_KEYS[8:-1], math.nan)
    row |= {"n": error.size, "years": years, "interval_years": 0, "worst_year": pd.NA}
    row["verdict"] = "usable" if years >= JUDGE_YEARS else "too few years to judge"
    if not error.size:
        return row
    row["mdape"] = float(np.median(np.abs(np.expm1(error))))
    error = np.abs(error)
    row["mae_log"] = float(error.mean())
    for rival in ("naive", "fixed_growth"):
        other = float(np.abs(base[rival]).mean())
        ratio = row["mae_log"] / other if other > 0 else math.nan
        row[f"skill_vs_{rival}"] = 1 - ratio
    known = ~np.isnan(half)
    if known.any():
        inside = error <= half
        by_year = _by_year(inside[known], key[known], years)
        covered = by_year[~np.isnan(by_year)]
        worst = int(np.nanargmin(by_year))
        row["coverage"] = float(covered.mean())
        counts = np.bincount(key[known], minlength=years)[~np.isnan(by_year)]
        row["coverage_low"], row["coverage_high"] = coverage_band(
            covered, counts, level, block=h
        )
        row["interval_years"] = covered.size
        row["worst_year"] = int(year[key == worst][0])
        row["worst_year_coverage"] = float(by_year[worst])
        row["mean_width_log"] = float(2 * half[known].mean())
        row["interval_score"] = interval_score(
            error[known], -half[known], half[known], level
        )
    known = ~np.isnan(bad)
    if known.any():
        by_year = _by_year((error <= bad)[known], key[known], years)
        row["coverage_year_block"] = float(np.nanmean(by_year))
    return row


def _by_year(inside, key, years):
    count = np.bincount(key, minlength=years)
    with np.errstate(invalid="ignore"):
        return np.bincount(key, inside, minlength=years) / count


def coverage_band(covered, counts, level, *, block=1, seed=0):
    """Where a coverage averaged over years may lie if the level is right.

    Parameters
    ----------
    covered : (Y,) array
        Share covered in each target year.
    counts : (Y,) array of int
        Regions in each.
    level : float
        Coverage meant.
    block : int
        Years that share shocks (the horizon): resampled together.
    seed : int

    Returns
    -------
    low, high : float
        95 % band around `level`.

    Notes
    -----
    With m exchangeable scores behind each interval the regions covered in a year
    are beta-binomial with a = k, b = m + 1 - k, k = ceil((m + 1) level). Years
    share a shock, so the spread of whole resampled years is added.

    Examples
    --------
    >>> low, high = coverage_band([.8, .5, .9, 1, .7, .8], [34] * 6, 0.8)
    >>> round(low, 2), round(high, 2)
    (0.65, 0.94)
    """
    rng = np.random.default_rng(seed)
    covered, counts = np.asarray(covered, float), np.asarray(counts, int)
    years = covered.size
    k = np.minimum(np.ceil((counts + 1) * level - 1e-9), counts)
    p = rng.beta(k, counts + 1 - k, (_DRAWS, years))
    exact = (rng.binomial(counts, p) / counts).mean(axis=1) - level
    start = rng.integers(0, years, (_DRAWS, -(-years // block)))
    index = (start[..., None] + np.arange(block)) % years
    index = index.reshape(_DRAWS, -1)[:, :years]
    shift = covered[index].mean(axis=1) - covered.mean()
    low, high = np.quantile(exact + shift, [0.025, 0.975]) + level
    return float(max(low, 0)), float(min(high, 1))


def simulate(
    *,
    regions=40,
    years=16,
    growth=0.03,
    lasting=0.0,
    region_shock=0.05,
    year_shock=0.0,
    break_size=0.0,
    jumps=0.0,
    first_year=2005,
    seed=0,
):
    """A panel with a known truth.

    Parameters
    ----------
    regions, years : int
    growth : float
        Mean yearly log growth.
    lasting : float
        Standard deviation between regions of the growth that stays.
    region_shock, year_shock : float
        Standard deviation of yearly log shocks: of each region, and of all.
    break_size : float
        A survey's base changes once, in the middle half of the years: all regions
        jump by about this (log), up or down together.
    jumps : float
        Chance that a register jumps in one region and year (log sd .4).
    first_year, seed : int

    Returns
    -------
    DataFrame
        region, year, value, segment, concept; ``regions * years`` rows.

    Examples
    --------
    >>> simulate(regions=2, years=3).shape
    (6, 5)
    """
    rng = np.random.default_rng(seed)
    shape = regions, years - 1
    d = growth + lasting * rng.standard_normal((regions, 1))
    d = d + region_shock * rng.standard_normal(shape)
    d += year_shock * rng.standard_normal(years - 1)
    d += (rng.random(shape) < jumps) * rng.normal(0, 0.4, shape)
    if break_size:
        t = rng.integers(years // 4, max(3 * years // 4, years // 4 + 1))
        d[:, t] += rng.choice([-1, 1]) * break_size * rng.uniform(0.5, 1.5, regions)
    start = rng.normal(9, 1, (regions, 1))
    y = np.concatenate([start, start + d.cumsum(axis=1)], axis=1)
    return pd.DataFrame(
        {
            "region": np.repeat([f"r{i:05d}" for i in range(regions)], years),
            "year": np.tile(np.arange(first_year, first_year + years), regions),
            "value": np.exp(y).ravel(),
            "segment": None,
            "concept": "simulated",
        }
    )


def mae_log(actual, forecast):
    """Mean absolute difference of logs; about the relative error when small.

    >>> round(mae_log([100, 100], [100, 110]), 5)
    0.04766
    """
    a, f = _pair(actual, forecast)
    _all_positive(a, "actual")
    _all_positive(f, "forecast")
    return float(np.mean(np.abs(np.log(f / a))))


def mape(actual, forecast):
    """Mean absolute error relative to the actual value, a fraction (fpp3, 5.8).

    >>> round(mape([100, 200], [110, 190]), 3)
    0.075
    """
    a, f = _pair(actual, forecast)
    if (a == 0).any():
        raise DataError("not_positive", argument="actual", value=0)
    return float(np.mean(np.abs((a - f) / a)))


def smape(actual, forecast):
    """Mean of 2 |a - f| / (|a| + |f|), a fraction from 0 to 2 (fpp3, 5.8).

    >>> smape([100], [300])
    1.0
    """
    a, f = _pair(actual, forecast)
    size = np.abs(a) + np.abs(f)
    if (size == 0).any():
        raise DataError("not_positive", argument="actual + forecast", value=0)
    return float(np.mean(2 * np.abs(a - f) / size))


def mase(actual, forecast, history):
    """Mean absolute error in units of the history's mean yearly step (fpp3, 5.8).

    Raises DataError where `history` never moves or has fewer than two points.

    >>> mase([12], [10], history=[7, 8, 9])
    2.0
    """
    a, f = _pair(actual, forecast)
    past = numbers(history, "history")
    if past.ndim != 1 or past.size < 2:
        raise DataError("history_short", points=past.size)
    step = np.mean(np.abs(np.diff(past)))
    if step == 0:
        raise DataError("history_constant")
    return float(np.mean(np.abs(a - f)) / step)


def interval_score(actual, low, high, level):
    """Width plus 2 / (1 - level) times the miss (Winkler; fpp3, 5.9); less is better.

    >>> round(interval_score([741.84], [744.54], [773.22], 0.8), 2)
    55.68
    """
    level = check_level(level)
    a, lo = _pair(actual, low)
    _, hi = _pair(actual, high)
    if (lo > hi).any():
        raise DataError("ends_order")
    miss = np.maximum(lo - a, 0) + np.maximum(a - hi, 0)
    return float(np.mean(hi - lo + 2 / (1 - level) * miss))


def coverage(actual, low, high):
    """Share of actual values inside their interval, ends included.

    >>> coverage([1, 5], [0, 0], [2, 2])
    0.5
    """
    a, lo = _pair(actual, low)
    _, hi = _pair(actual, high)
    if (lo > hi).any():
        raise DataError("ends_order")
    return float(np.mean((lo <= a) & (a <= hi)))


def crps_sample(actual, sample):
    """CRPS of an ensemble: mean |x - a| - half the mean |x - x'| (fpp3, 5.9).

    Parameters
    ----------
    actual : float
    sample : (m,) array

    Returns
    -------
    float
        In the unit of the values; for one member the absolute error.

    Examples
    --------
    >>> crps_sample(3, [1, 2, 4, 5])
    0.625
    """
    x = np.sort(numbers(sample, "sample").ravel())
    a, x = _pair(np.full(x.size, number(actual, "actual")), x)
    m = x.size
    rank = 2 * np.arange(1, m + 1) - m - 1
    return float(np.mean(np.abs(x - a)) - rank @ x / m**2)


def _pair(actual, other):
    a = numbers(actual, "actual").ravel()
    b = numbers(other, "forecast").ravel()
    if not a.size or a.size != b.size:
        raise DataError("lengths", actual=a.size, other=b.size)
    return a, b


def _all_positive(values, name):
    if (values <= 0).any():
        raise DataError("not_positive", argument=name, value=values.min())
