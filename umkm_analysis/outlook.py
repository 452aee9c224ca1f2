"""What may be said of the next years of a region, and how such rules have fared.

A register of a city has no panel of its own concept: there are only scenarios, each
with the rows that its rate comes from, and no interval. Beside them stands the record
of the same rules on the panels, and a worked example of an area that has a panel.
"""

from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from umkm_analysis import backtest, blocks, breakdown, data, growth, projection, text
from umkm_analysis.errors import DataError, TooFewRegions, TooShort
from umkm_analysis.figure import Figure, plain
from umkm_analysis.text import Block, Traced

HORIZON = 3
#: The family of counts that were made by going from door to door.
CENSUS = "census"
RATES = [
    "method", "rate", "rate_low", "rate_high", "from_period", "to_period", "concept",
    "ids",
]  # fmt: skip
RECORD = [
    "panel", "method", "rate", "horizon", "n", "regions", "years", "mdape",
    "worst_miss", "worst_miss_year", "first_year", "last_year", "source_id",
]  # fmt: skip
_HELD = WeakKeyDictionary()


def register(folder=None, region=None) -> list[Figure]:
    """The counts of a region that a reader would carry forward, one a year.

    The series of the region's headline claim, else the one that reaches furthest;
    never a census. Empty where no series has two years.
    """
    folder = folder or data.shipped()
    region = folder.region(region)
    frame = data.calculable(blocks.headline_rows(folder, region))
    frame = frame[frame["series"].notna() & frame["year"].notna()]
    frame = frame[(frame["measure"] == "business_units") & (frame["family"] != CENSUS)]
    claim = blocks.headline_claim(folder, region)
    named = claim["operands"].split(";")[0] if claim else None
    found = []
    for key, rows in frame.groupby(data.SERIES_KEY, dropna=False, sort=True):
        if rows["year"].min() < rows["year"].max():
            rank = (rows["id"] == named).any(), rows["year"].max(), rows["value"].max()
            found.append((rank, key))
    if not found:
        return []
    slug, _, measure, size, sector = map(plain, max(found)[1])
    figures = folder.series(
        slug, region=region, measure=measure, size_class=size, sector=sector
    )
    return list({f.year: f for f in figures}.values())


def rates(folder, figures) -> pd.DataFrame:
    """Yearly rates that name themselves: each from rows of the data.

    Returns
    -------
    DataFrame
        One row a scenario: method (fixed_growth: the last growth repeated; target:
        the region's target; census_pace: its economic census), rate and its bounds
        as fractions, from_period, to_period, concept, ids.
    """
    rows = []

    def add(method, rate, low, high, figures, first=None):
        ids = ";".join(f.id for f in figures if f.id)
        end = figures[-1]
        start = first or figures[0].period
        rows.append((method, rate, low, high, start, end.period, end.concept, ids))

    last = figures[-1]
    if len(figures) > 1 and last.year - figures[-2].year == 1:
        rate = growth.between(figures[-2], last)
        add("fixed_growth", rate.value, rate.low, rate.high, figures[-2:])
    if last.region is not None:
        goal = target(folder, last.region)
        if goal is not None:
            goal = folder.figure(goal["id"])
            add("target", goal.value / 100, None, None, [goal])
        longest = _census(folder, last)
        if longest:
            a, b = longest
            rate = growth.between(a, b)
            add("census_pace", rate.cagr, rate.cagr_low, rate.cagr_high, [a, b])
    return pd.DataFrame(rows, columns=RATES)


def target(folder, region):
    """The latest published target for growth, in percent a year, or None."""
    frame = folder.figures(region=region)
    frame = frame[
        (frame["measure"] == "target_growth_rate") & frame["duplicates_of"].isna()
    ]
    return None if frame.empty else frame.sort_values("year").iloc[-1]


