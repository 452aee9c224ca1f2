"""Tables of a folder as frames, series of figures, and the way back to a row."""

import difflib
import heapq
import os
from collections.abc import Mapping
from datetime import date, datetime
from functools import cached_property, lru_cache
from pathlib import Path

import pandas as pd

from umkm_analysis import contract, verdicts
from umkm_analysis.contract import CALCULABLE, span
from umkm_analysis.errors import DataError
from umkm_analysis.figure import Figure, plain

FIGURE_COLUMNS = [
    "id", "region_code", "period", "year", "measure", "concept", "family", "series",
    "size_class", "sector", "counted_as", "value", "value_low", "value_high", "unit",
    "precision", "status", "grade", "source_id", "duplicates_of", "supersedes",
    "stated_by", "note",
]  # fmt: skip
SERIES_KEY = ["series", "region_code", "measure", "size_class", "sector"]
_CLAIM_TYPES = {
    c: "number" if c.startswith("computed") or c == "stated_value" else "string"
    for c in verdicts.COLUMNS
} | {"stated_decimals": "integer"}
_PANDAS_3 = int(pd.__version__.split(".")[0]) >= 3


def _typed(texts: list[str], kind: str) -> pd.Series:
    if kind == "string":
        dtype = "str" if _PANDAS_3 else object
        return pd.Series([t or None for t in texts], dtype=dtype)
    # Each distinct text is read once.
    read = {"number": float, "integer": int}.get(kind, "true".__eq__)
    values = {t: read(t) if t else None for t in set(texts)}
    whole = "Int64" if "" in values else "int64"
    dtype = {"number": "float64", "integer": whole}.get(kind, "boolean")
    return pd.Series([*map(values.__getitem__, texts)], dtype=dtype)


def as_date(value) -> date:
    """The last day of a date or partial date (2024, 2024-05, 2024-05-03)."""
    try:
        if value != value:  # NaT is a datetime too
            raise ValueError
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        if "/" not in str(value) and contract.is_period(str(value)):
            return span(str(value))[1]
        raise ValueError
    except ValueError:
        raise DataError("as_of", value=str(value)) from None


def _choices(known, value) -> list[str]:
    known = [str(k) for k in known]
    # Among very many, looking for what was meant would take minutes.
    few = known if len(known) <= 20_000 else ()
    near = difflib.get_close_matches(str(value), few, n=5, cutoff=0.5)
    return near or heapq.nsmallest(12, known)


