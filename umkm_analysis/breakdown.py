"""Breakdowns of a folder: sectors, districts, sizes, peers.

Each function takes a ``Folder`` (``umkm_analysis.open_folder(path)``) and a region
and returns one frame for the command line, the notebooks and the report. Words are
keys (`part`, `verdict`), shares and growth are fractions, every row names the rows
of observations.csv behind it (`ids`, joined by ";"). Nothing is filled: what the
parts leave of a stated whole is a row of its own. A region without such figures
gives an empty frame.
"""

import itertools
import re

import numpy as np
import pandas as pd

from umkm_analysis import structure
from umkm_analysis.contract import CALCULABLE, period_span, span
from umkm_analysis.figure import Figure, plain
from umkm_analysis.growth import cagr, growth, growth_bounds, years_between

#: Sector labels that are a whole, not a part of one.
WHOLE = ("all", "nonfarm")
#: Families of lists and registers, whose coverage changes.
LISTS = ("agency_list", "licences", "other_area_list")
#: Difference between two lists, at most two years apart, that is called a jump.
JUMP = 0.3
#: A register is called steady when no yearly change is larger.
STEADY = 0.1

#: Size classes that hold others, and which.
HOLDS = {
    "msme": ("micro", "small", "medium", "micro_small", "small_medium"),
    "all": (
        "micro", "small", "medium", "large", "micro_small", "small_medium",
        "medium_large", "msme",
    ),
    "micro_small": ("micro", "small"),
    "small_medium": ("small", "medium"),
    "medium_large": ("medium", "large"),
}  # fmt: skip

_ENDS = ["value", "value_low", "value_high"]
_SHARE = ["share", "share_low", "share_high"]

SECTORS = [
    "part", "region_code", "period", "year", "sector", "scheme", "kbli_sections",
    "measure", "concept", "family", "size_class", *_ENDS, "unit", *_SHARE,
    "share_of_parts", "base_id", "base_value", "printed", "status", "grade",
    "stated_by", "source_id", "verdict", "claim_id", "note", "ids",
]  # fmt: skip
DISTRICTS = [
    "part", "region_code", "concept", "sector", "size_class", "period", "year", "units",
    "units_share", "turnover", "turnover_low", "turnover_high", "turnover_share",
    "turnover_share_low", "turnover_share_high", "turnover_per_unit",
    "turnover_per_unit_low", "turnover_per_unit_high", "workers", "population",
    "population_period", "population_year", "population_concept", "units_per_1000",
    "verdict", "note", "ids",
]  # fmt: skip
SIZES = [
    "part", "region_code", "concept", "family", "measure", "sector", "period", "year",
    "regime", "size_class", *_ENDS, "whole_class", "whole", *_SHARE, "status", "grade",
    "verdict", "note", "ids",
]  # fmt: skip
PEERS = [
    "part", "region_code", "measure", "size_class", "sector", "concept", "concept_to",
    "from_period", "to_period", "from_value", "to_value", "years", "growth",
    "growth_low", "growth_high", "cagr", "difference", "difference_low",
    "difference_high", "rank", "rank_best", "rank_worst",
    "stated_growth", "points", "pattern", "status", "verdict", "note", "ids",
]  # fmt: skip
ALARMS = ["kind", "name", "points", "series", "alarms", "rate"]


def _frame(records, columns) -> pd.DataFrame:
    return pd.DataFrame(records, columns=columns).reset_index(drop=True)