def _census(folder, own) -> tuple[Figure, Figure] | None:
    """First and last count of the region's longest census series."""
    frame = data.calculable(folder.figures(region=own.region))
    frame = frame[(frame["family"] == CENSUS) & (frame["measure"] == own.measure)]
    frame = frame[frame["series"].notna() & frame["year"].notna()]
    frame = frame[frame["series"] != own.series]
    best = None
    for _, rows in frame.groupby(data.SERIES_KEY, dropna=False, sort=True):
        rows = rows.sort_values("year")
        span = rows["year"].iloc[-1] - rows["year"].iloc[0]
        # Of two lines as long, the one that counts more: a whole, not its part.
        rank = span, rows["value"].iloc[-1]
        if span > 0 and (best is None or rank > best[0]):
            best = rank, rows["id"].iloc[0], rows["id"].iloc[-1]
    return best and (folder.figure(best[1]), folder.figure(best[2]))


def scenarios(
    folder=None,
    region=None,
    *,
    figures=None,
    rates_=None,
    more=None,
    horizon=HORIZON,
    **options,
) -> pd.DataFrame:
    """The scenarios of a region's register: no change, and each rate of `rates`.

    Parameters
    ----------
    folder, region : optional
    figures : list of Figure, optional
        The series; `register` by default.
    rates_ : DataFrame, optional
        What `rates` gives.
    more : dict or list of rates, optional
        Further ones, as fractions a year.
    horizon : int
    **options
        `level` and `borrow` of `projection.project`.

    Returns
    -------
    DataFrame
        As `projection.project`, and `ids`: the rows behind each. No interval,
        unless one is borrowed.
        Empty where there is no register.
    """
    folder = folder or data.shipped()
    figures = register(folder, region) if figures is None else figures
    if not figures:
        return pd.DataFrame(columns=[*projection._COLUMNS, "ids"])
    known = rates(folder, figures) if rates_ is None else rates_
    named = dict(zip(known["method"], known["rate"], strict=True))
    frame = projection.project(
        figures, horizon=horizon, scenarios=named | _named(more), **options
    )
    start = figures[-1].id or ""
    behind = dict(zip(known["method"], known["ids"], strict=True))
    frame["ids"] = [
        ";".join(dict.fromkeys(i for i in (*behind.get(m, "").split(";"), start) if i))
        for m in frame["method"]
    ]
    return frame


def _named(more) -> dict:
    if more is None:
        return {}
    if isinstance(more, dict):
        return more
    return {("rate", i): rate for i, rate in enumerate(np.ravel(more))}


def published(folder, figures, until) -> list[Figure]:
    """Counts of the same size and sector that came later, of other concepts."""
    last = figures[-1]
    frame = data.calculable(blocks.headline_rows(folder, last.region))
    frame = frame[
        (frame["measure"] == last.measure)
        & (frame["size_class"].fillna("") == (last.size_class or ""))
        & (frame["sector"].fillna("") == (last.sector or ""))
        & (frame["year"] > last.year)
        & (frame["year"] <= until)
    ]
    return [folder.figure(i) for i in frame["id"]]


def panels(folder) -> dict[str, dict]:
    """The panels of a folder, and the shipped ones: name to its resource."""
    found = {}
    for place in (folder, data.shipped()):
        for resource in place.package.resources.values():
            name = resource.get("panel", {}).get("name")
            if name and name not in found and len(folder.panel(name)):
                found[name] = resource
    return found


def _source(folder, name) -> str:
    """The source of most rows of a panel."""
    table = _table(folder, name)
    return table["source_id"].mode().iloc[0]


def panel_sources(folder, names) -> list[str]:
    """The sources of panels; a panel that the folder does not know is its own."""
    known = panels(folder)
    return [_source(folder, n) if n in known else n for n in names]


def _table(folder, name):
    """The rows of a panel with all their columns."""
    resource = panels(folder)[name]
    for place in (folder, data.shipped()):
        if resource["name"] not in place.package.resources:
            continue
        table = place.load(resource["name"])
        for column, value in resource["panel"].get("where", {}).items():
            table = table[table[column] == value]
        for column, values in resource["panel"].get("exclude", {}).items():
            table = table[~table[column].isin(values)]
        if len(table):
            break
    return table


