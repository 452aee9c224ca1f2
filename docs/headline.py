"""Draws the chart of the README in both languages, from the data.

    python docs/headline.py

Run it after a change of data, words or charts; a test fails when it is stale. It also
prints the alternative text, which stands in README.md and README.id.md.
"""

import sys
from pathlib import Path

import matplotlib as mpl

from umkm_analysis import charts, text

HERE = Path(__file__).parent


def draw(folder=HERE) -> list[tuple[Path, str]]:
    """Write headline-id.svg and headline-en.svg; their paths and alternative texts."""
    mpl.use("Agg")
    drawn = []
    for lang in text.LANGS:
        ax = charts.headline(lang=lang)
        path = charts.save(ax, Path(folder) / f"headline-{lang}.svg")
        drawn.append((path, str(charts.alt(ax))))
        charts.close(ax)
    return drawn


if __name__ == "__main__":
    for path, alt in draw():
        sys.stdout.write(f"{path}\n{alt}\n")