def _rows(frame) -> list[dict]:
    """As ``frame.to_dict("records")``, in a third of its time."""
    names = list(frame)
    columns = [frame[name].tolist() for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _ids(*parts) -> str:
    """Row ids joined once each, in order."""
    flat = (i for part in parts for i in str(part or "").split(";") if i)
    return ";".join(dict.fromkeys(flat))


def _figure(row) -> Figure:
    """The bare figure: these functions compare only what they have matched."""
    return Figure(
        row["value"], plain(row["value_low"]), plain(row["value_high"]),
        period=plain(row["period"]), year=plain(row["year"]),
    )  # fmt: skip


def _statements(frame) -> pd.DataFrame:
    """First rows only, with the ids of their repeats and how often printed."""
    repeats = frame.dropna(subset=["duplicates_of"]).groupby("duplicates_of")["id"]
    more = repeats.agg(list).to_dict()
    replaced = set(frame["supersedes"].dropna())
    first = frame[frame["duplicates_of"].isna() & ~frame["id"].isin(replaced)].copy()
    ids = first["id"].tolist()
    first["ids"] = [_ids(i, *more[i]) if i in more else i for i in ids]
    first["printed"] = [1 + len(more.get(i, ())) for i in ids]
    return first


def _usable(frame) -> pd.Series:
    return frame["status"].isin(CALCULABLE) & (frame["grade"] != "D")


def _groups(frame, keys):
    """Groups with their key as a dict; a blank is a key like any other."""
    for key, rows in frame.groupby(keys, dropna=False, sort=False):
        yield dict(zip(keys, map(plain, key), strict=True)), rows


def _row_groups(frame, keys):
    """As `_groups`, each group a list of rows: far cheaper where groups are small."""
    groups = {}
    for row in _rows(frame):
        groups.setdefault(tuple(plain(row[k]) for k in keys), []).append(row)
    return groups.values()


def _first_each(rows, key) -> list[dict]:
    """The first row of each period or year."""
    first = {}
    for row in rows:
        first.setdefault(row[key], row)
    return list(first.values())


def _ancestors(folder, region) -> list[str]:
    parents = folder.load("regions").set_index("region_code")["parent_code"]
    chain = []
    code = plain(parents.get(region))
    while code is not None and code not in chain and code != region:
        chain.append(code)
        code = plain(parents.get(code))
    return chain


def _children(folder, region) -> pd.DataFrame:
    """Areas directly below the region that divide it."""
    regions = folder.load("regions")
    below = regions[regions["parent_code"] == region]
    return below[~below["level"].isin(["other", "island_group"])]


def _residual(whole: Figure, parts) -> Figure:
    """What the parts leave of the whole, with the bounds of all of them."""
    parts = list(parts)
    ends = {}
    for end, other in (("low", "high"), ("high", "low")):
        known = [getattr(whole, end), *(getattr(p, other) for p in parts)]
        ends[end] = None if None in known else known[0] - sum(known[1:])
    return Figure(whole.value - sum(p.value for p in parts), ends["low"], ends["high"])


def _closes(rest: Figure) -> bool:
    """Whether the parts can add to the whole."""
    low = rest.value if rest.low is None else rest.low
    high = rest.value if rest.high is None else rest.high
    return low <= 0 <= high


# Sectors


def sectors(folder, region=None) -> pd.DataFrame:
    """Every published statement on the sectors of a region, and what it can show.

    Parameters
    ----------
    folder : Folder
    region : str, optional
        Code of the area; the folder's own by default.

    Returns
    -------
    DataFrame
        `part` is "statement" (a figure about businesses), "ordering" (a claim of
        rank without figures), "nearest_split" (the latest split of the closest
        area around it) or "output" (shares of GRDP: not businesses). Values are
        in `unit`, shares fractions of the stated base. The sector "residual" is
        what the sectors leave of their whole. `kbli_sections` are the sections
        that a label may fall into: labels that share one are no rival orders.

    Notes
    -----
    Verdicts: "not_for_calculation" (grade D, target or expectation),
    "programme" (never a total), "conflict" (another value for the same thing),
    "exceeds_whole", "full_without_base" (shares that leave nothing for other
    sectors, of a base not stated), "no_base", "part_only" (the other sectors are
    not given), "split_with_residual", "full_split"; "output_not_units"; an
    ordering has the verdict of its claim.

    Examples
    --------
    >>> import umkm_analysis as ua
    >>> s = sectors(ua.Folder(), "6471")
    >>> s.loc[s["part"] == "nearest_split", ["sector", "value"]].iloc[[0, -1]].values
    array([['trade', 169142.0],
           ['residual', 10000.0]], dtype=object)
    """
    region = folder.region(region)
    own = _statements(folder.figures(region=region))
    records = _sector_records(own, "statement")
    for area in _ancestors(folder, region):
        there = _statements(folder.figures(region=area))
        near = [
            r for r in _sector_records(there, "nearest_split")
            if r["verdict"] in ("full_split", "split_with_residual")
            and r["measure"] == "business_units"
        ]  # fmt: skip
        if near:
            last = max(near, key=lambda r: period_span(r["period"]))
            same = ("concept", "period", "size_class")
            records += [r for r in near if all(r[k] == last[k] for k in same)]
            break
    records += _output_records(own) + _ordering_records(folder, region)
    frame = _frame(records, SECTORS)
    labels = folder.load("sectors").set_index("sector")
    return frame.assign(
        scheme=frame["sector"].map(labels["scheme"]),
        kbli_sections=frame["sector"].map(labels["kbli_note"].map(_kbli_sections)),
    )


def sector_verdict(frame) -> str:
    """What the region's own statements carry: the best split among them.

    Parameters
    ----------
    frame : DataFrame
        As `sectors` returns it.

    Returns
    -------
    {"full_split", "split_with_residual", "no_split", "nothing_stated"}

    Examples
    --------
    >>> import umkm_analysis as ua
    >>> sector_verdict(sectors(ua.Folder(), "6471"))
    'no_split'
    """
    own = frame[frame["part"] == "statement"]
    for verdict in ("full_split", "split_with_residual"):
        if (own["verdict"] == verdict).any():
            return verdict
    return "no_split" if len(own) else "nothing_stated"


def _kbli_sections(note):
    """The section letters that a note of sectors.csv names, "C to F" in full."""
    found = []
    for first, last in re.findall(r"\b([A-U])\b(?: to ([A-U])\b)?", plain(note) or ""):
        found += [chr(c) for c in range(ord(first), ord(last or first) + 1)]
    return ";".join(dict.fromkeys(found)) or None


def _sector_records(first, part) -> list[dict]:
    """Sector statements about businesses, by concept, period and size class."""
    about = first[first["size_class"].notna() & first["sector"].notna()]
    rows = about[~about["sector"].isin(WHOLE)]
    wholes = about[
        about["sector"].isin(WHOLE) & (about["measure"] == "business_units")
        & _usable(about)
    ]  # fmt: skip
    bases, disputed = _sector_bases(wholes), _disputed(rows)
    records = []
    for key, group in _groups(rows, ["concept", "measure", "size_class", "period"]):
        shares = group["unit"].iloc[0] == "percent"
        base = None
        if shares or key["measure"] == "business_units":
            base = _sector_base(bases, key, group["year"].iloc[0])
        usable = group[_usable(group) & ~group.duplicated("sector", keep=False)]
        whole = _figure(base) if base is not None else None
        rest = None
        if shares or whole:
            total = Figure.exact(100) if shares else whole
            rest = _residual(total, [_figure(row) for _, row in usable.iterrows()])
        added = usable["value"].sum()
        of_whole = _inside(group[_usable(group)], whole)
        lines = []
        for row in _rows(group.sort_values("value", ascending=False)):
            line = {k: plain(row[k]) for k in SECTORS if k in row}
            verdict = _sector_verdict(row, disputed, usable, base, rest)
            line |= {"part": part, "verdict": verdict}
            if base is not None:
                line |= {"base_id": base["id"], "base_value": base["value"]}
                line["ids"] = _ids(row["ids"], base["ids"])
            if shares and key["measure"] == "share_of_units":
                line |= _percent(row)
            elif row["id"] in of_whole:
                line |= dict(zip(_SHARE, of_whole[row["id"]], strict=True))
            if verdict in ("full_split", "split_with_residual"):
                line["share_of_parts"] = row["value"] / added
            lines.append(line)
        if any(x["verdict"] == "split_with_residual" for x in lines):
            lines.append(
                _rest_line(lines[0], rest, group, None if shares else whole, base)
            )
        records += lines
    return records


def _inside(rows, whole) -> dict:
    """Shares of a whole of the figures that are not above it, by id."""
    rows = rows[rows["value"] <= whole.value] if whole else rows[:0]
    if rows.empty:
        return {}
    figures = [_figure(row) for row in _rows(rows)]
    shares = structure.share_bounds(figures, total=whole).to_numpy()
    return dict(zip(rows["id"], shares, strict=True))


def _percent(row) -> dict:
    return {share: row[end] / 100 for share, end in zip(_SHARE, _ENDS, strict=True)}


def _sector_bases(wholes) -> dict:
    """The wholes by concept, size class and period or year, those of a period first."""
    return {
        time: dict(list(wholes.groupby(["concept", "size_class", time])))
        for time in ("period", "year")
    }


def _sector_base(bases, key, year):
    """The one whole of a concept: of the same period, else of the same year."""
    for time, asked in (("period", key["period"]), ("year", year)):
        found = bases[time].get((key["concept"], key["size_class"], asked))
        if found is not None:
            return found.iloc[0] if len(found) == 1 else None
    return None


_SAME_SECTOR = ["concept", "measure", "size_class", "sector", "year"]


def _disputed(rows) -> set:
    """Of what and when there is more than one value to calculate with."""
    values = rows[_usable(rows)].groupby(_SAME_SECTOR)["value"].nunique()
    return set(values.index[values > 1])


def _rest_line(like, rest, group, whole, base):
    """The residual of a split as a row like those of its sectors."""
    same = (
        "part", "region_code", "period", "year", "measure", "concept", "family",
        "size_class", "unit", "base_id", "base_value", "verdict",
    )  # fmt: skip
    line = {k: like.get(k) for k in same}
    line |= {"sector": "residual", "ids": _ids(*group["ids"], _base_ids(base))}
    line |= dict(zip(_ENDS, (rest.value, rest.low, rest.high), strict=True))
    line["share"] = rest.value / (100 if whole is None else whole.value)
    return line


def _base_ids(base):
    return None if base is None else base["ids"]


def _sector_verdict(row, disputed, usable, base, rest) -> str:
    if row["status"] not in CALCULABLE or row["grade"] == "D":
        return "not_for_calculation"
    if row["family"] == "programme":
        return "programme"
    if tuple(row[k] for k in _SAME_SECTOR) in disputed:
        return "conflict"
    several = len(usable) > 1
    if rest is not None and rest.value < 0 and not _closes(rest):
        return "exceeds_whole"
    if several and rest is not None and _closes(rest):
        return "full_split" if base is not None else "full_without_base"
    if base is None:
        return "no_base"
    return "split_with_residual" if several else "part_only"


def _output_records(first) -> list[dict]:
    """Shares of GRDP, with what the published ones leave of 100 percent."""
    rows = first[first["measure"].eq("grdp_share") & ~first["sector"].isin(WHOLE)]
    records = []
    for _, group in _groups(rows[_usable(rows)], ["concept", "period"]):
        lines = []
        for row in _rows(group.sort_values("value", ascending=False)):
            line = {k: plain(row[k]) for k in SECTORS if k in row}
            line |= {"part": "output", "verdict": "output_not_units"}
            lines.append(line | _percent(row))
        rest = _residual(Figure.exact(100), [_figure(r) for _, r in group.iterrows()])
        records += lines
        if rest.value > 0 and not _closes(rest):
            records.append(_rest_line(lines[0], rest, group, None, None))
    return records


def _ordering_records(folder, region) -> list[dict]:
    """Published claims that one sector comes before another."""
    claims = folder.claims(region=region)
    claims = claims[claims["kind"] == "ordering"]
    # An order of the areas below is no order of sectors.
    names = _children(folder, region)["name"]
    below = {name.split(" (")[0].split()[-1] for name in names}
    about = [below.isdisjoint(re.findall(r"\w+", text)) for text in claims["text_en"]]
    claims = claims[np.array(about, dtype=bool)]
    rows = folder.figures().set_index("id")
    records = []
    for _, claim in claims.iterrows():
        operands = claim["operands"].split(";")
        row = rows.loc[operands[0]]
        line = {k: plain(row[k]) for k in row.index if k in SECTORS}
        line |= {
            "part": "ordering", "sector": None, "value": None, "value_low": None,
            "value_high": None, "unit": None, "verdict": claim["verdict"],
            "claim_id": claim["claim_id"], "source_id": claim["source_id"],
            "note": None, "ids": _ids(*operands),
        }  # fmt: skip
        records.append(line)
    return records


# Districts


def districts(folder, region=None) -> pd.DataFrame:
    """Businesses by the areas below a region, with the residual of the stated whole.

    Parameters
    ----------
    folder : Folder
    region : str, optional
        Code of the area; the folder's own by default.

    Returns
    -------
    DataFrame
        One table for each concept, sector, size class and period that at least
        two areas below the region have; `part` is "area", "residual" or "whole".
        Units are businesses, turnover rupiah, `turnover_per_unit` rupiah a
        business, shares fractions of the stated whole (of the sum where none is
        stated), `units_per_1000` businesses per 1,000 residents of
        `population_period`, which is rarely the year of the units.

    Notes
    -----
    The verdict of a residual is "within_rounding" where the parts can add to the
    whole, else "residual". `note` is what regions.csv says of the area, such as
    the year in which it was created.

    Examples
    --------
    >>> import umkm_analysis as ua
    >>> d = districts(ua.Folder(), "6471")
    >>> d[["units", "turnover"]].iloc[[0, -2, -1]].values.tolist()
    [[1073.0, 75000000000.0], [0.0, 3000000000.0], [4575.0, 281000000000.0]]
    """
    region = folder.region(region)
    areas = _children(folder, region).set_index("region_code")
    rows = _statements(folder.figures())
    rows = rows[_usable(rows) & rows["period"].notna()]
    own = rows[rows["region_code"] == region]
    below = rows[rows["region_code"].isin(areas.index)]
    keys = ["concept", "sector", "size_class", "period"]
    records = []
    for key, units in _groups(below[below["measure"] == "business_units"], keys):
        codes = units["region_code"]
        if len(codes) < 2 or codes.duplicated().any():
            continue
        records += _district_table(key, units, below, own, areas, region)
    return _frame(records, DISTRICTS)


def main_table(folder, frame) -> tuple[pd.DataFrame, bool]:
    """Of the tables of `districts` that with most areas, then the latest.

    Returns
    -------
    (DataFrame, bool)
        Its rows, and whether its areas are all there are: they add up to the stated
        whole, or none of those in regions.csv is missing. Else nothing is known of
        the others.
    """
    keys = ["concept", "sector", "size_class", "period"]
    tables = [rows for _, rows in _groups(frame, keys)]
    table = max(
        tables,
        key=lambda t: ((t["part"] == "area").sum(), period_span(t["period"].iloc[0])),
    )
    parents = folder.load("regions").set_index("region_code")["parent_code"]
    above = parents[table["region_code"].iloc[0]]
    areas, rest = (table[table["part"] == p] for p in ("area", "residual"))
    closes = rest["verdict"].eq("within_rounding") | rest["units"].eq(0)
    complete = len(rest) == 1 and closes.all()
    complete = complete or len(areas) == len(_children(folder, above))
    return table.reset_index(drop=True), bool(complete)


def _matching(frame, key, measure):
    for column, value in {**key, "measure": measure}.items():
        frame = frame[frame[column].isna() if value is None else frame[column] == value]
    return frame


def _district_table(key, units, below, own, areas, region) -> list[dict]:
    codes = list(units.sort_values("value", ascending=False)["region_code"])
    people = _population(below, codes, units["year"].iloc[0])
    parts, wholes = {}, {}
    for measure in ("business_units", "turnover", "workers"):
        rows = _matching(below, key, measure)
        parts[measure] = rows.drop_duplicates("region_code").set_index("region_code")
        whole = _matching(own, key, measure)
        wholes[measure] = whole.iloc[0] if len(whole) == 1 else None
    shares = {m: _of_whole(parts[m], wholes[m]) for m in ("business_units", "turnover")}
    records = []
    for code in codes:
        unit = parts["business_units"].loc[code]
        line = {
            **key, "part": "area", "region_code": code, "year": plain(unit["year"]),
            "units": unit["value"],
            "units_share": shares["business_units"]["value"][code],
        }  # fmt: skip
        ids = [unit["ids"]]
        if code in parts["turnover"].index:
            sold = parts["turnover"].loc[code]
            line |= _three("turnover", sold[_ENDS])
            line |= _three("turnover_share", shares["turnover"].loc[code])
            if unit["value"] > 0:
                each = [
                    sold["value"] / unit["value"],
                    sold["value_low"] / unit["value_high"],
                    sold["value_high"] / unit["value_low"],
                ]
                line |= _three("turnover_per_unit", each)
            ids.append(sold["ids"])
        if code in parts["workers"].index:
            line["workers"] = parts["workers"].loc[code, "value"]
            ids.append(parts["workers"].loc[code, "ids"])
        if people is not None:
            there = people.loc[code]
            line |= {
                "population": there["value"], "population_period": there["period"],
                "population_year": plain(there["year"]),
                "population_concept": there["concept"],
                "units_per_1000": 1000 * unit["value"] / there["value"],
            }  # fmt: skip
            ids.append(there["ids"])
        line["note"] = plain(areas.loc[code, "note"])
        records.append(line | {"ids": _ids(*ids)})
    return records + _whole_lines(key, units, parts, wholes, region)


def _three(name, values) -> dict:
    return dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))