def record(folder=None, rates_=None, *, horizons=(1, 2, 3)) -> pd.DataFrame:
    """How wrong the rules of the scenarios have been on the panels.

    Every year of a panel in turn is the present. The errors are those of
    `backtest.run`; that of a given rate (target, census_pace) is of the same rate for
    every region.

    Parameters
    ----------
    rates_ : DataFrame, optional
        What `rates` gives: adds a rule for each given rate.

    Returns
    -------
    DataFrame
        One row a panel, rule and horizon. mdape: median miss, a fraction of what
        came; worst_miss: that of the worst target year.
    """
    folder = folder or data.shipped()
    rules = {"naive": 0.0, "fixed_growth": None}
    if rates_ is not None:
        given = rates_[rates_["method"] != "fixed_growth"]
        rules |= dict(zip(given["method"], given["rate"], strict=True))
    rows = []
    for name in panels(folder):
        frame = folder.panel(name)
        table = projection.blocks(frame)
        own = {
            "panel": name,
            "regions": max(len(b.regions) for b in table),
            "first_year": int(table[0].years[0]),
            "last_year": int(table[-1].years[-1]),
            "source_id": _source(folder, name),
        }
        for method, rate in rules.items():
            for h in horizons:
                missed = [_missed(b, h, rate) for b in table]
                miss = np.concatenate([m for m, _ in missed])
                if miss.size:
                    row = {**own, "method": method, "rate": rate, "horizon": h}
                    rows.append(row | _summary(miss, missed))
    return pd.DataFrame(rows, columns=RECORD)


def _missed(block, h, rate):
    """Misses as fractions of what came, and their target years, as in the back-test."""
    y, size = block.log, block.years.size
    s = np.arange(1, max(size - h, 1))
    growths = np.full(y.shape, np.nan)
    growths[:, 1:] = np.diff(y, axis=1)
    change = y[:, s + h] - y[:, s]
    step = h * (growths[:, s] if rate is None else np.log1p(rate))
    miss = np.abs(np.expm1(step - change))
    known = ~np.isnan(change + growths[:, s])
    years = np.broadcast_to(block.years[s + h], miss.shape)
    return miss[known], years[known]


def _summary(miss, missed) -> dict:
    # Two segments may share a target year; they are different populations.
    worst = max(
        (float(np.median(m[y == year])), int(year))
        for m, y in missed for year in np.unique(y)
    )  # fmt: skip
    return {
        "n": miss.size,
        "years": sum(np.unique(y).size for _, y in missed),
        "mdape": float(np.median(miss)),
        "worst_miss": worst[0],
        "worst_miss_year": worst[1],
    }


def held(folder=None, *, horizon=1) -> pd.DataFrame:
    """How often the interval of `project` held, where it can be judged.

    Returns
    -------
    DataFrame
        Rows of `backtest.run` for the rule that is used, of panels with enough
        target years: some tenths of a second, kept for each folder.
    """
    folder = folder or data.shipped()
    known = _HELD.setdefault(folder, {})
    if horizon not in known:
        found = []
        for name in panels(folder):
            frame = folder.panel(name)
            if frame["year"].max() - frame["year"].min() < projection.JUDGE_YEARS:
                continue
            try:
                table = backtest.run(
                    frame, methods=["gated"], horizons=[horizon], name=name
                )
            except TooFewRegions:
                continue
            found.append(table[(table["verdict"] == "usable") & table["chosen"]])
        empty = pd.DataFrame(columns=backtest._KEYS)
        known[horizon] = pd.concat(found, ignore_index=True) if found else empty
    return known[horizon].copy()


@dataclass(frozen=True)
class Example:
    """An area that has a panel of its own concept, and so an interval.

    Attributes
    ----------
    panel, region : str
    history : list of Figure
        Its unbroken years in the panel's latest segment.
    rows : DataFrame
        What `projection.project` says.
    later : list of Figure
        What was published since, of another concept: never joined.
    ids : tuple of str
        Rows of observations.csv that repeat the history.
    source_id : str
    """

    panel: str
    region: str
    history: list
    rows: pd.DataFrame
    later: list
    ids: tuple
    source_id: str


