"""The report: what it says, in order, for every format and language.

Every figure leads to the row behind it, every row to its source. The data release
is the only date in it.
"""

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from weakref import WeakKeyDictionary

from umkm_analysis import (
    blocks,
    breakdown,
    charts,
    data,
    outlook,
    tables,
    text,
    whole,
    writers,
)
from umkm_analysis.errors import DataError
from umkm_analysis.text import Block

FORMATS = ("html", "pdf", "docx", "xlsx", "zip")


@dataclass(frozen=True)
class Part:
    """One piece of the report, in order, before it is written in any format.

    Attributes
    ----------
    kind : str
        "section" and "sub" (headings), "sentences", "note" (small print), "table",
        "chart" or "sources".
    key : str
        Key under [report] of labels.toml: the heading, caption or note.
    blocks : tuple of Block
        What is said.
    table : Table or None
    draw : callable or None
        Draws the chart: takes lang, returns Axes.
    rows : tuple of dict
        Sources.
    """

    kind: str
    key: str = ""
    blocks: tuple = ()
    table: "Table | None" = None
    draw: object = None
    rows: tuple = ()


@dataclass(frozen=True)
class Table:
    """A frame and what of it is shown; `anchor` is the column that names a row."""

    frame: object
    columns: tuple
    anchor: str | None = None

    def shown(self, lang, folder) -> dict:
        """Heads, fields, which columns are numbers, and rows of text."""
        words = tables.in_words(self.frame, lang, folder=folder)
        fields = [c for c in self.columns if c in words]
        shown = tables.show(self.frame, lang, fields, folder=folder).reset_index()
        first = [
            next((v for v in words[c] if v is not None and v == v), None)
            for c in fields
        ]
        return {
            "head": list(shown.columns),
            "fields": fields,
            "number": [
                hasattr(v, "__float__") and c not in tables.PLAIN
                for c, v in zip(fields, first, strict=True)
            ],
            "rows": shown.to_numpy().tolist(),
            "anchor": fields.index(self.anchor) if self.anchor else None,
        }


ROW_COLUMNS = (
    "id",
    "region_code",
    "period",
    "measure",
    "concept",
    "value",
    "unit",
    "status",
    "grade",
    "source_id",
)


def content(folder=None, region=None) -> list[Part]:
    """The whole report of a region, in order: the one list for every format."""
    folder = folder or data.shipped()
    region = folder.region(region)
    parts = [*_opening(folder, region), *_counted(folder, region)]
    parts += _growth(folder, region)
    parts += _sectors(folder, region)
    parts += _districts(folder, region)
    parts += _sizes(folder, region)
    parts += _peers(folder, region)
    parts += _projection(folder, region)
    parts += _claims(folder, region)
    parts += _told(folder, region, "missing", "missing")
    parts += _told(folder, region, "weak", "weak")
    parts += [Part("section", "correct"), Part("note", "correct_text")]
    parts += _revisions(folder, region)
    parts += _request(folder, region)
    return [*parts, *_evidence(folder, parts), *_glossary(folder)]


def _revisions(folder, region):
    """Figures that replace older ones, each beside the one it replaces."""
    frame = folder.figures(region=region)
    newer = frame[frame["supersedes"].notna()].drop(columns="unit")
    if newer.empty:
        return [Part("note", "corrections_none")]
    old = frame.set_index("id")["value"]
    newer = newer.assign(
        from_value=newer["supersedes"].map(old),
        to_value=newer["value"],
        ids=newer["supersedes"] + ";" + newer["id"],
    )
    columns = ("concept", "measure", "period", "from_value", "to_value", "ids")
    return [Part("table", "revisions", table=Table(newer, columns))]


#: The offices that are asked, and the number of things each is asked for.
REQUEST = {"bps": 3, "agency": 4, "licensing": 3}


def _request(folder, region):
    """A letter to fill in and send: the same questions for every region."""
    name = {"region": blocks.region_name(folder, region)}
    yield Part("section", "request")
    yield Part("sentences", blocks=(Block("sentence", "request.opening", name),))
    for office, count in REQUEST.items():
        yield Part("sub", f"request_{office}")
        asked = (f"request.{office}_{i}" for i in range(1, count + 1))
        yield Part("sentences", blocks=tuple(Block("sentence", key) for key in asked))


def _glossary(folder):
    frame = folder.load("glossary") if "glossary" in folder.package.resources else ()
    if len(frame):
        yield Part("section", "glossary")
        yield Part("table", "glossary", table=Table(frame, ("name", "meaning")))


