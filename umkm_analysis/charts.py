"""Pictures of figures: colour is the family, a line stays within a series.

Every function returns Axes, takes ``ax=None``, draws inside one style file
without touching the global one, and carries its citation inside the picture.
`alt` gives the text alternative made from the same rows.
"""

import math
import textwrap
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from weakref import WeakKeyDictionary

import matplotlib.pyplot as plt
from matplotlib.layout_engine import PlaceHolderLayoutEngine

from umkm_analysis import blocks, breakdown, data, growth, outlook, tables, text
from umkm_analysis.blocks import Words
from umkm_analysis.contract import period_span
from umkm_analysis.errors import DataError
from umkm_analysis.text import Block

STYLE = Path(__file__).with_name("umkm.mplstyle")
MARKERS = "osD^Pv<>Xph*"
INK, SOFT = "#1d2327", "#5f6b73"
#: Behind a label that a line may cross.
_PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.85}
_ALT = WeakKeyDictionary()


@contextmanager
def _axes(ax, **size):
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


def _dress(ax, title, subtitle, footer, alt_text, drop=34):
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
    rows = {r["id"]: r for r in folder.rows("observations")}
    # A panel may be the shipped one, whose source this folder need not have.
    both = (folder, data.shipped()) if sources else (folder,)
    publishers = {
        s["source_id"]: s["publisher"] for f in both for s in f.rows("sources")
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


def _when(period, year):
    """A position on the time axis: the middle of what the period covers."""
    first, last = period_span(period or str(year))
    if len(str(period).split("/")) == 2:
        first = (
            last
            if len(period.split("/")[1]) > 4
            else period_span(period.split("/")[1])[0]
        )
    middle = (first.toordinal() + last.toordinal()) / 2
    return middle / 365.2425 + 1 - 0.0


def _place(ax, items, size):
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


def headline(region=None, *, lang="id", folder=None, ax=None):
    """Every count of a region over time, each concept on its own.

    Colour and marker tell the family; a line joins figures of one series only,
    dashed where one end is provisional; a hollow mark is grade D; a bar is what
    the printed figure can stand for. A figure without a year is left out here
    and stays in the table.

    Parameters
    ----------
    region : str, optional
        The folder's own region by default.
    lang : {"id", "en"}
    folder : Folder, optional
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    folder = folder or data.shipped()
    region = folder.region(region)
    frame = blocks.headline_rows(folder, region)
    frame = frame[frame["year"].notna()].reset_index(drop=True)
    if frame.empty:
        raise DataError("no_figures", measure="business_units", region=region)
    order = [
        f["family"]
        for f in sorted(folder.rows("families"), key=lambda f: int(f["sort"]))
    ]
    families = folder.names("families", "family", lang)
    frame["x"] = [
        _when(p, y) for p, y in zip(frame["period"], frame["year"], strict=True)
    ]
    frame = _dodge(frame, order)
    with _axes(ax) as ax:
        colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
        look = {
            f: (colours[i % len(colours)], MARKERS[i % len(MARKERS)])
            for i, f in enumerate(order)
        }
        for _, line in _lines(frame.sort_values("x")):
            dashed = (line["status"] != "observed").any()
            ax.plot(
                line["x"],
                line["value"],
                color=look[line["family"].iloc[0]][0],
                linestyle="--" if dashed else "-",
                zorder=2,
            )
        top = max(
            frame["value_high"].fillna(frame["value"]).max(), frame["value"].max()
        )
        items, seen = [], {}
        for _, row in frame.iterrows():
            colour, marker = look[row["family"]]
            low, high = row["value_low"], row["value_high"]
            below = row["value"] - low if low == low else 0
            above = high - row["value"] if high == high else 0
            if below or above:
                ax.errorbar(
                    row["x"],
                    row["value"],
                    [[below], [above]],
                    color=colour,
                    capsize=2.5,
                    elinewidth=1,
                    zorder=2,
                )
            for end, has, arrow in (
                (low, row["precision"] == "at_least", "^"),
                (high, row["precision"] == "at_most", "v"),
            ):
                if has and end == end:
                    ax.plot(
                        row["x"],
                        row["value"] + (1 if arrow == "^" else -1) * 0.045 * top,
                        marker=arrow,
                        ms=4,
                        color=colour,
                        zorder=2,
                    )
            hollow = row["grade"] == "D"
            mark = ax.plot(
                row["x"],
                row["value"],
                marker=marker,
                linestyle="",
                zorder=3,
                mec=colour,
                mfc="white" if hollow else colour,
                mew=1.6,
            )
            if not hollow:
                seen.setdefault(row["family"], mark[0])
            seen.setdefault((row["family"],), mark[0])
            items.append(
                (row["x"], row["value"], text.number(row["value"], None, lang), colour)
            )
        ax.set_ylim(0, top * 1.14)
        ax.set_xlim(frame["x"].min() - 1.2, frame["x"].max() + 1.6)
        ax.yaxis.set_major_formatter(lambda v, _: text.number(v, None, lang))
        ax.xaxis.set_major_formatter(lambda v, _: f"{v:.0f}")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.grid(axis="x", visible=False)
        present = [f for f in order if f in set(frame["family"])]
        ax.legend(
            [seen.get(f, seen[(f,)]) for f in present],
            [families[f] for f in present],
            loc="upper center",
            bbox_to_anchor=(0.5, -0.075),
            ncols=3,
            handletextpad=0.4,
        )
        rows = -(-len(present) // 3)
        _dress(
            ax,
            text.say(
                Block(
                    "heading",
                    "chart.headline_title",
                    {
                        "n": len(frame),
                        "k": frame["concept"].nunique(),
                        "region": blocks.region_name(folder, region),
                    },
                ),
                lang,
            ),
            text.label("chart.headline_subtitle", lang),
            footer(folder, frame["id"], lang),
            _headline_alt(frame, families, region, folder, lang),
            drop=30 + 16 * rows,
        )
        _place(ax, items, 8.5)
    return ax


def _dodge(frame, order):
    """Marks of two families at one place stand side by side."""
    frame = frame.copy()
    for _, same in frame.groupby([frame["x"].round(2), "value"]):
        ranked = same.assign(rank=[order.index(f) for f in same["family"]]).sort_values(
            "rank"
        )
        for i, index in enumerate(ranked.index):
            frame.loc[index, "x"] += (i - (len(ranked) - 1) / 2) * 0.3
    return frame


def _lines(frame):
    """Groups that one line may join: a series that the rules allow to compare."""
    usable = data.calculable(frame)
    usable = usable[usable["series"].notna()]
    for key, line in usable.groupby(data.SERIES_KEY, dropna=False, sort=True):
        if len(line) > 1:
            yield key, line


def _headline_alt(frame, families, region, folder, lang):
    parts = []
    for family in (f for f in families if (frame["family"] == f).any()):
        rows = frame[frame["family"] == family].sort_values(["x", "id"])
        figures = ", ".join(
            f"{text.number(v, None, lang)} ({text.period(p, lang)})"
            for v, p in zip(rows["value"], rows["period"], strict=True)
        )
        parts.append(f"{families[family]}: {figures}")
    return text.say(
        Block(
            "sentence",
            "chart.headline_alt",
            {
                "n": len(frame),
                "region": blocks.region_name(folder, region),
                "first": int(frame["year"].min()),
                "last": int(frame["year"].max()),
                "parts": "; ".join(parts),
                "lines": sum(1 for _ in _lines(frame)),
            },
        ),
        lang,
    )


def growth_bounds(region=None, *, lang="id", folder=None, ax=None):
    """Published growth, and growth under each reading, with bounds.

    One row a comparison: the region's headline claim, every row of readings.csv
    about the region, and every series of counts as growth a year; the dashed
    line is a published target.
    """
    folder = folder or data.shipped()
    region = folder.region(region)
    rows = growth_rows(folder, region, lang)
    if not rows:
        raise DataError("no_headline", region=region)
    with _axes(ax, figsize=(9, 1.6 + 0.62 * len(rows))) as ax:
        for i, row in enumerate(reversed(rows)):
            low, high = row["low"], row["high"]
            if low is not None and high is not None:
                ax.plot(
                    [100 * low, 100 * high],
                    [i, i],
                    color=row["colour"],
                    lw=5,
                    alpha=0.35,
                    solid_capstyle="butt",
                )
            ax.plot(100 * row["value"], i, marker=row["marker"], color=row["colour"])
            known = low is not None and high is not None and low != high
            bounds = (
                " [{}; {}]".format(
                    *(text.number(100 * x, 2, lang) for x in (low, high))
                )
                if known
                else ""
            )
            ax.annotate(
                text.percent(row["value"], 2, lang) + bounds,
                (100 * max(row["value"], high or row["value"]), i),
                xytext=(8, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
                bbox=_PAPER,
            )
        ax.set_yticks([])
        for i, row in enumerate(reversed(rows)):
            ax.annotate(
                row["name"],
                (0, i),
                xycoords=("axes fraction", "data"),
                xytext=(4, 9),
                textcoords="offset points",
                va="bottom",
                fontsize=9,
                color="#333b40",
                bbox=_PAPER,
            )
        ax.set_ylim(-0.5, len(rows) - 0.2)
        high = max(100 * max(r["value"], r["high"] or r["value"]) for r in rows)
        low = min(0, *(100 * min(r["value"], r["low"] or r["value"]) for r in rows))
        ax.set_xlim(low - 1, high * 1.3 + 2)
        ax.axvline(0, color=SOFT, lw=1)
        target = outlook.target(folder, region)
        if target is not None:
            ax.axvline(target["value"], color=INK, ls="--", lw=1)
            ax.annotate(
                text.say(
                    Block("sentence", "chart.target", {"value": target["value"]}), lang
                ),
                (target["value"], -0.5),
                xytext=(3, 3),
                va="bottom",
                textcoords="offset points",
                fontsize=8.5,
                bbox=_PAPER,
            )
        ax.xaxis.set_major_formatter(lambda v, _: text.number(v, None, lang))
        ax.grid(axis="y", visible=False)
        ids = [i for r in rows for i in r["ids"]]
        alt_text = "; ".join(
            f"{r['name']}: {text.percent(r['value'], 2, lang)}"
            + (
                " ({}, {})".format(
                    *(text.percent(r[k], 2, lang) for k in ("low", "high"))
                )
                if r["low"] is not None and r["high"] is not None
                else ""
            )
            for r in rows
        )
        _dress(
            ax,
            text.label("chart.growth_title", lang),
            text.label("chart.growth_subtitle", lang),
            footer(folder, ids, lang),
            text.say(Block("sentence", "chart.growth_alt", {"parts": alt_text}), lang),
        )
    return ax


def growth_rows(folder, region, lang) -> list[dict]:
    """What `growth_bounds` draws: name, value, low, high and rows behind it."""
    palette = {
        "series": ("#38761d", "o"),
        "claim": ("#c00000", "P"),
        "reading": ("#0b5394", "D"),
    }
    rows = []

    def add(kind, name, rate, ids, yearly=False):
        colour, marker = palette[kind]
        value, low, high = (
            (rate.cagr, rate.cagr_low, rate.cagr_high)
            if yearly
            else (rate.value, rate.low, rate.high)
        )
        rows.append(
            {
                "name": name,
                "value": value,
                "low": low,
                "high": high,
                "ids": ids,
                "colour": colour,
                "marker": marker,
            }
        )

    claim = blocks.headline_claim(folder, region)
    head = set()
    if claim is not None:
        new, old = (folder.figure(i) for i in claim["operands"].split(";"))
        try:
            rate = growth.between(old, new)
        except growth.ConceptMismatch:
            rate = None
        if rate is not None:
            name = text.say(
                Block(
                    "sentence",
                    "chart.claim_row",
                    {"from": rate.from_period, "to": rate.to_period},
                ),
                lang,
            )
            add("claim", name, rate, [old.id, new.id])
            head = {old.series}
    for row in folder.rows("readings"):
        a, b = folder.figure(row["from_id"]), folder.figure(row["to_id"])
        if a.region == region:
            rate = growth.read_under(row["reading"], folder)
            name = text.say(
                Block(
                    "sentence",
                    "chart.reading_row",
                    {
                        "from": a.period,
                        "to": b.period,
                        "assumption": {
                            k: v.rstrip(".")
                            for k, v in blocks.assumption(
                                row["reading"], folder
                            ).items()
                        },
                    },
                ),
                lang,
            )
            add("reading", name, rate, [a.id, b.id])
    frame = blocks.headline_rows(folder, region)
    names = folder.names("concepts", "concept", lang)
    for key, _ in _lines(frame):
        if key[0] in head:
            continue
        figures = folder.series(
            key[0], region=region, measure=key[2], size_class=key[3], sector=key[4]
        )
        rate = growth.over_time(figures)[-1]
        if rate.cagr is None:
            # Less than a year apart: nothing that stands beside growth a year.
            continue
        name = text.say(
            Block(
                "sentence",
                "chart.series_row",
                {
                    "name": names[figures[0].concept],
                    "from": rate.from_period,
                    "to": rate.to_period,
                },
            ),
            lang,
        )
        add("series", name, rate, [f.id for f in figures], yearly=True)
    return rows


def claims(region=None, *, lang="id", folder=None, ax=None):
    """How many published claims hold, by verdict."""
    folder = folder or data.shipped()
    frame = folder.claims(region=region) if region else folder.claims()
    from umkm_analysis.verdicts import VERDICTS

    order = [v for v in VERDICTS if (frame["verdict"] == v).any()]
    counts = frame["verdict"].value_counts().reindex(order)
    colours = dict(
        zip(
            VERDICTS,
            ("#38761d", "#7f9f3f", "#c00000", "#b45f06", "#8a949a"),
            strict=True,
        )
    )
    with _axes(ax, figsize=(9, 3.4)) as ax:
        ax.barh(range(len(order)), counts, color=[colours[v] for v in order])
        ax.invert_yaxis()
        for i, v in enumerate(order):
            ax.annotate(
                text.number(counts[v], 0, lang),
                (counts[v], i),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
            )
        ax.set_yticks(range(len(order)), [text.term("verdict", v, lang) for v in order])
        ax.set(xlabel=None, ylabel=None, xlim=(0, counts.max() * 1.12))
        ax.grid(axis="y", visible=False)
        params = {
            "n": len(frame),
            "good": int(counts.get("holds", 0)),
            "release": folder.release,
        }
        parts = "; ".join(
            f"{text.term('verdict', v, lang)}: {text.number(counts[v], 0, lang)}"
            for v in order
        )
        _dress(
            ax,
            text.say(Block("heading", "chart.claims_title", params), lang),
            text.label("chart.claims_subtitle", lang),
            text.say(Block("sentence", "chart.claims_footer", params), lang),
            text.say(
                Block("sentence", "chart.claims_alt", {**params, "parts": parts}), lang
            ),
        )
    return ax


# Sectors, districts, peers

_OWN, _OTHER, _FORMULA = "#0b5394", "#5f6b73", "#b45f06"
#: Between the columns of a chart with several.
_STEP = 1.95


def _say(key, params, lang, kind="sentence"):
    return text.say(Block(kind, key, params), lang)


def _all_ids(frame):
    return dict.fromkeys(i for ids in frame["ids"] for i in ids.split(";"))


def _rows(ax, names, *, dy=9, colours=None):
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
            bbox=_PAPER,
        )
    ax.set_yticks([])
    ax.set_ylim(len(names) - 0.55, -0.85)
    ax.grid(axis="y", visible=False)


def _known(*values):
    return not any(text.absent(v) for v in values)


def _band(ax, ends, y, colour):
    """What a dot can stand for."""
    ax.plot(ends, [y, y], color=colour, lw=6, alpha=0.4, solid_capstyle="butt")


def _beside(ax, words, x, y, **look):
    """Words to the right of a mark."""
    look = {"fontsize": 9, "bbox": _PAPER, **look}
    ax.annotate(
        words, (x, y), xytext=(9, 0), va="center", textcoords="offset points", **look
    )


def sectors(region=None, *, lang="id", folder=None, frame=None, ax=None):
    """Who says which share, of what base; orders without figures as crosses.

    Only shares of all small businesses are drawn, not shares within one sector or
    of another area; `frame` is what `breakdown.sectors` gives, read if not given.
    """
    folder = folder or data.shipped()
    region = folder.region(region)
    frame = breakdown.sectors(folder, region) if frame is None else frame
    shares, orders = sector_rows(frame)
    if shares.empty and orders.empty:
        raise DataError("no_figures", measure="share_of_units", region=region)
    names = folder.names("sectors", "sector", lang)
    concepts = folder.names("concepts", "concept", lang)
    publishers = {s["source_id"]: s["publisher"] for s in folder.rows("sources")}
    said = folder.claims(list(orders["claim_id"])) if len(orders) else None
    rows, parts = [], []
    for r in shares.to_dict("records"):
        params = {
            "sector": names.get(r["sector"]) or text.term("sector", r["sector"], lang),
            "period": r["period"],
            "concept": concepts[r["concept"]],
            "share": text.percent(r["share"], _places(r["share"]), lang),
            "base": r["base_value"],
        }
        known = "sectors_of" if _known(r["base_value"]) else "sectors_of_unknown"
        of = _say(f"chart.{known}", params, lang)
        dated = str(r["period"])[:4] in params["concept"]
        key = "sectors_row_dated" if dated else "sectors_row"
        rows.append((_say(f"chart.{key}", params, lang), of, r))
    told = []
    for r in orders.to_dict("records"):
        claim = said[said["claim_id"] == r["claim_id"]].iloc[0]
        params = {
            "text": claim[f"text_{lang}"].rstrip("."),
            "publisher": publishers[claim["source_id"]],
        }
        told.append(_say("chart.sectors_order", params, lang))
    with _axes(ax, figsize=(9, 1.7 + 0.52 * len(rows) + 0.3 * len(told))) as ax:
        for i, (name, of, r) in enumerate(rows):
            end = share = 100 * r["share"]
            ax.plot([0, share], [i, i], color="#c9d1d6", lw=1, zorder=1)
            if _known(r["share_low"], r["share_high"]):
                ends = [100 * r["share_low"], 100 * r["share_high"]]
                _band(ax, ends, i, _OWN)
                end = ends[1]
            hollow = r["grade"] == "D"
            ax.plot(share, i, marker="o", color=_OWN, mfc="white" if hollow else _OWN)
            _beside(ax, of, end, i)
            parts.append(f"{name}: {of}")
        for k, name in enumerate(told):
            y = len(rows) + 0.58 * k
            ax.plot(0.8, y, marker="x", color=_OTHER, mew=2, ms=6)
            _beside(ax, name, 0.8, y)
            parts.append(name)
        _rows(ax, [name for name, _, _ in rows])
        ax.set_ylim(len(rows) - 0.2 + 0.58 * len(told), -0.85)
        ax.set_xlim(0, 100)
        ax.xaxis.set_major_formatter(lambda v, _: text.number(v, None, lang))
        none = breakdown.sector_verdict(frame) in ("no_split", "nothing_stated")
        params = {"n": len(shares), "orders": len(orders)}
        title = "sectors_no_split" if none else "sectors_split"
        ids = [*_all_ids(shares), *_all_ids(orders)]
        _dress(
            ax,
            _say(f"chart.{title}", params if none else {}, lang, "heading"),
            text.label("chart.sectors_subtitle", lang),
            footer(folder, ids, lang),
            _say("chart.sectors_alt", {"parts": "; ".join(parts)}, lang),
        )
    return ax


def _places(fraction):
    """Decimals that a printed percentage has."""
    shown = f"{100 * fraction:.2f}".rstrip("0").rstrip(".")
    return len(shown.partition(".")[2])


def sector_rows(frame):
    """What `sectors` draws: shares of all small businesses, and orders."""
    whole = ("part_only", "full_without_base", "full_split", "split_with_residual",
             "exceeds_whole")  # fmt: skip
    shares = frame[
        (frame["part"] == "statement")
        & frame["share"].notna()
        & frame["verdict"].isin(whole)
    ]
    return shares, frame[frame["part"] == "ordering"]


def districts(region=None, *, lang="id", folder=None, frame=None, ax=None):
    """Areas below a region as ordered dots: units, turnover a unit, units per 1,000.

    One column a measure, each from zero; only what the table of
    `breakdown.districts` (the first, where there are several) has.
    """
    folder = folder or data.shipped()
    region = folder.region(region)
    frame = breakdown.districts(folder, region) if frame is None else frame
    if frame.empty:
        raise DataError("no_figures", measure="business_units", region=region)
    table, complete = breakdown.main_table(folder, frame)
    first = table.iloc[0]
    areas = table[table["part"] == "area"].reset_index(drop=True)
    names = folder.names("regions", "region_code", lang)
    labels = [names[c] for c in areas["region_code"]]
    columns = [
        c for c in ("units", "turnover_per_unit", "units_per_1000")
        if areas[c].notna().any()
    ]  # fmt: skip
    params = {"period": first["period"], "people": areas["population_period"].iloc[0]}
    with _axes(ax, figsize=(9, 2.5 + 0.42 * len(areas))) as ax:
        parts = []
        for j, column in enumerate(columns):
            high = f"{column}_high"
            bounds = areas[high] if high in areas else areas[column]
            scale = bounds.fillna(areas[column]).max()
            left = _STEP * j
            ax.plot([left, left], [-0.5, len(areas) - 0.5], color=SOFT, lw=1, zorder=1)
            head = _say(f"chart.districts_{column}", params, lang)
            above = ax.annotate(textwrap.fill(head, 28), (left, -0.72), xytext=(-2, 0),
                        textcoords="offset points", fontsize=9, va="bottom",
                        fontweight="bold", linespacing=1.2)  # fmt: skip
            above.set_in_layout(False)
            said = []
            for i, row in areas.iterrows():
                value = row[column]
                if not _known(value):
                    continue
                x = left + value / scale
                ax.plot([left, x], [i, i], color="#c9d1d6", lw=1, zorder=1)
                end = x
                if high in areas and _known(row[f"{column}_low"], row[high]):
                    low = row[f"{column}_low"]
                    ends = [left + low / scale, left + row[high] / scale]
                    _band(ax, ends, i, _OWN)
                    end = ends[1]
                ax.plot(x, i, marker="o", color=_OWN, ms=6)
                shown = tables.cell(column, value, lang)
                _beside(ax, shown, end, i)
                said.append(f"{labels[i]} {shown}")
            parts.append(f"{head}: {', '.join(said)}")
        for i, name in enumerate(labels):
            name = textwrap.fill(name, 28)
            ax.annotate(name, (-_STEP * len(columns) / 3, i), fontsize=9.5, va="center")
        _bare(ax)
        ax.set_ylim(len(areas) - 0.4, -2.1)
        ax.set_xlim(-_STEP * len(columns) / 3, _STEP * len(columns) - 0.05)
        title = {
            "sector": folder.names("sectors", "sector", lang)[first["sector"]],
            "most": labels[0],
            "top": _surely_top(areas, labels),
            "n": len(areas),
        }
        key = "districts_title_turnover" if title["top"] else "districts_title"
        key = key if complete else "districts_title_some"
        sold = areas["turnover_per_unit"].notna().any()
        subtitle = "districts_subtitle" if sold else "districts_subtitle_plain"
        concept = folder.names("concepts", "concept", lang)[first["concept"]]
        _dress(
            ax,
            _say(f"chart.{key}", title, lang, "heading"),
            _say(f"chart.{subtitle}", {"concept": concept}, lang),
            footer(folder, _all_ids(areas), lang),
            _say("chart.districts_alt", {"parts": "; ".join(parts)}, lang),
            drop=14,
        )
    return ax


def _bare(ax):
    """No ticks, grid or frame: every mark has its own words."""
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(visible=False)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)


def _surely_top(areas, labels):
    """The area whose turnover a unit is highest whatever the rounding, or None."""
    known = areas.dropna(subset=["turnover_per_unit_low", "turnover_per_unit_high"])
    if len(known) < 2:
        return None
    best = known["turnover_per_unit"].idxmax()
    others = known["turnover_per_unit_high"].drop(best)
    sure = known["turnover_per_unit_low"][best] > others.max()
    return labels[best] if sure else None


def census(region=None, *, lang="id", folder=None, frame=None, ax=None):
    """Growth in the one count that a region shares with others, with ranks.

    The region asked for is a large diamond with its name in bold; the lines are
    the areas around it. `frame` is what `breakdown.peers` gives.
    """
    folder = folder or data.shipped()
    region = folder.region(region)
    frame = breakdown.peers(folder, region) if frame is None else frame
    rows = frame[frame["part"] == "census"].reset_index(drop=True)
    if rows.empty:
        raise DataError("no_figures", measure="growth", region=region)
    names = folder.names("regions", "region_code", lang)
    around = frame[frame["part"] == "around"]
    with _axes(ax, figsize=(9, 2.3 + 0.38 * len(rows))) as ax:
        right = 100 * max(rows["growth"].max(), rows["growth_high"].max())
        parts = []
        for i, row in rows.iterrows():
            own = row["region_code"] == region
            colour = _OWN if own else _OTHER
            end, bounds = 100 * row["growth"], ""
            if _known(row["growth_low"], row["growth_high"]):
                ends = [100 * row["growth_low"], 100 * row["growth_high"]]
                _band(ax, ends, i, colour)
                end = ends[1]
                if ends[0] != ends[1]:
                    low, high = (text.number(x, 1, lang) for x in ends)
                    bounds = f" [{low}; {high}]"
            ax.plot(100 * row["growth"], i, marker="D" if own else "o",
                    ms=9 if own else 6, color=colour, zorder=3)  # fmt: skip
            weight = "bold" if own else "normal"
            shown = text.number(100 * row["growth"], 1, lang) + bounds
            _beside(ax, shown, end, i, fontweight=weight)
            ranks = _ranks(row)
            ax.annotate(ranks, (1, i), xycoords=("axes fraction", "data"),
                        xytext=(-4, 0), textcoords="offset points", ha="right",
                        va="center", fontsize=9, fontweight=weight)  # fmt: skip
            said = {
                "name": names[row["region_code"]],
                "growth": row["growth"],
                "low": row["growth_low"],
                "high": row["growth_high"],
                "ranks": ranks,
            }
            parts.append(_say("chart.census_part", said, lang))
        ax.annotate(text.label("chart.rank", lang), (1, -0.75), ha="right",
                    xycoords=("axes fraction", "data"), xytext=(-4, 0), va="center",
                    textcoords="offset points", fontsize=9, color=SOFT)  # fmt: skip
        bottom = len(rows) - 0.45 + 0.55 * len(around)
        for k, (_, row) in enumerate(around.iterrows()):
            x = 100 * row["growth"]
            style = ("--", ":", "-.")[k % 3]
            y = len(rows) - 0.3 + 0.55 * k
            ax.plot([x, x], [-0.5, y], color=INK, ls=style, lw=1, zorder=1)
            name = f"{names[row['region_code']]} {text.number(x, 1, lang)}"
            ax.annotate(name, (x, y), xytext=(4, 0), textcoords="offset points",
                        va="center", fontsize=8.5, bbox=_PAPER)  # fmt: skip
            parts.append(name)
        ax.set_yticks(range(len(rows)), [names[c] for c in rows["region_code"]])
        for label, code in zip(ax.get_yticklabels(), rows["region_code"], strict=True):
            label.set_fontweight("bold" if code == region else "normal")
        ax.set_ylim(bottom, -1.1)
        ax.set_xlim(min(0, 100 * rows["growth_low"].min()), right * 1.5)
        ax.xaxis.set_major_formatter(lambda v, _: text.number(v, None, lang))
        ax.grid(axis="y", visible=False)
        mine = rows[rows["region_code"] == region].iloc[0]
        params = {
            "region": names[region],
            "n": len(rows),
            "best": int(mine["rank_best"]),
            "worst": int(mine["rank_worst"]),
        }
        subtitle = {
            "concept": folder.names("concepts", "concept", lang)[mine["concept"]],
            "from": mine["from_period"],
            "to": mine["to_period"],
        }
        ids = [*_all_ids(rows), *_all_ids(around)]
        _dress(
            ax,
            _say(f"chart.census_{mine['verdict']}", params, lang, "heading"),
            _say("chart.census_subtitle", subtitle, lang),
            footer(folder, ids, lang),
            _say("chart.census_alt", {"parts": "; ".join(parts)}, lang),
        )
    return ax


def _ranks(row):
    best, worst = int(row["rank_best"]), int(row["rank_worst"])
    return str(best) if best == worst else f"{best}-{worst}"


def jumps(region=None, *, lang="id", folder=None, frame=None, ax=None):
    """Lists that jump, the largest of each area, beside lists that do not."""
    folder = folder or data.shipped()
    region = folder.region(region)
    frame = breakdown.peers(folder, region) if frame is None else frame
    jumped = frame[frame["part"] == "jump"].drop_duplicates("region_code")
    if jumped.empty:
        raise DataError("no_figures", measure="difference", region=region)
    steady = frame[frame["part"] == "steady"]
    steady = steady.loc[steady["growth"].abs().sort_values(ascending=False).index]
    steady = steady.drop_duplicates("region_code")
    names = folder.names("regions", "region_code", lang)
    concepts = folder.names("concepts", "concept", lang)
    rows = [*jumped.to_dict("records"), *steady.to_dict("records")]
    with _axes(ax, figsize=(9, 2 + 0.46 * len(rows))) as ax:
        labels, parts = [], []
        for i, row in enumerate(rows):
            calm = row["part"] == "steady"
            ratio = row["to_value"] / row["from_value"]
            colour = _OWN if calm else _FORMULA
            ax.plot([1, ratio], [i, i], color=colour, lw=2)
            ax.plot(1, i, marker="|", color=colour, ms=9, mew=2)
            ax.plot(ratio, i, marker="s" if calm else "o", color=colour)
            value = _say("chart.jumps_value", {
                "change": row["growth"] if calm else row["difference"],
                "a": row["from_value"], "b": row["to_value"],
            }, lang)  # fmt: skip
            _beside(ax, value, ratio, i)
            name = _say("chart.jumps_row", {
                "name": names[row["region_code"]], "from": row["from_period"],
                "to": row["to_period"],
                "verdict": text.term("verdict", row["verdict"], lang),
            }, lang)  # fmt: skip
            if row["verdict"] == "concept_changed":
                now = {"concept": concepts[row["concept_to"]]}
                name += _say("chart.jumps_now", now, lang)
            labels.append(name)
            parts.append(f"{name}, {value}")
        ax.set_xscale("log")
        top = max(r["to_value"] / r["from_value"] for r in rows)
        ticks = [x for x in (1, 1.5, 2, 3, 5, 7, 10, 20, 50, 100) if x <= top * 1.1]
        words = [_say("chart.jumps_times", {"x": x}, lang) for x in ticks[1:]]
        ax.set_xticks(ticks, [text.label("chart.jumps_same", lang), *words])
        ax.minorticks_off()
        ax.set_xlim(0.96, top * 2.1)
        _rows(ax, labels, dy=6)
        params = {
            "n": jumped["region_code"].nunique(),
            "least": 100 * jumped["difference"].min(),
            "most": jumped["difference"].max(),
        }
        _dress(
            ax,
            _say("chart.jumps_title", params, lang, "heading"),
            text.label("chart.jumps_subtitle", lang),
            footer(folder, [*_all_ids(jumped), *_all_ids(steady)], lang),
            _say("chart.jumps_alt", {"parts": "; ".join(parts)}, lang),
        )
    return ax


def computed(region=None, *, lang="id", folder=None, frame=None, ax=None):
    """Small multiples of series that follow a formula, beside counted ones."""
    folder = folder or data.shipped()
    region = folder.region(region)
    frame = breakdown.peers(folder, region) if frame is None else frame
    lines = frame[frame["part"] == "computed"]
    if lines.empty:
        raise DataError("no_figures", measure="computed", region=region)
    panels = _panels(folder, frame, lang)
    across = min(4, len(panels))
    down = -(-len(panels) // across)
    names = folder.names("regions", "region_code", lang)
    concepts = folder.names("concepts", "concept", lang)
    with _axes(ax, figsize=(9, 1.7 + 1.75 * down)) as ax:
        parts = []
        for k, panel in enumerate(panels):
            left, base = (k % across) * 1.12, -(k // across) * 1.95
            bars = panel["bars"]
            n = len(bars)
            tallest = max(abs(v) for v in bars)
            x = [left + (i + 0.5) / n for i in range(n)]
            colour = _OWN if panel["calm"] else _FORMULA
            ax.bar(
                x,
                [0.92 * v / tallest for v in bars],
                width=min(0.74 / n, 0.17),
                bottom=base,
                color=colour if panel["calm"] else "white",
                edgecolor=colour,
                hatch=None if panel["calm"] else "////",
                lw=1,
            )
            ax.plot([left, left + 1], [base, base], color=SOFT, lw=1)
            name = names[panel["region"]]
            concept = concepts[panel["concept"]]
            ax.annotate(name, (left, base + 1.45), fontsize=9.5, fontweight="bold",
                        va="bottom")  # fmt: skip
            ax.annotate(textwrap.fill(concept, 36),
                        (left, base + 1.44), fontsize=7.5, va="top",
                        color="#333b40")  # fmt: skip
            ax.annotate(panel["label"], (left, base + 0.98), fontsize=8.5, va="bottom")
            for end, year, side in ((0, panel["first"], "left"),
                                    (1, panel["last"], "right")):  # fmt: skip
                ax.annotate(str(year), (left + end, base), xytext=(0, -3), ha=side,
                            textcoords="offset points", va="top", fontsize=8,
                            color="#333b40")  # fmt: skip
            parts.append(
                f"{name} ({concept}), {panel['first']}-{panel['last']}: "
                f"{panel['label']}"
            )
        ax.set_xlim(-0.02, 1.12 * across - 0.08)
        ax.set_ylim(-(down - 1) * 1.95 - 0.22, 1.75)
        _bare(ax)
        steady = frame[frame["part"] == "steady"]
        _dress(
            ax,
            _say("chart.computed_title", {"n": len(lines)}, lang, "heading"),
            text.label("chart.computed_subtitle", lang),
            footer(folder, [*_all_ids(lines), *_all_ids(steady)], lang),
            _say("chart.computed_alt", {"parts": "; ".join(parts)}, lang),
            drop=12,
        )
    return ax


def _panels(folder, frame, lang):
    """What `computed` draws: each year's change in the terms of its pattern."""
    panels = []
    for line in frame[frame["part"] == "computed"].to_dict("records"):
        rows = breakdown.yearly(folder, line)
        steps = line["pattern"] == "equal_steps"
        bars = list(rows["step" if steps else "growth"].dropna())
        key = "computed_steps" if steps else "computed_rates"
        label = _say(f"chart.{key}", {"x": bars[-1] if steps else line["cagr"]}, lang)
        panels.append((line, rows["year"].min(), rows["year"].max(), bars, label))
    for _, rows in frame[frame["part"] == "steady"].groupby("region_code", sort=False):
        bars = list(rows["growth"])
        label = _say("chart.computed_range", {"x": min(bars), "y": max(bars)}, lang)
        first, last = rows["from_period"].iloc[0], rows["to_period"].iloc[-1]
        panels.append((rows.iloc[0], first, last, bars, label))
    return [
        {
            "region": line["region_code"],
            "concept": line["concept"],
            "calm": line["part"] == "steady",
            "first": str(first)[:4],
            "last": str(last)[:4],
            "bars": bars,
            "label": label,
        }
        for line, first, last, bars, label in panels
    ]


def fit(
    history, fitted, published=(), *, lang="id", name, folder=None, ids=(), ax=None
):
    """A fitted trend and its band against what was published later.

    Parameters
    ----------
    history : Series indexed by year
        The values that were fitted.
    fitted : DataFrame indexed by year
        Columns mean, low, high.
    published : sequence of Figure
        Later figures of another series: marks that nothing joins.
    name : str
        What is counted, as it stands in the subtitle.
    """
    folder = folder or data.shipped()
    with _axes(ax) as ax:
        ax.plot(
            history.index,
            history,
            marker="o",
            color="#0b5394",
            zorder=3,
            label=text.label("chart.fit_history", lang),
        )
        ax.plot(
            fitted.index,
            fitted["mean"],
            color="#b45f06",
            ls="--",
            label=text.label("chart.fit_mean", lang),
        )
        ax.fill_between(
            fitted.index,
            fitted["low"],
            fitted["high"],
            color="#b45f06",
            alpha=0.18,
            label=text.label("chart.fit_band", lang),
        )
        items = []
        for f in published:
            ax.plot(
                f.year,
                f.value,
                marker="D",
                ls="",
                color="#c00000",
                ms=8,
                label=text.label("chart.fit_published", lang) if not items else None,
            )
            items.append((f.year, f.value, text.number(f.value, 0, lang), "#c00000"))
        items += [
            (y, v, text.number(v, 0, lang), "#0b5394") for y, v in history.items()
        ]
        values = [*history, *fitted["high"], *(f.value for f in published)]
        ax.set_ylim(0, max(values) * 1.12)
        ax.set_xlim(
            min(history.index) - 0.6,
            max([*fitted.index, *(f.year for f in published)]) + 0.9,
        )
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.xaxis.set_major_formatter(lambda v, _: f"{v:.0f}")
        ax.yaxis.set_major_formatter(lambda v, _: text.number(v, None, lang))
        ax.legend(loc="lower left")
        last = fitted.iloc[-1]
        params = {
            "name": name,
            "year": int(fitted.index[-1]),
            "low": last["low"],
            "high": last["high"],
            "mean": last["mean"],
            "published": published[0].value if published else None,
        }
        _dress(
            ax,
            text.say(Block("heading", "chart.fit_title", params), lang),
            text.say(Block("sentence", "chart.fit_subtitle", params), lang),
            footer(folder, [*ids, *(f.id for f in published)], lang),
            text.say(Block("sentence", "chart.fit_alt", params), lang),
        )
        _place(ax, items, 8.5)
    return ax


# The next years


def fan(
    rows,
    history,
    later=(),
    *,
    lang="id",
    name,
    folder=None,
    ids=(),
    sources=(),
    ax=None,
):
    """What a projection says: its interval in two widths, its scenarios as lines.

    Parameters
    ----------
    rows : DataFrame
        What `projection.project` or `outlook.scenarios` gives.
    history : list of Figure
        The series up to the start, one a year.
    later : list of Figure
        What was published since, of other concepts: marks that nothing joins.
    name : str
        What is counted, as it stands in the subtitle.
    ids, sources : sequences of str
        Rows of observations.csv, and further sources, for the footer.

    Returns
    -------
    Axes
    """
    folder = folder or data.shipped()
    start = history[-1]
    spread = rows[rows["low"].notna()]
    lines = rows[rows["kind"] == "scenario"]
    last = int(rows["year"].max())
    with _axes(ax) as ax:
        _bands(ax, spread, start, lang)
        ends = []
        for i, ((method, rate), line) in enumerate(
            lines.groupby(["method", "rate"], sort=False)
        ):
            style = ("-", "--", "-.", ":")[i % 4]
            x, y = [start.year, *line["year"]], [start.value, *line["point"]]
            ax.plot(x, y, color=_OTHER, ls=style, lw=1.2, zorder=2)
            params = {
                "method": text.term("method", method, lang),
                "rate": rate,
                "point": y[-1],
            }
            key = "chart.fan_line" if rate else "chart.fan_plain"
            ends.append((y[-1], _say(key, params, lang)))
        published = text.label("chart.fan_history", lang)
        ax.plot([f.year for f in history], [f.value for f in history], marker="o",
                color=_OWN, zorder=4, label=published)  # fmt: skip
        for i, f in enumerate(later):
            label = text.label("chart.fan_later", lang) if not i else None
            ax.plot(f.year, f.value, marker="D", ls="", mfc="white", mec="#c00000",
                    mew=1.8, zorder=4, label=label)  # fmt: skip
        tops = [f.value for f in (*history, *later)]
        tops += [*rows["point"], *spread["high"], *spread["high_years"].dropna()]
        bottom = min([*tops, *spread["low"], *spread["low_years"].dropna()])
        top = max(tops)
        # From zero where a band is shown: its width is to be seen beside the level.
        low = 0 if len(spread) else bottom - 0.18 * (top - bottom)
        ax.set_ylim(low, top + 0.1 * (top - low))
        first = history[0].year
        room = 0.62 * (last - first + 1) if ends else 0.5
        ax.set_xlim(first - 0.4, last + room)
        ax.set_xticks(range(first, last + 1))
        ax.yaxis.set_major_formatter(lambda v, _: text.number(v, None, lang))
        ax.xaxis.set_major_formatter(lambda v, _: f"{v:.0f}")
        ax.grid(axis="x", visible=False)
        marks = len(ax.get_legend_handles_labels()[0])
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.075),
                  ncols=min(marks, 5), handletextpad=0.5)  # fmt: skip
        title, subtitle = _fan_words(rows, spread, later, name, lang)
        words = footer(
            folder, [*ids, *(f.id for f in (*history, *later) if f.id)], lang, sources
        )
        told = _fan_alt(rows, spread, history, later, name, ends, lang)
        _dress(ax, title, subtitle, words, told, drop=46)
        _ends(ax, last, ends)
        items = [(f.year, f.value, _count(f, lang), "#c00000") for f in later]
        shown = history if len(history) < 5 else [history[0], start]
        items += [(f.year, f.value, _count(f, lang), _OWN) for f in shown]
        _place(ax, items, 8.5)
    return ax


