"""Shares, concentration, location quotient, shift-share: pure functions.

Parts come as a list, an array, a Series or a dict, of numbers or of ``Figure``;
results with one number a part are Series (or frames) on the same index. Shares are
fractions, never percent. Two Series (or dicts) are matched by label, never by
position.
"""

import math
import statistics
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from umkm_analysis.errors import DataError
from umkm_analysis.figure import number


def _labelled(x):
    """A dict of parts as a Series, everything else as it is."""
    return pd.Series(dict(x), dtype=object) if isinstance(x, Mapping) else x


def _items(x, argument: str) -> pd.Series:
    """The parts as an object Series: not empty, one label a part."""
    x = _labelled(x)
    if not isinstance(x, Iterable) or getattr(x, "ndim", 1) != 1:
        raise DataError("not_parts", argument=argument, value=type(x).__name__)
    items = x if isinstance(x, pd.Series) else pd.Series(list(x), dtype=object)
    if items.empty:
        raise DataError("empty_argument", argument=argument)
    return items


def _end(item, name: str) -> tuple:
    """Value, low, high; a missing end is NaN, a number is exact."""
    if hasattr(item, "low") and hasattr(item, "high"):
        ends = (
            math.nan if end is None else float(end) for end in (item.low, item.high)
        )
        return (number(item.value, name), *ends)
    return (number(item, name),) * 3


def _ends(items: pd.Series, argument: str) -> pd.DataFrame:
    """Value, low, high of each part."""
    rows = [_end(item, f"{argument}[{label}]") for label, item in items.items()]
    columns = ["value", "low", "high"]
    return pd.DataFrame(np.array(rows, float), index=items.index, columns=columns)


def _none_negative(values: pd.Series, argument: str) -> pd.Series:
    if (values.to_numpy() < 0).any():
        label, value = next(values[values < 0].items())
        raise DataError("negative", argument=f"{argument}[{label}]", value=value)
    return values


def _parts(x, argument: str = "x") -> pd.Series:
    """The values of the parts: finite, none negative, any number of zeros."""
    return _none_negative(_ends(_items(x, argument), argument)["value"], argument)


def _same_parts(**named) -> dict[str, pd.Series]:
    """Parts with equal label sets, all in the order of the first."""
    named = {name: _labelled(x) for name, x in named.items()}
    parts = {name: _parts(x, name) for name, x in named.items()}
    (first, base), *others = parts.items()
    for name, values in parts.items():
        if not values.index.is_unique:
            label = values.index[values.index.duplicated()][0]
            raise DataError("part_twice", argument=name, part=str(label))
    for name, values in others:
        both = isinstance(named[first], pd.Series) and isinstance(
            named[name], pd.Series
        )
        if both and set(values.index) != set(base.index):
            odd = sorted(map(str, set(base.index) ^ set(values.index)))
            raise DataError("different_parts", choices=odd)
        if len(values) != len(base):
            raise DataError(
                "lengths_differ",
                first=first,
                second=name,
                n_first=len(base),
                n_second=len(values),
            )
        parts[name] = (
            values.reindex(base.index) if both else values.set_axis(base.index)
        )
    return parts


def shares(x) -> pd.Series:
    """Share of each part in the sum of the parts.

    Parameters
    ----------
    x : sequence, array or Series of numbers or Figures, shape (n,)
        Parts in one unit, none negative.

    Returns
    -------
    Series, shape (n,)
        Fractions that add to 1, on the index of `x`.

    Raises
    ------
    DataError
        Empty, not a number, not finite, negative, or all zero.

    Examples
    --------
    Culinary businesses of Balikpapan Tengah, Kota, Selatan, Utara, Barat and
    Timur, 2018:

    >>> shares([1073, 869, 794, 695, 612, 532]).round(3).tolist()
    [0.235, 0.19, 0.174, 0.152, 0.134, 0.116]
    """
    values = _parts(x)
    largest = values.max()
    if largest == 0:
        raise DataError("all_zero", argument="x")
    values = values / largest  # so that the sum of huge parts stays finite
    return (values / values.sum()).rename("share")


def _others(ends: pd.Series) -> pd.Series:
    """Sum of the other parts' ends, unknown when one of theirs is."""
    unknown = ends.isna()
    return (ends.sum() - ends.fillna(0)).mask(unknown.sum() - unknown > 0)


