"""Checks a folder of tables against its datapackage.json.

Everything is read as text first: a cell that is not exactly what the contract
says is a problem with a file, a row (the line of the file, the header is 1), a
column and a rule. Nothing is repaired or coerced on the way.
"""

import csv
import hashlib
import io
import itertools
import json
import re
import string
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

from umkm_analysis import whole
from umkm_analysis.errors import DataError

HERE = Path(__file__).parent
#: Rows that are turned into columns at once: few enough to stay in the cache.
_ROWS_AT_ONCE = 256
#: Beside the package in a clone, inside it in an installed wheel.
SHIPPED = HERE / "data" if (HERE / "data").is_dir() else HERE.parent / "data"

CALCULABLE = ("observed", "provisional", "derived")

_TYPES = {
    "integer": re.compile(r"-?(0|[1-9][0-9]*)\Z"),
    "number": re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?\Z"),
    "boolean": re.compile(r"(true|false)\Z"),
    "string": re.compile(r""),
}
#: Texts without anything that `_cell` looks for.
_PLAIN = {
    "number": r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?\Z",
    # A letter first and a digit somewhere: no missing word, no formula.
    "string": r"[A-Za-z][A-Za-z_-]*[0-9][A-Za-z0-9_-]*\Z",
}
_MISSING_WORDS = re.compile(
    r"([-+]?(nan|na|n/a|n\.a\.|null|none|nil|inf|infinity)"
    r"|#(n/a|ref!|value!|div/0!|num!|name\?|null!)|<na>|-+|\.{2,}|[?–—…])\Z",
    re.I,
)
#: What a spreadsheet would run; a negative number at the start of a text is none.
_FORMULA = re.compile(r"[=@+\t\r]|-(?![0-9.,]+(\s|%|\Z))")
_DATE_FORMS = {
    "partial_date": re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}\Z"),
    "period": re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}(/[0-9]{4}(-[0-9]{2}){0,2})?\Z"),
}
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\u200b\u200e\u200f\u202a-\u202e]"
)
_STORY_NAME = re.compile(r"[A-Za-z0-9_-]+(\.(value|low|high|period|stated|unit))?\Z")
_PLACEHOLDER = re.compile(r"\{([A-Za-z0-9_-]+)[^}]*\}")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, where it is, and the rule it breaks."""

    file: str
    row: int | None
    column: str | None
    rule: str
    params: dict = field(default_factory=dict, compare=False)

    def as_error(self) -> DataError:
        return DataError(
            "problem", file=self.file, row=self.row, column=self.column,
            rule=self.rule, **self.params,
        )  # fmt: skip


@dataclass
class Table:
    """A CSV as text: one list a column, and the file line of each row."""

    name: str
    file: str
    columns: dict[str, list[str]]
    lines: list[int]
    _distinct: dict = field(default_factory=dict, repr=False)

    def __len__(self):
        return len(self.lines)

    def distinct(self, column: str):
        """The texts of a column, each once, in the order they first stand in."""
        if column not in self._distinct:
            self._distinct[column] = dict.fromkeys(self.columns[column])
        return self._distinct[column].keys()

    def places(self, column: str, texts):
        """Each row with one of `texts` in a column: its place, its text, its line."""
        if texts:
            for i, text in enumerate(self.columns[column]):
                if text in texts:
                    yield i, text, self.lines[i]

    def by(self, column: str) -> "Keyed":
        """The rows by the texts of one column."""
        return Keyed(self, column)

    def rows(self) -> list[dict[str, str]]:
        """The rows, each by column."""
        names = list(self.columns)
        return [
            dict(zip(names, row, strict=True))
            for row in zip(*self.columns.values(), strict=True)
        ]


class Keyed(Mapping):
    """Rows of a table by key, each made when it is asked for: a table may be large."""

    def __init__(self, table, column):
        self._columns = table.columns
        self._place = {key: i for i, key in enumerate(table.columns[column])}

    def __getitem__(self, key):
        i = self._place[key]
        return {name: texts[i] for name, texts in self._columns.items()}

    def __contains__(self, key):
        return key in self._place

    def __iter__(self):
        return iter(self._place)

    def __len__(self):
        return len(self._place)


@dataclass
class Package:
    """A folder with its contract."""

    path: Path
    contract: dict
    resources: dict[str, dict]

    @property
    def release(self) -> str | None:
        created = self.contract.get("created")
        return created[:10] if created else None

    def file(self, name: str) -> Path:
        return self.path / self.resources[name]["path"]


def open_package(path=None) -> Package:
    """Read the contract of a folder; one without its own takes the shipped one."""
    if path == "":
        # An unset variable of a script is not the shipped folder.
        raise DataError("no_folder", path="''")
    path = SHIPPED if path is None else Path(path)
    if not path.is_dir():
        raise DataError("no_folder", path=str(path))
    own = path / "datapackage.json"
    try:
        contract_file = own if own.exists() else SHIPPED / "datapackage.json"
        contract = json.loads(contract_file.read_text(encoding="utf-8"))
        resources = _resources(contract, own.name)
    except OSError as error:
        raise DataError("unreadable", file=own.name, reason=error.strerror) from None
    except (ValueError, RecursionError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError("contract_json", file=own.name, reason=str(error)) from None
    if own == contract_file and path.resolve() != SHIPPED.resolve():
        _keeps_core(resources, own.name)
    if own != contract_file:
        contract = {k: v for k, v in contract.items() if k in ("resources", "headline")}
    return Package(path, contract, resources)


def _resources(contract, file) -> dict[str, dict]:
    """The tables of a contract by name; raise where a part of it is unusable."""

    def must(sound, *where):
        if not sound:
            raise DataError("contract_part", file=file, value=".".join(map(str, where)))

    must(isinstance(contract, dict), "datapackage")
    created = contract.get("created")
    if created is not None:
        must(
            isinstance(created, str)
            and _DATE_FORMS["partial_date"].match(created[:10])
            and _is_date(created[:10]),
            "created",
        )
    listed = contract.get("resources")
    must(isinstance(listed, list) and listed, "resources")
    resources = {}
    for i, resource in enumerate(listed):
        must(isinstance(resource, dict), "resources", i)
        name, path = resource.get("name"), resource.get("path")
        must(isinstance(name, str) and name not in resources, "resources", i, "name")
        must(isinstance(path, str) and path, name, "path")
        if Path(path).is_absolute() or len(Path(path).parts) != 1 or path == "..":
            raise DataError("contract_path", file=file, value=path)
        schema = resource.get("schema")
        must(isinstance(schema, dict), name, "schema")
        fields = schema.get("fields")
        must(isinstance(fields, list) and fields, name, "fields")
        for j, spec in enumerate(fields):
            must(isinstance(spec, dict), name, "fields", j)
            column = spec.get("name")
            must(isinstance(column, str) and column, name, "fields", j, "name")
            if spec.get("type") not in _TYPES:
                raise DataError(
                    "contract_type", file=file, value=spec.get("type") or "-"
                )
            must(spec.get("form") in (None, *_DATE_FORMS), name, column, "form")
            cut = spec.get("separator", ";")
            must(isinstance(cut, str) and cut, name, column, "separator")
            must(_texts(spec.get("items", [])), name, column, "items")
            limits = spec.get("constraints", {})
            must(isinstance(limits, dict), name, column, "constraints")
            must(_texts(limits.get("enum", [])), name, column, "enum")
            for key in ("minimum", "maximum"):
                limit = limits.get(key, 0)
                must(
                    isinstance(limit, int | float) and not isinstance(limit, bool),
                    name, column, key,
                )  # fmt: skip
            try:
                re.compile(limits.get("pattern", ""))
            except (re.error, TypeError):
                must(False, name, column, "pattern")
        names = {spec["name"] for spec in fields}
        must(len(names) == len(fields), name, "fields")
        key = schema.get("primaryKey", [])
        key = [key] if isinstance(key, str) else key
        must(_texts(key) and names.issuperset(key), name, "primaryKey")
        resources[name] = resource
    for name, resource in resources.items():
        schema = resource["schema"]
        for kind in ("foreignKeys", "listKeys"):
            keys = schema.get(kind, [])
            must(isinstance(keys, list), name, kind)
            for key in keys:
                must(_is_key(key, name, resources), name, kind)
    return resources


def _is_date(text):
    try:
        span(text)
    except ValueError:
        return False
    return True


def _texts(value):
    return isinstance(value, list) and all(isinstance(v, str) for v in value)


def _is_key(key, name, resources):
    if not isinstance(key, dict) or not isinstance(key.get("reference"), dict):
        return False
    column = _column_names(resources[name])
    target = resources.get(key["reference"].get("resource") or name)
    mine, other = key.get("fields"), key["reference"].get("fields")
    return (
        target is not None
        and _texts(mine)
        and _texts(other)
        and len(mine) == len(other) == 1
        and mine[0] in column
        and other[0] in _column_names(target)
    )


def _column_names(resource):
    return {spec["name"] for spec in resource["schema"]["fields"]}


def _keeps_core(resources, file):
    """A contract of one's own may add tables and columns, never drop those used."""
    text = (SHIPPED / "datapackage.json").read_text(encoding="utf-8")
    for ours in json.loads(text)["resources"]:
        theirs = resources.get(ours["name"])
        if theirs is None:
            if not ours.get("optional"):
                raise DataError("contract_table", file=file, table=ours["name"])
            continue
        lost = _column_names(ours) - _column_names(theirs)
        if lost:
            raise DataError(
                "contract_column", file=file, table=ours["name"], choices=sorted(lost)
            )