def _count(figure, lang):
    return text.number(figure.value, None, lang)


def _bands(ax, spread, start, lang):
    """The interval: dark by the spread between regions, light with bad years."""
    if spread.empty:
        return
    x = [start.year, *spread["year"]]
    wide = spread[spread["low_years"].notna()]
    if len(wide):
        ends = ([start.value, *wide[k]] for k in ("low_years", "high_years"))
        ax.fill_between([start.year, *wide["year"]], *ends, color=_FORMULA, alpha=0.22,
                        lw=0, label=text.label("chart.fan_years", lang))  # fmt: skip
    ends = ([start.value, *spread[k]] for k in ("low", "high"))
    ax.fill_between(x, *ends, color=_OWN, alpha=0.28, lw=0,
                    label=text.label("chart.fan_band", lang))  # fmt: skip
    ax.plot(x, [start.value, *spread["point"]], color=_OWN, ls="--", lw=1.4,
            label=text.label("chart.fan_point", lang))  # fmt: skip


def _ends(ax, x, ends):
    """Names at the ends of lines, moved apart where they would overlap."""
    low, high = ax.get_ylim()
    height = ax.get_window_extent().height * 72 / ax.figure.dpi
    gap = 13 * (high - low) / height
    previous = None
    for y, words in sorted(ends):
        at = y if previous is None else max(y, previous + gap)
        previous = at
        ax.annotate(
            words, (x, y), xytext=(x, at), xycoords="data", textcoords="data",
            va="center", fontsize=9, color="#333b40", annotation_clip=False,
        ).set_x(x + 0.02 * (ax.get_xlim()[1] - ax.get_xlim()[0]))  # fmt: skip