def share_bounds(x, *, total=None) -> pd.DataFrame:
    """Shares with the bounds that rounding of the figures leaves open.

    Parameters
    ----------
    x : sequence, array or Series of Figures or numbers, shape (n,)
        The parts; a number counts as exact.
    total : Figure or number, optional
        A stated whole. Without it the whole is the sum of the parts, and a part
        moves the whole with itself.

    Returns
    -------
    DataFrame, shape (n, 3)
        Columns value, low, high: fractions on the index of `x`. An end that
        rests on an unknown or unbounded end of a figure is NaN.

    Raises
    ------
    DataError
        As `shares`; also a part above the stated whole, whatever the rounding.

    Notes
    -----
    Exact, because a share rises in its own part and falls in the others:
    low = L_i / (L_i + sum of the other H), high = H_i / (H_i + sum of the
    other L); with a stated whole L_i / H and H_i / L, at most 1.

    Examples
    --------
    Micro within all MSMEs of Balikpapan, November 2025, both to the thousand:

    >>> from umkm_analysis.figure import Figure
    >>> micro = Figure.rounded(87000, to=1000)
    >>> share_bounds([micro], total=Figure.rounded(93000, to=1000)).round(3)
       value    low   high
    0  0.935  0.925  0.946
    """
    ends = _ends(_items(x, "x"), "x")
    _none_negative(ends["value"], "x")
    if total is None:
        low, high = ends["low"].clip(lower=0), ends["high"]
        low, high = low / (low + _others(high)), high / (high + _others(low))
        return pd.DataFrame({"value": shares(x), "low": low, "high": high})
    whole = _end(total, "total[0]")
    if whole[0] <= 0:
        raise DataError("not_positive", argument="total", value=whole[0])
    # Plain arrays: this is asked of very many small groups.
    value, low, high = ends.to_numpy().T
    low = np.maximum(low, 0)
    least = np.where(np.isnan(low), value, low)
    if (least > (whole[2] if math.isfinite(whole[2]) else math.inf)).any():
        i = int(least.argmax())
        raise DataError(
            "part_exceeds_whole",
            part=f"x[{ends.index[i]}]",
            part_value=float(value[i]),
            whole="total",
            whole_value=whole[0],
        )
    with np.errstate(divide="ignore", invalid="ignore"):  # a whole may begin at 0
        found = (value / whole[0], low / whole[2], np.minimum(high / whole[1], 1))
    return pd.DataFrame(np.array(found).T, ends.index, ends.columns)


def rank_intervals(x) -> pd.DataFrame:
    """Ranks that rounding leaves open; rank 1 is the largest.

    Parameters
    ----------
    x : sequence, array or Series of Figures, rates or numbers, shape (n,)
        Anything with value, low, high; a number counts as exact.

    Returns
    -------
    DataFrame, shape (n, 3)
        Columns rank (by the printed value; equal values share the better rank),
        best and worst: integers from 1 to n on the index of `x`. A blank end is
        unknown or unbounded and so excludes no rank.

    Raises
    ------
    DataError
        Empty, not a number, or not finite.

    Examples
    --------
    Growth of the economic census 2006-2016 in Samarinda, Balikpapan and Bontang:

    >>> from umkm_analysis.figure import Figure
    >>> rank_intervals([Figure(.186, .170, .201), Figure(.14, .119, .162),
    ...                 Figure.exact(.275)])
       rank  best  worst
    0     2     2      2
    1     3     3      3
    2     1     1      1
    """
    ends = _ends(_items(x, "x"), "x")
    low = ends["low"].fillna(-math.inf).to_numpy()
    high = ends["high"].fillna(math.inf).to_numpy()
    others = ~np.eye(len(low), dtype=bool)
    return pd.DataFrame(
        {
            "rank": ends["value"].rank(method="min", ascending=False).astype(int),
            "best": 1 + ((low[None, :] > high[:, None]) & others).sum(axis=1),
            "worst": 1 + ((high[None, :] > low[:, None]) & others).sum(axis=1),
        },
        index=ends.index,
    )


