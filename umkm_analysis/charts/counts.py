"""Pictures of counts: over time, as growth with bounds, and claims by verdict.

Colour is the family; a line stays within a series.
"""

import matplotlib.pyplot as plt

from umkm_analysis import blocks, data, growth, outlook, text
from umkm_analysis.charts.canvas import (
    INK,
    MARKERS,
    PAPER,
    SOFT,
    axes,
    dress,
    footer,
    place,
    when,
)
from umkm_analysis.errors import DataError
from umkm_analysis.text import Block


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
        when(p, y) for p, y in zip(frame["period"], frame["year"], strict=True)
    ]
    frame = dodge(frame, order)
    with axes(ax) as ax:
        colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
        look = {
            f: (colours[i % len(colours)], MARKERS[i % len(MARKERS)])
            for i, f in enumerate(order)
        }
        for _, line in lines(frame.sort_values("x")):
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
        dress(
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
        place(ax, items, 8.5)
    return ax


def dodge(frame, order):
    """Marks of two families at one place stand side by side."""
    frame = frame.copy()
    for _, same in frame.groupby([frame["x"].round(2), "value"]):
        ranked = same.assign(rank=[order.index(f) for f in same["family"]]).sort_values(
            "rank"
        )
        for i, index in enumerate(ranked.index):
            frame.loc[index, "x"] += (i - (len(ranked) - 1) / 2) * 0.3
    return frame


def lines(frame):
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
                "lines": sum(1 for _ in lines(frame)),
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
    with axes(ax, figsize=(9, 1.6 + 0.62 * len(rows))) as ax:
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
                bbox=PAPER,
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
                bbox=PAPER,
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
                bbox=PAPER,
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
        dress(
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
    for key, _ in lines(frame):
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
    with axes(ax, figsize=(9, 3.4)) as ax:
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
        dress(
            ax,
            text.say(Block("heading", "chart.claims_title", params), lang),
            text.label("chart.claims_subtitle", lang),
            text.say(Block("sentence", "chart.claims_footer", params), lang),
            text.say(
                Block("sentence", "chart.claims_alt", {**params, "parts": parts}), lang
            ),
        )
    return ax