def _told(folder, region, section, heading) -> list[Part]:
    """A section that is nothing but sentences of story.csv, if there are any."""
    told = tuple(blocks.story(section, folder=folder, region=region))
    return [Part("section", heading), Part("sentences", blocks=told)] if told else []


def _opening(folder, region):
    yield Part("safe", blocks=tuple(blocks.safe(folder, region)))
    if blocks.headline_rows(folder, region)["year"].notna().any():
        yield Part("chart", draw=partial(charts.headline, region, folder=folder))
    yield Part("note", "trace_hint")
    yield from _told(folder, region, "article", "article")


def _counted(folder, region):
    yield Part("section", "counted")
    told = tuple(blocks.story("families", folder=folder, region=region))
    if told:
        yield Part("sentences", blocks=told)
    rows = blocks.headline_rows(folder, region)
    if len(rows):
        yield Part("table", "counts_table", table=Table(rows, tables.FIGURES))
        yield Part("note", "grades")
    else:
        yield Part("note", "no_counts")
    yield from _told(folder, region, "headline", "closely")


def _growth(folder, region) -> list[Part]:
    parts = []
    told = tuple(blocks.story("growth", folder=folder, region=region))
    if told:
        parts.append(Part("sentences", blocks=told))
    if charts.growth_rows(folder, region, "id"):
        draw = partial(charts.growth_bounds, region, folder=folder)
        parts.append(Part("chart", draw=draw))
    readings = tuple(
        blocks.reading(row["reading"], folder)
        for row in folder.rows("readings")
        if folder.figure(row["from_id"]).region == region
    )
    if readings:
        parts += [Part("sub", "readings"), Part("sentences", blocks=readings)]
    refused = _refusal(folder, region)
    if refused:
        parts += [Part("sub", "refused"), Part("sentences", blocks=(refused,))]
    return [Part("section", "growth"), *parts] if parts else []


def _refusal(folder, region) -> Block | None:
    """One pair that looks joinable and is refused: neighbours in time."""
    rows = data.calculable(blocks.headline_rows(folder, region))
    rows = rows[rows["year"].notna() & (rows["measure"] == "business_units")]
    rows = rows.sort_values(["year", "id"]).fillna({"series": ""})
    in_time = zip(rows["id"], rows["year"], rows["series"], strict=True)
    for (a, year, series), (b, later, other) in pairwise(in_time):
        if year != later and series != other:
            return blocks.refusal(folder.figure(a), folder.figure(b))
    return None


#: What the breakdowns of a folder are: read once for every language and format.
_BREAKDOWNS = WeakKeyDictionary()


def _breakdown(folder, kind, region):
    known = _BREAKDOWNS.setdefault(folder, {})
    if (kind, region) not in known:
        known[kind, region] = getattr(breakdown, kind)(folder, region)
    return known[kind, region]


def _of(frame, caption, columns, **where) -> list[Part]:
    """The rows of a breakdown that are of one part, as a table."""
    for column, values in where.items():
        frame = frame[frame[column].isin(values)]
    if frame.empty:
        return []
    return [Part("table", caption, table=Table(frame, columns))]


def _sectors(folder, region) -> list[Part]:
    frame = _breakdown(folder, "sectors", region)
    told = tuple(blocks.story("sectors", folder=folder, region=region))
    said = blocks.of_sectors(frame, folder, region)
    if told:
        # What a folder says of its own sectors is not said twice.
        said = [b for b in said if b.key != "structure.sectors_kbli"]
    if not told and not said:
        return []
    parts = [Part("section", "sectors"), Part("sentences", blocks=(*told, *said))]
    shares, orders = charts.sector_rows(frame)
    if len(shares) or len(orders):
        draw = partial(charts.sectors, region, folder=folder, frame=frame)
        parts.append(Part("chart", draw=draw))
    columns = ("period", "sector", "value", "unit", "base_value", "verdict", "ids")
    parts += _of(shares, "sectors_shares", columns)
    columns = ("sector", "value", "share", "share_of_parts", "ids")
    return parts + _of(frame, "sectors_near", columns, part=["nearest_split"])