def hhi(x, normalized: bool = False) -> float:
    """Herfindahl-Hirschman index: the sum of squared shares.

    Parameters
    ----------
    x : sequence, array or Series, shape (n,)
        Parts in one unit; zeros count as parts.
    normalized : bool
        (H - 1/n) / (1 - 1/n) instead of H: 0 for equal parts whatever n.

    Returns
    -------
    float
        From 1/n (or 0) to 1. Thresholds of merger law say nothing about a city.

    Raises
    ------
    DataError
        As `shares`; and `normalized` with a single part (0/0).

    Notes
    -----
    Hirschman 1945, Herfindahl 1950; as ``herf`` in the R package REAT.

    Examples
    --------
    >>> round(hhi([1073, 869, 794, 695, 612, 532]), 4)
    0.1757
    """
    p = shares(x)
    h = float((p**2).sum())
    if not normalized:
        return h
    n = len(p)
    if n == 1:
        raise DataError("single_part", argument="x")
    return (h - 1 / n) / (1 - 1 / n)


def effective_number(x) -> float:
    """Number of equal parts with the same concentration: 1 / HHI.

    Parameters
    ----------
    x : sequence, array or Series, shape (n,)

    Returns
    -------
    float
        From 1 to n (Hill number of order 2).

    Examples
    --------
    >>> round(effective_number([1073, 869, 794, 695, 612, 532]), 2)
    5.69
    """
    return 1 / hhi(x)


def shannon(x, base: float = math.e) -> float:
    """Shannon entropy of the shares, -sum p log p; zeros are left out.

    Parameters
    ----------
    x : sequence, array or Series, shape (n,)
    base : float
        Of the logarithm: e (nats) by default, 2 for bits.

    Returns
    -------
    float
        From 0 (one part) to log n (equal parts).

    Raises
    ------
    DataError
        As `shares`; a base that is not positive, or 1.

    Notes
    -----
    Shannon 1948; base 2 is ``entropy`` in the R package EconGeo.

    Examples
    --------
    >>> round(shannon([1073, 869, 794, 695, 612, 532]), 4)
    1.7651
    """
    base = number(base, "base")
    if base <= 0 or base == 1:
        raise DataError("log_base", argument="base", value=base)
    p = shares(x)
    p = p[p > 0]
    return abs(float((p * np.log(p)).sum()) / math.log(base))


def location_quotient(e_ij, e_j, e_i, e):
    """Share of a sector in the region, relative to its share in the whole.

    Parameters
    ----------
    e_ij : number, or sequence, array or Series, shape (n,)
        The sector(s) in the region.
    e_j : number
        All sectors in the region.
    e_i : number, or as `e_ij`
        The sector(s) in the whole (country, province).
    e : number
        All sectors in the whole. All four in one unit, the region inside.

    Returns
    -------
    float, or Series of shape (n,) when `e_ij` has several sectors
        1: as in the whole; above 1: more of it than in the whole.

    Raises
    ------
    DataError
        Negative, a total of zero, a part above its whole, different sectors.

    Notes
    -----
    LQ = (e_ij / e_j) / (e_i / e); as ``locq`` in the R package REAT.

    Examples
    --------
    >>> round(location_quotient(1714, 79006, 879213, 15593224), 7)
    0.3847623
    """
    given = {"e_ij": e_ij, "e_j": e_j, "e_i": e_i, "e": e}
    many = {
        name: x
        for name, x in given.items()
        if isinstance(x, Iterable) and getattr(x, "ndim", 1) > 0
    }
    if many:
        parts = _same_parts(**many)
        index = next(iter(parts.values())).index
    else:
        parts, index = {}, pd.RangeIndex(1)
    for name, x in given.items():
        if name not in parts:
            parts[name] = _parts([x], name).repeat(len(index)).set_axis(index)
    for name in ("e_j", "e_i", "e"):
        if (parts[name] == 0).any():
            raise DataError("not_positive", argument=name, value=0)
    for part, whole in (("e_ij", "e_j"), ("e_ij", "e_i"), ("e_j", "e"), ("e_i", "e")):
        over = (parts[part] > parts[whole]).to_numpy()
        if over.any():
            raise DataError(
                "part_exceeds_whole",
                part=part,
                part_value=float(parts[part][over].iloc[0]),
                whole=whole,
                whole_value=float(parts[whole][over].iloc[0]),
            )
    quotient = (parts["e_ij"] / parts["e_j"]) / (parts["e_i"] / parts["e"])
    return quotient.rename("location_quotient") if many else float(quotient.iloc[0])