def _fan_words(rows, spread, later, name, lang):
    if spread.empty:
        ends = rows[rows["year"] == rows["year"].max()]
        params = {
            "n": len(ends), "low": ends["point"].min(), "high": ends["point"].max(),
            "year": int(rows["year"].max()),
        }  # fmt: skip
        title = _say("chart.fan_scenarios", params, lang, "heading")
        subtitle = _say("chart.fan_scenarios_subtitle", {"name": name}, lang)
    else:
        row = spread.iloc[0]
        wide = _known(row["low_years"], row["high_years"])
        params = {
            "low": row["low_years" if wide else "low"], "level": row["level"],
            "high": row["high_years" if wide else "high"], "year": int(row["year"]),
        }  # fmt: skip
        key = "fan_interval"
        for f in later:
            if (
                f.year == params["year"]
                and not params["low"] <= f.value <= params["high"]
            ):
                key, params["value"] = "fan_outside", f.value
        title = _say(f"chart.{key}", params, lang, "heading")
        params = {
            "name": name,
            **{k: row[k] for k in ("level", "regions", "panel_years")},
        }
        subtitle = _say("chart.fan_interval_subtitle", params, lang)
    if later:
        subtitle += " " + text.label("chart.fan_marks", lang)
    return title, subtitle


def _fan_alt(rows, spread, history, later, name, ends, lang):
    said = [words for _, words in ends]
    for row in spread.to_dict("records"):
        key = "both" if _known(row["low_years"], row["high_years"]) else "years"
        said.append(_say(f"chart.fan_alt_{key}", row, lang))
    for f in later:
        params = {"value": f.value, "period": f.period}
        said.append(_say("chart.fan_alt_later", params, lang))
    shown = ", ".join(
        f"{_count(f, lang)} ({text.period(f.period or str(f.year), lang)})"
        for f in history
    )
    params = {"name": name, "history": shown, "parts": "; ".join(said)}
    return _say("chart.fan_alt", params, lang)


