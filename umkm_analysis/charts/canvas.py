"""The sheet that every chart is drawn on: axes, title, citation, labels, saving.

Drawn inside one style file without touching the global one.
"""

import math
import textwrap
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from weakref import WeakKeyDictionary

import matplotlib.pyplot as plt
from matplotlib.layout_engine import PlaceHolderLayoutEngine

from umkm_analysis import data, text
from umkm_analysis.blocks import Words
from umkm_analysis.contract import period_span
from umkm_analysis.text import Block

STYLE = Path(__file__).with_name("umkm.mplstyle")
MARKERS = "osD^Pv<>Xph*"
INK, SOFT = "#1d2327", "#5f6b73"
OWN, OTHER, FORMULA = "#0b5394", "#5f6b73", "#b45f06"
#: Between the columns of a chart with several.
STEP = 1.95
#: Behind a label that a line may cross.
PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.85}
_ALT = WeakKeyDictionary()


@contextmanager
def axes(ax, **size):
    # Loads the backend first: loaded inside the context, a notebook would forget with
    # it that it shows pictures, and show the first one only.
    plt.draw_if_interactive()
    with plt.style.context(STYLE):
        if ax is not None:
            yield ax
            return
        # From edge to edge before the layout, or a long title makes it narrow.
        figure, ax = plt.subplots(gridspec_kw={"left": 0.01, "right": 0.99}, **size)
        yield ax
        # Laid out once: saving need not do it again.
        _lay_out(figure)
        figure.set_layout_engine("none")