def _of_whole(parts, whole):
    """Shares of the stated whole, or of the sum where none is stated."""
    if parts.empty or not parts["value"].sum():
        return pd.DataFrame(index=parts.index, columns=["value", "low", "high"])
    figures = pd.Series([_figure(r) for _, r in parts.iterrows()], parts.index, object)
    stated = None if whole is None or not whole["value"] else _figure(whole)
    if stated is not None and stated.value < parts["value"].max():
        stated = None
    return structure.share_bounds(figures, total=stated)


def _whole_lines(key, units, parts, wholes, region) -> list[dict]:
    """The residual and the stated whole, as far as a whole is stated."""
    year = plain(units["year"].iloc[0])
    rest = {**key, "part": "residual", "region_code": region, "year": year}
    total = {**key, "part": "whole", "region_code": region, "year": year}
    names = {"business_units": "units", "turnover": "turnover", "workers": "workers"}
    rest_ids, total_ids, closes = [], [], []
    for measure, name in names.items():
        whole = wholes[measure]
        if whole is None or parts[measure].empty:
            continue
        figures = [_figure(row) for _, row in parts[measure].iterrows()]
        left, stated = _residual(_figure(whole), figures), _figure(whole)
        rest[name], total[name] = left.value, stated.value
        if name == "turnover":
            rest |= _three(name, (left.value, left.low, left.high))
            total |= _three(name, (stated.value, stated.low, stated.high))
        if name != "workers" and whole["value"]:
            rest[f"{name}_share"] = left.value / whole["value"]
            total[f"{name}_share"] = 1.0
        if set(parts[measure].index) == set(parts["business_units"].index):
            closes.append(_closes(left))
        rest_ids += [*parts[measure]["ids"], whole["ids"]]
        total_ids.append(whole["ids"])
    if not total_ids:
        return []
    rest["verdict"] = "within_rounding" if all(closes) else "residual"
    return [rest | {"ids": _ids(*rest_ids)}, total | {"ids": _ids(*total_ids)}]