def example(folder=None, region=None, *, horizon=HORIZON, level=0.8) -> Example | None:
    """The nearest area, the region itself or one around it, with a panel of businesses.

    Of several panels the one that reaches furthest; None where there is none.
    """
    folder = folder or data.shipped()
    region = folder.region(region)
    found = []
    for name in panels(folder):
        if set(_table(folder, name)["measure"]) == {"business_units"}:
            frame = folder.panel(name)
            found.append((frame["year"].max(), name, frame))
    for code in [region, *breakdown._ancestors(folder, region)]:
        for _, name, frame in sorted(found, key=lambda f: f[:2], reverse=True):
            if code not in set(frame["region"]):
                continue
            history = from_panel(frame, code)
            if history[-1].year < frame["year"].max() or len(history) < 2:
                continue
            try:
                rows = projection.project(
                    history, panel=frame, horizon=horizon, level=level
                )
            except TooFewRegions:
                continue
            same, later = _around(folder, history, horizon)
            source = _source(folder, name)
            return Example(name, code, history, rows, later, same, source)
    return None


def _around(folder, history, horizon):
    """Rows that repeat the history, and later figures of other concepts."""
    last = history[-1]
    frame = data.calculable(folder.figures(region=last.region))
    frame = frame[(frame["measure"] == "business_units") & frame["year"].notna()]
    values = {f.year: f.value for f in history}
    own = frame[frame["concept"] == last.concept]
    own = own[own["year"].map(values).eq(own["value"])]
    if own.empty:
        return (), []
    key = ["family", "size_class", "sector"]
    like = frame.merge(own[key].drop_duplicates(), on=key)
    like = like[(like["concept"] != last.concept) & (like["year"] > last.year)]
    like = like[like["year"] <= last.year + horizon].sort_values(["year", "id"])
    return tuple(own["id"]), [folder.figure(i) for i in like["id"]]


def from_panel(frame, region) -> list[Figure]:
    """A region's own history: its rows in the latest segment of a panel."""
    own = frame[frame["region"].astype(str) == str(region)].sort_values("year")
    if own.empty:
        known = sorted(set(frame["region"].astype(str)))
        raise DataError(
            "panel_no_region", region=region, choices=data._choices(known, region)
        )
    segment = own["segment"].iloc[-1]
    own = own[
        own["segment"].eq(segment) | (own["segment"].isna() & text.absent(segment))
    ]
    if len(set(own["concept"].dropna())) > 1:
        projection.blocks(frame)  # says so
    return [
        Figure(value, region=str(region), concept=plain(concept), period=str(year),
               series=plain(concept) or str(region), year=int(year))
        for year, value, concept in zip(
            own["year"], own["value"], own["concept"], strict=True
        )
    ]  # fmt: skip


def panel_of(folder, figures):
    """The panel that counts what a series counts, or None.

    It is of the same concept and holds the last figure of the series itself: a part
    of a concept (one sector, one size) is not the whole that the panel counts.
    """
    last = figures[-1]
    for name in panels(folder):
        frame = folder.panel(name)
        same = frame[(frame["concept"] == last.concept) & (frame["year"] == last.year)]
        same = same[same["region"] == last.region]
        if last.concept and (same["value"] == last.value).any():
            return frame
    return None


def labelled(figures, *, concept=None, region=None) -> list[Figure]:
    """The same figures as one series, saying what they count and where."""
    series = concept or region
    return [replace(f, concept=concept, region=region, series=series) for f in figures]


# In sentences


def concept_name(folder, slug) -> dict:
    """A concept in words; a user's own label as it is."""
    for place in (folder, data.shipped()):
        if slug in place._text("concepts").columns["concept"]:
            return blocks.both(place, "concepts", "concept", "name", slug)
    return {lang: slug or text.label("outlook.these", lang) for lang in text.LANGS}


def reasons(frame, folder=None) -> list[Block]:
    """Why the rows of a projection, or these reasons, are as they are: each once."""
    folder = folder or data.shipped()
    whys = frame["why"] if isinstance(frame, pd.DataFrame) else frame
    found = {}
    for code, params in (w for why in whys for w in why):
        found.setdefault(code, []).append(params)
    said = []
    for code, each in found.items():
        params = dict(each[0])
        if "years" in params:
            params["years"] = _span([p["years"] for p in each])
        if "concept" in params:
            params["concept"] = concept_name(folder, params["concept"])
        if "panel" in params:
            names = [concept_name(folder, slug) for slug in params["panel"]]
            params["panel"] = {k: "; ".join(n[k] for n in names) for k in text.LANGS}
        said.append(Block("sentence", f"why.{code}", params))
    return said