def read(package: Package, name: str, problems: list[Problem]) -> Table | None:
    """Read one table as text. What stops the reading is appended to `problems`."""
    resource = package.resources[name]
    path = package.file(name)
    file = path.name

    def wrong(rule, row=None, column=None, **params):
        problems.append(Problem(file, row, column, rule, params))

    try:
        if not path.exists():
            if not resource.get("optional"):
                wrong("file_missing")
            return None
        if not path.is_file():
            wrong("not_a_file")
            return None
        raw = path.read_bytes()
    except OSError as error:
        wrong("unreadable", reason=error.strerror)
        return None
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        wrong("encoding", row=1, found="UTF-16")
        return None
    if raw.startswith(b"\xef\xbb\xbf"):
        wrong("byte_order_mark", row=1)
        raw = raw[3:]
    try:
        content = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        wrong("encoding", row=line, found=f"0x{raw[error.start]:02x}")
        return None
    if "\x00" in content:
        wrong("control_character", row=content[: content.index("\x00")].count("\n") + 1)
        return None
    if not content or content.isspace():
        wrong("empty")
        return None
    # Of a large file as text, line for line is enough.
    del content
    specs = resource["schema"]["fields"]
    names = [spec["name"] for spec in specs]
    old_limit = csv.field_size_limit(2**31 - 1)
    text = io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8", newline="")
    reader = csv.reader(text, strict=True)
    rows, lines, uneven = [], [], []
    start = 1
    try:
        header = next(reader)
        if len(header) == 1 and len(names) > 1:
            for mark, word in ((";", ";"), ("\t", "TAB"), ("|", "|")):
                if mark in header[0]:
                    wrong("separator", row=1, found=word)
                    return None
        width = len(header)
        columns, distinct = [[] for _ in header], [{} for _ in header]
        start = reader.line_num + 1
        for row in reader:
            if not row:
                wrong("row_blank", row=start)
            elif len(row) != width:
                uneven.append((start, len(row)))
            else:
                rows.append(row)
                lines.append(start)
                if len(rows) == _ROWS_AT_ONCE:
                    _turn(rows, columns, distinct)
                    rows = []
            start = reader.line_num + 1
        _turn(rows, columns, distinct)
    except csv.Error as error:
        # The row begins where the quotation mark was left open.
        wrong("quotes", row=start, reason=str(error))
        return None
    finally:
        csv.field_size_limit(old_limit)
    for column, times in Counter(header).items():
        if times > 1:
            wrong("column_double", row=1, column=column)
        elif column not in names:
            wrong("column_unknown", row=1, column=column, choices=names)
    for column in names:
        if column not in header:
            wrong("column_missing", row=1, column=column)
    for line, found in uneven:
        rule = "row_short" if found < width else "row_long"
        wrong(rule, row=line, found=found, expected=width)
    if uneven or set(names) - set(header) or len(set(header)) != width:
        return None
    columns = dict(zip(header, columns, strict=True))
    distinct = dict(zip(header, distinct, strict=True))
    return Table(name, file, {n: columns[n] for n in names}, lines, distinct)


