"""The explorer: choose figures without typing code, see what may be said of them.

`view` is a pure function from a state to all that is shown: sentences, frame,
picture, refusals, the code that makes them. `explore` puts controls around it;
only that function needs ipywidgets.
"""

import base64
import html
import io
import threading
from dataclasses import dataclass, replace

import pandas as pd

from umkm_analysis import blocks, charts, data, growth, projection, tables, text
from umkm_analysis.blocks import Words
from umkm_analysis.charts import canvas, counts
from umkm_analysis.contract import period_span
from umkm_analysis.errors import DataError, UmkmError
from umkm_analysis.text import Block

#: What a class is shown of each figure.
COLUMNS = (
    "period", "value", "value_low", "value_high", "unit", "concept", "size_class",
    "sector", "status", "grade", "duplicates_of", "id",
)  # fmt: skip
#: Numbers beside marks: at most so many, the largest first, and where there are
#: many marks none below this part of the highest. The table has them all.
LABELLED, FEW, TOO_LOW = 24, 12, 0.08
#: Codes of sizes and sectors that are no part of a whole.
WHOLES = ("all", "msme", "nonfarm")
YEARS_AHEAD = 3
RATES = (-99.0, 1000.0)


@dataclass(frozen=True)
class State:
    """What is chosen. None is "all", or nothing chosen.

    Attributes
    ----------
    region, measure : str
        Codes; one of each, so that a picture has one place and one unit.
    family, concept : str, optional
    as_of : str, optional
        A date or partial date: only what was known by then.
    first, second : str, optional
        Rows to compare.
    rate : float, optional
        A yearly rate in percent for a scenario.
    """

    region: str
    measure: str
    family: str | None = None
    concept: str | None = None
    as_of: str | None = None
    first: str | None = None
    second: str | None = None
    rate: float | None = None


def start(folder=None) -> State:
    """The state at the beginning: the folder's own region, its commonest measure.

    >>> start()
    State(region='6471', measure='business_units', family=None, concept=None,
          as_of=None, first=None, second=None, rate=None)
    """
    folder = folder or data.shipped()
    return settle(State(folder.home, "business_units"), folder)


def _frame(state, folder):
    return folder.figures(
        region=state.region, measure=state.measure, family=state.family,
        concept=state.concept, as_of=state.as_of,
    )  # fmt: skip


def settle(state: State, folder=None) -> State:
    """The nearest possible state: a choice that has no rows is given up."""
    folder = folder or data.shipped()
    found = folder.figures(region=state.region)
    measures = list(found["measure"])
    if state.measure not in measures:
        common = found["measure"].value_counts()
        measure = common.index[0] if measures else state.measure
        state = replace(state, measure=str(measure))
    found = found[found["measure"] == state.measure]
    if state.family not in set(found["family"]):
        state = replace(state, family=None)
    if state.family is not None:
        found = found[found["family"] == state.family]
    if state.concept not in set(found["concept"]):
        state = replace(state, concept=None)
    if state.concept is not None:
        found = found[found["concept"] == state.concept]
    known = set(_frame(state, folder)["id"]) & set(found["id"])
    for end in ("first", "second"):
        if getattr(state, end) not in known:
            state = replace(state, **{end: None})
    return state


def choices(state: State, lang: str = "id", folder=None) -> dict:
    """What each control offers, given the others: lists of (words, code).

    >>> [code for _, code in choices(start(), "en")["family"]][:3]
    [None, 'census', 'agency_list']
    """
    folder = folder or data.shipped()
    every = folder.figures()
    here = every[every["region_code"] == state.region]
    counted = here[here["measure"] == state.measure]
    family = counted[counted["family"] == state.family] if state.family else counted
    try:
        rows = _frame(state, folder)
    except UmkmError:  # a date half typed takes no choice away
        rows = _frame(replace(state, as_of=None), folder)
    anything = (text.label("explore.all", lang), None)
    nothing = (text.label("explore.none", lang), None)
    order = [
        f["family"]
        for f in sorted(folder.rows("families"), key=lambda f: int(f["sort"]))
    ]

    def named(table, key, present):
        names = folder.names(table, key, lang)
        found = [(names[code], code) for code in names if code in set(present)]
        return sorted(found, key=lambda pair: pair[0].lower())

    regions = named("regions", "region_code", every["region_code"])
    regions.sort(key=lambda pair: pair[1] != folder.home)
    families = folder.names("families", "family", lang)
    once = rows[rows["duplicates_of"].isna()].sort_values(
        ["year", "period", "id"], na_position="last"
    )
    concepts = folder.names("concepts", "concept", lang)
    figures = [
        (_figure_words(row, concepts, lang), row["id"]) for _, row in once.iterrows()
    ]
    return {
        "region": regions,
        "measure": named("measures", "measure", here["measure"]),
        "family": [
            anything,
            *((families[f], f) for f in order if f in set(counted["family"])),
        ],
        "concept": [anything, *named("concepts", "concept", family["concept"])],
        "first": [nothing, *figures],
        "second": [nothing, *figures],
    }


