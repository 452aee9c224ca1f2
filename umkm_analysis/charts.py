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

from umkm_analysis import blocks, data, growth, text
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
    with plt.style.context(STYLE):
        if ax is not None:
            yield ax
            return
        figure, ax = plt.subplots(**size)
        yield ax
        # Laid out once: saving need not do it again.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")


def alt(ax) -> Words:
    """The text alternative of a chart made here, in its language."""
    return _ALT[ax]


def _dress(ax, title, subtitle, footer, alt_text, drop=34):
    """Title = the finding, subtitle = unit and concept, footer = the citation."""
    ax.figure.draw_without_rendering()
    points = ax.get_window_extent().width * 72 / ax.figure.dpi
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


def footer(folder, frame_or_ids, lang) -> str:
    """Sources, release and package in one line."""
    ids = list(frame_or_ids)
    rows = {r["id"]: r for r in folder._dicts("observations")}
    publishers = {s["source_id"]: s["publisher"] for s in folder._dicts("sources")}
    names = dict.fromkeys(publishers[rows[i]["source_id"]] for i in ids if i in rows)
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
    ax.figure.draw_without_rendering()
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
            cost += 25 * any(math.dist(centre, m) < own for m in marks if m != (px, py))
            if (
                spot[0] < box.x0
                or spot[2] > box.x1
                or spot[1] < box.y0
                or spot[3] > box.y1
            ):
                cost += 200
            if best is None or cost < best[0]:
                best = cost, spot, dx, dy, ha, va
        _, spot, dx, dy, ha, va = best
        taken.append(spot)
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
        for f in sorted(folder._dicts("families"), key=lambda f: int(f["sort"]))
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
        target = _target(folder, region)
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
    for row in folder._dicts("readings"):
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


def _target(folder, region):
    frame = folder.figures(region=region)
    frame = frame[
        (frame["measure"] == "target_growth_rate") & frame["duplicates_of"].isna()
    ]
    return None if frame.empty else frame.sort_values("year").iloc[-1]


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


def save_to(ax, target, kind: str, **options) -> None:
    """Write the figure of `ax` to a file or buffer; the same bytes every time."""
    metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    with plt.style.context(STYLE):
        ax.figure.savefig(target, format=kind, metadata=metadata, **options)


def save(ax, path, **options) -> Path:
    """Write the figure of `ax` as PNG or SVG, by the ending of `path`."""
    path = Path(path)
    save_to(ax, path, path.suffix.lstrip("."), **options)
    return path


def close(ax) -> None:
    """Let go of the figure of `ax`."""
    plt.close(ax.figure)