def scenarios(region=None, *, lang="id", folder=None, frame=None, ax=None):
    """The scenarios of a region's register, without an interval, and what came."""
    folder = folder or data.shipped()
    figures = outlook.register(folder, region)
    if not figures:
        raise DataError("no_figures", measure="business_units", region=region)
    frame = outlook.scenarios(folder, figures=figures) if frame is None else frame
    later = outlook.published(folder, figures, int(frame["year"].max()))
    name = outlook.concept_name(folder, figures[-1].concept)[lang]
    ids = dict.fromkeys(";".join(frame["ids"]).split(";"))
    return fan(
        frame, figures, later, lang=lang, name=name, folder=folder, ids=ids, ax=ax
    )


def example(region=None, *, lang="id", folder=None, found=None, ax=None):
    """An area that has a panel of its own concept: the interval in two widths."""
    folder = folder or data.shipped()
    found = outlook.example(folder, region) if found is None else found
    if found is None:
        raise DataError("no_figures", measure="panel", region=region)
    concept = outlook.concept_name(folder, found.history[-1].concept)[lang]
    name = f"{blocks.region_name(folder, found.region)}: {concept}"
    return fan(
        found.rows, found.history, found.later, lang=lang, name=name, folder=folder,
        ids=found.ids, sources=[found.source_id], ax=ax,
    )  # fmt: skip