def _population(below, codes, year):
    """Residents of all these areas on one basis, as near in time as there is."""
    rows = below[(below["measure"] == "population") & below["region_code"].isin(codes)]
    best = None
    for _, group in _groups(rows, ["concept", "period"]):
        if set(group["region_code"]) != set(codes) or (group["value"] <= 0).any():
            continue
        there = plain(group["year"].iloc[0])
        away = abs(there - year) if plain(year) and there else 10**6
        if best is None or away < best[0]:
            best = (away, group.drop_duplicates("region_code").set_index("region_code"))
    return None if best is None else best[1]


# Sizes


def sizes(folder, region=None) -> pd.DataFrame:
    """Size classes within their whole, for a region and the areas around it.

    Parameters
    ----------
    folder : Folder
    region : str, optional
        Code of the area; the folder's own by default.

    Returns
    -------
    DataFrame
        One row a size class of a split, and one for what the classes leave
        (`size_class` "residual"). `share` is a fraction of `whole` with the
        bounds that rounding leaves; `regime` names the rows of size_classes.csv
        that were in force, `whole_class` what the whole holds ("all" includes
        large businesses).

    Notes
    -----
    The verdict says how a split compares with the region's latest one:
    "latest", "same_limits" or "other_limits" (the classes changed: never
    compare); "own_split_missing" where the region itself has none.

    Examples
    --------
    >>> import umkm_analysis as ua
    >>> s = sizes(ua.Folder(), "6471").query("verdict == 'latest'")
    >>> s.query("size_class == 'micro'")[["share", "share_low", "share_high"]].round(3)
       share  share_low  share_high
    2  0.935      0.925       0.946
    """
    region = folder.region(region)
    areas = [region, *_ancestors(folder, region)]
    units = folder.load("measures").query("unit == 'unit'")["measure"]
    rows = _statements(folder.figures())
    rows = rows[
        rows["region_code"].isin(areas) & rows["measure"].isin(units)
        & rows["size_class"].notna() & rows["period"].notna() & (rows["grade"] != "D")
        & rows["status"].isin([*CALCULABLE, "projected"])
    ]  # fmt: skip
    regimes = _regimes(folder)
    keys = ["region_code", "concept", "family", "measure", "sector", "period"]
    records = []
    for group in _row_groups(rows, keys):
        split = _size_split(group)
        if split:
            key = {k: plain(group[0][k]) for k in keys}
            records += _size_lines(key, *split, regimes)
    order = {code: i for i, code in enumerate(areas)}
    records.sort(key=lambda r: (order[r["region_code"]], period_span(r["period"])[1]))
    own = [r for r in records if r["region_code"] == region]
    latest = own[-1] if own else None
    for r in records:
        if latest is None:
            r["verdict"] = "own_split_missing"
        elif all(r[k] == latest[k] for k in keys):
            r["verdict"] = "latest"
        else:
            same = r["regime"] is not None and r["regime"] == latest["regime"]
            r["verdict"] = "same_limits" if same else "other_limits"
    return _frame(records, SIZES)


