"""A panel of regions as tables of logs: checked once, before anything is learned."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from umkm_analysis.errors import ConceptMismatch, DataError

LAST_YEAR = 2100  # as in the contract of every table
MOST = 2000  # regions learned from: more change no digit that is shown


@dataclass(frozen=True)
class Block:
    """One segment of a panel: regions by consecutive years, in logs."""

    segment: str | None
    concept: str | None
    regions: list
    years: np.ndarray
    log: np.ndarray


def blocks(panel):
    """The segments of a panel, oldest first, checked.

    Parameters
    ----------
    panel : DataFrame
        region, year, value, maybe segment and concept, in any order. A year
        without a row is a gap.

    Returns
    -------
    list of Block

    Raises
    ------
    DataError
        A missing column, no rows, a value that is not a positive number, a year
        that is not whole, a region and year that come twice.
    ConceptMismatch
        Two concepts in one segment.
    """
    if not isinstance(panel, pd.DataFrame):
        raise DataError("not_a_panel", value=type(panel).__name__)
    for column in ("region", "year", "value"):
        if column not in panel:
            raise DataError("panel_column", column=column)
    if panel.empty:
        raise DataError("panel_empty")

    def row(bad, code, **params):
        i = int(np.flatnonzero(bad)[0])
        where = {k: shown(panel[k].iloc[i]) for k in ("region", "year", "value")}
        raise DataError(code, row=i + 1, **where, **params)

    year = floats(panel["year"])
    bad = ~(np.abs(year) < 10000) | (year != np.round(year))
    if bad.any():
        row(bad, "panel_year")
    value = floats(panel["value"])
    bad = ~(np.isfinite(value) & (value > 0))
    if bad.any():
        row(bad, "panel_value")
    bad = panel["region"].isna().to_numpy(bool)
    if bad.any():
        row(bad, "panel_region")
    year = year.astype(int)
    empty = pd.Series(None, index=panel.index, dtype=object)
    labels = {}
    for name in ("segment", "concept"):
        column = panel.get(name, empty)
        labels[name] = column.astype(object).where(column.notna() & (column != ""), "")
    codes, names = pd.factorize(labels["segment"].to_numpy(object))
    result = []
    for code, segment in enumerate(names):
        own = codes == code
        concepts = sorted({str(c) for c in labels["concept"].to_numpy(object)[own]})
        if len(concepts) > 1:
            raise ConceptMismatch(
                "panel_concepts", segment=str(segment), concepts=", ".join(concepts)
            )
        region, regions = pd.factorize(panel["region"].to_numpy(object)[own], sort=True)
        years = np.arange(year[own].min(), year[own].max() + 1)
        cell = region * years.size + year[own] - years[0]
        repeated = pd.Series(cell).duplicated().to_numpy()
        if repeated.any():
            bad = np.zeros(len(panel), bool)
            bad[np.flatnonzero(own)[repeated]] = True
            row(bad, "panel_repeated")
        log = np.full(len(regions) * years.size, np.nan)
        log[cell] = np.log(value[own])
        result.append(
            Block(
                str(segment) or None,
                concepts[0] or None,
                [str(r) for r in regions],
                years,
                log.reshape(len(regions), -1),
            )
        )
    return sorted(result, key=lambda b: (b.years[-1], b.years[0]))


@dataclass(frozen=True)
class Checked:
    """Blocks that were checked before."""

    blocks: list


def some(count):
    """Indices of at most `MOST` of so many regions, evenly spread."""
    if count <= MOST:
        return np.arange(count)
    return np.linspace(0, count - 1, MOST).astype(int)


def floats(column):
    column = pd.Series(column)
    if column.dtype == object or column.dtype.kind == "b":
        # Yes and no are not one and zero here.
        column = column.mask(column.map(lambda v: isinstance(v, bool | np.bool_)))
    return pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=math.nan)


def numbers(values, argument):
    """An array of finite floats, or which argument is not one."""
    try:
        result = np.asarray(values, float)
    except (TypeError, ValueError):
        raise DataError(
            "not_a_number", argument=argument, value=repr(values)[:60]
        ) from None
    if not np.isfinite(result).all():
        raise DataError("not_finite", argument=argument, value=result.tolist())
    return result


def shown(value):
    return "" if value is None or value is pd.NA or value != value else str(value)