def record(table, *, lang="id", folder=None, ax=None):
    """How far each rule missed, as dots by horizon, and how often intervals held.

    Parameters
    ----------
    table : DataFrame
        What `backtest.run` or `outlook.record` gives. Rules that make the same
        misses as one above them (a trend line through two points) are left out.

    Returns
    -------
    Axes
    """
    folder = folder or data.shipped()
    table = _distinct(table)
    horizons = sorted(set(table["horizon"]))
    held = table[table["coverage"].notna()] if "coverage" in table else table[:0]
    columns = [*horizons, *(["held"] if len(held) else [])]
    worst = table["worst_miss"] if "worst_miss" in table else table["mdape"]
    scale = max(table["mdape"].max(), worst.max()) / 0.85
    rows = _record_rows(table, lang)
    step = 2.3 if "worst_miss" in table else _STEP
    names = 2.3
    bottom = len(rows) - 0.5
    breaks = [i for i, (method, _, _) in enumerate(rows) if not method]
    pieces = [(a + 0.5, b - 0.5) for a, b in pairwise([*breaks, bottom + 0.5])]
    with _axes(ax, figsize=(9, 2.6 + 0.31 * len(rows))) as ax:
        for j, column in enumerate(columns):
            left = step * j
            for piece in pieces:
                ax.plot([left, left], piece, color=SOFT, lw=1, zorder=1)
            if column == "held":
                level = held["level"].iloc[0]
                head = _say("chart.record_coverage", {"level": level}, lang)
                for piece in pieces:
                    ax.plot([left + level] * 2, piece, color=INK, ls=":", lw=1)
            else:
                key = "record_one" if column == 1 else "record_ahead"
                head = _say(f"chart.{key}", {"horizon": column}, lang)
            above = ax.annotate(textwrap.fill(head, 23), (left, -0.72), xytext=(-2, 0),
                        textcoords="offset points", fontsize=9, va="bottom",
                        fontweight="bold", linespacing=1.2)  # fmt: skip
            above.set_in_layout(False)
        parts = []
        for i, (method, words, own) in enumerate(rows):
            weight = "normal" if method else "bold"
            name = textwrap.fill(words, 24) if method else words
            ax.annotate(name, (-names, i), fontsize=9.5, va="center",
                        fontweight=weight, linespacing=1.1)  # fmt: skip
            if not method:
                parts.append(words)
                continue
            own = own.set_index("horizon")
            misses = [
                _record_miss(ax, own.loc[h], method, i, step * j, scale, lang)
                for j, h in enumerate(horizons) if h in own.index
            ]  # fmt: skip
            params = {"method": words, "miss": ", ".join(misses)}
            told = [_say("chart.record_alt_miss", params, lang)]
            if len(held) and _known(own.loc[horizons[0], "coverage"]):
                at = own.loc[horizons[0]]
                told.append(_record_held(ax, at, i, step * len(horizons), lang))
            parts.append("; ".join(told))
        _bare(ax)
        ax.set_ylim(len(rows) - 0.4, -2.1)
        ax.set_xlim(-names, step * len(columns) - 0.05)
        sources = outlook.panel_sources(folder, table["panel"].unique())
        plain = "" if "worst_miss" in table else "_plain"
        _dress(
            ax,
            _record_title(table, horizons[-1], lang),
            text.label(f"chart.record_subtitle{plain}", lang),
            footer(folder, (), lang, sources),
            _say("chart.record_alt", {"parts": "; ".join(parts)}, lang),
            drop=14,
        )
    return ax