def _figure_words(row, concepts, lang):
    value = text.quantity(row["value"], row["unit"], lang)
    when = text.period(row["period"], lang)
    return f"{when}: {value} ({concepts[row['concept']]}) [{row['id']}]"


@dataclass(frozen=True, repr=False)
class View:
    """All that is shown of one state.

    Attributes
    ----------
    state : State
    lang : str
    folder : Folder
    frame : DataFrame
        The figures, as `figures` gives them.
    problem : Words or None
        Why nothing can be shown: an unknown code, a date that cannot be read.
    """

    state: State
    lang: str
    folder: data.Folder
    frame: pd.DataFrame
    problem: Words | None = None

    def _say(self, key, **params) -> str:
        return text.say(Block("sentence", f"explore.{key}", params), self.lang)

    def __repr__(self):
        return str(self.sentence)

    def _repr_mimebundle_(self, include=None, exclude=None):
        bundle = {"text/plain": str(self.sentence), "text/markdown": self.markdown}
        picture = self.png()
        if picture is not None:
            bundle = {
                "text/plain": f"{self.sentence}\n{self.alt}",
                "image/png": base64.b64encode(picture).decode(),
            }
        return bundle

    @property
    def markdown(self) -> str:
        """Every sentence, a paragraph each."""
        said = (self.sentence, *self.comparison, self.scenario)
        return "\n\n".join(str(words) for words in said if words)

    @property
    def sentence(self) -> Words:
        """What was found, in one or two sentences."""
        if self.problem is not None:
            return self.problem
        frame, lang = self.frame, self.lang
        place = blocks.region_name(self.folder, self.state.region)
        measure = self.folder.names("measures", "measure", lang)[self.state.measure]
        said = []
        if frame.empty:
            said.append(self._say("nothing", region=place, measure=measure))
        else:
            years = frame["year"].dropna()
            once = frame[frame["duplicates_of"].isna()]
            said.append(
                self._say(
                    "found", n=len(frame), region=place, measure=measure,
                    concepts=frame["concept"].nunique(), once=len(once),
                )
            )  # fmt: skip
            if len(years):
                first, last = int(years.min()), int(years.max())
                key = "years" if first != last else "one_year"
                said.append(self._say(key, first=str(first), last=str(last)))
            doubtful = int((frame["grade"] == "D").sum())
            if doubtful:
                said.append(self._say("doubtful", n=doubtful))
        if self.state.as_of is not None:
            undated = frame.attrs.get("left_out_undated", 0)
            said.append(self._say("as_of", date=self.state.as_of, n=undated))
        return Words(" ".join(said))

    @property
    def comparison(self) -> list[Words]:
        """Growth between the two chosen figures, or why there is none."""
        pair = self._pair()
        if pair is None:
            return []
        a, b = pair
        try:
            rate = growth.between(a, b, folder=self.folder)
            block = blocks.growth_sentence(rate, a, b)
            return [Words(text.say(block, self.lang))]
        except UmkmError as refusal:
            said = [
                Words(f"{self._say('refused')} {text.error(refusal, self.lang)}"),
            ]
        for name in self._readings():
            block = blocks.reading(name, self.folder)
            said.append(Words(text.say(block, self.lang)))
        return said

    def _readings(self):
        """Assumptions of readings.csv that bridge the pair."""
        ends = {f.id for f in self._pair()}
        return [
            row["reading"]
            for row in self.folder.rows("readings")
            if {row["from_id"], row["to_id"]} == ends
        ]

    def _comparable(self):
        try:
            growth.between(*self._pair())
        except UmkmError:
            return False
        return True

    def _pair(self):
        """Both figures, the earlier one first."""
        state = self.state
        if self.problem is not None or None in (state.first, state.second):
            return None
        if state.first == state.second:
            return None
        pair = [self.folder.figure(i) for i in (state.first, state.second)]
        return sorted(pair, key=_end) if all(map(_dated, pair)) else pair

    def base(self):
        """The figure that a scenario starts from; None where there is none.

        The second of two figures to compare, else the one chosen, else the latest
        that may be calculated with.
        """
        if self.problem is not None:
            return None
        pair = self._pair()
        if pair is not None:
            return pair[1]
        chosen = self.state.first or self.state.second
        if chosen is None:
            usable = data.calculable(self.frame)
            usable = usable[usable["year"].notna() & (usable["value"] > 0)]
            if usable.empty:
                return None
            latest = usable.sort_values(["year", "period", "id"]).iloc[-1]
            chosen = latest["id"]
        return self.folder.figure(chosen)

    def steps(self) -> pd.DataFrame:
        """The scenario: year and point; empty where no rate was given."""
        empty = pd.DataFrame({"year": [], "point": []})
        base = self.base()
        if self.state.rate is None or base is None or base.year is None:
            return empty
        if base.kind in ("rate", "share", "target") or base.value <= 0:
            return empty
        ahead = range(1, YEARS_AHEAD + 1)
        points = projection.scenario(base.value, self.state.rate / 100, list(ahead))
        return pd.DataFrame({"year": [base.year + h for h in ahead], "point": points})

    @property
    def scenario(self) -> Words | None:
        """What the figure becomes if the rate holds; never an interval."""
        if self.state.rate is None or self.problem is not None:
            return None
        base, steps = self.base(), self.steps()
        if steps.empty:
            return Words(self._say("no_scenario"))
        whole = base.unit in ("unit", "person", "count", "kind")
        points = "; ".join(
            f"{year:.0f}: " + text.number(point, 0 if whole else None, self.lang)
            if base.unit != "IDR"
            else f"{year:.0f}: Rp{text.scaled(point, self.lang, 1)}"
            for year, point in steps.itertuples(index=False)
        )
        return Words(
            self._say(
                "scenario", base=base, row=base.id, period=base.period,
                rate=self.state.rate / 100, points=points,
            )
        )  # fmt: skip

    @property
    def sources(self) -> pd.DataFrame:
        """The sources behind the figures, each once, the latest first."""
        rows = {s["source_id"]: s for s in self.folder.rows("sources")}
        ids = list(dict.fromkeys(self.frame["source_id"]))
        columns = ["source_id", "publisher", "title", "published", "read_extent", "url"]
        found = pd.DataFrame([{c: rows[i][c] for c in columns} for i in ids], None,
                             columns)  # fmt: skip
        return found.sort_values(
            ["published", "source_id"], ascending=[False, True], ignore_index=True
        )

    @property
    def code(self) -> str:
        """The code that makes the table, the picture and the sentences."""
        asked = {
            "region": self.state.region, "measure": self.state.measure,
            "family": self.state.family, "concept": self.state.concept,
            "as_of": self.state.as_of,
        }  # fmt: skip
        given = ", ".join(f"{k}={v!r}" for k, v in asked.items() if v is not None)
        home, own = "ua", []
        if not self.folder.shipped:
            home, own = (
                "folder",
                [f"folder = ua.open_folder({str(self.folder.path)!r})"],
            )
        lines = [*own, f"frame = {home}.figures({given})"]
        more = "" if home == "ua" else ", folder=folder"
        if not self.marks().empty:
            lines.append(f"ua.explorer.chart(frame, lang={self.lang!r}{more})")
        where = "ua.data" if home == "ua" else "folder"
        pair = self._pair()
        if pair is not None:
            a, b = (f"{where}.figure({f.id!r})" for f in pair)
            for reading in [None] if self._comparable() else self._readings() or [None]:
                assume = f", assume={reading!r}{more}" if reading else ""
                lines.append(f"ua.growth.between({a}, {b}{assume})")
        steps = self.steps()
        if len(steps):
            base = f"{where}.figure({self.base().id!r})"
            ahead = list(range(1, len(steps) + 1))
            rate = repr(self.state.rate / 100)
            lines.append(f"ua.projection.scenario({base}, {rate}, {ahead})")
        return "\n".join(lines)

    def marks(self) -> pd.DataFrame:
        """The rows that the picture draws: each statement once, with its year."""
        return _marks(self.frame)

    def chart(self, ax=None):
        """The picture; a scenario as hollow marks on a dotted line."""
        base = self.base() if len(self.steps()) else None
        return chart(
            self.frame, lang=self.lang, folder=self.folder, ax=ax, base=base,
            steps=self.steps(), rate=self.state.rate,
        )  # fmt: skip

    def png(self) -> bytes | None:
        """The picture with its citation; None where there is nothing to draw."""
        return self._drawn()[0]

    @property
    def alt(self) -> str:
        """The text alternative of the picture."""
        return self._drawn()[1]

    def _drawn(self):
        if "_kept" not in self.__dict__:
            drawn = (None, self._say("no_picture"))
            if self.problem is None and not self.marks().empty:
                ax = self.chart(_lone_axes())
                buffer = io.BytesIO()
                charts.save_to(ax, buffer, "png", dpi=110)
                drawn = (buffer.getvalue(), str(charts.alt(ax)))
            object.__setattr__(self, "_kept", drawn)
        return self._kept

    def csv(self) -> str:
        """The figures as CSV, each with publisher and date of its source."""
        sources = self.sources.set_index("source_id")
        frame = self.frame.assign(
            source_publisher=self.frame["source_id"].map(sources["publisher"]),
            source_published=self.frame["source_id"].map(sources["published"]),
        )
        return frame.to_csv(index=False, lineterminator="\n")

    @property
    def name(self) -> str:
        """A name for files: what is shown and the release."""
        parts = (
            "umkm", self.state.region, self.state.measure, self.state.family,
            self.state.concept, self.state.as_of and f"as-of-{self.state.as_of}",
            self.folder.release,
        )  # fmt: skip
        return "_".join(str(p) for p in parts if p).replace("/", "-")