def _size_split(group):
    """The classes of a group and the whole that holds them, or None."""
    for name, held in HOLDS.items():
        wholes = [r for r in group if r["size_class"] == name]
        classes = [r for r in group if r["size_class"] in held]
        fine = {r["size_class"] for r in classes} - set(HOLDS)
        inside = {c for c in HOLDS if not fine.isdisjoint(HOLDS[c])}
        classes = [r for r in classes if r["size_class"] not in inside]
        if (
            not classes
            or not wholes
            or len(_first_each(classes, "size_class")) < len(classes)
        ):
            continue
        # Of two printed wholes the one that the classes fit.
        added = sum(r["value"] for r in classes)
        whole = min(wholes, key=lambda r: abs(r["value"] - added))
        if all(r["value"] <= whole["value"] for r in classes):
            return classes, whole
    return None


def _regimes(folder):
    """(start, name) of each law in time order, and the name of the workers' rule."""
    classes = folder.load("size_classes")
    workers = classes.loc[classes["criterion"] == "workers", "regime"]
    laws = classes[classes["criterion"] != "workers"].dropna(subset=["valid_from"])
    starts = sorted(
        (min(span(d)[0] for d in group["valid_from"]), name)
        for name, group in laws.groupby("regime")
    )
    return starts, (workers.iloc[0] if len(workers) else None)