def _span(numbers):
    low, high = min(numbers), max(numbers)
    if low == high:
        return low
    return {k: f"{low} {text.label('word.to', k)} {high}" for k in text.LANGS}


def of_fit(frame) -> list[Block]:
    """How an interval arose: level, regions, years, and the weight of own growth."""
    rows = frame[frame["kind"] != "scenario"]
    if rows.empty:
        return []
    first = rows.iloc[0]
    keys = ("level", "regions", "panel_years", "own_points", "weight_on_own_growth",
            "weight_on_panel_growth")  # fmt: skip
    params = {k: first[k] for k in keys}
    return [Block("sentence", "outlook.fit", params)]


def blanks(table, name, horizons) -> list[Block]:
    """Why cells of a back-test table are blank."""
    said = []

    def say(key, **params):
        said.append(Block("sentence", f"cli.{key}", {"panel": name, **params}))

    for h in horizons:
        rows = table[table["horizon"] == h].set_index("method")
        if rows.empty:
            say("null_horizon", horizon=h)
            continue
        few = any(e.code == "too_few_regions" for e in table.attrs["why"])
        if rows.drop(index=["drift", "log_ols"])["coverage"].isna().all() and not few:
            say("null_interval", horizon=h)
        elif rows["coverage_year_block"].isna().all() and not few:
            say("null_blocks", horizon=h)
        if rows[["skill_vs_naive", "skill_vs_fixed_growth"]].isna().any(axis=None):
            say("null_skill", horizon=h)
    own = [m for m in ("drift", "log_ols") if table["method"].eq(m).any()]
    if own and table[table["method"].isin(own)]["coverage"].isna().all():
        params = {k: [text.term("method", m, k) for m in own] for k in text.LANGS}
        words = {k: ", ".join(v) for k, v in params.items()}
        say("null_own", methods=words)
    return said


def of_scenarios(frame, rates_, folder=None) -> list[Block]:
    """What `scenarios` says, each with its "if", then why there is no interval."""
    folder = folder or data.shipped()
    said = []
    origin = {r["method"]: r for r in rates_.to_dict("records")}
    # One line a rule; given rates are rules of their own.
    keys = ["method", "rate"]
    ends = frame[frame["kind"] == "scenario"].groupby(keys, sort=False).tail(1)
    for row in ends.to_dict("records"):
        rate = origin.get(row["method"], {})
        ids = tuple(i for i in row["ids"].split(";") if i)
        said.append(Block(
            "sentence",
            f"outlook.{row['method']}",
            {
                "point": row["point"], "year": row["year"],
                "rate": Traced(row["rate"], ids[0]) if ids else row["rate"],
                "from": rate.get("from_period"), "to": rate.get("to_period"),
                "concept": concept_name(folder, rate["concept"]) if rate else None,
            },
            ids,
        ))  # fmt: skip
    return said + reasons(frame, folder)


def of_claim(rate, folder=None, region=None, *, horizon=HORIZON) -> Block:
    """What a yearly rate claims of a region's register, and how often it was kept.

    The share of regions and years, on each panel, whose growth over as many years was
    at least as high.

    Parameters
    ----------
    rate : float
        A fraction a year, above -1.
    """
    folder = folder or data.shipped()
    figures = register(folder, region)
    if not figures:
        raise TooShort("no_points")
    last = figures[-1]
    point = projection.scenario(last, rate, horizon)
    shares = {}
    for name in panels(folder):
        table = projection.blocks(folder.panel(name))
        change = np.concatenate(
            [(b.log[:, horizon:] - b.log[:, :-horizon]).ravel() for b in table]
        )
        change = change[~np.isnan(change)]
        if change.size:
            shares[name] = float((change >= horizon * np.log1p(rate)).mean())
    record = {
        k: "; ".join(
            f"{text.term('trial', n, k)} {text.percent(v, 0, k)}"
            for n, v in shares.items()
        )
        for k in text.LANGS
    }
    return Block(
        "sentence",
        "outlook.claim",
        {
            "rate": rate, "start": Traced(last.value, last.id), "from": last.period,
            "point": point, "year": last.year + horizon, "years": horizon,
            "added": point - last.value, "record": record,
        },
        (last.id,),
    )  # fmt: skip