def _distinct(table):
    """Without rules whose misses are those of a rule above, to the last digit."""
    keep = []
    for _, panel in table.groupby("panel", sort=False):
        seen = set()
        for _, own in panel.groupby("method", sort=False):
            key = tuple(own[["horizon", "mdape", "n"]].round(12).to_numpy().ravel())
            chosen = "chosen" in own and bool(own["chosen"].any())
            if key not in seen or chosen:
                keep += list(own.index)
            seen.add(key)
    return table.loc[keep]


def _record_rows(table, lang):
    """(rule or None, words, rows): a heading for each panel, then its rules."""
    rows = []
    for panel, own in table.groupby("panel", sort=False):
        name = text.term("trial", panel, lang)
        if name != panel:
            name = name[:1].upper() + name[1:]
        if "first_year" in own:
            params = {
                "panel": name, "first": str(own["first_year"].iloc[0]),
                "last": str(own["last_year"].iloc[0]),
            }  # fmt: skip
            name = _say("chart.record_panel", params, lang)
        rows.append((None, name, own))
        for method, each in own.groupby("method", sort=False):
            rows.append((method, text.term("method", method, lang), each))
    return rows


def _record_miss(ax, row, method, y, left, scale, lang):
    """A dot from zero, the worst year beyond it; the words of both."""
    miss = row["mdape"]
    colour = _FORMULA if method == "fixed_growth" else _OWN
    x = end = left + miss / scale
    ax.plot([left, x], [y, y], color="#c9d1d6", lw=1, zorder=1)
    words = text.number(100 * miss, 1, lang)
    if "worst_miss" in row and _known(row["worst_miss"]):
        end = max(left + row["worst_miss"] / scale, x)
        ax.plot([x, end], [y, y], color=colour, lw=1, zorder=2)
        ax.plot(end, y, marker="o", ms=5, mfc="white", mec=colour, zorder=3)
        words = _say("chart.record_worst", {
            "miss": words, "year": f"{row['worst_miss_year']:.0f}",
            "worst": text.number(100 * row["worst_miss"], 1, lang),
        }, lang)  # fmt: skip
    ax.plot(x, y, marker="o", ms=6, color=colour, zorder=4)
    _beside(ax, words, end, y, fontsize=8.5)
    return words