def _size_lines(key, classes, whole, regimes) -> list[dict]:
    starts, by_workers = regimes
    end = period_span(key["period"])[1]
    regime = next((name for start, name in reversed(starts) if start <= end), None)
    if key["family"] == "industry_survey":
        regime = by_workers
    elif key["family"] == "census":
        regime = None  # which limits the census used is not in these tables
    stated = _figure(whole)
    shared = {
        **key, "part": "class", "regime": regime, "whole_class": whole["size_class"],
        "whole": whole["value"],
    }  # fmt: skip
    figures = list(map(_figure, classes))
    shares = structure.share_bounds(figures, total=stated).to_numpy()
    lines = []
    for row, share in zip(classes, shares, strict=True):
        line = shared | {k: plain(row[k]) for k in (*_ENDS, "size_class", "note")}
        line |= {k: plain(row[k]) for k in ("year", "status", "grade")}
        line |= dict(zip(_SHARE, share, strict=True))
        lines.append(line | {"ids": _ids(row["ids"], whole["ids"])})
    rest = _residual(stated, figures)
    if rest.value or not _closes(rest):
        line = shared | {"part": "residual", "size_class": "residual"}
        line |= dict(zip(_ENDS, (rest.value, rest.low, rest.high), strict=True))
        line |= {"year": lines[0]["year"], "share": rest.value / whole["value"]}
        lines.append(line | {"ids": _ids(*(r["ids"] for r in classes), whole["ids"])})
    return lines


# Peers


#: What is read of a row when areas are compared: of a million, less is far less.
_COMPARED = [
    "region_code", "measure", "size_class", "sector", "concept", "series", "family",
    "period", "year", *_ENDS, "precision", "status", "grade", "note", "ids", "_end",
]  # fmt: skip


def peers(folder, region=None) -> pd.DataFrame:
    """A region among others: one count for all, lists that jump, lists by formula.

    Parameters
    ----------
    folder : Folder
    region : str, optional
        Code of the area; the folder's own by default.

    Returns
    -------
    DataFrame
        `part` is "census" (growth in the series that most areas beside the region
        have, ranked; 1 is the fastest), "around" (the same for the areas around
        it), "jump" (a list of another area that is larger by 30 percent or more
        after at most two years), "same_time" (lists of one area and period that
        differ by as much), "steady" (a series of at least four points without a yearly
        change of 10 percent) or "computed" (a series that follows a formula).
        Growth and difference are fractions over the whole time, with the bounds
        of both ends.

    Notes
    -----
    A jump and lists of one time are a `difference` between two lists as published,
    never growth: verdict "concept_changed", "list_changed" (one concept without a
    series), "within_series" or "differ_at_once". The verdict of a rank is
    "last_whatever_the_rounding", "first_whatever_the_rounding", "rank_sure" or
    "rank_open".

    Examples
    --------
    >>> import umkm_analysis as ua
    >>> p = peers(ua.Folder(), "6471").query("part == 'census'")
    >>> p.query("region_code == '6471'")[["rank", "rank_best", "rank_worst"]]
       rank rank_best rank_worst
    9    10        10         10
    """
    region = folder.region(region)
    stated = _statements(folder.figures())
    dated = stated[stated["period"].notna() & (stated["value"] > 0)]
    # In time order, of two rows for one period the exact one first.
    rows = dated.assign(
        _end=[period_span(p)[1] for p in dated["period"]],
        _loose=dated["precision"].ne("exact"),
    ).sort_values(["_end", "_loose", "id"])[_COMPARED]
    records = _census(folder, region, rows)
    others = rows[
        (rows["region_code"] != region) & rows["family"].isin(LISTS)
        & (rows["measure"] == "business_units") & _usable(rows)
    ]  # fmt: skip
    records += _jumps(others) + _steady(others) + _computed(folder, rows)
    whole_numbers = ("rank", "rank_best", "rank_worst", "points")
    return _frame(records, PEERS).astype(dict.fromkeys(whole_numbers, "Int64"))


