"""Pictures of figures: colour is the family, a line stays within a series.

Every function returns Axes, takes ``ax=None``, draws inside one style file
without touching the global one, and carries its citation inside the picture.
`alt` gives the text alternative made from the same rows.
"""

from umkm_analysis.charts.canvas import MARKERS, STYLE, alt, close, save, save_to
from umkm_analysis.charts.counts import claims, growth_bounds, growth_rows, headline
from umkm_analysis.charts.projection import example, fan, fit, record, scenarios
from umkm_analysis.charts.structure import (
    census,
    computed,
    districts,
    jumps,
    sector_rows,
    sectors,
)

__all__ = [
    "MARKERS",
    "STYLE",
    "alt",
    "census",
    "claims",
    "close",
    "computed",
    "districts",
    "example",
    "fan",
    "fit",
    "growth_bounds",
    "growth_rows",
    "headline",
    "jumps",
    "record",
    "save",
    "save_to",
    "scenarios",
    "sector_rows",
    "sectors",
]
