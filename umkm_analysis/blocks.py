"""What readers are told, as blocks: notebooks and report are two readers of them.

Whatever is about one region comes from rows: sentences of story.csv with row ids
in braces, or, where a folder has none, a plain sentence made from its claims.
"""

from dataclasses import dataclass

from umkm_analysis import data, growth, text
from umkm_analysis.contract import _PLACEHOLDER
from umkm_analysis.errors import DataError
from umkm_analysis.text import Block


@dataclass(frozen=True)
class Cell:
    """One figure or claim as a template meets it: `{BPN-0084}`, `{C001.low:pc2}`."""

    value: float
    low: float | None
    high: float | None
    unit: str | None
    period: str | None = None
    stated: float | None = None

    def __str__(self):
        return str(self.value)


def _none(value):
    return None if value is None or value != value else value


def cells(folder, ids) -> dict:
    """The figures and claims behind a sentence, by id."""
    rows = {r["id"]: r for r in folder._dicts("observations")}
    units = {r["measure"]: r["unit"] for r in folder._dicts("measures")}
    found, claims = {}, []
    for i in ids:
        if i in rows:
            r = rows[i]
            found[i] = Cell(
                float(r["value"]),
                float(r["value_low"]) if r["value_low"] else None,
                float(r["value_high"]) if r["value_high"] else None,
                units[r["measure"]],
                r["period"] or None,
            )
        else:
            claims.append(i)
    if claims:
        for _, c in folder.claims(claims).iterrows():
            found[c["claim_id"]] = Cell(
                _none(c["computed_value"]),
                _none(c["computed_low"]),
                _none(c["computed_high"]),
                c["stated_unit"],
                None,
                _none(c["stated_value"]),
            )
    return found


def story(section: str, *, folder=None, region=None) -> list[Block]:
    """The sentences of story.csv about a region, with their figures.

    Parameters
    ----------
    section : str
        A section, or the key of one sentence.

    Returns
    -------
    list of Block
        Empty where the folder tells nothing of it.
    """
    folder = folder or data.shipped()
    region = folder.region(region)
    rows = [
        r
        for r in folder._dicts("story")
        if r["region_code"] == region and section in (r["section"], r["key"])
    ]
    blocks = []
    for r in sorted(rows, key=lambda r: int(r["sort"])):
        ids = tuple(dict.fromkeys(_PLACEHOLDER.findall(r["text_id"])))
        params = {
            "text": {"id": r["text_id"], "en": r["text_en"]},
            "values": cells(folder, ids),
        }
        blocks.append(Block("sentence", "story", params, ids))
    return blocks


def headline_claim(folder=None, region=None) -> dict | None:
    """The growth claim a region is known by: named in the contract, or the first."""
    folder = folder or data.shipped()
    region = folder.region(region)
    rows = {r["id"]: r for r in folder._dicts("observations")}
    named = folder.package.contract.get("headline_claim")
    first = None
    for claim in folder._dicts("claims"):
        operands = claim["operands"].split(";")
        if (
            rows[operands[0]]["region_code"] != region
            or claim["formula"] != "growth_pct"
        ):
            continue
        if claim["claim_id"] == named:
            return claim
        if first is None and all(
            rows[o]["measure"] == "business_units" for o in operands
        ):
            first = claim
    return first


def region_name(folder, region) -> str:
    return folder.names("regions", "region_code", "id")[region]


def both(folder, table, key, column, value) -> dict:
    """A word of the data in both languages."""
    row = next(r for r in folder._dicts(table) if r[key] == value)
    return {lang: row[f"{column}_{lang}"] for lang in text.LANGS}


def question(folder=None, region=None) -> Block:
    """The question that the report answers."""
    folder = folder or data.shipped()
    region = folder.region(region)
    told = story("question", folder=folder, region=region)
    return (
        told[0]
        if told
        else Block("heading", "auto.question", {"region": region_name(folder, region)})
    )


def safe(folder=None, region=None) -> list[Block]:
    """What may safely be said: told in story.csv, or made from the headline claim."""
    folder = folder or data.shipped()
    region = folder.region(region)
    told = story("safe", folder=folder, region=region)
    if told:
        return told
    blocks = []
    claim = headline_claim(folder, region)
    if claim is not None:
        new, old = (folder.figure(i) for i in claim["operands"].split(";"))
        row = folder.claims([claim["claim_id"]]).iloc[0]
        blocks.append(
            Block(
                "sentence",
                "auto.claim",
                {
                    "a": old.value,
                    "b": new.value,
                    "from": old.period,
                    "to": new.period,
                    "growth": row["computed_value"],
                    "verdict": {
                        k: text.label(f"verdict.{row['verdict']}", k)
                        for k in text.LANGS
                    },
                },
                (new.id, old.id, claim["claim_id"]),
            )
        )
    counts = (
        folder.figures(region=region, measure="business_units")
        if _has(folder, "business_units")
        else folder.figures(region=region)
    )
    counts = data.calculable(counts)
    if len(counts):
        blocks.append(
            Block(
                "sentence",
                "auto.concepts",
                {
                    "n": len(counts),
                    "concepts": counts["concept"].nunique(),
                    "region": region_name(folder, region),
                },
                tuple(counts["id"]),
            )
        )
    if len(counts) == 1:
        row = counts.iloc[0]
        blocks.append(
            Block(
                "sentence",
                "auto.one",
                {
                    "value": row["value"],
                    "period": _none(row["period"]),
                    "what": both(
                        folder, "concepts", "concept", "counts_what", row["concept"]
                    ),
                },
                (row["id"],),
            )
        )
    if not len(counts):
        blocks.append(
            Block("sentence", "auto.none", {"region": region_name(folder, region)})
        )
    return blocks