class Folder:
    """One folder of tables: the same functions whatever the region.

    Parameters
    ----------
    path : str or Path, optional
        The folder; the shipped one by default. It is read and checked as a whole
        when a table is first asked for.
    """

    def __init__(self, path=None):
        self.package = contract.open_package(path)
        self.path = self.package.path
        self._tables = None
        self._frames = {}
        self._figures = None
        self._words = None
        #: Pictures of a report, kept while one process asks for it again.
        self.drawn = {}

    def __repr__(self):
        return f"Folder({self.path.name!r}, release {self.release})"

    @property
    def release(self) -> str | None:
        """Date of the data release, from the contract."""
        return self.package.release

    @property
    def shipped(self) -> bool:
        return self.path.resolve() == contract.SHIPPED.resolve()

    def _text(self, name) -> contract.Table | None:
        if self._tables is None:
            tables, problems = contract.examine(self.package, stored=False)
            if problems:
                error = problems[0].as_error()
                error.params["more"] = len(problems) - 1
                raise error
            self._tables = tables
        if name not in self.package.resources:
            raise DataError(
                "no_table", name=name, choices=sorted(self.package.resources)
            )
        return self._tables.get(name)

    def rows(self, name) -> list[dict]:
        """Rows of a table as text, in the order of the file.

        Blanks are empty texts. None where the folder does not have the table.

        Examples
        --------
        >>> shipped().rows("readings")[1]["from_id"]
        'BPN-0082'
        """
        table = self._text(name) if name in self.package.resources else None
        return table.rows() if table is not None else []

    @cached_property
    def by_id(self) -> Mapping:
        """The rows of observations as text, by id.

        Examples
        --------
        >>> shipped().by_id["BPN-0084"]["value"]
        '93000'
        """
        table = self._text("observations")
        return {} if table is None else table.by("id")

    @cached_property
    def _printers(self) -> dict:
        return verdicts.printers(self.by_id)

    def load(self, table: str, as_of=None) -> pd.DataFrame:
        """One table, typed and checked.

        Parameters
        ----------
        table : str
            Its name, such as "observations".
        as_of : date or str, optional
            Only what was published by then. A partial date counts from its end,
            both here and in the sources. Rows of undated sources are left out;
            their number is ``frame.attrs["left_out_undated"]``.

        Returns
        -------
        DataFrame
            Counts and amounts as float64, years as integers, blanks as missing.
            A table that this folder does not have is empty.

        Raises
        ------
        DataError
            Names the file, row, column and rule of the first problem.

        Examples
        --------
        >>> load("balikpapan").query("year == 2024")["value"].max().item()
        87397.0
        """
        if table not in self._frames:
            text = self._text(table)
            schema = self.package.resources[table]["schema"]["fields"]
            self._frames[table] = pd.DataFrame(
                {
                    f["name"]: _typed(
                        text.columns[f["name"]] if text else [], f["type"]
                    )
                    for f in schema
                }
            )
        # Under pandas 3 a copy is made when one of the two is written to.
        frame = self._frames[table].copy(deep=not _PANDAS_3)
        return frame if as_of is None else self._known(frame, table, as_of)

    def _known(self, frame, table, as_of):
        limit = as_date(as_of)
        if "source_id" not in frame:
            raise DataError("as_of_table", name=table)
        published = dict(
            zip(
                self._text("sources").columns["source_id"],
                self._text("sources").columns["published"],
                strict=True,
            )
        )
        dates = frame["source_id"].map(published)
        undated = dates.isna() | (dates == "")
        known = {d: span(d)[1] <= limit for d in set(dates[~undated])}
        keep = dates.map(known).eq(True)
        result = frame[keep].reset_index(drop=True)
        if "duplicates_of" in result:
            result["duplicates_of"] = _first_known(result, frame)
        result.attrs["left_out_undated"] = int(undated.sum())
        return result

    def names(self, table: str, key: str, lang: str) -> dict:
        """Names of a vocabulary table by identifier."""
        text = self._text(table).columns
        if f"name_{lang}" in text:
            return dict(zip(text[key], text[f"name_{lang}"], strict=True))
        names = (self.said(name, lang) for name in text["name"])
        return dict(zip(text[key], names, strict=True))

    def said(self, words, lang: str | None):
        """Words of a row in a language, as translations.csv has them; else as is.

        Examples
        --------
        >>> shipped().said("Mayor of Balikpapan", "id")
        'Wali Kota Balikpapan'
        """
        row = self._translated().get(words)
        return row[f"text_{lang}"] or words if row and lang else words

    def _translated(self) -> dict:
        if self._words is None:
            self._words = {row["text"]: row for row in self.rows("translations")}
        return self._words

    @property
    def home(self) -> str:
        """The region that the folder is about."""
        home = self.package.contract.get("home_region")
        regions = self._text("regions").columns["region_code"]
        if home in regions:
            return home
        table = self._text("observations").columns
        counts = pd.Series(
            [
                region
                for region, measure, repeat in zip(
                    table["region_code"], table["measure"], table["duplicates_of"],
                    strict=True,
                )
                if measure == "business_units" and not repeat
            ]
            or table["region_code"]
            or regions
        ).value_counts(sort=False)  # fmt: skip
        if counts.empty:
            raise DataError("no_region")
        return str(counts.idxmax())

    def region(self, code=None) -> str:
        """`code` if the folder knows it; the folder's own region by default."""
        if code is None:
            return self.home
        return self._one_of("regions", "region_code", code)

    def _one_of(self, table, column, value):
        known = self._text(table).distinct(column)
        if str(value) not in known:
            raise DataError(
                "unknown", column=column, value=value, file=f"{table}.csv",
                choices=_choices(known, value),
            )  # fmt: skip
        return str(value)

    def figures(
        self, *, region=None, concept=None, family=None, measure=None, size_class=None,
        sector=None, as_of=None,
    ) -> pd.DataFrame:  # fmt: skip
        """Every row of observations, repeats and grade D included.

        Parameters
        ----------
        region, concept, family, measure, size_class, sector : str, optional
            Keep only these.
        as_of : date or str, optional
            Known by then.

        Returns
        -------
        DataFrame
            One row a figure, with concept, bounds, status, grade and source.

        Examples
        --------
        >>> figures(region="6471", concept="oss_registered_micro")["value"].tolist()
        [87397.0]
        """
        frame = self._described() if as_of is None else self._described(as_of)
        asked = (
            ("region_code", region, "regions"), ("concept", concept, "concepts"),
            ("family", family, "families"), ("measure", measure, "measures"),
            ("sector", sector, "sectors"),
        )  # fmt: skip
        for column, value, table in asked:
            if value is not None:
                frame = frame[frame[column] == self._one_of(table, column, value)]
        if size_class is not None:
            known = sorted(set(self._text("observations").columns["size_class"]) - {""})
            if size_class not in known:
                raise DataError(
                    "unknown", column="size_class", value=size_class,
                    file="observations.csv", choices=known,
                )  # fmt: skip
            frame = frame[frame["size_class"] == size_class]
        frame = frame.reset_index(drop=True)
        if as_of is not None:
            # Of what was asked for, how many rows are left out as undated.
            asked = self.figures(
                region=region, concept=concept, family=family, measure=measure,
                size_class=size_class, sector=sector,
            )  # fmt: skip
            frame.attrs["left_out_undated"] = int(
                asked["source_id"].isin(self._undated()).sum()
            )
        return frame

    def _described(self, as_of=None):
        """Observations with family, series and unit; the full one is kept."""
        if as_of is None and self._figures is not None:
            return self._figures
        frame = self.load("observations", as_of=as_of)
        concepts = self.load("concepts").set_index("concept")
        measures = self.load("measures").set_index("measure")
        frame["family"] = frame["concept"].map(concepts["family"])
        frame["series"] = frame["concept"].map(concepts["series"])
        frame["unit"] = frame["measure"].map(measures["unit"])
        frame = frame[FIGURE_COLUMNS]
        if as_of is None:
            self._figures = frame
        return frame

    def _undated(self) -> set:
        return {s["source_id"] for s in self.rows("sources") if not s["published"]}

    def figure(self, row_id: str) -> Figure:
        """The figure of one row of observations.

        >>> figure("BPN-0084").low
        92500.0
        """
        self._one_of("observations", "id", row_id)
        frame = self._described()
        return _figure(frame.iloc[self._place.get_loc(row_id)], self._kinds())

    def figures_of(self, ids) -> pd.DataFrame:
        """The rows of observations with these ids, in this order; see `figures`.

        >>> shipped().figures_of(["BPN-0084", "BPN-0077"])["value"].tolist()
        [93000.0, 73300.0]
        """
        for row_id in ids:
            self._one_of("observations", "id", row_id)
        frame = self._described()
        return frame.iloc[self._place.get_indexer(ids)].reset_index(drop=True)

    @cached_property
    def _place(self):
        return pd.Index(self._described()["id"])

    def _kinds(self):
        table = self._text("measures").columns
        return dict(zip(table["measure"], table["kind"], strict=True))

    def series(
        self, slug, *, region, measure="business_units", size_class=None, sector=None,
        as_of=None,
    ) -> list[Figure]:  # fmt: skip
        """Figures of one series in time order: what growth accepts.

        Repeats, replaced rows, targets, projections, expectations and grade D are
        left out.

        Parameters
        ----------
        slug : str
            Name of the series (column `series` of concepts.csv).
        region : str
            Code of the area.
        measure, size_class, sector : str, optional
            Needed where the series has several.

        Raises
        ------
        DataError
            No such series, more than one combination, or two rows for a period:
            the choices are listed.

        Examples
        --------
        >>> [f.value for f in series("mayor_2023_2024", region="6471")]
        [73300.0, 87397.0]
        """
        known = set(self._text("concepts").columns["series"]) - {""}
        if slug not in known:
            raise DataError(
                "unknown", column="series", value=slug, file="concepts.csv",
                choices=_choices(known, slug),
            )  # fmt: skip
        frame = calculable(
            self.figures(
                region=region, measure=measure, size_class=size_class, sector=sector,
                as_of=as_of,
            )
        )  # fmt: skip
        frame = frame[(frame["series"] == slug) & frame["period"].notna()]
        if frame.empty:
            there = calculable(self.figures(as_of=as_of))
            there = there[(there["series"] == slug) & there["period"].notna()]
            raise DataError(
                "no_series", series=slug, region=region, measure=measure,
                choices=_combinations(there),
            )  # fmt: skip
        if len(frame.drop_duplicates(SERIES_KEY)) > 1:
            raise DataError("many_series", series=slug, choices=_combinations(frame))
        twice = frame[frame.duplicated("period", keep=False)]
        if len(twice):
            raise DataError(
                "two_rows", series=slug, period=twice["period"].iloc[0],
                choices=list(twice["id"]),
            )  # fmt: skip
        kinds = self._kinds()
        figures = [_figure(row, kinds) for _, row in frame.iterrows()]
        return sorted(figures, key=lambda f: contract.period_span(f.period)[::-1])

    def trace(self, row_id: str) -> dict:
        """One row whole, with all that hangs on it.

        Parameters
        ----------
        row_id : str
            A row of observations.csv or of claims.csv.

        Returns
        -------
        dict
            The row, its source (`source_*`), its concept (`concept_*`), and lists
            of ids: `repeated_by`, `superseded_by`, `used_by_claims`,
            `used_by_readings`, `shown_in` (sentences of story.csv).

        Examples
        --------
        >>> trace("BPN-0077")["used_by_claims"]
        'C001;C005;C006;C007'
        """
        ids = self._text("observations").columns["id"]
        claims = self.rows("claims")
        row_id = str(row_id)
        by_claim = {c["claim_id"]: c for c in claims}
        if row_id in by_claim:
            frame = self.claims([row_id])
            record = {k: plain(v) for k, v in frame.iloc[0].items()}
        elif row_id in ids:
            frame = self.figures()
            row = frame[frame["id"] == row_id].iloc[0]
            record = {k: plain(v) for k, v in row.items()}
            rounding = self.by_id[row_id]["rounding"]
            record["rounding"] = float(rounding) if rounding else None
        else:
            known = [*ids, *by_claim]
            raise DataError(
                "unknown", column="id", value=row_id, file="observations.csv",
                choices=_choices(known, row_id),
            )  # fmt: skip
        source = next(
            s for s in self.rows("sources") if s["source_id"] == record["source_id"]
        )
        record |= {
            f"source_{k}": v or None for k, v in source.items() if k != "source_id"
        }
        if "concept" in record:
            concept = next(
                c for c in self.rows("concepts") if c["concept"] == record["concept"]
            )
            record |= {
                f"concept_{k}": v or None
                for k, v in concept.items()
                if k not in ("concept", "family", "series")
            }
        rows = self.rows("observations")

        def joined(items):
            return ";".join(items) or None

        record["repeated_by"] = joined(
            r["id"] for r in rows if r["duplicates_of"] == row_id
        )
        record["superseded_by"] = joined(
            r["id"] for r in rows if r["supersedes"] == row_id
        )
        record["used_by_claims"] = joined(
            c["claim_id"] for c in claims if row_id in c["operands"].split(";")
        )
        record["used_by_readings"] = joined(
            r["reading"]
            for r in self.rows("readings")
            if row_id in (r["from_id"], r["to_id"])
        )
        record["shown_in"] = joined(
            s["key"]
            for s in self.rows("story")
            if row_id in contract._PLACEHOLDER.findall(s["text_en"])
        )
        return record

    def claims(self, ids=None, *, region=None, as_of=None) -> pd.DataFrame:
        """Published claims, recomputed from their operands.

        Parameters
        ----------
        ids : str or list of str, optional
            Only these claims, in this order.
        region : str, optional
            Only claims whose first operand is about this area.
        as_of : date or str, optional
            Only claims published by then.

        Returns
        -------
        DataFrame
            The columns of claims.csv; values in the unit of the claim. The three
            computed columns and the verdict are computed now, not read.

        Examples
        --------
        >>> claims(["C001"])[["computed_value", "verdict"]].values.tolist()
        [[19.2319, 'holds']]
        """
        stored = self.rows("claims")
        rows = self.by_id
        ids = [ids] if isinstance(ids, str) else list(ids) if ids is not None else []
        if ids:
            by_id = {c["claim_id"]: c for c in stored}
            for i in ids:
                if i not in by_id:
                    raise DataError(
                        "unknown", column="claim_id", value=i, file="claims.csv",
                        choices=_choices(by_id, i),
                    )  # fmt: skip
            stored = [by_id[i] for i in ids]
        if region is not None:
            region = self.region(region)
            stored = [
                c for c in stored
                if rows[c["operands"].split(";")[0]]["region_code"] == region
            ]  # fmt: skip
        undated = None
        if as_of is not None:
            frame = self._known(
                pd.DataFrame({"source_id": [c["source_id"] for c in stored],
                              "claim_id": [c["claim_id"] for c in stored]}),
                "claims", as_of,
            )  # fmt: skip
            undated = frame.attrs["left_out_undated"]
            kept = set(frame["claim_id"])
            stored = [c for c in stored if c["claim_id"] in kept]
        records = [
            {**c, **verdicts.as_stored(c, verdicts.evaluate(c, rows, self._printers))}
            for c in stored
        ]
        frame = pd.DataFrame(
            {
                c: _typed([r[c] for r in records], _CLAIM_TYPES[c])
                for c in verdicts.COLUMNS
            }
        )
        if undated is not None:
            frame.attrs["left_out_undated"] = undated
        return frame

    def panel(self, name) -> pd.DataFrame:
        """A panel of regions and years.

        Parameters
        ----------
        name : str or Path
            "imk", "cooperatives", "unincorporated", or a CSV with the columns
            region, year, value and maybe segment and concept.

        Returns
        -------
        DataFrame
            region, year, value, segment, concept, sorted. Nothing is compared
            across segments.

        Examples
        --------
        >>> p = panel("imk")
        >>> p.query("region == '64' and year == 2022")["value"].tolist()
        [26224.0]
        """
        for folder in (self, shipped()):
            for resource in folder.package.resources.values():
                spec = resource.get("panel")
                if spec and spec["name"] == str(name):
                    frame = _panel(folder.load(resource["name"]), spec)
                    if len(frame):
                        return frame
        if not isinstance(name, str | os.PathLike):
            raise DataError("no_panel", name=repr(name), choices=self._panels())
        path = Path(name)
        if path.suffix.lower() != ".csv" and not path.exists():
            raise DataError("no_panel", name=str(name), choices=self._panels())
        table = contract.read_panel(path)
        count = len(table)
        frame = pd.DataFrame(
            {
                "region": _typed(table.columns["region"], "string"),
                "year": _typed(table.columns["year"], "integer"),
                "value": _typed(table.columns["value"], "number"),
                "segment": _typed(table.columns.get("segment", [""] * count), "string"),
                "concept": _typed(table.columns.get("concept", [""] * count), "string"),
            }
        )
        return frame.sort_values(["region", "year"], ignore_index=True)

    def _panels(self) -> list[str]:
        listed = (
            *self.package.resources.values(),
            *shipped().package.resources.values(),
        )
        return list(dict.fromkeys(r["panel"]["name"] for r in listed if "panel" in r))

    def reading(self, name: str) -> dict:
        """One row of readings.csv.

        >>> reading("micro_2024_2025")["from_id"]
        'BPN-0082'
        """
        rows = {r["reading"]: r for r in self.rows("readings")}
        if name not in rows:
            raise DataError(
                "unknown", column="reading", value=name, file="readings.csv",
                choices=_choices(rows, name) or ["-"],
            )  # fmt: skip
        return rows[name]

    def project(self, series, **options):
        """A projection of `series`; see `projection.project`."""
        from umkm_analysis import projection

        for name in ("panel", "borrow"):
            if isinstance(options.get(name), str | os.PathLike):
                options[name] = self.panel(options[name])
        return projection.project(series, **options)