def of_published(frame, figures, folder=None) -> list[Block]:
    """What the rules said of years whose figure is there by now: one case each."""
    folder = folder or data.shipped()
    said = []
    for figure in published(folder, figures, int(frame["year"].max())):
        rows = frame[frame["year"] == figure.year].sort_values("point")
        ids = (figure.id, *dict.fromkeys(";".join(rows["ids"]).split(";")))
        said.append(Block(
            "sentence",
            "outlook.published",
            {
                "year": figure.year, "value": Traced(figure.value, figure.id),
                "low": rows["point"].iloc[0], "high": rows["point"].iloc[-1],
                "concept": concept_name(folder, figure.concept),
            },
            ids,
        ))  # fmt: skip
    return said


def of_record(frame) -> list[Block]:
    """How far the rules missed on each panel, one and more years ahead."""
    said = []
    for name, rows in frame.groupby("panel", sort=False):
        by = rows.set_index(["method", "horizon"])
        last = rows["horizon"].max()
        own = by.loc["naive", 1]
        params = {
            "panel": {k: text.term("trial", name, k) for k in text.LANGS},
            "first": str(own["first_year"]), "last": str(own["last_year"]),
            "regions": own["regions"], "horizon": last,
            "naive": own["mdape"], "fixed": by.loc[("fixed_growth", 1), "mdape"],
            "naive_later": by.loc[("naive", last), "mdape"],
            "fixed_later": by.loc[("fixed_growth", last), "mdape"],
        }  # fmt: skip
        said.append(Block("sentence", "outlook.record", params))
    return said


def of_held(frame) -> list[Block]:
    """How often intervals held, and how seldom in the worst year."""
    said = []
    for row in frame[frame["coverage"].notna()].to_dict("records"):
        keys = ("level", "coverage", "interval_years", "worst_year_coverage")
        params = {
            "panel": {k: text.term("trial", row["panel"], k) for k in text.LANGS},
            "worst": str(row["worst_year"]),
            **{k: row[k] for k in keys},
        }
        key = "held" if row["horizon"] == 1 else "held_later"
        params["horizon"] = row["horizon"]
        said.append(Block("sentence", f"outlook.{key}", params))
    return said


def of_example(found: Example, folder=None) -> list[Block]:
    """An interval in both widths, how it arose, and what came since."""
    folder = folder or data.shipped()
    last = found.history[-1]
    rows = found.rows
    first = rows.iloc[0]
    both = not text.absent(first["low_years"])
    name = concept_name(folder, last.concept)
    said = [Block(
        "sentence",
        "outlook.example_both" if both else "outlook.example_one",
        {
            "region": blocks.region_name(folder, found.region), "concept": name,
            "value": last.value, "from": last.period, "year": first["year"],
            **{k: first[k] for k in ("level", "low", "high", "low_years", "high_years",
                                     "regions")},
            "panel_years": first["panel_years"],
        },
        found.ids,
    )]  # fmt: skip
    said += reasons(rows, folder)
    by_year = rows.drop_duplicates("year").set_index("year")
    for figure in found.later:
        row = by_year.loc[figure.year]
        low, high = (
            (row[a] if not text.absent(row[a]) else row[b])
            for a, b in (("low_years", "low"), ("high_years", "high"))
        )
        inside = low <= figure.value <= high
        said.append(Block(
            "sentence",
            f"outlook.later_{'inside' if inside else 'outside'}",
            {
                "year": figure.year, "value": Traced(figure.value, figure.id),
                "low": low, "high": high,
                "concept": concept_name(folder, figure.concept),
            },
            (figure.id,),
        ))  # fmt: skip
    return said


def of_jumps(frame, folder=None, region=None) -> list[Block]:
    """How registers elsewhere jumped: the first sentence that `peers` has of it."""
    return blocks.of_peers(frame, folder, region)["jump"][:1]