def _turn(rows, columns, distinct):
    """Move rows into columns. A text that is there already is kept once only."""
    for column, known, part in zip(
        columns, distinct, zip(*rows, strict=True), strict=False
    ):
        first = part[0]
        if part.count(first) == len(part):
            column.extend([known.setdefault(first, first)] * len(part))
        else:
            column.extend(map(known.setdefault, part, part))


def _cells(table, spec, problems):
    """Check one column cell by cell, each distinct text only once."""
    column, values = spec["name"], table.columns[spec["name"]]
    limits = spec.get("constraints", {})
    pattern = re.compile(f"(?:{limits['pattern']})\\Z") if "pattern" in limits else None
    enum = limits.get("enum")
    plain = _plain(spec, limits)
    distinct = table.distinct(column)
    bad = {}
    for text in itertools.filterfalse(plain, distinct) if plain else distinct:
        verdict = _cell(text, spec, limits, pattern, enum)
        if verdict:
            bad[text] = verdict
    for _, text, line in table.places(column, bad):
        rule, params = bad[text]
        shown = text if len(text) <= 60 else text[:57] + "..."
        problems.append(
            Problem(table.file, line, column, rule, {"value": shown, **params})
        )
    if limits.get("unique") and len(distinct) != len(values):
        seen = {}
        for text, line in zip(values, table.lines, strict=True):
            if text and text in seen:
                problems.append(
                    Problem(
                        table.file, line, column, "unique",
                        {"value": text, "first": seen[text]},
                    )
                )  # fmt: skip
            seen.setdefault(text, line)
    return bad