def _step(a, b, **more) -> dict:
    """Two rows of one area side by side."""
    first, last = _figure(a), _figure(b)
    low, high = growth_bounds(first, last)
    years = years_between(first, last)[0]
    same = ("region_code", "measure", "size_class", "sector", "concept")
    return {
        **{k: plain(a[k]) for k in same}, "concept_to": b["concept"],
        "from_period": a["period"], "to_period": b["period"],
        "from_value": first.value, "to_value": last.value, "years": years,
        "growth": growth(first, last), "growth_low": low, "growth_high": high,
        "cagr": cagr(first, last, years) if years and last.value else None,
        "status": b["status"], "note": plain(b["note"]),
        "ids": _ids(a["ids"], b["ids"]), **more,
    }  # fmt: skip


def _apart(a, b, **more) -> dict:
    """Two lists side by side: a difference, never growth."""
    line = _step(a, b, **more)
    line["cagr"] = None
    for end in ("", "_low", "_high"):
        line[f"difference{end}"] = line.pop(f"growth{end}")
    return line


def _census(folder, region, rows) -> list[dict]:
    regions = folder.load("regions").set_index("region_code")
    chain = _ancestors(folder, region)
    if not chain:
        return []
    beside = {region, *_children(folder, chain[0])["region_code"]}
    fine = rows[_usable(rows) & (rows["measure"] == "business_units")]
    best = []
    for group in _row_groups(
        fine.dropna(subset=["series"]), ["series", "size_class", "sector"]
    ):
        own = [row for row in group if row["region_code"] == region]
        if len(own) < 2:
            continue
        ends = {}
        for row in group:
            if row["period"] in (own[0]["period"], own[-1]["period"]):
                ends.setdefault(row["region_code"], {}).setdefault(row["period"], row)
        first, last = own[0]["period"], own[-1]["period"]
        full = {
            code: (there[first], there[last])
            for code, there in sorted(ends.items())
            if first in there and last in there
        }
        here = [c for c in full if c in beside]
        if len(here) > max(2, len(best)):
            best, chosen = here, full
    if not best:
        return []
    lines = [_step(*chosen[c], part="census") for c in best]
    lines.sort(key=lambda r: -r["growth"])
    columns = ["growth", "growth_low", "growth_high"]
    ranks = structure.rank_intervals([Figure(*map(r.get, columns)) for r in lines])
    n = len(lines)
    for line, (rank, low, high) in zip(lines, ranks.to_numpy().tolist(), strict=True):
        sure = "rank_sure" if low == high else "rank_open"
        edge = {1: "first_whatever_the_rounding", n: "last_whatever_the_rounding"}
        line |= {"rank": rank, "rank_best": low, "rank_worst": high}
        line["verdict"] = edge.get(rank, sure) if low == high else sure
    lines += [_step(*chosen[c], part="around") for c in chain if c in chosen]
    rates = {}
    for row in _rows(rows[rows["measure"] == "growth_rate"]):
        of = row["concept"], row["region_code"], row["period"]
        rates.setdefault(of, row)
    for line in lines:
        line["note"] = plain(regions.loc[line["region_code"], "note"])
        time = f"{line['from_period']}/{line['to_period']}"
        stated = rates.get((line["concept"], line["region_code"], time))
        if stated:
            line["stated_growth"] = stated["value"] / 100
            line["ids"] = _ids(line["ids"], stated["ids"])
    return lines


def _pairs(rows):
    """Each row with the next in time."""
    return itertools.pairwise(_first_each(rows, "_end"))


def _jumps(rows) -> list[dict]:
    jumps, beside = [], []
    for group in _row_groups(rows, ["region_code", "size_class", "sector"]):
        periods = {}
        for row in group:
            periods.setdefault(row["period"], []).append(row)
        for _, same in sorted(periods.items()):
            same = sorted(same, key=lambda r: r["value"])
            low, high = same[0], same[-1]
            if len(same) > 1 and high["value"] >= (1 + JUMP) * low["value"]:
                line = _apart(low, high, part="same_time", verdict="differ_at_once")
                beside.append(line | {"ids": _ids(*(r["ids"] for r in same))})
        for a, b in _pairs(group):
            # The least that the rounding leaves is never more than this.
            if b["value"] < (1 + JUMP) * a["value"] * (1 - 1e-9):
                continue
            line = _apart(a, b, part="jump")
            least = line["difference_low"]
            rise = line["difference"] if least is None else least
            if rise < JUMP or not line["years"] or not 0 < line["years"] <= 2:
                continue
            if a["concept"] != b["concept"]:
                line["verdict"] = "concept_changed"
            else:
                kept = plain(a["series"]) is not None
                line["verdict"] = "within_series" if kept else "list_changed"
            jumps.append(line)
    by_size = {"key": lambda r: -r["difference"]}
    return sorted(jumps, **by_size) + sorted(beside, **by_size)