def shift_share(r0, r1, n0, n1, method: str = "classic") -> pd.DataFrame:
    """Change of each sector in a region, split into what it owes to what.

    Parameters
    ----------
    r0, r1 : sequence, array or Series, shape (n,)
        The region's sectors at the start and at the end.
    n0, n1 : sequence, array or Series, shape (n,)
        The same sectors in the whole.
    method : {"classic", "esteban"}
        "esteban" splits the regional part by what the region would have had with
        the sector mix of the whole.

    Returns
    -------
    DataFrame, shape (n, 3) or (n, 4)
        One row a sector; columns national, mix, regional (and allocation), in
        the unit of `r0`. Each row adds to r1 - r0.

    Raises
    ------
    DataError
        Negative, different sector lists, a sector that is zero in `n0`, a
        region without anything in `r0`, an unknown method.

    Notes
    -----
    With g_i and r_i the growth of the sector in the whole and in the region and
    G that of the whole: national r0 G, mix r0 (g_i - G), regional r0 (r_i - g_i)
    (Dunn 1960). Esteban-Marquillas 1972: with h_i = R n0_i / N, regional is
    h_i (r_i - g_i) and allocation (r0_i - h_i)(r_i - g_i). A sector that starts
    at zero in the region has no r_i: its change is all regional.

    Examples
    --------
    >>> shift_share([90, 20, 10, 60], [100, 40, 10, 55],
    ...             [400, 150, 150, 400], [440, 210, 135, 480]).sum().round(6)
    national    27.0
    mix          1.0
    regional    -3.0
    dtype: float64
    """
    if method not in ("classic", "esteban"):
        raise DataError(
            "unknown_method",
            argument="method",
            value=repr(method),
            choices="classic, esteban",
        )
    r0, r1, n0, n1 = _same_parts(r0=r0, r1=r1, n0=n0, n1=n1).values()
    for label in n0.index[n0 == 0]:
        raise DataError("not_positive", argument=f"n0[{label}]", value=0)
    if r0.sum() == 0:
        raise DataError("all_zero", argument="r0")
    growth, total = n1 / n0 - 1, n1.sum() / n0.sum() - 1
    regional = r1 - r0 * (n1 / n0)
    frame = pd.DataFrame(
        {"national": r0 * total, "mix": r0 * (growth - total), "regional": regional}
    )
    if method == "esteban":
        homothetic = r0.sum() * n0 / n0.sum()
        own = regional.where(r0 == 0, homothetic * regional / r0.where(r0 > 0, 1))
        frame["regional"], frame["allocation"] = own, regional - own
    return frame


#: Steps that a printed number can have, the coarsest first.
_POWERS = 10.0 ** np.arange(15, -10, -1)


def _printed_step(values, low, high) -> float:
    """The step to which a series is printed: the widest bounds, or its digits."""
    if (np.abs(values - np.round(values, 9)) > 1e-12 * np.abs(values)).any():
        return float(np.abs(values).max()) * 1e-12
    width = (high - low).max()
    if width > 0:
        return float(width)
    fits = _fits(values).all(axis=1)
    return float(_POWERS[fits.argmax()]) if fits.any() else 1.0


def _fits(values):
    """Which of `_POWERS` (rows) each value (columns) is a multiple of."""
    units = np.abs(values / _POWERS[:, None])
    whole = np.round(units)
    return np.abs(units - whole) <= 1e-9 * whole


def computed_pattern(x, *, chance: float = 0.05) -> str | None:
    """Which formula a series follows too closely to have been counted.

    Parameters
    ----------
    x : sequence, array or Series of numbers or Figures, shape (n,)
        One series at equal time steps, in time order. Bounds, where Figures
        have them, say to which step it is printed; else its digits do.
    chance : float
        Largest chance of so much regularity in the steadiest honest count; the
        two formulas share it.

    Returns
    -------
    {"equal_steps", "equal_rates"} or None
        None for fewer than three points and for a constant series: that is a
        figure carried forward, not a formula. Three points agree only once, so
        ten times less luck is allowed to them.

    Raises
    ------
    DataError
        Empty, not a number, not finite.

    Notes
    -----
    Rounding or cutting off moves a value by up to one printing step r from what
    the formula makes of the value before; where each value is rounded by itself,
    by up to (1 + q) / 2 of it, q the growth factor. The smallest distance e from
    one common step or rate is max |u_i v_j - u_j v_i| / (v_i + v_j) over pairs,
    for u = q v: u the changes and v = 1, or u the values and v those before.

    Few points or small steps agree by luck, so regularity must also surprise. The
    steadiest count is taken to be arrivals at a constant mean: changes of k
    printing steps then vary like a Poisson number, two of them differ with
    variance 2k, and agree to within 2 e with a chance of about
    (1 + 4 e / r) / sqrt(4 pi k). There are n - 2 such agreements. Real registers
    vary far more, so real false alarms are rarer than `chance`.
    """
    return _pattern(*_ends(_items(x, "x"), "x").to_numpy().T, chance)