def _first_known(result, frame):
    """A repeat stands in for its original where that was not known yet."""
    original = dict(zip(frame["id"], frame["duplicates_of"], strict=True))
    present = set(result["id"])
    stand_in = {}
    column = []
    for row_id in result["id"]:
        root = original[row_id]
        if root is None or root != root or root in present:
            column.append(root)
        elif root in stand_in:
            column.append(stand_in[root])
        else:
            stand_in[root] = row_id
            column.append(None)
    return _typed(
        [c if isinstance(c, str) else "" for c in column], "string"
    ).to_numpy()


def _panel(frame, spec):
    for column, value in spec.get("where", {}).items():
        frame = frame[frame[column] == value]
    for column, values in spec.get("exclude", {}).items():
        frame = frame[~frame[column].isin(values)]
    frame = frame.drop(columns="region").rename(columns={"region_code": "region"})
    if "segment" not in frame:
        frame["segment"] = None
    columns = ["region", "year", "value", "segment", "concept"]
    return frame[columns].sort_values(["region", "year"], ignore_index=True)


def _combinations(frame) -> list[str]:
    rows = frame.drop_duplicates(SERIES_KEY)
    return [
        " / ".join(str(plain(row[k]) or "-") for k in SERIES_KEY[1:])
        for _, row in rows.iterrows()
    ]