def _districts(folder, region) -> list[Part]:
    frame = _breakdown(folder, "districts", region)
    if frame.empty:
        return []
    said = blocks.of_districts(frame, folder)
    told = blocks.story("districts", folder=folder, region=region)
    # What is left and the stated whole are rows of their own names.
    main, complete = breakdown.main_table(folder, frame)
    names = main["region_code"].where(main["part"] == "area", main["part"])
    # Turnover and residents only where there are some.
    table = main.assign(region_code=names).dropna(axis="columns", how="all")
    if not complete:
        # A share of some areas would pass for one of all.
        table = table.drop(columns=["units_share", "turnover_share"], errors="ignore")
    columns = ("region_code", "units", "units_share", "turnover",
               "turnover_share", "turnover_per_unit", "units_per_1000",
               "ids")  # fmt: skip
    return [
        Part("section", "districts"),
        Part("sentences", blocks=(*said, *told)),
        Part(
            "chart", draw=partial(charts.districts, region, folder=folder, frame=frame)
        ),
        Part("table", "districts_table", table=Table(table, columns)),
    ]


def _sizes(folder, region) -> list[Part]:
    frame = _breakdown(folder, "sizes", region)
    said = tuple(blocks.of_sizes(frame, folder, region))
    if not said or folder.figures(region=region).empty:
        return []
    # The latest split of each area tells enough; the others are in `umkm sizes`.
    last = frame.groupby("region_code")["period"].transform("last")
    shown = frame[(frame["region_code"] == region) | (frame["period"] == last)]
    columns = ("region_code", "concept", "period", "regime", "size_class", "value",
               "share", "verdict", "ids")  # fmt: skip
    parts = [
        Part("section", "sizes"),
        Part("sentences", blocks=said),
        Part("table", "sizes_table", table=Table(shown, columns)),
    ]
    limits = folder.load("size_classes")
    limits = limits[limits["regime"].isin(frame["regime"]) & limits["unit"].eq("IDR")]
    columns = ("regime", "class", "criterion", "upper", "citation", "source_id")
    return parts + _of(limits, "sizes_limits", columns)


def _peers(folder, region) -> list[Part]:
    if folder.figures(region=region).empty:
        return []
    frame = _breakdown(folder, "peers", region)
    said = blocks.of_peers(frame, folder, region)
    parts = [Part("section", "peers"), Part("sentences", blocks=tuple(said["census"]))]
    if (frame["part"] != "census").all():
        return parts
    told = tuple(blocks.story("peers", folder=folder, region=region))
    if told:
        parts.append(Part("sentences", blocks=told))
    columns = ("region_code", "from_value", "to_value", "growth", "growth_low",
               "growth_high", "rank_best", "rank_worst", "ids")  # fmt: skip
    parts += [
        Part("chart", draw=partial(charts.census, region, folder=folder, frame=frame)),
        *_of(frame, "peers_census", columns, part=["census"]),
    ]
    jumps = ("region_code", "from_period", "to_period", "from_value", "to_value",
             "difference", "verdict", "ids")  # fmt: skip
    computed = ("region_code", "concept", "from_period", "to_period", "cagr", "pattern",
                "ids")  # fmt: skip
    for part, kinds, name, columns in (
        ("jump", ["jump"], "jumps", jumps),
        ("computed", ["computed"], "computed", computed),
    ):
        if said[part] and (frame["part"] == part).any():
            draw = partial(getattr(charts, name), region, folder=folder, frame=frame)
            parts += [
                Part("sub", f"peers_{name}"),
                Part("sentences", blocks=tuple(said[part])),
                Part("chart", draw=draw),
                *_of(frame, f"peers_{name}", columns, part=kinds),
            ]
    return parts


def _projection(folder, region) -> list[Part]:
    """Scenarios without an interval, the record of such rules, an example with one."""
    if folder.figures(region=region).empty:
        return []
    parts = [Part("section", "projection")]
    figures = outlook.register(folder, region)
    if figures:
        parts += _scenarios(folder, region, figures)
    else:
        name = {"region": blocks.region_name(folder, region)}
        none = Block("sentence", "outlook.none", name)
        parts.append(Part("sentences", blocks=(none,)))
    found = outlook.example(folder, region)
    if found is not None and (figures or found.region == region):
        said = outlook.of_example(found, folder)
        draw = partial(charts.example, region, folder=folder, found=found)
        shown = found.rows.assign(source_id=found.source_id)
        columns = ("year", "method", "point", "low", "high", "low_years", "high_years",
                   "past_years", "source_id")  # fmt: skip
        parts += [
            Part("sub", "projection_example"),
            Part("sentences", blocks=tuple(said)),
            Part("chart", draw=draw),
            Part("table", "projection_interval", table=Table(shown, columns)),
        ]
    return parts


