"""A published number with its bounds and with what it counts."""

import math
from dataclasses import KW_ONLY, dataclass
from numbers import Real

from umkm_analysis.errors import DataError

#: What makes two figures comparable: all of these are equal.
IDENTITY = ("series", "region", "measure", "concept", "size_class", "sector")


def absent(value) -> bool:
    """Whether a value is missing: None, NaN, or what pandas writes for them."""
    return value is None or type(value).__name__ == "NAType" or bool(value != value)


def plain(value):
    """A cell of a frame as Python has it; None where it is missing.

    >>> plain(float("nan")) is None, plain("")
    (True, '')
    """
    if absent(value):
        return None
    return value.item() if hasattr(value, "item") else value


def number(value, argument: str = "value") -> float:
    """Return `value` as a finite float, or say which argument is not one.

    >>> number(87397)
    87397.0
    """
    if (
        isinstance(value, bool)
        or type(value).__name__ in ("bool_", "bool")
        or not (isinstance(value, Real) or hasattr(value, "__float__"))
    ):
        raise DataError("not_a_number", argument=argument, value=repr(value)[:60])
    try:
        result = float(value)
    except (TypeError, ValueError, OverflowError):
        raise DataError(
            "not_a_number", argument=argument, value=repr(value)[:60]
        ) from None
    if not math.isfinite(result):
        raise DataError("not_finite", argument=argument, value=repr(value)[:60])
    return result


def _period(value) -> str:
    from umkm_analysis.contract import is_period

    if not is_period(str(value)):
        raise DataError("period_form", value=str(value))
    return str(value)


def _in_period(year, period):
    from umkm_analysis.contract import period_span

    first, last = period_span(period)
    if not first.year <= year <= last.year:
        raise DataError("year_in_period", year=year, period=period)


def _year(value) -> int:
    result = number(value, "year")
    if not result.is_integer():
        raise DataError("period_form", value=value)
    return int(result)


@dataclass(frozen=True)
class Figure:
    """One published figure.

    Parameters
    ----------
    value : float
        The printed value, in the unit of its measure.
    low, high : float or None
        Ends of what the printed value can stand for. None is unknown (a survey
        estimate) or unbounded ("at least"): it is never read as the value.
    id, source_id : str, optional
        The row and the source behind it.
    region, measure, concept, series, size_class, sector : str, optional
        What is counted. A figure with any of these is *labelled*; two labelled
        figures compare only when all six agree and the series is not blank.
    period, year, status, grade : optional
        When, and how good. Grade D is never used in calculations.
    kind, unit : str, optional
        Of the measure (stock, flow, rate, share); looked up in measures.csv
        when the measure is named and they are left out.

    Examples
    --------
    >>> f = Figure.rounded(93000, to=1000, year=2025)
    >>> f.low, f.high
    (92500.0, 93500.0)
    >>> Figure.at_least(39000).high is None
    True
    """

    value: float
    low: float | None = None
    high: float | None = None
    _: KW_ONLY
    id: str | None = None
    region: str | None = None
    measure: str | None = None
    concept: str | None = None
    series: str | None = None
    size_class: str | None = None
    sector: str | None = None
    period: str | None = None
    year: int | None = None
    status: str | None = None
    grade: str | None = None
    source_id: str | None = None
    kind: str | None = None
    unit: str | None = None

    def __post_init__(self):
        put = object.__setattr__
        put(self, "value", number(self.value))
        for name in ("low", "high"):
            end = getattr(self, name)
            if end is not None:
                put(self, name, number(end, name))
        if (self.low is not None and self.low > self.value) or (
            self.high is not None and self.high < self.value
        ):
            raise DataError(
                "bounds_order", low=self.low, value=self.value, high=self.high
            )
        if self.period is not None:
            put(self, "period", _period(self.period))
        if self.year is not None:
            put(self, "year", _year(self.year))
        elif self.period is not None and len(self.period) == 4:
            # A bare year is its own period; anything finer is read by `period`.
            put(self, "year", int(self.period))
        if self.period is not None and self.year is not None:
            _in_period(self.year, self.period)
        if self.measure is not None and self.kind is None:
            from umkm_analysis.data import measure_kind

            kind, unit = measure_kind(self.measure)
            put(self, "kind", kind)
            put(self, "unit", self.unit or unit)

    @classmethod
    def exact(cls, value, **labels):
        """A figure known to the unit: both bounds equal the value."""
        return cls(value, value, value, **labels)

    @classmethod
    def rounded(cls, value, *, to, **labels):
        """A figure printed to the nearest `to`: half a step on either side."""
        step = number(to, "to")
        if step <= 0:
            raise DataError("not_positive", argument="to", value=to)
        value = number(value)
        return cls(value, value - step / 2, value + step / 2, **labels)

    @classmethod
    def at_least(cls, value, **labels):
        """A figure said to be more than this: the upper end is unbounded."""
        return cls(value, value, None, **labels)

    @classmethod
    def at_most(cls, value, **labels):
        """A figure said to be less than this: the lower end is unbounded."""
        return cls(value, None, value, **labels)

    @property
    def labelled(self) -> bool:
        """Whether the figure says what it counts."""
        return any(getattr(self, name) is not None for name in IDENTITY)