def _lone_axes():
    """Axes that pyplot knows nothing of: controls answer in threads of their own."""
    from matplotlib import style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with style.context(charts.STYLE):
        figure = Figure()
        FigureCanvasAgg(figure)
        return figure.subplots()


def _dated(figure):
    return figure.period is not None or figure.year is not None


def _end(figure):
    return period_span(figure.period or str(figure.year))[::-1]


def view(state: State | None = None, lang: str = "id", folder=None, **chosen) -> View:
    """All that the explorer shows of one state.

    Parameters
    ----------
    state : State, optional
        The beginning by default.
    lang : {"id", "en"}
    folder : Folder, optional
    **chosen
        Fields of `State` to set otherwise.

    Examples
    --------
    >>> v = view(lang="en", first="BPN-0077", second="BPN-0074")
    >>> v.comparison[0]
    From 73,300 (2023) to 87,397 (2024) is growth of 19.23 percent, or 19.15 percent to
    19.31 percent given the rounding.
    """
    folder = folder or data.shipped()
    text.check_lang(lang)
    state = replace(state or start(folder), **chosen)
    try:
        data.as_date(state.as_of or "2000")
        state = settle(state, folder)
        if state.rate is not None and not RATES[0] <= state.rate <= RATES[1]:
            raise DataError("rate_too_low", rate=state.rate / 100)
        return View(state, lang, folder, _frame(state, folder))
    except UmkmError as error:
        empty = folder.figures().head(0)
        return View(state, lang, folder, empty, Words(text.error(error, lang)))