def _steady(rows) -> list[dict]:
    lines = []
    keys = ["region_code", "series", "size_class", "sector"]
    for group in _row_groups(rows.dropna(subset=["series"]), keys):
        if len(group) < 4 or structure.looks_computed([r["value"] for r in group]):
            continue
        steps = []
        for a, b in _pairs(group):
            step = _step(a, b, part="steady", verdict="steady")
            if step["cagr"] is None or abs(step["cagr"]) >= STEADY:
                break
            steps.append(step)
        else:
            lines += steps
    return lines


def _computed(folder, rows) -> list[dict]:
    """Yearly series of counts, or runs in them, that follow a formula."""
    counts = folder.load("measures").query("integer == True")["measure"]
    rows = rows[rows["measure"].isin(counts) & rows["year"].notna()]
    exact = rows[rows["precision"] == "exact"]
    at = _row_groups(exact, _OF_YEAR)
    at = {tuple(group[0][k] for k in _OF_YEAR): group for group in at}
    keys = ["region_code", "measure", "concept", "size_class", "sector"]
    lines = []
    for group in _row_groups(rows, keys):
        for run in _unbroken(_first_each(group, "year")):
            few = len(run) < 3
            found = None if few else structure.longest_pattern(list(map(_figure, run)))
            if found is None:
                continue
            part, pattern = run[found[0]], found[1]
            a, b = part[0], part[-1]
            line = _step(a, b, part="computed", verdict=pattern, pattern=pattern)
            ids = _ids(*(r["ids"] for r in part), _next(at, part, pattern))
            lines.append(line | {"points": len(part), "ids": ids})
    return lines


_OF_YEAR = ["region_code", "measure", "year"]


def yearly(folder, line) -> pd.DataFrame:
    """The figures behind one "computed" row of `peers`, a row a year.

    Parameters
    ----------
    folder : Folder
    line : mapping
        The row.

    Returns
    -------
    DataFrame
        year, value, step (in businesses), growth (a fraction), id.
    """
    rows = folder.figures_of(line["ids"].split(";"))
    for column in ("region_code", "measure", "concept"):
        rows = rows[rows[column] == line[column]]
    rows = rows[rows["duplicates_of"].isna()].sort_values("year")
    frame = rows[["year", "value", "id"]].reset_index(drop=True)
    return frame.assign(step=frame["value"].diff(), growth=frame["value"].pct_change())


def _unbroken(rows) -> list[list]:
    """Runs of consecutive years."""
    runs = []
    for row in rows:
        if runs and row["year"] == runs[-1][-1]["year"] + 1:
            runs[-1].append(row)
        else:
            runs.append([row])
    return runs


def _next(exact, part, pattern):
    """Ids of figures of the area that continue the formula under another concept."""
    last, before = part[-1], part[-2]
    if pattern == "equal_steps":
        expected = 2 * last["value"] - before["value"]
    else:
        expected = last["value"] ** 2 / before["value"]
    following = last["region_code"], last["measure"], last["year"] + 1
    more = exact.get(following, ())
    return _ids(*(r["ids"] for r in more if abs(r["value"] - expected) <= 1))


def false_alarms(folder, *, seed: int = 2025, draws: int = 200) -> pd.DataFrame:
    """How often `looks_computed` speaks on series that were counted.

    Parameters
    ----------
    folder : Folder
        Its panels are cut into all runs of 3 to 6 consecutive years.
    seed, draws : int
        For the simulated counts, per length.

    Returns
    -------
    DataFrame
        kind ("panel" or "simulated"), name, points, series (how many were
        tried), alarms, rate (a fraction).

    Notes
    -----
    Simulated are Poisson arrivals at a constant mean (the steadiest count there
    is: "steady_40", "steady_1000", "steady_40000" arrivals a year) and a register
    of 20,000 that grows by 3 percent a year with a standard deviation of 3.
    """
    records = []

    def tally(kind, name, series):
        for points in sorted({len(s) for s in series}):
            these = [s for s in series if len(s) == points]
            alarms = sum(structure.looks_computed(s) for s in these)
            n = len(these)
            records.append((kind, name, points, n, alarms, alarms / n))

    panels = [r["panel"] for r in folder.package.resources.values() if "panel" in r]
    for name in (p["name"] for p in panels):
        series = []
        for _, group in _groups(folder.panel(name), ["region", "segment"]):
            group = _rows(group.sort_values("year"))
            for run in _unbroken(group):
                values = np.array([row["value"] for row in run])
                series += [
                    values[i : i + k]
                    for k in range(3, min(6, len(values)) + 1)
                    for i in range(len(values) - k + 1)
                ]
        tally("panel", name, series)
    rng = np.random.default_rng(seed)
    lengths = (3, 4, 5, 6)
    for mean in (40, 1000, 40000):
        steps = [rng.poisson(mean, (draws, k)) for k in lengths]
        series = [20000 + s.cumsum() for d in steps for s in d]
        tally("simulated", f"steady_{mean}", series)
    steps = [rng.normal(0.03, 0.03, (draws, k)) for k in lengths]
    grown = [np.round(20000 * np.exp(s.cumsum())) for d in steps for s in d]
    tally("simulated", "growing_register", grown)
    return _frame(records, ALARMS)
