"""Pictures of structure: sectors, districts, census growth, lists of peers."""

import textwrap

from umkm_analysis import breakdown, data, tables, text
from umkm_analysis.charts.canvas import (
    FORMULA,
    INK,
    OTHER,
    OWN,
    PAPER,
    SOFT,
    STEP,
    all_ids,
    axes,
    band,
    bare,
    beside,
    dress,
    footer,
    known,
    row_names,
    say,
)
from umkm_analysis.errors import DataError


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
    publishers = {
        s["source_id"]: folder.said(s["publisher"], lang)
        for s in folder.rows("sources")
    }
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
        key = "sectors_of" if known(r["base_value"]) else "sectors_of_unknown"
        of = say(f"chart.{key}", params, lang)
        dated = str(r["period"])[:4] in params["concept"]
        key = "sectors_row_dated" if dated else "sectors_row"
        rows.append((say(f"chart.{key}", params, lang), of, r))
    told = []
    for r in orders.to_dict("records"):
        claim = said[said["claim_id"] == r["claim_id"]].iloc[0]
        params = {
            "text": claim[f"text_{lang}"].rstrip("."),
            "publisher": publishers[claim["source_id"]],
        }
        told.append(say("chart.sectors_order", params, lang))
    with axes(ax, figsize=(9, 1.7 + 0.52 * len(rows) + 0.3 * len(told))) as ax:
        for i, (name, of, r) in enumerate(rows):
            end = share = 100 * r["share"]
            ax.plot([0, share], [i, i], color="#c9d1d6", lw=1, zorder=1)
            if known(r["share_low"], r["share_high"]):
                ends = [100 * r["share_low"], 100 * r["share_high"]]
                band(ax, ends, i, OWN)
                end = ends[1]
            hollow = r["grade"] == "D"
            ax.plot(share, i, marker="o", color=OWN, mfc="white" if hollow else OWN)
            beside(ax, of, end, i)
            parts.append(f"{name}: {of}")
        for k, name in enumerate(told):
            y = len(rows) + 0.58 * k
            ax.plot(0.8, y, marker="x", color=OTHER, mew=2, ms=6)
            beside(ax, name, 0.8, y)
            parts.append(name)
        row_names(ax, [name for name, _, _ in rows])
        ax.set_ylim(len(rows) - 0.2 + 0.58 * len(told), -0.85)
        ax.set_xlim(0, 100)
        ax.xaxis.set_major_formatter(lambda v, _: text.number(v, None, lang))
        none = breakdown.sector_verdict(frame) in ("no_split", "nothing_stated")
        params = {"n": len(shares), "orders": len(orders)}
        title = "sectors_no_split" if none else "sectors_split"
        ids = [*all_ids(shares), *all_ids(orders)]
        dress(
            ax,
            say(f"chart.{title}", params if none else {}, lang, "heading"),
            text.label("chart.sectors_subtitle", lang),
            footer(folder, ids, lang),
            say("chart.sectors_alt", {"parts": "; ".join(parts)}, lang),
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
    with axes(ax, figsize=(9, 2.5 + 0.42 * len(areas))) as ax:
        parts = []
        for j, column in enumerate(columns):
            high = f"{column}_high"
            bounds = areas[high] if high in areas else areas[column]
            scale = bounds.fillna(areas[column]).max()
            left = STEP * j
            ax.plot([left, left], [-0.5, len(areas) - 0.5], color=SOFT, lw=1, zorder=1)
            head = say(f"chart.districts_{column}", params, lang)
            above = ax.annotate(textwrap.fill(head, 28), (left, -0.72), xytext=(-2, 0),
                        textcoords="offset points", fontsize=9, va="bottom",
                        fontweight="bold", linespacing=1.2)  # fmt: skip
            above.set_in_layout(False)
            said = []
            for i, row in areas.iterrows():
                value = row[column]
                if not known(value):
                    continue
                x = left + value / scale
                ax.plot([left, x], [i, i], color="#c9d1d6", lw=1, zorder=1)
                end = x
                if high in areas and known(row[f"{column}_low"], row[high]):
                    low = row[f"{column}_low"]
                    ends = [left + low / scale, left + row[high] / scale]
                    band(ax, ends, i, OWN)
                    end = ends[1]
                ax.plot(x, i, marker="o", color=OWN, ms=6)
                shown = tables.cell(column, value, lang)
                beside(ax, shown, end, i)
                said.append(f"{labels[i]} {shown}")
            parts.append(f"{head}: {', '.join(said)}")
        for i, name in enumerate(labels):
            name = textwrap.fill(name, 28)
            ax.annotate(name, (-STEP * len(columns) / 3, i), fontsize=9.5, va="center")
        bare(ax)
        ax.set_ylim(len(areas) - 0.4, -2.1)
        ax.set_xlim(-STEP * len(columns) / 3, STEP * len(columns) - 0.05)
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
        dress(
            ax,
            say(f"chart.{key}", title, lang, "heading"),
            say(f"chart.{subtitle}", {"concept": concept}, lang),
            footer(folder, all_ids(areas), lang),
            say("chart.districts_alt", {"parts": "; ".join(parts)}, lang),
            drop=14,
        )
    return ax


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
    with axes(ax, figsize=(9, 2.3 + 0.38 * len(rows))) as ax:
        right = 100 * max(rows["growth"].max(), rows["growth_high"].max())
        parts = []
        for i, row in rows.iterrows():
            own = row["region_code"] == region
            colour = OWN if own else OTHER
            end, bounds = 100 * row["growth"], ""
            if known(row["growth_low"], row["growth_high"]):
                ends = [100 * row["growth_low"], 100 * row["growth_high"]]
                band(ax, ends, i, colour)
                end = ends[1]
                if ends[0] != ends[1]:
                    low, high = (text.number(x, 1, lang) for x in ends)
                    bounds = f" [{low}; {high}]"
            ax.plot(100 * row["growth"], i, marker="D" if own else "o",
                    ms=9 if own else 6, color=colour, zorder=3)  # fmt: skip
            weight = "bold" if own else "normal"
            shown = text.number(100 * row["growth"], 1, lang) + bounds
            beside(ax, shown, end, i, fontweight=weight)
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
            parts.append(say("chart.census_part", said, lang))
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
                        va="center", fontsize=8.5, bbox=PAPER)  # fmt: skip
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
        ids = [*all_ids(rows), *all_ids(around)]
        dress(
            ax,
            say(f"chart.census_{mine['verdict']}", params, lang, "heading"),
            say("chart.census_subtitle", subtitle, lang),
            footer(folder, ids, lang),
            say("chart.census_alt", {"parts": "; ".join(parts)}, lang),
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
    with axes(ax, figsize=(9, 2 + 0.46 * len(rows))) as ax:
        labels, parts = [], []
        for i, row in enumerate(rows):
            calm = row["part"] == "steady"
            ratio = row["to_value"] / row["from_value"]
            colour = OWN if calm else FORMULA
            ax.plot([1, ratio], [i, i], color=colour, lw=2)
            ax.plot(1, i, marker="|", color=colour, ms=9, mew=2)
            ax.plot(ratio, i, marker="s" if calm else "o", color=colour)
            value = say("chart.jumps_value", {
                "change": row["growth"] if calm else row["difference"],
                "a": row["from_value"], "b": row["to_value"],
            }, lang)  # fmt: skip
            beside(ax, value, ratio, i)
            name = say("chart.jumps_row", {
                "name": names[row["region_code"]], "from": row["from_period"],
                "to": row["to_period"],
                "verdict": text.term("verdict", row["verdict"], lang),
            }, lang)  # fmt: skip
            if row["verdict"] == "concept_changed":
                now = {"concept": concepts[row["concept_to"]]}
                name += say("chart.jumps_now", now, lang)
            labels.append(name)
            parts.append(f"{name}, {value}")
        ax.set_xscale("log")
        top = max(r["to_value"] / r["from_value"] for r in rows)
        ticks = [x for x in (1, 1.5, 2, 3, 5, 7, 10, 20, 50, 100) if x <= top * 1.1]
        words = [say("chart.jumps_times", {"x": x}, lang) for x in ticks[1:]]
        ax.set_xticks(ticks, [text.label("chart.jumps_same", lang), *words])
        ax.minorticks_off()
        ax.set_xlim(0.96, top * 2.1)
        row_names(ax, labels, dy=6)
        params = {
            "n": jumped["region_code"].nunique(),
            "least": 100 * jumped["difference"].min(),
            "most": jumped["difference"].max(),
        }
        dress(
            ax,
            say("chart.jumps_title", params, lang, "heading"),
            text.label("chart.jumps_subtitle", lang),
            footer(folder, [*all_ids(jumped), *all_ids(steady)], lang),
            say("chart.jumps_alt", {"parts": "; ".join(parts)}, lang),
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
    with axes(ax, figsize=(9, 1.7 + 1.75 * down)) as ax:
        parts = []
        for k, panel in enumerate(panels):
            left, base = (k % across) * 1.12, -(k // across) * 1.95
            bars = panel["bars"]
            n = len(bars)
            tallest = max(abs(v) for v in bars)
            x = [left + (i + 0.5) / n for i in range(n)]
            colour = OWN if panel["calm"] else FORMULA
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
        bare(ax)
        steady = frame[frame["part"] == "steady"]
        dress(
            ax,
            say("chart.computed_title", {"n": len(lines)}, lang, "heading"),
            text.label("chart.computed_subtitle", lang),
            footer(folder, [*all_ids(lines), *all_ids(steady)], lang),
            say("chart.computed_alt", {"parts": "; ".join(parts)}, lang),
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
        label = say(f"chart.{key}", {"x": bars[-1] if steps else line["cagr"]}, lang)
        panels.append((line, rows["year"].min(), rows["year"].max(), bars, label))
    for _, rows in frame[frame["part"] == "steady"].groupby("region_code", sort=False):
        bars = list(rows["growth"])
        label = say("chart.computed_range", {"x": min(bars), "y": max(bars)}, lang)
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