def _pattern(y, low, high, chance):
    if len(y) < 3:
        return None
    allowed = chance / 2 if len(y) > 3 else chance / 20
    step = _printed_step(y, low, high)
    changes = np.diff(y)
    typical = statistics.median(np.abs(changes).tolist()) / step
    tries = {"equal_steps": (changes, np.ones(len(changes)), 1)}
    if (y > 0).all():
        tries["equal_rates"] = (y[1:], y[:-1], (y[1:] / y[:-1]).max())
    for pattern, (u, v, factor) in tries.items():
        product = u[:, None] * v
        cross = np.abs(product - product.T) / (v[:, None] + v)
        error = cross.max() / step
        if error <= max(1, (1 + factor) / 2) and typical > 0:
            luck = min(1, (1 + 4 * error) / math.sqrt(4 * math.pi * typical))
            if luck ** (len(y) - 2) <= allowed:
                return pattern
    return None


def longest_pattern(x, *, chance: float = 0.05) -> tuple[slice, str] | None:
    """The longest stretch of a series that follows a formula, and which.

    Parameters
    ----------
    x, chance
        As `computed_pattern`. The more stretches of a length are tried, the less
        luck each is allowed.

    Returns
    -------
    (slice, {"equal_steps", "equal_rates"}) or None
        Of equally long stretches the first.

    Examples
    --------
    >>> longest_pattern([9000, 12345, 13345, 14345, 15345, 16345, 20000])
    (slice(1, 6, None), 'equal_steps')
    """
    y, low, high = _ends(_items(x, "x"), "x").to_numpy().T
    reach = _reach(y, high - low)
    for length in range(max(reach, default=0) + 2, 2, -1):
        tries = len(y) - length + 1
        for i in range(tries):
            part = slice(i, i + length)
            if reach[i] + 2 >= length:
                found = _pattern(y[part], low[part], high[part], chance / tries)
                if found:
                    return part, found
    return None


def _reach(y, width) -> list[int]:
    """How many points beyond the second may follow one formula, from each point on.

    Nothing that `_pattern` would find is lost: three neighbours of a stretch lie as
    close to its formula as all of it, and its step is at most theirs, or the widest
    bounds of the series.
    """
    if len(y) < 3:
        return []
    fits = _fits(y)
    steps = np.where(fits.any(axis=0), _POWERS[fits.argmax(axis=0)], 1.0)
    widest = max(1.0, np.abs(y).max() * 1e-12, *width[~np.isnan(width)])
    step = np.maximum(
        np.minimum(np.minimum(steps[:-2], steps[1:-1]), steps[2:]), widest
    )
    a, b, c = y[:-2], y[1:-1], y[2:]
    near = np.abs(c - 2 * b + a) / 2 <= step * (1 + 1e-9)
    positive = (a > 0) & (b > 0) & (c > 0)
    fastest = (y[1:][y[:-1] > 0] / y[:-1][y[:-1] > 0]).max(initial=1.0)
    room = step * max(1.0, (1 + fastest) / 2) * (1 + 1e-9)
    with np.errstate(divide="ignore", invalid="ignore"):  # not where it is positive
        rates = positive & (np.abs(c * a - b * b) / (a + b) <= room)
    reach = [0] * len(y)
    for formula in (near.tolist(), rates.tolist()):
        run = 0
        for i in range(len(formula) - 1, -1, -1):
            run = run + 1 if formula[i] else 0
            reach[i] = max(reach[i], run)
    return reach


def looks_computed(x, *, chance: float = 0.05) -> bool:
    """Whether a series follows a formula rather than a count.

    Parameters
    ----------
    x, chance
        As `computed_pattern`, which says which formula.

    Returns
    -------
    bool
        True is a reason to ask the publisher, not a proof.

    Examples
    --------
    MSMEs of Bandung 2016-2019 in a table that West Java titles a projection, and
    the register of Bangka Tengah 2018-2021:

    >>> looks_computed([343938, 365218, 387815, 411810])
    True
    >>> looks_computed([21837, 22744, 23595, 24088])
    False
    """
    return computed_pattern(x, chance=chance) is not None