def _plain(spec, limits):
    """What knows most sound texts of a column at once; None where none is safe.

    It may miss a sound text, never take a wrong one: `_cell` sees what it leaves.
    """
    if {"separator", "form"} & set(spec) or set(limits) - {
        "required", "unique", "pattern",
    }:  # fmt: skip
        return None
    plain = _PLAIN.get(spec["type"])
    if plain and "pattern" in limits:
        return re.compile(rf"(?={plain})(?:{limits['pattern']})\Z").match
    return re.compile(plain).match if plain else None


def _cell(text, spec, limits, pattern, enum):
    if not text:
        return ("required", {}) if limits.get("required") else None
    kind = spec["type"]
    if _MISSING_WORDS.match(text) and text not in (enum or ()):
        return "not_a_number", {}
    if "\n" in text or "\r" in text:
        return "line_break", {}
    if _CONTROL.search(text):
        return "control_character", {}
    if text != text.strip():
        return "space", {}
    if _FORMULA.match(text):
        return "formula", {}
    if not _TYPES[kind].match(text):
        return "type_" + kind, {}
    if len(text) > {"integer": 18, "number": 300}.get(kind, len(text)):
        return "type_" + kind, {}
    if kind in ("integer", "number"):
        for key, wrong in (("minimum", -1), ("maximum", 1)):
            if key in limits and (float(text) - limits[key]) * wrong > 0:
                return key, {"limit": limits[key]}
    if enum is not None and text not in enum:
        return "allowed", {"choices": enum}
    if "separator" in spec:
        parts, items = text.split(spec["separator"]), spec.get("items")
        if "" in parts:
            return "list_blank", {}
        if items is not None and not set(parts) <= set(items):
            return "allowed", {"choices": items}
        if items is not None and len(set(parts)) != len(parts):
            return "list_double", {}
    if pattern and not pattern.match(text):
        return "pattern", {"pattern": limits["pattern"]}
    if form := _DATE_FORMS.get(spec.get("form")):
        if not form.match(text):
            return "date", {}
        try:
            ends = [span(part) for part in text.split("/")]
        except ValueError:
            return "date", {}
        if ends[0][0] > ends[-1][1] or (len(ends) == 2 and ends[0] == ends[1]):
            return "date_order", {}
    return None


@lru_cache(maxsize=2**16)
def span(text: str) -> tuple[date, date]:
    """First and last day of a partial date: 2024, 2024-05 or 2024-05-03.

    >>> span("2024-02")
    (datetime.date(2024, 2, 1), datetime.date(2024, 2, 29))
    """
    parts = [int(p) for p in text.split("-")]
    year = parts[0]
    month = parts[1] if len(parts) > 1 else None
    if len(parts) > 2:
        day = date(year, month, parts[2])
        return day, day
    first = date(year, month or 1, 1)
    if month is None or month == 12:
        return first, date(year, 12, 31)
    return first, date.fromordinal(date(year, month + 1, 1).toordinal() - 1)


@lru_cache(maxsize=2**16)
def period_span(period: str) -> tuple[date, date]:
    """First and last day of a period such as 2024, 2018/2020 or 2025-01/2025-03."""
    ends = period.split("/")
    return span(ends[0])[0], span(ends[-1])[1]


