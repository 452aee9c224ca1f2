"""What readers are told, as blocks: notebooks and report are two readers of them.

Whatever is about one region comes from rows: sentences of story.csv with row ids
in braces, or, where a folder has none, a plain sentence made from its claims.
"""

from dataclasses import dataclass

from umkm_analysis import breakdown, data, growth, text
from umkm_analysis.contract import _PLACEHOLDER
from umkm_analysis.errors import ConceptMismatch, DataError
from umkm_analysis.figure import plain
from umkm_analysis.text import Block, Traced


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


def cells(folder, ids) -> dict:
    """The figures and claims behind a sentence, by id."""
    rows = folder.by_id
    units = {r["measure"]: r["unit"] for r in folder.rows("measures")}
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
                plain(c["computed_value"]),
                plain(c["computed_low"]),
                plain(c["computed_high"]),
                c["stated_unit"],
                None,
                plain(c["stated_value"]),
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
        for r in folder.rows("story")
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
    """The growth claim a region is known by: named in the contract, or the first.

    Only where both figures are of one series: what is said of it is said as growth.
    """
    folder = folder or data.shipped()
    region = folder.region(region)
    rows = folder.by_id
    named = folder.package.contract.get("headline_claim")
    first = None
    for claim in folder.rows("claims"):
        operands = claim["operands"].split(";")
        if (
            rows[operands[0]]["region_code"] != region
            or claim["formula"] != "growth_pct"
            or not _of_one_series(folder, operands)
        ):
            continue
        if claim["claim_id"] == named:
            return claim
        if first is None and all(
            rows[o]["measure"] == "business_units" for o in operands
        ):
            first = claim
    return first


def _of_one_series(folder, ids) -> bool:
    try:
        growth.comparable(*map(folder.figure, ids))
    except ConceptMismatch:
        return False
    return True


def region_name(folder, region) -> str:
    return folder.names("regions", "region_code", None)[region]


def both(folder, table, key, column, value) -> dict:
    """A word of the data in both languages."""
    row = next(r for r in folder.rows(table) if r[key] == value)
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
                    "period": plain(row["period"]),
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
    for row in folder.rows("readings"):
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


def _line(key, ids, **params) -> Block:
    ids = dict.fromkeys(i for part in ids for i in part.split(";"))
    return Block("sentence", f"structure.{key}", params, tuple(ids))


def _traced(value, row) -> Traced:
    """A value that leads to the first row behind it."""
    return Traced(value, row["ids"].split(";")[0])


def _name(folder, table, key, value) -> dict:
    return both(folder, table, key, "name", value)


def _verdict(key) -> dict:
    return {k: text.label(f"verdict.{key}", k) for k in text.LANGS}


def of_sectors(frame, folder=None, region=None) -> list[Block]:
    """What `breakdown.sectors` shows of a region, in sentences."""
    folder = folder or data.shipped()
    name = region_name(folder, folder.region(region))
    said = []
    own = frame[frame["part"] == "statement"]
    verdict = breakdown.sector_verdict(frame)
    if verdict == "no_split":
        said.append(_line("sectors_no_split", own["ids"], n=len(own), region=name))
    elif verdict != "nothing_stated":
        split = own[own["verdict"] == verdict]
        params = {"region": name, "verdict": _verdict(verdict)}
        said.append(_line("sectors_split", split["ids"], **params))
    wide = own[own["kbli_sections"].str.contains(";", na=False).astype(bool)]
    if len(wide):
        said.append(_kbli(wide.iloc[0], folder))
    near = frame[frame["part"] == "nearest_split"].to_dict("records")
    named = [r for r in near if r["sector"] != "residual"]
    if len(named) > 1:
        first, second = named[:2]
        said.append(_line(
            "sectors_near", [first["ids"], second["ids"]],
            area=region_name(folder, first["region_code"]), period=first["period"],
            total=Traced(first["base_value"], first["base_id"]),
            first=_name(folder, "sectors", "sector", first["sector"]),
            second=_name(folder, "sectors", "sector", second["sector"]),
            share=_traced(first["share"], first),
            share2=_traced(second["share"], second),
        ))  # fmt: skip
        for r in near:
            if r["sector"] == "residual":
                rest = Traced(r["value"], r["base_id"])
                said.append(_line("sectors_rest", [r["ids"]], rest=rest))
    output = frame[(frame["part"] == "output") & (frame["sector"] != "residual")]
    if len(output):
        # In time order already; of the latest period the largest share.
        latest = output[output["period"] == output["period"].iloc[-1]].iloc[0]
        said.append(_line(
            "sectors_output", [latest["ids"]], period=latest["period"],
            sector=_name(folder, "sectors", "sector", latest["sector"]),
            share=_traced(latest["share"], latest),
        ))  # fmt: skip
    return said