def _record_held(ax, row, y, left, lang):
    x, worst = left + row["coverage"], left + row["worst_year_coverage"]
    ax.plot([worst, x], [y, y], color=_OWN, lw=1, zorder=2)
    ax.plot(worst, y, marker="o", ms=5, mfc="white", mec=_OWN, zorder=3)
    ax.plot(x, y, marker="o", ms=6, color=_OWN, zorder=4)
    words = _say("chart.record_worst", {
        "miss": text.number(100 * row["coverage"], 0, lang),
        "year": str(row["worst_year"]),
        "worst": text.number(100 * row["worst_year_coverage"], 0, lang),
    }, lang)  # fmt: skip
    _beside(ax, words, x, y, fontsize=8.5)
    params = {
        "coverage": row["coverage"], "year": str(row["worst_year"]),
        "worst": row["worst_year_coverage"],
    }  # fmt: skip
    return _say("chart.record_alt_coverage", params, lang)


def _record_title(table, horizon, lang):
    """The finding: growth repeated against no change, where every panel agrees."""
    rows = table[table["horizon"] == horizon].set_index(["panel", "method"])["mdape"]
    if {"naive", "fixed_growth"} <= set(rows.index.get_level_values("method")):
        rows = rows.unstack()
        worse = (rows["fixed_growth"] / rows["naive"]).dropna()
        if len(worse) and worse.min() > 1:
            ends = [text.number(x, 1, lang) for x in (worse.min(), worse.max())]
            to = f" {text.label('word.to', lang)} "
            params = {"worse": to.join(dict.fromkeys(ends)), "horizon": horizon}
            return _say("chart.record_title", params, lang, "heading")
    return text.label("chart.record_title_plain", lang)


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