@lru_cache(maxsize=2**16)
def is_period(text: str) -> bool:
    """Whether a period has the agreed form, exists and does not run backwards.

    >>> is_period("2024-01/2024-06"), is_period("2024-13"), is_period("2024/2023")
    (True, False, False)
    """
    if not _DATE_FORMS["period"].match(text):
        return False
    try:
        first, last = period_span(text)
    except ValueError:
        return False
    return first <= last


def check_table(package: Package, table: Table, problems: list[Problem]) -> None:
    """Check everything that one table tells of itself."""
    schema = package.resources[table.name]["schema"]
    for spec in schema["fields"]:
        bad = _cells(table, spec, problems)
        if spec.get("form") == "partial_date" and package.release:
            limit = span(package.release)[1]
            later = {
                t for t in table.distinct(spec["name"])
                if t and t not in bad and span(t)[0] > limit
            }  # fmt: skip
            for _, text, line in table.places(spec["name"], later):
                problems.append(
                    Problem(
                        table.file, line, spec["name"], "future",
                        {"value": text, "release": package.release},
                    )
                )  # fmt: skip
    key = schema.get("primaryKey", [])
    key = [key] if isinstance(key, str) else key
    keys = [table.columns[k] for k in key]
    if len(key) > 1 and len(set(zip(*keys, strict=True))) != len(table):
        seen = {}
        for parts, line in zip(zip(*keys, strict=True), table.lines, strict=True):
            if parts in seen:
                problems.append(
                    Problem(
                        table.file, line, "+".join(key), "unique",
                        {"value": " / ".join(parts), "first": seen[parts]},
                    )
                )  # fmt: skip
            seen.setdefault(parts, line)


def _float(text):
    return float(text) if text and _TYPES["number"].match(text) else None


def _half_step(value, low, high, step):
    """Whether the bounds lie half a rounding step on either side, exactly."""
    if not (low and high and _float(step)):
        return False
    middle, half = Fraction(value), Fraction(step) / 2
    return Fraction(low) == middle - half and Fraction(high) == middle + half


def _bounds(table, problems):
    columns = table.columns
    if not {"value", "value_low", "value_high"} <= set(columns):
        return
    precision = columns.get("precision", [None] * len(table))
    rounding = columns.get("rounding", [""] * len(table))
    cells = [
        columns["value"], columns["value_low"], columns["value_high"], precision,
        rounding,
    ]  # fmt: skip
    bad = {}
    for distinct in set(zip(*cells, strict=True)):
        value, low, high, how, _ = distinct
        if how == "exact" and value == low == high:
            continue
        if found := _bound(*distinct):
            bad[distinct] = found
    if not bad:
        return
    for line, row in zip(table.lines, zip(*cells, strict=True), strict=True):
        if row not in bad:
            continue
        column, found = bad[row]
        if found:
            problems.append(
                Problem(table.file, line, column, "bounds", {"found": found})
            )
        else:
            problems.append(
                Problem(table.file, line, column, "precision", {"value": row[3]})
            )


def _bound(value, low, high, how, step):
    """The column that is wrong about a figure, and how it is out of order."""
    v, a, b = _float(value), _float(low), _float(high)
    if v is None or (low and a is None) or (high and b is None):
        return None
    if a is not None and a > v:
        return "value_low", f"{low} > {value}"
    if b is not None and b < v:
        return "value_high", f"{high} < {value}"
    wrong = {
        "exact": (a, b) != (v, v),
        "survey_estimate": (a, b) != (None, None),
        "at_least": (a, b) != (v, None),
        "at_most": (a, b) != (None, v),
        "rounded": how == "rounded" and not _half_step(value, low, high, step),
        "approx": a is None or b is None,
    }.get(how, False)
    return ("precision", None) if wrong else None


def _circling(ids, targets, where):
    """The ids that are replaced, by way of others, by themselves."""
    seen, circle = {}, set()
    for i in filter(targets.__getitem__, range(len(ids))):
        path, at = [], ids[i]
        while at in where and at not in seen:
            seen[at] = i
            path.append(at)
            at = targets[where[at]]
        if seen.get(at) == i and at != path[-1]:
            circle.update(path[path.index(at) :])
    return circle


def _comes_back(i, ids, targets, where):
    """The same of one row, whose id another row has too."""
    seen, at = set(), targets[i]
    while at in where and at not in seen and at != ids[i]:
        seen.add(at)
        at = targets[where[at]]
    return at == ids[i] != targets[i]