def _kbli(row, folder) -> Block:
    """Into which sections the label of a sector may fall."""
    sections = {
        lang: "; ".join(
            f"{code} {folder.names('sectors', 'sector', lang)[code]}"
            for code in sorted(row["kbli_sections"].split(";"))
        )
        for lang in text.LANGS
    }
    sector = _name(folder, "sectors", "sector", row["sector"])
    return _line("sectors_kbli", [row["ids"]], sector=sector, sections=sections)


def of_districts(frame, folder=None) -> list[Block]:
    """What the first table of `breakdown.districts` shows, in sentences."""
    folder = folder or data.shipped()
    if frame.empty:
        return []
    table, complete = breakdown.main_table(folder, frame)
    areas = table[table["part"] == "area"]
    most = areas.iloc[0]
    said = [_line(
        "districts_most" if complete else "districts_some", [most["ids"]],
        n=len(areas), period=most["period"], units=_traced(most["units"], most),
        concept=_name(folder, "concepts", "concept", most["concept"]),
        most=region_name(folder, most["region_code"]),
    )]  # fmt: skip
    each = areas.dropna(subset=["turnover_per_unit"]).sort_values("turnover_per_unit")
    if len(each) > 1:
        low, high = each.iloc[0], each.iloc[-1]
        said.append(_line(
            "districts_turnover", [high["ids"], low["ids"]],
            top=region_name(folder, high["region_code"]),
            bottom=region_name(folder, low["region_code"]),
            high=_traced(round(high["turnover_per_unit"], -5), high),
            low=_traced(round(low["turnover_per_unit"], -5), low),
        ))  # fmt: skip
    for _, rest in table[table["part"] == "residual"].iterrows():
        if plain(rest["turnover"]):
            whole = table[table["part"] == "whole"].iloc[0]
            stated = folder.figures(region=whole["region_code"], measure="turnover")
            stated = stated[stated["id"].isin(whole["ids"].split(";"))].iloc[0]
            said.append(_line(
                f"districts_{rest['verdict']}", [rest["ids"]], rest=rest["turnover"],
                whole=Traced(whole["turnover"], stated["id"]),
            ))  # fmt: skip
    people = plain(most["population_period"])
    if people is not None and people != most["period"]:
        params = {"period": most["period"], "people": people}
        said.append(_line("districts_density", areas["ids"], **params))
    return said