def _scenarios(folder, region, figures):
    known = outlook.rates(folder, figures)
    frame = outlook.scenarios(folder, figures=figures, rates_=known)
    record = outlook.record(folder, known)
    jumps = outlook.of_jumps(_breakdown(folder, "peers", region), folder, region)
    said = [*outlook.of_scenarios(frame, known, folder),
            *outlook.of_published(frame, figures, folder)]  # fmt: skip
    draw = partial(charts.scenarios, region, folder=folder, frame=frame)
    yield Part("sentences", blocks=tuple(said))
    yield Part("chart", draw=draw)
    shown = frame.assign(yearly=frame["rate"])
    columns = ("year", "method", "yearly", "point", "ids")
    yield Part("table", "projection_scenarios", table=Table(shown, columns))
    told = [*outlook.of_record(record), *outlook.of_held(outlook.held(folder)), *jumps]
    yield Part("sub", "projection_record")
    yield Part("sentences", blocks=tuple(told))
    yield Part("chart", draw=partial(charts.record, record, folder=folder))
    columns = ("trial", "method", "horizon", "n", "years", "mdape", "worst_miss",
               "worst_miss_year", "source_id")  # fmt: skip
    shown = record.assign(trial=record["panel"])
    yield Part("table", "projection_table", table=Table(shown, columns))


def _claims(folder, region) -> list[Part]:
    claims = folder.claims(region=region)
    if claims.empty:
        return []
    return [
        Part("section", "claims"),
        Part("note", "claims_note"),
        Part("chart", draw=partial(charts.claims, region, folder=folder)),
        Part("table", "claims", table=Table(claims, tables.CLAIMS, "claim_id")),
    ]


def _evidence(folder, parts) -> list[Part]:
    """Every row that a part of the report rests on, and their sources."""
    used, sources = set(), set()
    for part in parts:
        for block in part.blocks:
            used |= set(block.ids)
        frame = part.table.frame if part.table else None
        if frame is None:
            continue
        if "operands" in frame or "source_id" in part.table.columns:
            sources |= set(frame["source_id"])
        for column in ("id", "ids", "operands"):
            if column in frame:
                used.update(*(str(v).split(";") for v in frame[column].dropna()))
    frame = folder.figures()
    frame = frame[frame["id"].isin(used)]
    if frame.empty:
        return []
    wanted = sources | set(frame["source_id"])
    rows = tuple(s for s in folder.rows("sources") if s["source_id"] in wanted)
    return [
        Part("section", "rows"),
        Part("table", "rows", table=Table(frame, ROW_COLUMNS, "id")),
        Part("section", "sources"),
        Part("sources", rows=rows),
    ]


def headline(folder=None, region=None, lang="id") -> str:
    """The safe sentence in one line, for a terminal."""
    return " ".join(text.say(b, lang) for b in blocks.safe(folder, region))


def build(
    folder=None, *, region=None, langs=text.LANGS, formats=FORMATS, out="reports"
) -> list[Path]:
    """Write the report of a region; return the files.

    Parameters
    ----------
    folder : Folder, optional
    region : str, optional
        A region code; "all" is every region with a count of businesses.
    langs, formats : sequences of str
        Which languages, and which of html, pdf, docx, xlsx and zip.
    out : path
        Made if it is missing. Each file is written beside its place and then
        renamed, so that an interrupted run leaves the old file or the new one.
    """
    folder = folder or data.shipped()
    regions = all_regions(folder) if region == "all" else [folder.region(region)]
    out = Path(out)
    jobs = [(r, lang) for r in regions for lang in langs]
    try:
        out.mkdir(parents=True, exist_ok=True)
        paths = []
        for code, lang in _progress(jobs):
            if len(regions) > 1:
                # A hundred regions' pictures would fill the memory.
                folder.drawn.clear()
            job = writers.Job(content(folder, code), folder, code, lang)
            for kind in formats:
                if kind in writers.WRITERS:
                    path = out / f"umkm-{code}-{lang}.{kind}"
                    whole.write(path, writers.WRITERS[kind](job))
                    paths.append(path)
        if "zip" in formats:
            path = out / "umkm-data.zip"
            whole.write(path, writers.to_zip(folder))
            paths.append(path)
    except OSError as error:
        raise DataError(
            "cannot_write", path=str(error.filename or out), reason=error.strerror
        ) from None
    return paths


def all_regions(folder) -> list[str]:
    """Every region with a figure, in the order of regions.csv."""
    there = set(folder._text("observations").columns["region_code"])
    return [r for r in folder._text("regions").columns["region_code"] if r in there]


def _progress(jobs):
    """A bar on a terminal where there is something to wait for, else nothing."""
    if len(jobs) <= len(text.LANGS):
        return jobs
    from tqdm import tqdm

    return tqdm(jobs, disable=None, unit="report")