def _observations(tables, problems, package):
    table = tables.get("observations")
    if table is None:
        return
    c = table.columns

    def wrong(i, column, rule, **params):
        problems.append(Problem(table.file, table.lines[i], column, rule, params))

    _dates(c, wrong, package.release)
    _pointers(c, wrong)
    _series_periods(tables, wrong)


def _dates(c, wrong, release):
    """The year of a figure lies in its period, neither after the release."""
    limit = span(release)[1] if release else None
    cells = c["period"], c["year"], c["status"]
    bad = {}
    for distinct in set(zip(*cells, strict=True)):
        period, year, status = distinct
        first, last = period_span(period) if is_period(period) else (None, None)
        dated = int(year) if _TYPES["integer"].match(year) else None
        found = []
        if first and dated is not None and not first.year <= dated <= last.year:
            found.append(("year", "year_in_period", {"value": year, "period": period}))
        if release and status in CALCULABLE:
            if first and first > limit:
                found.append(("period", "future", {"value": period}))
            elif not first and dated is not None and dated > limit.year:
                found.append(("year", "future", {"value": year}))
        if found:
            bad[distinct] = found
    for i, row in enumerate(zip(*cells, strict=True)) if bad else ():
        for column, rule, params in bad.get(row, ()):
            if rule == "future":
                params = {**params, "release": release}
            wrong(i, column, rule, **params)


def _pointers(c, wrong):
    """A repeat and a replacement name another row about the same, without circles."""
    pointing = [
        i
        for i, targets in enumerate(
            zip(c["duplicates_of"], c["supersedes"], strict=True)
        )
        if targets != ("", "")
    ]
    if not pointing:
        return
    where = {key: i for i, key in enumerate(c["id"])}
    chain = c["id"], c["supersedes"], where
    circle = _circling(*chain)
    for i in pointing:
        identifier = c["id"][i]
        for column in ("duplicates_of", "supersedes"):
            target = c[column][i]
            if not target:
                continue
            if target == identifier:
                wrong(i, column, "self", value=target)
            elif target in where:
                other = where[target]
                if column == "duplicates_of" and c["duplicates_of"][other]:
                    wrong(i, column, "chain", value=target)
                for same in ("region_code", "measure"):
                    if c[same][i] != c[same][other]:
                        wrong(i, column, "not_the_same", value=target, what=same)
        if c["supersedes"][i] and (
            identifier in circle if where[identifier] == i else _comes_back(i, *chain)
        ):
            wrong(i, "supersedes", "circle", value=c["supersedes"][i])


def _series_periods(tables, wrong):
    """Of one series and one period there is one figure to calculate with."""
    table, concepts = tables["observations"], tables.get("concepts")
    if concepts is None:
        return
    c, about = table.columns, concepts.columns
    series = dict(zip(about["concept"], about["series"], strict=True))
    slugs = list(map(series.get, c["concept"]))
    replaced = table.distinct("supersedes")
    counted = [
        bool(slug and period and not repeat and grade != "D" and status in CALCULABLE
             and key not in replaced)
        for slug, period, repeat, grade, status, key in zip(
            slugs, c["period"], c["duplicates_of"], c["grade"], c["status"], c["id"],
            strict=True,
        )
    ]  # fmt: skip
    parts = ("region_code", "measure", "size_class", "sector", "period")
    keys = zip(slugs, *(c[k] for k in parts), strict=True)
    if len(set(itertools.compress(keys, counted))) == sum(counted):
        return
    first = {}
    for i in itertools.compress(range(len(table)), counted):
        key = (slugs[i], *(c[k][i] for k in parts))
        if key in first:
            wrong(i, "period", "series_period", value=c["period"][i], series=slugs[i],
                  first=first[key])  # fmt: skip
        first.setdefault(key, table.lines[i])