def of_sizes(frame, folder=None, region=None) -> list[Block]:
    """What `breakdown.sizes` shows of a region, in sentences."""
    folder = folder or data.shipped()
    if frame.empty:
        return []
    classes = frame[frame["part"] == "class"]
    own = classes[classes["verdict"] == "latest"]
    if own.empty:
        name = region_name(folder, folder.region(region))
        return [_line("sizes_none", classes["ids"], region=name)]
    said = []
    for _, r in own.iterrows():
        size = {k: text.label(f"size.{r['size_class']}", k) for k in text.LANGS}
        low, high = plain(r["share_low"]), plain(r["share_high"])
        loose = None not in (low, high) and low != high
        said.append(_line(
            "sizes_own" if loose else "sizes_own_plain", [r["ids"]],
            share=_traced(r["share"], r), size=size,
            concept=_name(folder, "concepts", "concept", r["concept"]),
            value=_traced(r["value"], r), low=low, high=high,
            whole=Traced(r["whole"], _whole_id(r, folder)),
        ))  # fmt: skip
        near = classes[
            (classes["verdict"] == "same_limits")
            & (classes["size_class"] == r["size_class"])
        ]
        for _, n in near.iterrows():
            said.append(_line(
                "sizes_near", [n["ids"]], share=_traced(n["share"], n), size=size,
                area=region_name(folder, n["region_code"]),
                concept=_name(folder, "concepts", "concept", n["concept"]),
            ))  # fmt: skip
    rule = own["regime"].iloc[0]
    before = classes[
        (classes["region_code"] == own["region_code"].iloc[0])
        & classes["regime"].notna() & (classes["regime"] != rule)
    ]  # fmt: skip
    if len(before) and rule is not None:
        ids = [*before["ids"], *own["ids"]]
        old = before["regime"].iloc[-1]
        said.append(_line("sizes_change", ids, old=old, new=rule))
    return said


def _whole_id(row, folder):
    """The row of a whole among the rows of one of its classes."""
    ids = row["ids"].split(";")
    whole = row["whole_class"]
    return next((i for i in ids if folder.by_id[i]["size_class"] == whole), ids[-1])


def of_peers(frame, folder=None, region=None) -> dict[str, list[Block]]:
    """What `breakdown.peers` shows, in sentences for each of its parts."""
    folder = folder or data.shipped()
    region = folder.region(region)
    census = frame[frame["part"] == "census"]
    said = {"census": [], "jump": [], "computed": []}
    if census.empty:
        name = region_name(folder, region)
        said["census"].append(
            Block("sentence", "structure.peers_none", {"region": name})
        )
        return said
    r = census[census["region_code"] == region].iloc[0]
    best, worst = int(r["rank_best"]), int(r["rank_worst"])
    low, high = plain(r["growth_low"]), plain(r["growth_high"])
    loose = None not in (low, high) and low != high
    said["census"].append(_line(
        "peers_rank" if loose else "peers_rank_exact", [r["ids"]],
        a=_traced(r["from_value"], r),
        b=Traced(r["to_value"], _at(r, r["to_period"], folder)), n=len(census),
        concept=_name(folder, "concepts", "concept", r["concept"]),
        region=region_name(folder, region), growth=r["growth"],
        low=low, high=high,
        ranks=str(best) if best == worst else f"{best}-{worst}",
        verdict=_verdict(r["verdict"]), **{"from": r["from_period"]},
        to=r["to_period"],
    ))  # fmt: skip
    jumps = frame[frame["part"] == "jump"]
    if len(jumps):
        top = jumps.iloc[0]
        said["jump"].append(_line(
            "peers_jumps", jumps["ids"], n=len(jumps),
            k=jumps["region_code"].nunique(), most=_traced(top["difference"], top),
            name=region_name(folder, top["region_code"]),
        ))  # fmt: skip
    steady = frame[frame["part"] == "steady"]
    for code, rows in steady.groupby("region_code", sort=False):
        said["jump"].append(_line(
            "peers_steady", rows["ids"], name=region_name(folder, code),
            low=rows["growth"].min(), high=rows["growth"].max(),
        ))  # fmt: skip
    computed = frame[frame["part"] == "computed"]
    if len(computed):
        said["computed"].append(
            _line("peers_computed", computed["ids"], n=len(computed))
        )
    return said


def _at(row, period, folder):
    """The first row of a record that is of this period."""
    ids = row["ids"].split(";")
    return next((i for i in ids if folder.by_id[i]["period"] == period), ids[-1])


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