def calculable(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows that may be calculated with: no repeats, replaced rows or grade D."""
    replaced = set(frame["supersedes"].dropna())
    return frame[
        frame["duplicates_of"].isna()
        & ~frame["id"].isin(replaced)
        & frame["status"].isin(CALCULABLE)
        & (frame["grade"] != "D")
    ]


def _figure(row, kinds) -> Figure:
    get = {k: plain(row[k]) for k in row.index}
    return Figure(
        get["value"], get["value_low"], get["value_high"], id=get["id"],
        region=get["region_code"], measure=get["measure"], concept=get["concept"],
        series=get["series"], size_class=get["size_class"], sector=get["sector"],
        period=get["period"], year=get["year"], status=get["status"],
        grade=get["grade"], source_id=get["source_id"],
        kind=kinds.get(get["measure"]), unit=get["unit"],
    )  # fmt: skip


@lru_cache(maxsize=1)
def shipped() -> Folder:
    """The folder that travels with the package."""
    return Folder()


@lru_cache(maxsize=1)
def _shipped_measures():
    package = contract.open_package()
    table = contract.read(package, "measures", []).columns
    return {
        m: (k, u)
        for m, k, u in zip(table["measure"], table["kind"], table["unit"], strict=True)
    }


def measure_kind(measure: str) -> tuple[str | None, str | None]:
    """Kind and unit of a shipped measure, (None, None) for any other.

    >>> measure_kind("turnover")
    ('flow', 'IDR')
    """
    return _shipped_measures().get(measure, (None, None))


def open_folder(path) -> Folder:
    """The same functions on another folder with the same tables."""
    return Folder(path)


def _of_shipped(name):
    def function(*args, **kwargs):
        return getattr(shipped(), name)(*args, **kwargs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = getattr(Folder, name).__doc__
    return function


load = _of_shipped("load")
figures = _of_shipped("figures")
figure = _of_shipped("figure")
series = _of_shipped("series")
trace = _of_shipped("trace")
claims = _of_shipped("claims")
panel = _of_shipped("panel")
reading = _of_shipped("reading")
project = _of_shipped("project")