def _measures(tables, problems):
    measures = tables.get("measures")
    if measures is None:
        return
    m = measures.columns
    whole = {a for a, b in zip(m["measure"], m["integer"], strict=True) if b == "true"}
    share = {
        a for a, k, u in zip(m["measure"], m["kind"], m["unit"], strict=True)
        if k == "share" and u == "percent"
    }  # fmt: skip
    for table in tables.values():
        c = table.columns
        if table.name == "measures" or not {"measure", "value"} <= set(c):
            continue
        for column in ("value", "value_low", "value_high"):
            if column not in c:
                continue
            broken = {}
            for measure, text in set(zip(c["measure"], c[column], strict=True)):
                value = _float(text)
                if value is None:
                    continue
                if measure in whole and "." in text and column == "value":
                    broken[measure, text] = "integer"
                elif measure in whole and value < 0:
                    broken[measure, text] = "negative"
                elif measure in share and not 0 <= value <= 100:
                    broken[measure, text] = "share"
            if not broken:
                continue
            for line, *pair in zip(table.lines, c["measure"], c[column], strict=True):
                measure, text = pair = tuple(pair)
                if pair in broken:
                    problems.append(
                        Problem(
                            table.file, line, column, broken[pair],
                            {"value": text, "measure": measure},
                        )
                    )  # fmt: skip


def _foreign_keys(package, tables, problems):
    for table in tables.values():
        schema = package.resources[table.name]["schema"]
        separators = {s["name"]: s.get("separator") for s in schema["fields"]}
        for key in (*schema.get("foreignKeys", ()), *schema.get("listKeys", ())):
            column, reference = key["fields"][0], key["reference"]
            target = tables.get(reference["resource"] or table.name)
            if target is None:
                continue
            known = target.distinct(reference["fields"][0])
            cut = separators[column]
            unknown = {
                text: next(p for p in parts if p not in known)
                for text in table.distinct(column)
                if text
                and not known >= set(parts := text.split(cut) if cut else [text])
            }
            for _, text, line in table.places(column, unknown):
                problems.append(
                    Problem(
                        table.file, line, column, "foreign_key",
                        {"value": unknown[text], "target": target.file,
                         "target_column": reference["fields"][0]},
                    )
                )  # fmt: skip


def _unsayable(template) -> str | None:
    """What keeps a sentence of story.csv from being formed."""
    from umkm_analysis import text

    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        return str(error)
    for _, name, spec, conversion in parts:
        if name is None:
            continue
        shown = "{" + name + (f":{spec}" if spec else "") + "}"
        if not _STORY_NAME.match(name) or conversion or not text.is_format(spec):
            return shown
    return None


def _parents(tables, problems):
    """No area lies in itself, directly or by way of others."""
    regions = tables.get("regions")
    if regions is None:
        return
    c = regions.columns
    parent = dict(zip(c["region_code"], c["parent_code"], strict=True))
    for code, line in zip(c["region_code"], regions.lines, strict=True):
        above, seen = parent[code], set()
        while above and above != code and above not in seen:
            seen.add(above)
            above = parent.get(above)
        if above == code:
            problems.append(
                Problem(regions.file, line, "parent_code", "self", {"value": code})
            )


def _links(package, tables, problems, stored):
    """Readings, excerpts and story sentences agree with the rows they name."""
    observations = tables.get("observations")
    if observations is None:
        return
    o = observations.columns
    where = {key: i for i, key in enumerate(o["id"])}
    if (readings := tables.get("readings")) is not None:
        r = readings.columns
        for i, line in enumerate(readings.lines):
            for column in ("from_id", "to_id"):
                row = where.get(r[column][i])
                if row is not None and o["measure"][row] != r["measure"][i]:
                    problems.append(
                        Problem(readings.file, line, column, "not_the_same",
                                {"value": r[column][i], "what": "measure"})
                    )  # fmt: skip
    for table in tables.values():
        excerpt = package.resources[table.name].get("excerptOf") == "observations"
        if stored and excerpt:
            concepts = tables.get("concepts")
            about = concepts.columns if concepts else {"concept": []}
            place = {key: i for i, key in enumerate(about["concept"])}
            for k, texts in table.columns.items():
                for i, line in enumerate(table.lines):
                    if k in o and k != "id":
                        row, other, file = (
                            where.get(table.columns["id"][i]),
                            o,
                            observations.file,
                        )
                    elif k == "family" and k in about:
                        row = place.get(table.columns.get("concept", texts)[i])
                        other, file = about, concepts.file
                    else:
                        break
                    if row is not None and texts[i] != other[k][row]:
                        problems.append(
                            Problem(
                                table.file, line, k, "excerpt",
                                {"value": texts[i], "other": other[k][row],
                                 "source": file},
                            )
                        )  # fmt: skip
    if (story := tables.get("story")) is not None:
        claims = tables.get("claims")
        known = set(where) | set(claims.columns["claim_id"] if claims else ())
        for i, line in enumerate(story.lines):
            used = {
                c: set(_PLACEHOLDER.findall(story.columns[c][i]))
                for c in ("text_en", "text_id")
            }
            for column, names in used.items():
                for name in sorted(names - known):
                    problems.append(
                        Problem(story.file, line, column, "foreign_key",
                                {"value": name, "target": observations.file,
                                 "target_column": "id"})
                    )  # fmt: skip
            for column in used:
                reason = _unsayable(story.columns[column][i])
                if reason:
                    problems.append(
                        Problem(
                            story.file, line, column, "story_form", {"reason": reason}
                        )
                    )
            if used["text_en"] != used["text_id"]:
                problems.append(Problem(story.file, line, "text_id", "story_pair", {}))