def _has(folder, measure):
    return measure in folder._text("measures").columns["measure"]


def growth_sentence(rate: growth.Rate, a, b) -> Block:
    """Growth between two figures, its bounds and its assumption."""
    params = {
        "a": a.value,
        "b": b.value,
        "from": rate.from_period,
        "to": rate.to_period,
        "growth": rate.value,
        "low": rate.low,
        "high": rate.high,
        "cagr": rate.cagr,
        "years": rate.years,
    }
    key = "sentence.growth_one"
    if rate.low is not None and rate.high is not None and rate.low != rate.high:
        key = "sentence.growth_bounds"
    elif rate.low is None or rate.high is None:
        key = "sentence.growth_unbounded"
    ids = tuple(i for i in (a.id, b.id) if i)
    return Block("sentence", key, params, ids)


def assumption(reading: str | None, folder=None) -> dict | str | None:
    """An assumption in both languages, or the sentence that the user gave."""
    folder = folder or data.shipped()
    for row in folder._dicts("readings"):
        if row["reading"] == reading:
            return {lang: row[f"assumption_{lang}"] for lang in text.LANGS}
    return reading


def reading(name: str, folder=None) -> Block:
    """Growth under one row of readings.csv, its assumption first."""
    folder = folder or data.shipped()
    rate = growth.read_under(name, folder)
    row = folder.reading(name)
    a, b = folder.figure(row["from_id"]), folder.figure(row["to_id"])
    base = growth_sentence(rate, a, b)
    return Block(
        "sentence",
        "sentence.reading",
        {**base.params, "assumption": assumption(name, folder)},
        base.ids,
    )


def refusal(a, b) -> Block:
    """Why two figures are not compared, as a sentence."""
    try:
        growth.between(a, b)
    except (growth.ConceptMismatch, DataError) as error:
        return Block(
            "sentence",
            f"error.{error.code}",
            error.params,
            tuple(f.id for f in (a, b) if f.id),
        )
    raise DataError("no_refusal", a=a.id or "a", b=b.id or "b")


def headline_rows(folder=None, region=None):
    """Rows of the headline chart: one statement a mark, never more than counts.

    The folder's own excerpt (balikpapan.csv) where it is about the region, else
    all counts of businesses of every sector.
    """
    folder = folder or data.shipped()
    region = folder.region(region)
    frame = folder.figures(region=region)
    for resource in folder.package.resources.values():
        if resource.get("excerptOf") == "observations":
            table = folder._text(resource["name"])
            if table is not None:
                excerpt = frame[frame["id"].isin(table.columns["id"])]
                if len(excerpt):
                    return _by_time(excerpt)
    spec = folder.package.contract.get("headline", {})
    frame = frame[frame["duplicates_of"].isna()]
    replaced = set(frame["supersedes"].dropna())
    frame = frame[~frame["id"].isin(replaced)]
    for column, key in (
        ("measure", "measures"),
        ("sector", "sectors"),
        ("size_class", "sizes"),
        ("status", "statuses"),
    ):
        if key in spec:
            frame = frame[frame[column].isin(spec[key])]
    if "not_families" in spec:
        frame = frame[~frame["family"].isin(spec["not_families"])]
    return _by_time(frame)


def _by_time(frame):
    return frame.sort_values(
        ["year", "period", "id"], na_position="last", ignore_index=True
    )


class Words(str):
    """Text that a notebook shows as Markdown and a terminal as it is."""

    def _repr_markdown_(self):
        return str(self)

    def __repr__(self):
        return str(self)


def tell(what, lang: str = "id", *, folder=None, region=None) -> Words:
    """Words for a block, a list of blocks, an error, or a section of story.csv.

    Parameters
    ----------
    what : Block, list of Block, UmkmError or str
        A string is a section or a key of story.csv.

    Examples
    --------
    >>> tell("question", "en")
    How many MSMEs does Balikpapan have?
    """
    if isinstance(what, str):
        found = story(what, folder=folder, region=region)
        if not found:
            raise DataError("no_story", value=what)
        what = found
    if isinstance(what, Block):
        what = [what]
    if isinstance(what, Exception):
        return Words(text.error(what, lang))
    lines = [text.say(b, lang) for b in what]
    return Words(lines[0] if len(lines) == 1 else "\n".join(f"- {x}" for x in lines))