def _lay_out(figure) -> None:
    """Give the axes their place; a draw would do the same and draw as well."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)


def alt(ax) -> Words:
    """The text alternative of a chart made here, in its language."""
    return _ALT[ax]


def dress(ax, title, subtitle, footer, alt_text, drop=34):
    """Title = the finding, subtitle = unit and concept, footer = the citation."""
    points = _width(ax)
    subtitle = textwrap.fill(subtitle, int(points / 9.5 / 0.56))
    lines = subtitle.count("\n") + 1
    ax.set_title(
        textwrap.fill(title, int(points / 13 / 0.61)), pad=9 + 13 * lines, loc="left"
    )
    ax.annotate(
        subtitle,
        (0, 1),
        xytext=(0, 7),
        textcoords="offset points",
        fontsize=9.5,
        xycoords="axes fraction",
        va="bottom",
        color="#333b40",
        linespacing=1.25,
    )
    ax.annotate(
        textwrap.fill(footer, int(points / 7.5 / 0.55)),
        (0, 0),
        xytext=(0, -drop),
        textcoords="offset points",
        xycoords="axes fraction",
        va="top",
        fontsize=7.5,
        color="#4a545a",
        linespacing=1.3,
    )
    _ALT[ax] = Words(alt_text)


def _width(ax) -> float:
    """Room for words above and below, in points."""
    figure = ax.figure
    if len(figure.axes) == 1 and not len(ax.get_yticks()):
        # Nothing stands beside the axes: no need to lay the figure out.
        return figure.get_figwidth() * 72 - 8
    _lay_out(figure)
    return ax.get_window_extent().width * 72 / figure.dpi


def footer(folder, frame_or_ids, lang, sources=()) -> str:
    """Sources, release and package in one line; `sources` of what has no row id."""
    ids = list(frame_or_ids)
    rows = folder.by_id
    # A panel may be the shipped one, whose source this folder need not have.
    both = (folder, data.shipped()) if sources else (folder,)
    publishers = {
        s["source_id"]: f.said(s["publisher"], lang)
        for f in both
        for s in f.rows("sources")
    }
    found = [*sources, *(rows[i]["source_id"] for i in ids if i in rows)]
    names = dict.fromkeys(publishers.get(s, s) for s in found)
    return text.say(
        Block(
            "sentence",
            "chart.footer",
            {"sources": "; ".join(names), "release": folder.release},
        ),
        lang,
    )


def when(period, year):
    """A position on the time axis: the middle of what the period covers."""
    first, last = period_span(period or str(year))
    if len(str(period).split("/")) == 2:
        first = (
            last
            if len(period.split("/")[1]) > 4
            else period_span(period.split("/")[1])[0]
        )
    middle = (first.toordinal() + last.toordinal()) / 2
    return middle / 365.2425 + 1


def place(ax, items, size):
    """Labels beside their marks, each where it hides least of the others."""
    _lay_out(ax.figure)
    renderer = ax.figure.canvas.get_renderer()
    scale = ax.figure.dpi / 72
    marks = [tuple(ax.transData.transform((x, y))) for x, y, _, _ in items]
    along = [
        point
        for line in ax.lines
        if len(line.get_xdata()) > 1
        for point in _sampled(ax.transData.transform(line.get_xydata()))
    ]
    box = ax.get_window_extent(renderer)
    taken = []
    spots = [
        (9, 0, "left", "center"),
        (-9, 0, "right", "center"),
        (0, 9, "center", "bottom"),
        (0, -9, "center", "top"),
        (7, 8, "left", "bottom"),
        (7, -8, "left", "top"),
        (-7, 8, "right", "bottom"),
        (-7, -8, "right", "top"),
        (0, 20, "center", "bottom"),
        (0, -20, "center", "top"),
        (18, 14, "left", "bottom"),
        (18, -14, "left", "top"),
        (-18, 14, "right", "bottom"),
        (-18, -14, "right", "top"),
    ]
    for (x, y, label, colour), (px, py) in zip(items, marks, strict=True):
        probe = ax.text(0, 0, label, fontsize=size, transform=None)
        extent = probe.get_window_extent(renderer)
        width, height = extent.width + 2, extent.height + 2
        probe.remove()
        best = None
        for rank, (dx, dy, ha, va) in enumerate(spots):
            left = (
                px + dx * scale - {"left": 0, "right": width, "center": width / 2}[ha]
            )
            low = (
                py + dy * scale - {"bottom": 0, "top": height, "center": height / 2}[va]
            )
            spot = (left, low, left + width, low + height)
            cost = rank * 0.5
            cost += sum(60 * _overlap(spot, t) for t in taken)
            cost += sum(
                40
                for mx, my in marks
                if spot[0] - 4 < mx < spot[2] + 4
                and spot[1] - 4 < my < spot[3] + 4
                and (mx, my) != (px, py)
            )
            cost += sum(
                6
                for mx, my in along
                if spot[0] < mx < spot[2] and spot[1] < my < spot[3]
            )
            centre = (spot[0] + spot[2]) / 2, (spot[1] + spot[3]) / 2
            own = math.dist(centre, (px, py))
            leader = list(_sampled([(px, py), centre])) if own > height else []
            cost += sum(
                2
                for lx, ly in leader
                for t in taken
                if t[0] < lx < t[2] and t[1] < ly < t[3]
            )
            cost += 25 * any(math.dist(centre, m) < own for m in marks if m != (px, py))
            if (
                spot[0] < box.x0
                or spot[2] > box.x1
                or spot[1] < box.y0
                or spot[3] > box.y1
            ):
                cost += 200
            if best is None or cost < best[0]:
                best = cost, spot, dx, dy, ha, va, leader
        _, spot, dx, dy, ha, va, leader = best
        taken.append(spot)
        along += leader
        far = max(abs(dx), abs(dy)) > 9
        ax.annotate(
            label,
            (x, y),
            xytext=(dx, dy),
            textcoords="offset points",
            ha=ha,
            va=va,
            fontsize=size,
            color=colour,
            arrowprops={"arrowstyle": "-", "color": SOFT, "lw": 0.6, "shrinkB": 4}
            if far
            else None,
        )


def _sampled(points, count=40):
    """Points along the pieces of a line, in pixels."""
    for (x0, y0), (x1, y1) in pairwise(points):
        for i in range(count):
            t = (i + 0.5) / count
            yield x0 + t * (x1 - x0), y0 + t * (y1 - y0)


def _overlap(a, b):
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    return 1 if wide > 0 and high > 0 else 0


def row_names(ax, names, *, dy=9, colours=None):
    """A name above each row, the first on top."""
    for i, name in enumerate(names):
        ax.annotate(
            name,
            (0, i),
            xycoords=("axes fraction", "data"),
            xytext=(4, dy),
            textcoords="offset points",
            va="bottom",
            fontsize=9,
            color=(colours or {}).get(i, "#333b40"),
            bbox=PAPER,
        )
    ax.set_yticks([])
    ax.set_ylim(len(names) - 0.55, -0.85)
    ax.grid(axis="y", visible=False)


def band(ax, ends, y, colour):
    """What a dot can stand for."""
    ax.plot(ends, [y, y], color=colour, lw=6, alpha=0.4, solid_capstyle="butt")


def beside(ax, words, x, y, **look):
    """Words to the right of a mark."""
    look = {"fontsize": 9, "bbox": PAPER, **look}
    ax.annotate(
        words, (x, y), xytext=(9, 0), va="center", textcoords="offset points", **look
    )


def bare(ax):
    """No ticks, grid or frame: every mark has its own words."""
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(visible=False)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)


def save_to(ax, target, kind: str, **options) -> None:
    """Write the figure of `ax` to a file or buffer; the same bytes every time."""
    metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    with plt.style.context(STYLE):
        if kind == "svg" and not options:
            _save_svg(ax.figure, target, metadata)
        else:
            ax.figure.savefig(target, format=kind, metadata=metadata, **options)


def _save_svg(figure, target, metadata):
    """As savefig does, without the draw that only serves to lay the figure out."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    if figure.get_layout_engine() is not None and not isinstance(
        figure.get_layout_engine(), PlaceHolderLayoutEngine
    ):
        figure.savefig(target, format="svg", metadata=metadata)
        return
    canvas, dpi = figure.canvas, figure.dpi
    try:
        FigureCanvasSVG(figure).print_svg(target, metadata=metadata)
    finally:
        figure.dpi = dpi
        figure.set_canvas(canvas)


def save(ax, path, **options) -> Path:
    """Write the figure of `ax` as PNG or SVG, by the ending of `path`."""
    path = Path(path)
    save_to(ax, path, path.suffix.lstrip("."), **options)
    return path


def close(ax) -> None:
    """Let go of the figure of `ax`."""
    plt.close(ax.figure)


def say(key, params, lang, kind="sentence"):
    return text.say(Block(kind, key, params), lang)


def all_ids(frame):
    return dict.fromkeys(i for ids in frame["ids"] for i in ids.split(";"))


def known(*values):
    return not any(text.absent(v) for v in values)