def _marks(frame):
    return frame[
        frame["year"].notna() & frame["duplicates_of"].isna()
    ].reset_index(drop=True)  # fmt: skip


def chart(
    frame, *, lang="id", folder=None, ax=None, base=None, steps=None, rate=None
):  # fmt: skip
    """Figures of one region and measure over time, each concept on its own.

    Colour and marker tell the family, or the concept where there is one family
    only; a line joins figures of one series only; hollow is grade D; a scenario is
    hollow marks on a dotted line.

    Parameters
    ----------
    frame : DataFrame
        As `figures` gives it.
    base, steps, rate : Figure, DataFrame and float, optional
        A scenario: where it starts, its points, its yearly rate in percent.

    Returns
    -------
    Axes
    """
    folder = folder or data.shipped()
    rows = _marks(frame)
    if rows.empty:
        raise DataError("no_figures", measure="-", region="-")
    if any(len(set(rows[c])) > 1 for c in ("measure", "region_code")):
        raise DataError(
            "choice", argument="frame", value="measure, region_code", choices="1"
        )
    rows["x"] = [canvas.when(p, y) for p, y in zip(rows["period"], rows["year"],
                                                    strict=True)]  # fmt: skip
    by = "family" if len(set(rows["family"])) > 1 else "concept"
    order = _order(rows, by, folder)
    if by == "family":
        rows = counts.dodge(rows, order)
    names = folder.names(*_VOCABULARY[by], lang)
    unit = rows["unit"].iloc[0]
    with canvas.axes(ax) as ax:
        look = _look(order)
        for _, line in counts.lines(rows.sort_values("x")):
            dashed = (line["status"] != "observed").any()
            ax.plot(
                line["x"], line["value"], color=look[line[by].iloc[0]][0],
                linestyle="--" if dashed else "-", zorder=2,
            )  # fmt: skip
        handles, items, part_of = {}, [], _part_words(rows, folder, lang)
        for _, row in rows.iterrows():
            colour, marker = look[row[by]]
            _bounds(ax, row, colour)
            hollow = row["grade"] == "D"
            mark = ax.plot(
                row["x"], row["value"], marker=marker, linestyle="", zorder=3,
                mec=colour, mfc="white" if hollow else colour, mew=1.6,
            )  # fmt: skip
            handles.setdefault(row[by], mark[0])
            if row["value"] > TOO_LOW * rows["value"].max() or len(rows) <= FEW:
                shown = text.quantity(row["value"], unit, lang) + part_of(row)
                items.append((row["x"], row["value"], shown, colour))
        top, low = rows["value"].max(), min(0, rows["value"].min())
        last = rows["x"].max()
        extra = {}
        if base is not None and steps is not None and len(steps):
            x0 = canvas.when(base.period, base.year)
            xs = [x0 + h for h in range(len(steps) + 1)]
            ys = [base.value, *steps["point"]]
            scenario = ax.plot(
                xs, ys, ls=":", color=canvas.INK, marker="o", mfc="white", ms=6,
                mew=1.2, lw=1.4, zorder=2.5,
                markevery=range(1, len(xs)),
            )  # fmt: skip
            said = text.say(
                Block("sentence", "explore.scenario_mark", {"rate": rate / 100}), lang
            )
            extra = {said: scenario[0]}
            top, last = max(top, *ys), max(last, xs[-1])
        span = max(last - rows["x"].min(), 1)
        ax.set_xlim(rows["x"].min() - 0.1 * span - 0.3, last + 0.14 * span + 0.3)
        ax.set_ylim(low * 1.1, top * 1.16 if top > 0 else 1)
        ax.yaxis.set_major_formatter(lambda v, _: text.quantity(v, _axis_unit(unit),
                                                                lang))  # fmt: skip
        ax.xaxis.set_major_formatter(lambda v, _: f"{v:.0f}")
        ax.xaxis.get_major_locator().set_params(integer=True, nbins=8)
        ax.grid(axis="x", visible=False)
        shown = [*order[:8]]
        labels = [_short(names[k]) for k in shown]
        if len(order) > len(shown):
            labels[-1] += " ..."
        columns = 3 if by == "family" else 1 if max(map(len, labels)) > 42 else 2
        ax.legend(
            [handles[k] for k in shown] + list(extra.values()),
            labels + list(extra), loc="upper center",
            bbox_to_anchor=(0.5, -0.075), ncols=columns, handletextpad=0.4,
        )  # fmt: skip
        lines = -(-(len(shown) + len(extra)) // columns)
        params = {
            "n": len(rows), "k": rows["concept"].nunique(),
            "region": blocks.region_name(folder, rows["region_code"].iloc[0]),
            "measure": folder.names("measures", "measure", lang)[
                rows["measure"].iloc[0]
            ],
            "unit": text.term("unit", unit, lang),
        }  # fmt: skip
        canvas.dress(
            ax,
            text.say(Block("heading", "explore.title", params), lang),
            text.say(Block("sentence", "explore.subtitle", params), lang),
            canvas.footer(folder, rows["id"], lang),
            _alt(rows, by, order, names, params, extra, steps, lang),
            drop=30 + 17 * lines,
        )
        canvas.place(ax, sorted(items, key=lambda i: -i[1])[:LABELLED], 8.5)
    return ax


def _part_words(rows, folder, lang):
    """What a row is a part of: " (micro)"; not in a crowd, where room is short."""
    sectors = folder.names("sectors", "sector", lang)

    def words(row):
        parts = []
        for column in ("size_class", "sector"):
            code = row[column]
            if not text.absent(code) and code not in WHOLES:
                name = sectors.get(code) if column == "sector" else None
                parts.append(name or text.term("size", code, lang))
        if not parts or len(rows) > FEW:
            return ""
        return f" ({_short(', '.join(parts), 34)})"

    return words


_VOCABULARY = {"family": ("families", "family"), "concept": ("concepts", "concept")}


def _order(rows, by, folder):
    table, key = _VOCABULARY[by]
    listed = folder.rows(table)
    if by == "family":
        listed = sorted(listed, key=lambda f: int(f["sort"]))
    return [r[key] for r in listed if r[key] in set(rows[by])]


def _look(order):
    from matplotlib import rcParams

    colours = rcParams["axes.prop_cycle"].by_key()["color"]
    return {
        key: (colours[i % len(colours)], charts.MARKERS[i % len(charts.MARKERS)])
        for i, key in enumerate(order)
    }


def _bounds(ax, row, colour):
    low, high, value = row["value_low"], row["value_high"], row["value"]
    below = value - low if low == low else 0
    above = high - value if high == high else 0
    if below or above:
        ax.errorbar(
            row["x"], value, [[below], [above]], color=colour, capsize=2.5,
            elinewidth=1, zorder=2,
        )  # fmt: skip


def _axis_unit(unit):
    """Percent stands in the subtitle; rupiah is long without its scale."""
    return "IDR" if unit == "IDR" else None


def _short(name, most=58):
    return name if len(name) <= most else name[: most - 3].rstrip() + "..."


def _alt(rows, by, order, names, params, extra, steps, lang):
    parts = []
    for key in order:
        own = rows[rows[by] == key].sort_values(["x", "id"])
        figures = ", ".join(
            f"{text.number(v, None, lang)} ({text.period(p, lang)})"
            for v, p in zip(own["value"], own["period"], strict=True)
        )
        parts.append(f"{names[key]}: {figures}")
    said = text.say(
        Block("sentence", "explore.alt", {**params, "parts": "; ".join(parts)}), lang
    )
    for label in extra:
        points = ", ".join(
            f"{text.number(point, 0, lang)} ({year:.0f})"
            for year, point in steps.itertuples(index=False)
        )
        said += f" {label}: {points}."
    return said


# What is put on the page; data are never read as markup


def _paragraphs(words, kind) -> str:
    inner = "".join(f"<p>{html.escape(str(w))}</p>" for w in words if w)
    return f'<div class="umkm-{kind}" role="status" aria-live="polite">{inner}</div>'


def _table(frame, lang, folder, caption, columns) -> str:
    shown = tables.show(frame, lang, columns, folder=folder).reset_index()
    head = "".join(f'<th scope="col">{html.escape(c)}</th>' for c in shown)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(v))}</td>" for v in row) + "</tr>"
        for row in shown.itertuples(index=False)
    )
    return _scrolling(caption, f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>")


def _scrolling(caption, inner) -> str:
    """A table that the keyboard can scroll, too."""
    caption = html.escape(caption)
    return (
        f'<div class="umkm-scroll" role="region" tabindex="0" aria-label="{caption}">'
        f"<table><caption>{caption}</caption>{inner}</table></div>"
    )


def _source_table(view) -> str:
    lang = view.lang
    rows = []
    for s in view.sources.to_dict("records"):
        publisher = html.escape(view.folder.said(s["publisher"], lang))
        title = html.escape(s["title"]) or publisher
        if s["url"].startswith(("https://", "http://")):
            url = html.escape(s["url"], quote=True)
            title = f'<a href="{url}" rel="noopener" target="_blank">{title}</a>'
        read = text.term("read", s["read_extent"], lang)
        published = text.period(s["published"] or None, lang)
        cells = (publisher, title, html.escape(published),
                 html.escape(read))  # fmt: skip
        rows.append("<tr>" + "".join(f"<td>{c}</td>" for c in cells) + "</tr>")
    heads = ("publisher", "source_id", "published", "read_extent")
    head = "".join(
        f'<th scope="col">{html.escape(tables.head(h, lang))}</th>' for h in heads
    )
    return _scrolling(
        view._say("sources", n=len(rows)),
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>",
    )


def _download(name, kind, content: bytes, label) -> str:
    coded = base64.b64encode(content).decode()
    return (
        f'<a class="umkm-save" download="{html.escape(name, quote=True)}" '
        f'href="data:{kind};base64,{coded}">{html.escape(label)}</a>'
    )


def _picture(view) -> str:
    picture = view.png()
    alt = html.escape(view.alt, quote=True)
    if picture is None:
        return f"<p>{alt}</p>"
    coded = base64.b64encode(picture).decode()
    return f'<img class="umkm-picture" alt="{alt}" src="data:image/png;base64,{coded}">'


def _exports(view) -> str:
    parts = []
    if view.png() is not None:
        parts.append(
            _download(
                f"{view.name}.png", "image/png", view.png(), view._say("save_png")
            )
        )
    if len(view.frame):
        # Excel takes a CSV for UTF-8 only where it begins with this mark.
        content = view.csv().encode("utf-8-sig")
        parts.append(
            _download(f"{view.name}.csv", "text/csv", content, view._say("save_csv"))
        )
    if view.problem is None:
        label = html.escape(view._say("code"))
        parts.append(
            f'<p>{label}</p><pre class="umkm-code" tabindex="0" aria-label="{label}">'
            f"{html.escape('import umkm_analysis as ua' + chr(10) + view.code)}</pre>"
        )
    return " ".join(parts)


_STYLE = """<style>
.umkm-explorer { max-width: 62em; }
.umkm-explorer p { margin: .35em 0; line-height: 1.45; }
.umkm-explorer .umkm-picture { width: 100%; height: auto; max-width: 990px; }
.umkm-explorer .umkm-scroll { overflow-x: auto; max-height: 26em; overflow-y: auto; }
.umkm-explorer table { border-collapse: collapse; font-size: .85em; line-height: 1.35;
  width: 100%; }
.umkm-explorer caption { text-align: left; font-weight: bold; padding: .4em 0; }
.umkm-explorer th, .umkm-explorer td { text-align: left; padding: .25em .7em .25em 0;
  border-bottom: 1px solid #c9d1d5; vertical-align: top; }
.umkm-explorer td:last-child { white-space: nowrap; }
.umkm-explorer .umkm-save { display: inline-block; padding: .45em .9em; margin: .3em 0;
  border: 1px solid #0b5394; border-radius: 3px; color: #0b5394; background: #fff;
  text-decoration: none; }
.umkm-explorer .umkm-code { background: #f3f5f6; color: #1d2327; padding: .7em;
  overflow-x: auto; }
.umkm-explorer .umkm-error p { border-left: 4px solid #c00000; padding-left: .7em; }
.umkm-explorer .umkm-scroll:focus, .umkm-explorer .umkm-save:focus,
.umkm-explorer .umkm-code:focus, .umkm-explorer select:focus,
.umkm-explorer input:focus { outline: 3px solid #b45f06; outline-offset: 1px; }
</style>"""
CONTROLS = (
    "region", "measure", "family", "concept", "as_of", "first", "second", "rate",
)  # fmt: skip


def explore(lang: str = "id", folder=None) -> None:
    """Show the explorer in a notebook.

    Parameters
    ----------
    lang : {"id", "en"}
    folder : Folder or path, optional
        The shipped data by default.

    Notes
    -----
    Needs ipywidgets (the extra ``lab``). Where no kernel runs, the stored output is
    the picture and the sentence of the beginning.
    """
    from IPython.display import display

    text.check_lang(lang)
    if folder is not None and not isinstance(folder, data.Folder):
        folder = data.open_folder(folder)
    box, shown = _widgets(lang, folder or data.shipped())
    bundle = shown["view"]._repr_mimebundle_()
    bundle |= box._repr_mimebundle_()
    bundle["text/plain"] = f"{shown['view'].sentence}\n{shown['view'].alt}"
    display(bundle, raw=True)


def _widgets(lang, folder):
    """Controls, the box around them, and the view that they show."""
    import ipywidgets as w

    def say(key):
        return text.label(f"explore.{key}", lang)

    state = start(folder)
    offered = _offered(state, lang, folder)
    wide = w.Layout(width="100%", max_width="44em")
    named = {"description_width": "11em"}
    controls = {}
    for key in CONTROLS:
        common = {
            "description": say(f"control_{key}"), "tooltip": say(f"help_{key}"),
            "layout": wide, "style": named,
        }  # fmt: skip
        if key in offered:
            controls[key] = w.Dropdown(
                options=offered[key], value=getattr(state, key) or "", **common
            )
        else:
            controls[key] = w.Text(
                continuous_update=False, placeholder=say(f"example_{key}"), **common
            )
    pages = {
        k: w.HTML() for k in ("sentence", "answer", "picture", "exports", "table",
                              "sources")
    }  # fmt: skip
    shown = {"controls": controls, "pages": pages}
    turn = _Turn()

    def show(_=None):
        turn.take(lambda: _show(shown, lang, folder))

    show()
    for control in controls.values():
        control.observe(show, names="value")
    parts = [w.HTML(_STYLE)]
    for title, keys in (
        ("choose", CONTROLS[:5]), ("compare", CONTROLS[5:7]), ("suppose", CONTROLS[7:])
    ):  # fmt: skip
        parts.append(w.HTML(f"<h3>{html.escape(say(title))}</h3>"))
        parts += [controls[k] for k in keys]
        if title == "choose":
            parts.append(pages["sentence"])
    parts += [pages[k] for k in ("answer", "picture", "exports", "table", "sources")]
    box = w.VBox(parts, layout=w.Layout(width="100%"))
    box.add_class("umkm-explorer")
    return box, shown


class _Turn:
    """One answer at a time, and no answer to a question that is out of date.

    JupyterLab lets each control speak in a thread of its own; and an answer sets
    other controls, which then speak up in its own thread.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._owner = None
        self._asked = self._answered = 0

    def take(self, answer):
        """Call `answer`, unless a later caller has been answered in the meantime."""
        if self._owner == threading.get_ident():
            return
        self._asked += 1
        ticket = self._asked
        with self._lock:
            if self._answered >= ticket:
                return
            self._owner = threading.get_ident()
            seen = self._asked
            try:
                answer()
            finally:
                self._owner = None
            self._answered = seen


def _chosen(controls, lang):
    """The state that the controls say, and words where one cannot be read."""
    values = {k: c.value.strip() or None for k, c in controls.items()}
    said = values["rate"]
    values["rate"] = problem = None
    if said:
        # The readers of answers know both spellings of a number.
        from umkm_analysis.exercises import read

        found = [r for r in read(said) if r.unit in (None, "percent",
                                                     "percent_per_year")]  # fmt: skip
        if found:
            values["rate"] = min((r.value for r in found), key=abs)
        else:
            problem = Words(text.label("explore.rate_unread", lang))
    return State(**values), problem


def _offered(state, lang, folder):
    """Choices as a control takes them: to it None means that nothing is shown."""
    return {
        key: [(words, code or "") for words, code in options]
        for key, options in choices(state, lang, folder).items()
    }


def _show(shown, lang, folder):
    controls, pages = shown["controls"], shown["pages"]
    asked, unread = _chosen(controls, lang)
    found = view(asked, lang, folder)
    shown["view"] = found
    state = found.state
    for key, options in _offered(state, lang, folder).items():
        control, wanted = controls[key], getattr(state, key) or ""
        if control.value != (getattr(asked, key) or ""):
            continue  # chosen anew in the meantime; the next turn answers that
        if tuple(control.options) != tuple(options):
            with control.hold_sync():
                control.options = options
                control.value = wanted
        elif control.value != wanted:
            control.value = wanted
    kind = "said" if found.problem is None else "error"
    pages["sentence"].value = _paragraphs([found.sentence], kind)
    answers = [*found.comparison, found.scenario, unread]
    if not any(answers):
        answers = [text.label("explore.compare_how", lang)]
    pages["answer"].value = _paragraphs(answers, "error" if unread else "answer")
    pages["picture"].value = _picture(found)
    pages["exports"].value = _exports(found)
    caption = found._say("table", n=len(found.frame))
    pages["table"].value = (
        _table(found.frame, lang, folder, caption, COLUMNS) if len(found.frame) else ""
    )
    pages["sources"].value = _source_table(found) if len(found.frame) else ""
