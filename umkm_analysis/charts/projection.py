"""Pictures of projections: trends, fans, scenarios, and how far rules missed."""

import textwrap
from itertools import pairwise

from umkm_analysis import blocks, data, outlook, text
from umkm_analysis.charts.canvas import (
    FORMULA,
    INK,
    OTHER,
    OWN,
    SOFT,
    STEP,
    axes,
    bare,
    beside,
    dress,
    footer,
    known,
    place,
    say,
)
from umkm_analysis.errors import DataError
from umkm_analysis.text import Block


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
    with axes(ax) as ax:
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
        dress(
            ax,
            text.say(Block("heading", "chart.fit_title", params), lang),
            text.say(Block("sentence", "chart.fit_subtitle", params), lang),
            footer(folder, [*ids, *(f.id for f in published)], lang),
            text.say(Block("sentence", "chart.fit_alt", params), lang),
        )
        place(ax, items, 8.5)
    return ax


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
    with axes(ax) as ax:
        _bands(ax, spread, start, lang)
        ends = []
        for i, ((method, rate), line) in enumerate(
            lines.groupby(["method", "rate"], sort=False)
        ):
            style = ("-", "--", "-.", ":")[i % 4]
            x, y = [start.year, *line["year"]], [start.value, *line["point"]]
            ax.plot(x, y, color=OTHER, ls=style, lw=1.2, zorder=2)
            params = {
                "method": text.term("method", method, lang),
                "rate": rate,
                "point": y[-1],
            }
            key = "chart.fan_line" if rate else "chart.fan_plain"
            ends.append((y[-1], say(key, params, lang)))
        published = text.label("chart.fan_history", lang)
        ax.plot([f.year for f in history], [f.value for f in history], marker="o",
                color=OWN, zorder=4, label=published)  # fmt: skip
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
        dress(ax, title, subtitle, words, told, drop=46)
        _ends(ax, last, ends)
        items = [(f.year, f.value, _count(f, lang), "#c00000") for f in later]
        shown = history if len(history) < 5 else [history[0], start]
        items += [(f.year, f.value, _count(f, lang), OWN) for f in shown]
        place(ax, items, 8.5)
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
        ax.fill_between([start.year, *wide["year"]], *ends, color=FORMULA, alpha=0.22,
                        lw=0, label=text.label("chart.fan_years", lang))  # fmt: skip
    ends = ([start.value, *spread[k]] for k in ("low", "high"))
    ax.fill_between(x, *ends, color=OWN, alpha=0.28, lw=0,
                    label=text.label("chart.fan_band", lang))  # fmt: skip
    ax.plot(x, [start.value, *spread["point"]], color=OWN, ls="--", lw=1.4,
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
        title = say("chart.fan_scenarios", params, lang, "heading")
        subtitle = say("chart.fan_scenarios_subtitle", {"name": name}, lang)
    else:
        row = spread.iloc[0]
        wide = known(row["low_years"], row["high_years"])
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
        title = say(f"chart.{key}", params, lang, "heading")
        params = {
            "name": name,
            **{k: row[k] for k in ("level", "regions", "panel_years")},
        }
        subtitle = say("chart.fan_interval_subtitle", params, lang)
    if later:
        subtitle += " " + text.label("chart.fan_marks", lang)
    return title, subtitle


def _fan_alt(rows, spread, history, later, name, ends, lang):
    said = [words for _, words in ends]
    for row in spread.to_dict("records"):
        key = "both" if known(row["low_years"], row["high_years"]) else "years"
        said.append(say(f"chart.fan_alt_{key}", row, lang))
    for f in later:
        params = {"value": f.value, "period": f.period}
        said.append(say("chart.fan_alt_later", params, lang))
    shown = ", ".join(
        f"{_count(f, lang)} ({text.period(f.period or str(f.year), lang)})"
        for f in history
    )
    params = {"name": name, "history": shown, "parts": "; ".join(said)}
    return say("chart.fan_alt", params, lang)


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
    step = 2.3 if "worst_miss" in table else STEP
    names = 2.3
    bottom = len(rows) - 0.5
    breaks = [i for i, (method, _, _) in enumerate(rows) if not method]
    pieces = [(a + 0.5, b - 0.5) for a, b in pairwise([*breaks, bottom + 0.5])]
    with axes(ax, figsize=(9, 2.6 + 0.31 * len(rows))) as ax:
        for j, column in enumerate(columns):
            left = step * j
            for piece in pieces:
                ax.plot([left, left], piece, color=SOFT, lw=1, zorder=1)
            if column == "held":
                level = held["level"].iloc[0]
                head = say("chart.record_coverage", {"level": level}, lang)
                for piece in pieces:
                    ax.plot([left + level] * 2, piece, color=INK, ls=":", lw=1)
            else:
                key = "record_one" if column == 1 else "record_ahead"
                head = say(f"chart.{key}", {"horizon": column}, lang)
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
            told = [say("chart.record_alt_miss", params, lang)]
            if len(held) and known(own.loc[horizons[0], "coverage"]):
                at = own.loc[horizons[0]]
                told.append(_record_held(ax, at, i, step * len(horizons), lang))
            parts.append("; ".join(told))
        bare(ax)
        ax.set_ylim(len(rows) - 0.4, -2.1)
        ax.set_xlim(-names, step * len(columns) - 0.05)
        sources = outlook.panel_sources(folder, table["panel"].unique())
        plain = "" if "worst_miss" in table else "_plain"
        dress(
            ax,
            _record_title(table, horizons[-1], lang),
            text.label(f"chart.record_subtitle{plain}", lang),
            footer(folder, (), lang, sources),
            say("chart.record_alt", {"parts": "; ".join(parts)}, lang),
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
            name = say("chart.record_panel", params, lang)
        rows.append((None, name, own))
        for method, each in own.groupby("method", sort=False):
            rows.append((method, text.term("method", method, lang), each))
    return rows


def _record_miss(ax, row, method, y, left, scale, lang):
    """A dot from zero, the worst year beyond it; the words of both."""
    miss = row["mdape"]
    colour = FORMULA if method == "fixed_growth" else OWN
    x = end = left + miss / scale
    ax.plot([left, x], [y, y], color="#c9d1d6", lw=1, zorder=1)
    words = text.number(100 * miss, 1, lang)
    if "worst_miss" in row and known(row["worst_miss"]):
        end = max(left + row["worst_miss"] / scale, x)
        ax.plot([x, end], [y, y], color=colour, lw=1, zorder=2)
        ax.plot(end, y, marker="o", ms=5, mfc="white", mec=colour, zorder=3)
        words = say("chart.record_worst", {
            "miss": words, "year": f"{row['worst_miss_year']:.0f}",
            "worst": text.number(100 * row["worst_miss"], 1, lang),
        }, lang)  # fmt: skip
    ax.plot(x, y, marker="o", ms=6, color=colour, zorder=4)
    beside(ax, words, end, y, fontsize=8.5)
    return words


def _record_held(ax, row, y, left, lang):
    x, worst = left + row["coverage"], left + row["worst_year_coverage"]
    ax.plot([worst, x], [y, y], color=OWN, lw=1, zorder=2)
    ax.plot(worst, y, marker="o", ms=5, mfc="white", mec=OWN, zorder=3)
    ax.plot(x, y, marker="o", ms=6, color=OWN, zorder=4)
    words = say("chart.record_worst", {
        "miss": text.number(100 * row["coverage"], 0, lang),
        "year": str(row["worst_year"]),
        "worst": text.number(100 * row["worst_year_coverage"], 0, lang),
    }, lang)  # fmt: skip
    beside(ax, words, x, y, fontsize=8.5)
    params = {
        "coverage": row["coverage"], "year": str(row["worst_year"]),
        "worst": row["worst_year_coverage"],
    }  # fmt: skip
    return say("chart.record_alt_coverage", params, lang)


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
            return say("chart.record_title", params, lang, "heading")
    return text.label("chart.record_title_plain", lang)