def _claims(tables, problems):
    if tables.get("claims") is None or tables.get("observations") is None:
        return
    from umkm_analysis import verdicts

    problems.extend(verdicts.stale(tables["claims"], tables["observations"]))


def digest(path: Path) -> str:
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def examine(package: Package, *, stored: bool = True):
    """Read and check a whole folder; return its tables and its problems.

    `stored` also asks what only concerns the files as kept: recomputed columns,
    excerpts and, for the shipped folder, hashes.
    """
    problems: list[Problem] = []
    tables = {}
    for name in package.resources:
        table = read(package, name, problems)
        if table is not None:
            tables[name] = table
            check_table(package, table, problems)
            _bounds(table, problems)
    _measures(tables, problems)
    _foreign_keys(package, tables, problems)
    _observations(tables, problems, package)
    _parents(tables, problems)
    _links(package, tables, problems, stored)
    if stored and not problems:
        _claims(tables, problems)
    if stored and package.path.resolve() == SHIPPED.resolve() and not problems:
        for name, resource in package.resources.items():
            file = package.file(name)
            if file.exists() and resource.get("hash") != digest(file):
                problems.append(Problem(file.name, None, None, "hash"))
    order = {r["path"]: i for i, r in enumerate(package.resources.values())}
    problems.sort(
        key=lambda p: (order.get(p.file, -1), p.row or 0, p.column or "", p.rule)
    )
    return tables, problems


def check(path=None) -> list[Problem]:
    """Check a folder (the shipped one by default); an empty list is a sound one.

    Examples
    --------
    >>> check()
    []
    """
    return examine(open_package(path))[1]


def read_panel(path) -> Table:
    """Read and check a panel: region, year, value and maybe segment, concept."""
    path = Path(path)
    if not path.is_file():
        raise DataError("no_file", path=str(path))
    optional = [{"name": n, "type": "string"} for n in ("segment", "concept")]
    fields = [
        {"name": "region", "type": "string", "constraints": {"required": True}},
        {"name": "year", "type": "integer", "constraints": {"required": True}},
        {"name": "value", "type": "number", "constraints": {"required": True}},
    ]
    try:
        with path.open("rb") as file:
            head = file.readline().decode("utf-8", errors="replace")
    except OSError as error:
        raise DataError("unreadable", file=path.name, reason=error.strerror) from None
    names = [c.strip().strip('"') for c in head.removeprefix("\ufeff").split(",")]
    fields += [spec for spec in optional if spec["name"] in names]
    # The same year twice is allowed in two segments: two series of one survey.
    key = ["region", "year", *(n for n in ("segment",) if n in names)]
    schema = {"fields": fields, "primaryKey": key}
    package = Package(
        path.parent,
        {},
        {"panel": {"name": "panel", "path": path.name, "schema": schema}},
    )
    problems: list[Problem] = []
    table = read(package, "panel", problems)
    if table is not None:
        check_table(package, table, problems)
    if problems:
        raise problems[0].as_error()
    return table


def seal() -> list[str]:
    """Write the hashes of the shipped tables into their contract.

    Returns the names of the files whose hash changed. The new contract is
    written beside the old one and then put in its place.
    """
    package = open_package()
    changed = []
    for name, resource in package.resources.items():
        file = package.file(name)
        if file.exists() and resource.get("hash") != (new := digest(file)):
            resource["hash"] = new
            changed.append(file.name)
    target = package.path / "datapackage.json"
    content = json.dumps(package.contract, ensure_ascii=False, indent=1) + "\n"
    whole.write(target, content.encode())
    return changed
