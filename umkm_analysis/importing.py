"""Messy tables into rows of a folder, with nothing lost on the way.

`plan` reads a file and says of every cell what becomes of it: taken, pending a
question, or refused with a reason. What the file does not say is asked, never
guessed. `Plan.write` puts the figures into the folder, all of them or none;
`undo` takes the latest import back.
"""

import csv
import hashlib
import json
import re
import shutil
from array import array
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from umkm_analysis import cells, contract, sheets, text
from umkm_analysis.cells import folded
from umkm_analysis.errors import DataError
from umkm_analysis.folder import is_region_code, rows_of

EMPTY, OUTSIDE = 0, 1
CELLS = (
    "sheet",
    "cell",
    "text",
    "status",
    "reason",
    "value",
    "region_code",
    "period",
)
#: Answers that belong to one release and are asked again for the next.
OF_ONE_RELEASE = ("period", "published", "source", "url", "title", "retrieved")
STATUSES = ("observed", "provisional", "derived", "projected", "expectation", "target")
_NEW_CONCEPT = (
    "name_id",
    "name_en",
    "counts_what_id",
    "counts_what_en",
    "family",
    "series",
)
#: Labels that a row may hold.
_ROW_LABELS = (
    "region", "region_code", "kemendagri", "sector", "size", "year", "month", "period",
    "measure",
)  # fmt: skip
_ONE_OF_A_KIND = ("year", "month", "period", "size", "sector", "measure", "region_code")
_POWERS = tuple(str(10**n) for n in (0, 3, 6, 9, 12))
_OF_ROWS = ("precision", "rounding", "grade")


@dataclass
class Question:
    """One thing that the file does not say."""

    key: str
    kind: str
    params: dict
    choices: tuple = ()
    cells: int = 0

    def words(self, lang="id") -> str:
        said = text.fill(text.label(f"import.ask_{self.kind}", lang), self.params, lang)
        if self.choices:
            listed = ", ".join(map(str, self.choices[:14]))
            more = ", ..." if len(self.choices) > 14 else ""
            said += f" [{listed}{more}]"
        return said


@dataclass
class Column:
    """What one column holds, and what its head says of its figures."""

    index: int
    head: str
    role: str | None
    period: str | None = None
    mark: str = ""
    size: str | None = None
    measure: str | None = None
    sector: str | None = None
    region: str | None = None
    total: bool = False
    said: str = ""
    within: str = ""
    other: str = ""
    open_period: str | None = None
    scaled: str | None = None
    factor: int | None = 1


@dataclass
class Area:
    """Where the table lies in a sheet."""

    heads: range
    body: range
    columns: list[Column] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    numbering: int | None = None
    again: list[int] = field(default_factory=list)
    lines: range = range(0)
    sheet: int = 0
    place: str = ""
    siblings: dict = field(default_factory=dict)

    @property
    def title(self):
        return " ".join(self.titles)


class _Fates:
    """A number for each cell of a sheet, row after row in one array."""

    def __init__(self, rows):
        self.starts, self.codes = array("L", [0]), array("I")
        for row in rows:
            self.codes.extend([OUTSIDE if c.strip() else EMPTY for c in row])
            self.starts.append(len(self.codes))

    def of_row(self, row):
        return self.codes[self.starts[row] : self.starts[row + 1]]

    def mark(self, row, column, code):
        """Empty cells, and those beyond the end of a row, have no fate."""
        place = self.starts[row] + column
        if place < self.starts[row + 1] and self.codes[place] != EMPTY:
            self.codes[place] = code


class About(NamedTuple):
    """What a figure is about."""

    region: str
    measure: str
    concept: str
    size: str
    sector: str
    period: str
    status: str


@dataclass(slots=True)
class Figure:
    """A figure on its way into observations.csv."""

    place: tuple[int, int, int]
    value: Decimal
    step: Decimal
    rounded: bool
    mark: str
    keys: About
    note: str = ""
    supersedes: str = ""


class Plan:
    """What an import would do; see `plan`."""

    def __init__(self, file, to, answers=None):
        self.package = contract.open_package(to)
        if self.package.path.resolve() == contract.SHIPPED.resolve():
            raise DataError("import_shipped")
        self.to = self.package.path
        self.answers = {str(k): str(v).strip() for k, v in (answers or {}).items()}
        self.book = sheets.read(file)
        self.tables, problems = contract.examine(self.package, stored=False)
        if problems:
            error = problems[0].as_error()
            error.params["more"] = len(problems) - 1
            raise error
        self.stamp = _stamp(self.package)
        self.questions: dict[str, Question] = {}
        self.notes: list[tuple[str, dict]] = []
        self.figures: list[Figure] = []
        self.used, self.agreed = set(self.answers) & set(_OF_ROWS), 0
        self._kept = {}
        self._codes = {("empty", ""): EMPTY, ("refused", "outside"): OUTSIDE}
        self.fates = [_Fates(s.rows) for s in self.book.sheets]
        self.regions = cells.Regions(self._dicts("regions"))
        self.measures = {r["measure"]: r for r in self._dicts("measures")}
        self.new = {n: [] for n in ("regions", "sectors", "concepts", "sources")}
        self._periods, self._found, self._concepts = {}, {}, {}
        self._union, self.differs, self._sectors = {}, set(), None
        self._shipped, self._steps = None, {}
        self.meta, self.marks, self.source_id = {}, {}, None
        self._read()

    # What is asked, what is said, what becomes of a cell

    def _dicts(self, name):
        if name not in self._kept:
            table = self.tables.get(name)
            self._kept[name] = (
                []
                if table is None
                else [
                    dict(zip(table.columns, row, strict=True))
                    for row in zip(*table.columns.values(), strict=True)
                ]
            )
        return self._kept[name]

    def answer(self, key, choices=(), *, free=False) -> str | None:
        """The answer to a question, if there is one, and it is one of the choices."""
        given = self.answers.get(key)
        if given is None:
            return None
        self.used.add(key)
        if choices and not free and given not in choices:
            raise DataError("import_answer", key=key, value=given, choices=choices)
        return given

    def ask(self, key, kind, choices=(), *, free=False, cells=0, **params):
        """The answer, or None and a question."""
        given = self.answer(key, choices, free=free)
        if given is None:
            there = self.questions.get(key)
            if there is None:
                there = Question(key, kind, params, tuple(choices))
                self.questions[key] = there
            there.cells += cells
        return given

    def say(self, key, /, **params):
        if (key, params) not in self.notes:
            self.notes.append((key, params))

    def mark(self, sheet, row, column, status, reason):
        code = self._codes.setdefault((status, reason), len(self._codes))
        self.fates[sheet].mark(row, column, code)

    def mark_row(self, sheet, row, status, reason, columns=None):
        every = range(len(self.book.sheets[sheet].rows[row]))
        for column in every if columns is None else columns:
            self.mark(sheet, row, column, status, reason)

    def said(self) -> list[tuple[str, dict]]:
        """What was noticed: keys of labels.toml (import.say_...) and parameters."""
        unused = [k for k in self.answers if k not in self.used]
        return [*self.notes, *(("unused", {"key": k}) for k in unused)]

    def why(self, reason, lang="id") -> str:
        """The reason of a fate in words; of a pending one its question."""
        if reason in self.questions:
            return f"{reason}: {self.questions[reason].words(lang)}"
        return text.term("fate_reason", reason, lang)

    def counts(self) -> dict[tuple[str, str], int]:
        """How many cells of the file share each fate; empty cells are none."""
        names = {v: k for k, v in self._codes.items()}
        found = Counter()
        for sheet in self.fates:
            found.update(sheet.codes)
        found.pop(EMPTY, None)
        order = ("taken", "pending", "refused")
        return dict(
            sorted(
                ((names[k], n) for k, n in found.items()),
                key=lambda item: (order.index(item[0][0]), -item[1], item[0][1]),
            )
        )

    def totals(self) -> dict[str, int]:
        """Cells taken, pending and refused; together all cells that hold something."""
        found = dict.fromkeys(("taken", "pending", "refused"), 0)
        for (status, _), n in self.counts().items():
            found[status] += n
        return found

    def cells(self) -> list[dict]:
        """Every cell that holds something, and what becomes of it."""
        names = {v: k for k, v in self._codes.items()}
        figures = {f.place: f for f in self.figures}
        records = []
        for s, sheet in enumerate(self.book.sheets):
            for r in range(len(sheet.rows)):
                for c, code in enumerate(self.fates[s].of_row(r)):
                    if code == EMPTY:
                        continue
                    status, reason = names[code]
                    figure = figures.get((s, r, c)) if status == "taken" else None
                    value = cells.shown(figure.value) if figure else None
                    records.append(
                        {
                            "sheet": sheet.name,
                            "cell": f"{sheets.letters(c)}{r + 1}",
                            "text": " ".join(sheet.rows[r][c].split()),
                            "status": status,
                            "reason": reason,
                            "value": value if reason == "figure" else None,
                            "region_code": figure.keys.region if figure else None,
                            "period": figure.keys.period if figure else None,
                        }
                    )
        return records

    # Finding the table

    def _read(self):
        book = self.book
        self.say(
            "read",
            file=book.path.name,
            kind=book.kind.upper(),
            encoding=book.encoding or "-",
            separator=_NAMED.get(book.separator, book.separator or "-"),
        )
        areas = self._choose(
            [a for i, sheet in enumerate(book.sheets) for a in _areas(sheet, i)]
        )
        if not areas:
            if not self.questions:
                self.say("no_table")
            return
        self._hidden(areas)
        for area in areas:
            self._layout(area)
        self._source(areas)
        self._title = " / ".join(dict.fromkeys(a.title for a in areas if a.title))
        self._notes = list(dict.fromkeys(n for a in areas for n in a.notes))
        for area in areas:
            self._columns(area)
        self._scales(areas)
        self._measured = {
            c.measure for a in areas for c in a.columns if c.role == "value"
        }
        for area in areas:
            self._body(area)
        if self.agreed:
            self.say("total_agrees", n=self.agreed)
        self._settle()

    def _choose(self, areas):
        """The tables to read: those of one sheet or of all, of one title or of all."""
        for i, sheet in enumerate(self.book.sheets):
            if sheet.hidden:
                self.say("hidden_sheet", sheet=sheet.name)
                for r in range(len(sheet.rows)):
                    self.mark_row(i, r, "refused", "hidden_sheet")
        areas = [a for a in areas if not self.book.sheets[a.sheet].hidden]
        names = {a.sheet: self.book.sheets[a.sheet].name for a in areas}
        if len(names) > 1:
            for area in areas:
                area.place = names[area.sheet]
            given = self.ask("sheet", "sheet", (*names.values(), "all"), n=len(names))
            for i, name in names.items():
                for r in range(len(self.book.sheets[i].rows)):
                    if given is None:
                        self.mark_row(i, r, "pending", "sheet")
                    elif given not in (name, "all"):
                        self.mark_row(i, r, "refused", "other_sheet")
            areas = [a for a in areas if given in (names[a.sheet], "all")]
        return self._stacked(areas)

    def _stacked(self, areas):
        """Several tables below each other in a sheet: each has lines of its own."""
        spans = list(dict.fromkeys((a.sheet, a.lines) for a in areas))
        if len(spans) == len({i for i, _ in spans}):
            return areas
        listed = {span: str(n) for n, span in enumerate(spans, 1)}
        titles = {(a.sheet, a.lines): a.title or a.columns[0].head for a in areas}
        given = self.ask(
            "table", "table", (*listed.values(), "all"), n=len(spans),
            titles=[f"{n}. {titles[span][:80]}" for span, n in listed.items()],
        )  # fmt: skip
        for (i, lines), n in listed.items():
            for r in lines:
                if given is None:
                    self.mark_row(i, r, "pending", "table")
                elif given not in (n, "all"):
                    self.mark_row(i, r, "refused", "other_table")
        kept = [a for a in areas if given in (listed[a.sheet, a.lines], "all")]
        for area in kept:
            n = listed[area.sheet, area.lines]
            area.place = f"{area.place} {n}".strip()
        return kept

    def _hidden(self, areas):
        self.skip_hidden = None
        for area in areas:
            sheet = self.book.sheets[area.sheet]
            rows = [
                r for r in area.body if r in sheet.hidden_rows and any(sheet.rows[r])
            ]
            columns = sorted(
                c
                for c in sheet.hidden_columns
                if any(sheet.cell(r, c) for r in area.body)
            )
            if rows or columns:
                places = [*(str(r + 1) for r in rows), *map(sheets.letters, columns)]
                self.say("hidden", sheet=sheet.name, places=places)
                self.skip_hidden = self.ask(
                    "hidden", "hidden", ("take", "skip"), places=places
                )

    def _layout(self, area):
        heads = {folded(c.head) for c in area.columns}
        notes = " ".join([area.title, *area.notes])
        if {"kode provinsi", "nama provinsi", "satuan", "tahun"} <= heads:
            own = any(c.head.strip().casefold() == "id" for c in area.columns)
            kind = "jabar" if own else "satu_data"
        elif "satuan" in heads and "tahun" in heads:
            kind = "satu_data"
        elif re.search(r"\bBPS\b|Badan Pusat Statistik|bps\.go\.id", notes):
            kind = "bps"
        else:
            return
        self.say(f"layout_{kind}")

    def _source(self, areas):
        """What the lines around the table say of its source."""
        self.meta = {}
        for line in (x for a in areas for x in (*a.titles, *a.notes)):
            bare = " ".join(line.split())
            if found := cells._SOURCE.match(bare):
                self.meta.setdefault("publisher", found[2].strip(" ."))
            if found := re.search(r"https?://[^\s\"<>]+", bare):
                self.meta.setdefault("url", found[0].rstrip(".,;)"))
            for word, key in (("konsep", "name_id"), ("definisi", "counts_what_id")):
                if found := re.match(rf"{word}\s*[:=]\s*(.+)", bare, re.I):
                    self.meta.setdefault(key, found[1].strip())
        self.marks = {}
        for line in (x for a in areas for x in a.notes):
            found = re.match(
                r"\s*(?:(?:catatan|keterangan|ket|note)\s*[:.]?\s*)?"
                r"(\*{1,3}|[a-z¹²³⁴]{1,2})\s*[):=]+\s*(.+)",
                line,
                re.I,
            )
            found = found or re.match(r"\s*(\*{1,3}|[¹²³⁴])\s*(.+)", line)
            if found:
                self.marks[found[1].strip(")")] = found[2].strip()

    def _scales(self, areas):
        """By what the figures of each column are multiplied, where words say so.

        A head speaks for its column only, a title for the columns whose heads do not.
        """
        values = []
        for area in areas:
            above = next(
                (m[0] for x in area.titles if (m := cells._SCALED.search(x))), ""
            )
            for column in area.columns:
                if column.role == "value":
                    found = cells._SCALED.search(column.head)
                    column.scaled = found[0] if found else above
                    values.append(column)
        alike = len({c.scaled for c in values}) == 1
        for column in values:
            key = "scale" if alike else f"scale:{column.head}"
            given = self.answer(key)
            if column.scaled and given is None:
                given = self.ask(key, "scale", _POWERS, free=True, said=column.scaled)
            if given is not None and not re.fullmatch(r"10*", given):
                raise DataError("import_answer", key=key, value=given, choices=_POWERS)
            column.factor = int(given) if given else None if column.scaled else 1
            column.scaled = key

    # Columns

    def _columns(self, area):
        i = area.sheet
        for r in range(area.lines.start, area.heads.start):
            self.mark_row(i, r, "taken", "title")
        for r in (*area.heads, *area.again):
            self.mark_row(i, r, "taken", "head")
        if area.numbering is not None:
            self.mark_row(i, area.numbering, "taken", "numbering")
        for r in range(area.body.stop, area.lines.stop):
            self.mark_row(i, r, "taken", "note")
        for column in area.columns:
            self._role(area, column)
        self._ragged(area)
        levels = self._levels(area, "region")
        self._levels(area, "region_code")
        self._doubles(area)
        if levels:
            return
        # A table of provinces only: then they are the areas.
        for column in area.columns:
            if column.role in ("province", "province_code"):
                column.role = {"province": "region", "province_code": "region_code"}[
                    column.role
                ]

    def _levels(self, area, role):
        """The least of several levels is the one that the rows are about."""
        levels = [c for c in area.columns if c.role == role]
        order = ("provinsi", "kabupaten", "kota", "kecamatan", "kelurahan", "desa")

        def depth(column):
            words = folded(column.head).split()
            return max((order.index(w) for w in words if w in order), default=0)

        if len(levels) > 1:
            last = max(levels, key=lambda c: (depth(c), c.index))
            for column in levels:
                if column is not last:
                    column.role = "province"
        return levels

    def _doubles(self, area):
        """Two columns that say the same kind of thing: which one counts is asked."""
        sheet = self.book.sheets[area.sheet]
        first = {}
        if any(c.role == "year" for c in area.columns):
            for column in area.columns:
                # A date beside the year may be that of the last change.
                whole = (cells.period(sheet.cell(r, column.index)) for r in area.body)
                told = self.answer(f"column:{column.head}", cells.ROLES)
                if column.role == "period" and not told and any(whole):
                    self._unknown(area, column)
        for column in area.columns:
            if column.role not in _ONE_OF_A_KIND:
                continue
            there = first.setdefault(column.role, column)
            if there is column:
                continue
            if any(
                sheet.cell(r, there.index).strip()
                != sheet.cell(r, column.index).strip()
                for r in area.body
            ):
                self._unknown(area, column)
            else:
                column.role = "note"

    def _ragged(self, area):
        """Cells beyond the last head: a decimal comma may have split them off."""
        sheet = self.book.sheets[area.sheet]
        headed = [c.index for c in area.columns if c.head]
        beyond = [c for c in area.columns if headed and c.index > headed[-1]]
        rows = [
            str(r + 1)
            for r in area.body
            if any(sheet.cell(r, c.index).strip() for c in beyond)
        ]
        if rows and self.book.kind in ("csv", "tsv"):
            self.say("ragged", rows=rows[:10], n=len(rows))
            for column in beyond:
                column.head = sheets.letters(column.index)
                told = self.answer(f"column:{column.head}", cells.ROLES)
                if told:
                    column.role = told
                else:
                    self._unknown(area, column)

    def _unknown(self, area, column):
        sheet, c = self.book.sheets[area.sheet], column.index
        said = (sheet.cell(r, c).strip() for r in area.body)
        self.ask(
            f"column:{column.head}",
            "column",
            cells.ROLES,
            head=column.head or sheets.letters(c),
            example=next((t for t in said if t), "")[:40],
        )
        column.role = "unknown"

    def _role(self, area, column):
        sheet, c = self.book.sheets[area.sheet], column.index
        rows = [r for r in area.body[:400] if r not in area.again]
        body = [sheet.cell(r, c).strip() for r in rows]
        filled = [t for t in body if t]
        given = self.answer(f"column:{column.head}", cells.ROLES)
        column.role = given or (cells.role_of(column.head) if filled else "blank")
        figures = sum(
            t == "=" or self._number(t) is not None or bool(cells.missing(t))
            for t in filled
        )
        numeric = figures * 2 >= len(filled) and bool(figures)
        if re.match(r"(jumlah|banyaknya|number of)\b", folded(column.head)):
            numeric = bool(figures)
        if folded(column.head) in ("kode", "code") and not given:
            # Of what it is the code only its cells can say.
            coded = sum(
                bool(self.regions.of_code(t) or cells.is_code(t)) for t in filled
            )
            if coded * 2 < len(filled):
                column.role = None
        if column.role is None and not numeric:
            column.role = self._by_content(filled)
        if column.role is None and numeric:
            counted = [t for t in filled if re.fullmatch(r"\d+\.?", t)]
            if (
                not column.head
                and len(counted) == len(filled)
                and (
                    [int(t.strip(".")) for t in counted[:3]]
                    == [1, 2, 3][: len(counted)]
                )
            ):
                column.role = "number"
            else:
                column.role = "value"
        if column.role is None:
            self._unknown(area, column)
        if column.role == "value":
            self._dimensions(area, column)

    def _by_content(self, filled):
        """What a column without a telling head holds, if most of its cells say so."""
        labels = [t for t in filled if not cells.is_total(t)]
        for role, test in (
            ("region", lambda t: bool(self.regions.find(t))),
            ("size", cells.size_of),
            ("period", cells.period),
            ("sector", self._sector_named),
            ("measure", cells.measure_of),
        ):
            if labels and sum(bool(test(t)) for t in labels) * 2 > len(labels):
                return role
        return None

    def _sector_named(self, label):
        if self._sectors is None:
            self._sectors = {}
            for r in self._dicts("sectors"):
                for name in (r["sector"], r["name_id"], r["name_en"]):
                    self._sectors.setdefault(folded(name), r["sector"])
        bare = folded(label)
        return self._sectors.get(bare) or self._sectors.get(
            re.sub(r"^[a-u] ", "", bare)
        )

    def _dimensions(self, area, column):
        parts = [p for p in column.head.split(" | ") if p]
        rest = []
        for part in parts:
            made, mark = cells.marked_period(part)
            if made:
                column.period, column.mark = made, mark
            elif cells.part_of_year(part):
                column.within = part
            elif size := cells.size_of(part):
                column.size = size
            elif len(found := self.regions.find(part)) == 1:
                column.region = found[0]
            elif cells.is_total(part):
                column.total = True
            elif sector := self._sector_named(part):
                column.sector = sector
            elif made := cells.period_in(part):
                column.period = made
            elif re.search(r"\b(?:19|20)[0-9]{2}\b", part):
                column.period = self.ask(
                    f"period:{part}", "period_text", (), free=True, said=part
                )
                column.open_period = None if column.period else f"period:{part}"
            else:
                rest.append(part)
        if column.within and column.period:
            joint = cells.period(f"{column.within} {column.period}")
            column.period, column.within = joint or column.period, ""
        head = column.head
        words = [
            p for p in parts
            if not cells.marked_period(p)[0] and not cells.part_of_year(p)
        ]  # fmt: skip
        column.said = " | ".join(p for p in words if not cells.size_of(p))
        # What is neither a time nor a size nor a measure may be an area or a sector.
        column.other = " | ".join(p for p in rest if not cells.measure_of(p))
        choices = (*self.measures, "skip")
        given = self.answer(f"measure:{column.said}", choices)
        column.measure = given or self.answer("measure", choices)
        if column.measure is None:
            named = {
                folded(r[k]): m
                for m, r in self.measures.items()
                for k in ("name_id", "name_en")
            }
            found = next((named[folded(p)] for p in parts if folded(p) in named), None)
            found = found or cells.measure_of(head)
            said = column.said
            if found is None and not cells._RELATIVE.search(head):
                lines = {m: t for t in area.titles if (m := cells.measure_of(t))}
                if len(lines) == 1:
                    ((found, said),) = lines.items()
            said = said or head
            if found in self.measures:
                column.measure = found
                self.say("measure", measure=found, head=said)

    # Rows

    @staticmethod
    def _number(raw):
        # Two equal texts may differ in that one was stored as a number.
        return cells.number(raw) if isinstance(raw, sheets.Typed) else _number(raw)

    def _style(self, area, column):
        """How the text numbers of a column are to be read: id, en, or asked."""
        sheet = self.book.sheets[area.sheet]
        evidence, open_, example = set(), 0, ""
        for r in area.body:
            raw = sheet.cell(r, column.index)
            made = self._number(raw) if raw else None
            if made is None or not made.readings:
                continue
            if made.sure is None:
                open_ += 1
                example = example or raw.strip()
            elif not {"plain", "typed"} & set(made.readings):
                evidence |= set(made.readings) if len(made.readings) == 1 else set()
        if not open_:
            return None
        key = f"numbers:{column.head}"
        given = self.answer(key, ("id", "en"))
        if given:
            return given
        general = self.answer("numbers", ("id", "en"))
        if len(evidence) == 1 and general in (None, *evidence):
            return evidence.pop()
        if general and not evidence:
            return general
        readings = self._number(example).readings
        self.ask(
            key if evidence else "numbers",
            "numbers",
            ("id", "en"),
            example=example,
            a=cells.shown(readings["id"]),
            b=cells.shown(readings["en"]),
            head=column.head,
        )
        return "?" + (key if evidence else "numbers")

    def _body(self, area):
        i = area.sheet
        sheet = self.book.sheets[i]
        by_role = {}
        for column in area.columns:
            by_role.setdefault(column.role, []).append(column)
        values = by_role.get("value", [])
        styles = {c.index: self._style(area, c) for c in values}
        for role, reason in (
            ("number", "numbering"),
            ("note", "note"),
            ("unit", "unit"),
            ("province", "label"),
            ("province_code", "label"),
            ("region", "label"),
            ("region_code", "label"),
            ("kemendagri", "label"),
            ("year", "label"),
            ("month", "label"),
            ("period", "label"),
            ("size", "label"),
            ("sector", "label"),
            ("measure", "label"),
        ):
            for column in by_role.get(role, ()):
                for r in area.body:
                    self.mark(i, r, column.index, "taken", reason)
        for column in by_role.get("skip", ()):
            for r in area.body:
                self.mark(i, r, column.index, "refused", "skipped")
        for column in by_role.get("unknown", ()):
            for r in area.body:
                self.mark(i, r, column.index, "pending", f"column:{column.head}")
        if not values:
            self.say("no_values", sheet=sheet.name)
        one = {k: v[0] for k, v in by_role.items() if k and len(v) >= 1}
        labelled = any(k in one for k in _ROW_LABELS)
        self._totals(area, one, values, styles)
        rows = [
            r for r in area.body
            if r not in area.again and any(sheet.cell(r, c.index).strip()
                                           for c in area.columns)
        ]  # fmt: skip
        for r in area.again:
            self.mark_row(i, r, "taken", "head")
        above = self._blanks(area, one, values, rows)
        under, heads = self._sections(area, one, values, rows)
        blocked = next((f"column:{c.head}" for c in by_role.get("unknown", ())), None)
        columns = [c.index for c in area.columns]
        for r in rows:
            if r in sheet.hidden_rows and self.skip_hidden != "take":
                status = "pending" if self.skip_hidden is None else "refused"
                self.mark_row(i, r, status, "hidden", columns)
                continue
            row = self._row(area, r, one, above, under.get(r, {}))
            found = False
            for column in values:
                raw = sheet.cell(r, column.index)
                if not raw.strip():
                    continue
                if column.index in sheet.hidden_columns and self.skip_hidden != "take":
                    status = "pending" if self.skip_hidden is None else "refused"
                    self.mark(i, r, column.index, status, "hidden")
                    continue
                found = True
                if blocked:
                    self.mark(i, r, column.index, "pending", blocked)
                    continue
                self._cell(area, r, column, raw, styles[column.index], row)
            if not found and labelled and r not in heads:
                for column in area.columns:
                    if column.role not in ("number", "note", "skip", "unknown"):
                        self.mark(i, r, column.index, "refused", "label_only")

    def _blanks(self, area, one, values, rows):
        """Labels that stand in the first of several rows only.

        Returns what each row takes from above, by role; None where that is open.
        """
        sheet = self.book.sheets[area.sheet]
        found = {}
        for role in _ROW_LABELS:
            if role not in one:
                continue
            c, last, carried = one[role].index, "", {}
            for r in rows:
                label = sheet.cell(r, c).strip()
                figures = any(sheet.cell(r, v.index).strip() for v in values)
                if label:
                    last = label
                elif (
                    figures
                    and last
                    and not self._merged_into(sheet, r, c)
                    and not self._total_of(sheet, area, r)
                ):
                    carried[r] = last
            if not carried:
                continue
            head = one[role].head or sheets.letters(c)
            key = f"fill:{head}"
            given = self.ask(
                key, "fill", ("above", "none"), head=head, n=len(carried),
                row=min(carried) + 1, label=carried[min(carried)],
            )  # fmt: skip
            found[role] = (key, given, carried)
        return found

    def _merged_into(self, sheet, row, column):
        return next(
            (
                sheet.cell(r0, c0).strip()
                for r0, c0, r1, c1 in sheet.merged
                if r0 < row <= r1 and c0 <= column <= c1
            ),
            "",
        )

    def _total_of(self, sheet, area, row):
        """The label of a total, wherever beside the figures it stands."""
        for column in area.columns:
            if column.role not in ("value", "skip"):
                label = sheet.cell(row, column.index).strip()
                if label and cells.is_total(label):
                    return label
        return ""

    def _sections(self, area, one, values, rows):
        """Lines without figures, which may be the heads of the rows below them.

        Returns what stands above each row, and the lines that are heads.
        """
        sheet = self.book.sheets[area.sheet]
        labels = [c for k in _ROW_LABELS if (c := one.get(k))]
        kind_of = {c.index: c.role for c in labels}
        heads = {}
        for r in rows:
            filled = [c for c in area.columns if sheet.cell(r, c.index).strip()]
            # The number of a section may stand before it.
            named = [c for c in filled if c.role != "number"]
            if len(named) != 1 or named[0].index not in kind_of:
                continue
            label = sheet.cell(r, named[0].index).strip()
            if cells.is_total(label) or r in sheet.hidden_rows:
                continue
            kind = self._by_content([label])
            if kind != kind_of[named[0].index]:
                heads[r] = label
        if not heads or not any(r > min(heads) for r in rows if r not in heads):
            return {}, {}
        given = self.ask(
            "sections", "sections",
            ("region", "sector", "size", "period", "measure", "ignore"),
            labels=[*dict.fromkeys(heads.values())][:5],
        )  # fmt: skip
        if given == "ignore":
            return {}, {}
        under, current = {}, None
        fate = ("taken", "label") if given else ("pending", "sections")
        for r in rows:
            if r in heads:
                current = heads[r]
                self.mark_row(area.sheet, r, *fate, kind_of)
            elif current is not None:
                under[r] = {given: current}
        return under, heads

    def _row(self, area, r, one, above, under):
        """What the labels of a row say."""
        sheet = self.book.sheets[area.sheet]
        get = {
            k: sheet.cell(r, c.index).strip() for k, c in one.items() if k != "value"
        }
        for k, c in one.items():
            # A label that stands for several rows is printed in the first.
            if k not in ("value", "note", "unit", "number") and not get[k]:
                get[k] = self._merged_into(sheet, r, c.index)
        open_ = None
        for k, (key, given, carried) in above.items():
            if r in carried:
                if given == "above":
                    get[k] = carried[r]
                elif given is None:
                    open_ = key
        for k, said in under.items():
            if k is None:
                open_ = "sections"
            elif not get.get(k):
                get[k] = said
        row = {
            "labels": get,
            "total": False,
            "note": get.get("note", ""),
            "open": open_,
        }
        label = get.get("region") or ""
        anywhere = (
            [label]
            if label
            else [
                get[k]
                for k in ("sector", "size", "region_code", "period")
                if get.get(k)
            ]
        )
        row["total"] = any(cells.is_total(t) for t in anywhere[:1])
        if row["total"] and not label:
            label = anywhere[0]
        if not anywhere and (total := self._total_of(sheet, area, r)):
            row["total"], label = True, total
        row["label"] = label
        return row

    def _region(self, row, column):
        """Code of the area of a figure, or the key of a question."""
        if column.region:
            return column.region, None
        get = row["labels"]
        label = " ".join(row["label"].split())
        code = get.get("region_code") or get.get("kemendagri") or ""
        if row["total"]:
            return self._total_region(label)
        if not label and not code:
            if row["siblings"]["region"] and column.other:
                label = column.other
            else:
                return self._whole_region(row["area"])
        key = (label, code)
        if key not in self._found:
            self._found[key] = self._look_up(label, code)
        return self._found[key]

    def _look_up(self, label, code):
        shown = label or code
        given = self.answer(f"region:{shown}")
        if given == "skip":
            return None, "-region_skipped"
        if given:
            return self._told_region(shown, given), None
        # Not all areas that are known have to be in the folder already.
        bare = re.sub(r"[*†‡¹²³]+\)?\Z|\s+[0-9a-z]\)\Z", "", label).strip()
        named = self.regions.find(bare) if bare else []
        coded = self.regions.of_code(code) if code else None
        if len(named) > 1 and coded in named:
            return coded, None
        if len(named) == 1 and (not coded or coded == named[0]):
            return named[0], None
        if coded and not named and not label:
            return coded, None
        if coded and named:
            choices = (coded, *named, "skip")
            self.ask(
                f"region:{shown}",
                "region_conflict",
                choices,
                free=True,
                label=label,
                code=code,
            )
            return None, f"region:{shown}"
        elsewhere = self._elsewhere(bare, code)
        if self.answer("regions", ("add", "ask")) == "add" and len(named) < 2:
            if len(elsewhere) == 1:
                return self._from_shipped(elsewhere[0]), None
            if not elsewhere:
                return self._added_region(bare or code, code), None
        self.ask(
            f"region:{shown}", "region_name", (*named, *elsewhere, "skip"), free=True,
            label=shown,
        )  # fmt: skip
        return None, f"region:{shown}"

    def _elsewhere(self, name, code):
        """Codes of areas of the shipped tables that are not in the folder."""
        if self._shipped is None:
            shipped = contract.open_package()
            self._shipped = cells.Regions(rows_of(shipped, "regions"))
        coded = self._shipped.of_code(code) if code else None
        named = self._shipped.find(name) if name else []
        if coded and named:
            return [coded] if coded in named else []
        return [c for c in named if c not in self.regions.rows]

    def _from_shipped(self, code):
        """Take an area of the shipped tables, and the areas around it, as they are."""
        above = code
        while above and above not in self.regions.rows:
            row = dict(self._shipped.rows[above])
            self.new["regions"].append(row)
            self.regions.rows[above] = row
            self.say("new_region", code=above, name=row["name"])
            above = row["parent_code"]
        return code

    def _told_region(self, shown, given):
        code, *rest = given.lstrip("+").split("/")
        if given.startswith("+"):
            level, parent = (*rest, "", "")[:2]
            return self._add_region(code, shown, level or "other", parent)
        self._elsewhere(shown, code)
        if code not in self.regions.rows and code in self._shipped.rows:
            return self._from_shipped(code)
        if code not in self.regions.rows:
            raise DataError(
                "import_answer",
                key=f"region:{shown}",
                value=given,
                choices=("CODE", "+CODE/LEVEL/PARENT", "skip"),
            )
        return code

    def _added_region(self, shown, code):
        parent = self.answer("regions.parent") or self.package.contract.get(
            "home_region", ""
        )
        level = self.answer("regions.level") or "other"
        made = code if code and code not in self.regions.rows else ""
        return self._add_region(
            made or f"{parent}-{cells._slug(shown, 30)}".strip("-"),
            shown,
            level,
            parent,
        )

    def _add_region(self, code, name, level, parent):
        if not is_region_code(code):
            raise DataError("region_form", value=code)
        if parent and parent not in self.regions.rows:
            raise DataError("region_parent", value=parent)
        if code not in self.regions.rows:
            row = {
                "region_code": code,
                "name": _safe(name),
                "level": level,
                "parent_code": parent,
            }
            self.new["regions"].append(row)
            self.regions.rows[code] = row
            self.say("new_region", code=code, name=name)
        return code

    def _whole_region(self, area):
        """The area of a table that does not name one by row or column."""
        key = f"region:{area.place}" if area.place else "region"
        named = self.regions.find(self.book.sheets[area.sheet].name)
        if area.place and len(named) == 1:
            return named[0], None
        given = self.answer(key) or self.answer("region")
        if given:
            if given not in self.regions.rows:
                raise DataError(
                    "import_answer",
                    key="region",
                    value=given,
                    choices=tuple(self.regions.rows),
                )
            return given, None
        home = self.package.contract.get("home_region")
        choices = [home] if home in self.regions.rows else []
        self.ask(key, "region", tuple(choices), free=True, place=area.place or "-")
        return None, key

    def _total_region(self, label):
        given = self.answer("totals")
        if given == "skip":
            return None, "-total"
        if given:
            if given not in self.regions.rows:
                raise DataError(
                    "import_answer", key="totals", value=given, choices=("skip", "CODE")
                )
            return given, None
        home = self.package.contract.get("home_region")
        choices = ("skip", home) if home in self.regions.rows else ("skip",)
        self.ask("totals", "totals", choices, free=True, label=label)
        return None, "totals"

    def _time(self, row, column):
        """Period and mark of a figure, or the key of a question."""
        get = row["labels"]
        year, month, other = (get.get(k, "") for k in ("year", "month", "period"))
        if column.open_period:
            return None, "", column.open_period
        raw = " ".join(x for x in (month, other, year) if x)
        key = (raw, column.period, column.within)
        if raw and key not in self._periods:
            self._periods[key] = _joint(month, other, year, column)
        made, mark = self._periods.get(key, (None, ""))
        if made:
            return made, mark or column.mark, None
        if raw:
            said = " ".join(x for x in (raw, column.within, column.period) if x)
            given = self.ask(f"period:{said}", "period_text", (), free=True, said=said)
            return self._told_time(given), "", None if given else f"period:{said}"
        if column.period:
            return column.period, column.mark, None
        return self._title_time(row["area"], column)

    def _told_time(self, given):
        if given is not None and not contract.is_period(given):
            raise DataError("period_form", value=given)
        return given

    def _title_time(self, area, column):
        """The time of a table whose rows and heads name none, or only its part."""
        key = f"period:{area.place}" if area.place else "period"
        given = self.answer(key) or self.answer("period")
        if given is None:
            sheet = self.book.sheets[area.sheet].name
            named = [
                t for t in (cells.period_in(area.title),
                            cells.period(sheet) if area.place else None) if t
            ]  # fmt: skip
            if len({*named}) == 1:
                given = named[0]
                self.say("period", period=given)
        if given is None:
            self.ask(key, "period", (), free=True, place=area.place or "-")
            return None, "", key
        given = self._told_time(given)
        if not column.within:
            return given, "", None
        made = cells.period(f"{column.within} {given}")
        if made is None:
            raise DataError("period_form", value=f"{column.within} {given}")
        return made, column.mark, None

    def _cell(self, area, r, column, raw, style, row):
        """One cell of figures: taken, pending or refused.

        All that is open about it is asked at once; the first question is its fate.
        """
        i, c = area.sheet, column.index
        row["area"], row["siblings"] = area, area.siblings
        if (r, c) in self.book.sheets[i].formulas:
            self.say("formulas", sheet=self.book.sheets[i].name)
        made, value, keys = self._printed(i, r, c, raw, style)
        region, key = self._region(row, column)
        measure, more = self._measure(area, row, column)
        keys += [row["open"], more, key]
        if measure and made:
            value, more = self._in_unit(raw, made, value, measure, row, column)
            keys += more
        # Of what is refused nothing else is asked.
        if refused := next((k[1:] for k in keys if k and k.startswith("-")), None):
            self.mark(i, r, c, "refused", refused)
            return
        period, mark, key = self._time(row, column)
        keys.append(key)
        mark = made.mark or mark if made else mark
        unit = self.measures[measure]["unit"] if measure else None
        size, key = self._size(row, column, unit if _sized(measure) else "-")
        keys.append(key)
        sector, key = self._sector(row, column)
        keys.append(key)
        concept = self._concept(column, measure) if measure else None
        if measure and concept is None:
            keys.append(self._concept_key(measure))
        status, key = self._status(mark)
        keys = [k for k in (*keys, key) if k]
        refused = next((k[1:] for k in keys if k.startswith("-")), None)
        if refused:
            self.mark(i, r, c, "refused", refused)
        elif keys:
            self.mark(i, r, c, "pending", keys[0])
        else:
            factor, _ = self._factor(row, column)
            step, rounded = self._step(made, value, measure, factor)
            step = self._steps.setdefault(step, step)
            found = About(region, measure, concept, size, sector, period, status)
            self.figures.append(
                Figure((i, r, c), value, step, rounded, mark, found, row["note"])
            )
            self.mark(i, r, c, "taken", "figure")

    def _measure(self, area, row, column):
        """What a figure measures, or the key of a question."""
        choices = (*self.measures, "skip")
        if said := row["labels"].get("measure"):
            given = self.answer(f"measure:{said}", choices)
            measure = given or cells.measure_of(said)
            key = f"measure:{said}"
        else:
            measure, said = column.measure, column.head or area.title
            key = f"measure:{column.said}".rstrip(":")
        if measure == "skip":
            return None, "-skipped"
        if measure in self.measures:
            return measure, None
        self.ask(key, "measure", choices, head=said)
        return None, key

    def _printed(self, i, r, c, raw, style):
        """The number of a cell, its value if that is clear, and what is open.

        What is open is the key of a question, or "-" and the reason of a refusal.
        """
        if (r, c) in self.book.sheets[i].unstored:
            return None, None, ["-formula_unstored"]
        keys = []
        if (i, r, c) in self.differs and self.answer("totals") != "skip":
            given = self.ask("differs", "differs", ("take", "skip"))
            keys = {None: ["differs"], "skip": ["-total"]}.get(given, [])
        made = self._number(raw)
        if made is None:
            kind = cells.missing(raw)
            if kind != "dash":
                kind = kind or ("date" if cells.period(raw) else "unreadable")
                return None, None, [*keys, f"-{kind}"]
            given = self.ask("dash", "dash", ("blank", "zero"))
            if given != "zero":
                return None, None, [*keys, "-dash" if given else "dash"]
            made = cells.Number({"plain": Decimal(0)})
        value = made.sure
        if value is None:
            value = made.readings.get(style)
            if value is None:
                keys.append(style[1:] if style else "numbers")
        return made, value, keys

    def _factor(self, row, column):
        """By what a figure is multiplied, or the key of a question."""
        said = row["labels"].get("measure") or ""
        if not (found := cells._SCALED.search(said)):
            return column.factor, None if column.factor else column.scaled
        key = f"scale:{said}"
        given = self.ask(key, "scale", _POWERS, free=True, said=found[0])
        if given is not None and not re.fullmatch(r"10*", given):
            raise DataError("import_answer", key=key, value=given, choices=_POWERS)
        return (int(given), None) if given else (None, key)

    def _in_unit(self, raw, made, value, measure, row, column):
        """A value in the unit of its measure, and what is open about that."""
        unit = self.measures[measure]["unit"]
        whole = self.measures[measure]["integer"] == "true"
        keys = []
        printed = row["labels"].get("unit", "")
        told = cells.UNITS.get(printed.casefold().strip(" ()."))
        if printed and told != unit and (told, unit) != ("unit", "count"):
            key = f"unit:{printed}"
            given = self.ask(
                key,
                "unit",
                ("same", "1000", "1000000", "1000000000", "skip"),
                printed=printed,
                unit=unit,
                measure=measure,
            )
            keys += {None: [key], "skip": ["-skipped"]}.get(given, [])
            if value is not None and given and given.isdigit():
                value *= int(given)
        if made.percent and unit not in ("percent", "percentage_point"):
            keys.append("-percent")
        if made.rupiah and not unit.startswith("IDR"):
            keys.append("-rupiah")
        factor, key = self._factor(row, column)
        keys.append(key)
        if value is not None and factor not in (None, 1):
            value *= factor
        if value is not None and whole and value < 0:
            return value, [*keys, "-negative"]
        share = self.measures[measure]["kind"] == "share" and unit == "percent"
        if value is not None and share and not 0 <= value <= 100:
            return value, [*keys, "-share"]
        if value is None or not whole or value == value.to_integral_value():
            return value, keys
        if not isinstance(raw, sheets.Typed) or (value * 1000) % 1:
            return value, [*keys, "-not_whole"]
        given = self.ask(
            "decimals",
            "decimals",
            ("thousand", "refuse"),
            example=str(raw),
            plain=cells.shown(value * 1000),
        )
        keys += {None: ["decimals"], "refuse": ["-not_whole"]}.get(given, [])
        return value * 1000, keys

    def _step(self, made, value, measure, factor):
        """The rounding step of a printed value, and whether it is a rounded one."""
        exponent = value.as_tuple().exponent
        if exponent < 0:
            whole = self.measures[measure]["integer"] == "true"
            return Decimal(1).scaleb(exponent), not whole
        step = Decimal(1).scaleb(made.scale) * factor
        return step, step > 1

    def _size(self, row, column, unit):
        raw = row["labels"].get("size")
        if raw and not (row["total"] and cells.is_total(raw)):
            made = cells.size_of(raw)
            if made:
                return made, None
            given = self.ask(
                f"size:{raw}",
                "size_label",
                (*cells.SIZE_CLASSES, "none", "skip"),
                label=raw,
            )
            if given == "skip":
                return None, "-skipped"
            return ("" if given == "none" else given), (
                None if given else f"size:{raw}"
            )
        if column.size:
            return column.size, None
        if column.total and self._union.get(column.head) is not None:
            return self._union[column.head], None
        own = column.total or row["siblings"]["size"]
        key = f"size_class:{column.head}" if own else "size_class"
        given = self.answer(key, (*cells.SIZE_CLASSES, "none"))
        if column.total or not own:
            given = given or self.answer("size_class", (*cells.SIZE_CLASSES, "none"))
        if given is None and unit not in ("unit", None):
            return "", None
        if given is None:
            self.ask(key, "size_class", (*cells.SIZE_CLASSES, "none"), head=column.head)
            return None, key
        return ("" if given == "none" else given), None

    def _sector(self, row, column):
        raw = " ".join(row["labels"].get("sector", "").split())
        if not raw and not column.sector and row["siblings"]["sector"]:
            raw = "" if column.total else column.other
        if not raw or (row["total"] and cells.is_total(raw)):
            given = column.sector or self.answer("sector") or ""
            if given and given not in {s["sector"] for s in self._dicts("sectors")}:
                raise DataError(
                    "import_answer", key="sector", value=given, choices=("sectors.csv",)
                )
            return given, None
        key = ("sector", raw)
        if key not in self._found:
            self._found[key] = self._look_up_sector(raw)
        return self._found[key]

    def _look_up_sector(self, raw):
        made = self._sector_named(raw)
        if made:
            return made, None
        if self.answer("sectors", ("add", "ask")) == "add":
            given = f"+{cells._slug(raw, 40)}"
        else:
            given = self.ask(f"sector:{raw}", "sector", ("skip",), free=True, label=raw)
        if given is None:
            return None, f"sector:{raw}"
        if given == "skip":
            return None, "-skipped"
        slug = given.lstrip("+")
        if given.startswith("+"):
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", slug):
                raise DataError("slug_form", value=slug)
            row = {
                "sector": slug,
                "scheme": "agency_label",
                "name_en": _safe(raw),
                "name_id": _safe(raw),
            }
            self.new["sectors"].append(row)
            self._sectors[folded(raw)] = slug
        elif slug not in {s["sector"] for s in self._dicts("sectors")}:
            raise DataError(
                "import_answer",
                key=f"sector:{raw}",
                value=given,
                choices=("sectors.csv", "+SLUG", "skip"),
            )
        return slug, None

    def _concept_key(self, measure):
        several = len(self._measured) > 1
        return f"concept:{measure}" if several else "concept"

    def _concept(self, column, measure):
        for key in (f"concept:{column.head}", f"concept:{measure}", "concept"):
            if given := self.answer(key):
                return self._known_concept(given)
        known = [c["concept"] for c in self._dicts("concepts")]
        self.ask(
            self._concept_key(measure),
            "concept",
            tuple(known),
            free=True,
            measure=measure,
        )
        return None

    def _known_concept(self, slug):
        """A concept of the folder, of the shipped tables, or a new one in answers."""
        if slug in self._concepts:
            return self._concepts[slug]
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", slug):
            raise DataError("slug_form", value=slug)
        if slug in {c["concept"] for c in self._dicts("concepts")}:
            self._concepts[slug] = slug
            return slug
        shipped = contract.open_package()
        families = [f["family"] for f in self._dicts("families")]
        for row in rows_of(shipped, "concepts"):
            if row["concept"] == slug and row["family"] in families:
                self.new["concepts"].append(row)
                self._concepts[slug] = slug
                return slug
        row = {
            "concept": slug,
            "includes_unlicensed": "unknown",
            "activity_verified": "unknown",
            "note": "-",
        }
        row.pop("note")
        whole = True
        for name in _NEW_CONCEPT:
            choices = tuple(families) if name == "family" else ()
            given = self.answer(f"{slug}.{name}", choices) or self.meta.get(name)
            if given is None:
                self.ask(f"{slug}.{name}", f"concept_{name}", choices, slug=slug)
                whole = False
            else:
                row[name] = "" if name == "series" and given in ("-", "none") else given
        self._concepts[slug] = slug
        if whole:
            self.new["concepts"].append({k: _safe(v) for k, v in row.items()})
        return slug

    def _status(self, mark):
        if mark:
            said = self.marks.get(mark, "")
            if re.search(r"sementara|provisional|preliminary", said, re.I):
                return "provisional", None
            if re.search(r"sangat sementara", said, re.I):
                return "provisional", None
            key = f"mark:{mark}"
            given = self.answer(key, (*STATUSES, "ignore"))
            if given is None and not re.search(
                r"revisi|diperbaiki|revised", said, re.I
            ):
                self.ask(
                    key, "mark", (*STATUSES, "ignore"), mark=mark, said=said or "-"
                )
                return None, key
            if given not in (None, "ignore"):
                return given, None
        given = self.ask("status", "status", STATUSES)
        return given, None if given else "status"

    # Totals

    def _totals(self, area, one, values, styles):
        """Check total rows against their parts, and total columns against theirs."""
        i = area.sheet
        sheet = self.book.sheets[i]
        area.siblings = {
            k: any(getattr(v, k) for v in values) for k in ("region", "sector", "size")
        }
        label_of = next(
            (one[k] for k in ("region", "sector", "size") if k in one), None
        )
        self._union = {}
        for column in values:
            if column.total:
                self._total_column(sheet, area, column, values, styles)
        if label_of is None:
            return
        labels = {sheet.cell(r, label_of.index).strip() for r in area.body} - {""}
        totals = {t for t in labels if cells.is_total(t)}
        if label_of.role == "region":
            codes = {}
            for t in labels - totals:
                found = self.regions.find(t)
                if len(found) == 1:
                    codes[t] = found[0]
            above = Counter(self.regions.parent(c) for c in codes.values())
            totals |= {t for t, c in codes.items() if above[c] >= 2}
        if not totals:
            return
        others = [
            one[k].index
            for k in ("year", "month", "period", "size", "sector")
            if k in one and one[k] is not label_of
        ]
        sums, printed, gaps = {}, [], set()
        for r in area.body:
            label = sheet.cell(r, label_of.index).strip()
            if not label or r in sheet.hidden_rows:
                continue
            beside = tuple(sheet.cell(r, c).strip() for c in others)
            for column in values:
                raw = sheet.cell(r, column.index)
                made = self._number(raw) if raw.strip() else None
                value = None
                if made is not None:
                    value = made.sure
                    if value is None:
                        value = made.readings.get(styles[column.index])
                key = (column.index, beside)
                if label in totals:
                    if value is not None:
                        printed.append((key, r, label, value))
                elif value is None:
                    gaps.add(key)
                else:
                    sums[key] = sums.get(key, 0) + value
        for key, r, label, value in printed:
            if key not in sums:
                continue
            if sums[key] == value:
                self.agreed += 1
                continue
            cell = f"{sheets.letters(key[0])}{r + 1}"
            self.say(
                "total_differs",
                label=label,
                cell=cell,
                printed=float(value),
                sum=float(sums[key]),
                gap=cell if key in gaps else "-",
            )
            self.differs.add((i, r, key[0]))

    def _total_column(self, sheet, area, column, values, styles):
        parts = [
            v
            for v in values
            if v.size and v.period == column.period and v.measure == column.measure
        ]
        union = cells.UNIONS.get(frozenset(p.size for p in parts))
        if not union or len({p.size for p in parts}) != len(parts):
            return
        # A sum that holds in one way of reading holds whatever the separators mean.
        known = styles.get(column.index)
        verdicts = [
            self._sums(sheet, area, column, parts, style)
            for style in ((known,) if known in ("id", "en") else ("id", "en"))
        ]
        checked = max(n for n, _ in verdicts)
        if checked:
            self._union[column.head] = union
            self.agreed += checked
        elif bad := next((b for _, b in verdicts if b), None):
            self.say("total_differs", label=column.head, gap="-", **bad)

    def _sums(self, sheet, area, column, parts, style):
        """How many rows add up to their total, and the first that does not."""
        checked = 0
        for r in area.body:
            read = []
            for v in (*parts, column):
                made = self._number(sheet.cell(r, v.index))
                if made is not None:
                    sure = made.sure
                    read.append(made.readings.get(style) if sure is None else sure)
            if len(read) <= len(parts) or None in read:
                continue
            if sum(read[:-1]) != read[-1]:
                cell = f"{sheets.letters(column.index)}{r + 1}"
                printed, added = float(read[-1]), float(sum(read[:-1]))
                return 0, {"cell": cell, "printed": printed, "sum": added}
            checked += 1
        return checked, None

    # The folder

    def _settle(self):
        """Figures beside each other and beside those that the folder has."""
        self._twice()
        self._beside_folder()
        if self.figures or any(k == "pending" for k, _ in self.counts()):
            self._source_row()
        found = self.counts()
        for key, question in self.questions.items():
            question.cells = found.get(("pending", key), 0)

    def _drop(self, figures, status, reason):
        gone = {id(f) for f in figures}
        for f in figures:
            self.mark(*f.place, status, reason)
        self.figures = [f for f in self.figures if id(f) not in gone]

    def _twice(self):
        seen, again, conflict = {}, [], []
        given = self.answer("conflict", ("first", "last", "skip"))
        for f in self.figures:
            key = _key(f)
            first = seen.setdefault(key, f)
            if first is f:
                continue
            if first.value == f.value:
                again.append(f)
            elif given == "last":
                again.append(first)
                seen[key] = f
            elif given == "first":
                again.append(f)
            else:
                conflict += [first, f]
        conflict = list({id(f): f for f in conflict}.values())
        if conflict and given is None:
            self.ask(
                "conflict",
                "conflict",
                ("first", "last", "skip"),
                label=conflict[0].keys.region,
                period=conflict[0].keys.period,
                a=float(conflict[0].value),
                b=float(conflict[1].value),
                places=[self._cell_name(f) for f in conflict[:2]],
            )
            self._drop(conflict, "pending", "conflict")
        elif conflict:
            self._drop(conflict, "refused", "conflict")
        self._drop(again, "refused", "twice")

    @staticmethod
    def _cell_name(figure):
        _, r, c = figure.place
        return f"{sheets.letters(c)}{r + 1}"

    def _beside_folder(self):
        table = self.tables.get("observations")
        c = table.columns
        replaced = set(c["supersedes"])
        there = {}
        names = ("region_code", "measure", "concept", "size_class", "sector", "period")
        wanted = {f.keys.concept for f in self.figures}
        for i, concept in enumerate(c["concept"]):
            if (
                concept in wanted
                and c["id"][i] not in replaced
                and (not c["duplicates_of"][i])
            ):
                there[tuple(c[n][i] for n in names)] = i
        same, other = [], []
        for f in self.figures:
            i = there.get(_key(f))
            if i is None:
                continue
            if Decimal(c["value"][i]) == f.value:
                same.append(f)
            else:
                f.supersedes = c["id"][i]
                other.append((f, c["value"][i]))
        self._drop(same, "refused", "already")
        if other:
            f, old = other[0]
            given = self.ask(
                "revisions",
                "revisions",
                ("supersede", "skip"),
                id=f.supersedes,
                a=float(old),
                b=float(f.value),
                n=len(other),
            )
            if given is None:
                self._drop([f for f, _ in other], "pending", "revisions")
            elif given == "skip":
                self._drop([f for f, _ in other], "refused", "revisions")

    def _source_row(self):
        sha = hashlib.sha256(self.book.raw).hexdigest()
        wanted = self.answer("source")
        known = [s["source_id"] for s in self._dicts("sources")]
        slug = wanted or f"file-{cells._slug(self.book.path.stem, 40)}-{sha[:8]}"
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", slug):
            raise DataError("slug_form", value=slug)
        self.source_id = slug
        if slug in known:
            return
        publisher = self.answer("publisher") or self.meta.get("publisher")
        if not publisher:
            publisher = self.ask("publisher", "publisher", (), free=True) or ""
        elif not _safe(publisher):
            raise DataError(
                "import_answer", key="publisher", value=publisher, choices=("BPS",)
            )
        office = re.search(r"\bBPS\b|Badan Pusat Statistik", publisher, re.I)
        state = re.search(
            r"\b(dinas|pemerintah|kementerian|pemprov|pemkot|pemkab)\b", publisher, re.I
        )
        kind = "statistical_office" if office else "government" if state else "other"
        reuse = (
            "bps_noncommercial_attribution"
            if office
            else "government_site"
            if state
            else "other"
        )
        title = self.answer("title")
        if title is None:
            title = " ".join(self._title.split())[:300]
        notes = " / ".join(self._notes)
        note = f"From the file {self.book.path.name}, sha256 {sha}."
        if notes:
            note += f" Below the table: {notes[:1500]}"
        url = self.answer("url") or self.meta.get("url", "")
        self.new["sources"].append(
            {
                "source_id": slug,
                "title": _safe(title),
                "publisher": _safe(publisher),
                "kind": self.answer("kind") or kind,
                "url": url if re.fullmatch(r"https?://[^\s\"<>]+", url) else "",
                "published": self.answer("published") or "",
                "read_extent": "full",
                "retrieved": self.answer("retrieved") or date.today().isoformat(),
                "reuse": self.answer("reuse") or reuse,
                "note": _safe(note),
            }
        )

    def rows(self) -> list[dict]:
        """The rows of observations.csv that would be added."""
        return list(self.each_row())

    def each_row(self):
        """The same, one after the other: a large file needs no room for all."""
        table = self.tables["observations"]
        known = table.columns["id"]
        home = self.package.contract.get("home_region") or "row"
        counted = Counter(
            m[1]
            for i in known
            if (m := re.fullmatch(r"(.+)-\d+", i)) and (m[1] != "EXAMPLE")
        )
        prefix = counted.most_common(1)[0][0] if counted else cells._slug(home).upper()
        last = max(
            (
                int(m[1])
                for i in known
                if (m := re.fullmatch(re.escape(prefix) + r"-(\d+)", i))
            ),
            default=0,
        )
        wanted = self.answer("precision", ("exact", "rounded", "survey_estimate"))
        step = self._rounding()
        grade = self.answer("grade", ("A", "B", "C", "D")) or "B"
        for n, f in enumerate(self.figures, last + 1):
            k = f.keys
            how = wanted or ("rounded" if f.rounded else "exact")
            by = step or f.step
            half = by / 2 if how == "rounded" else Decimal(0)
            low = f.value - half
            if self.measures[k.measure]["integer"] == "true":
                low = max(low, Decimal(0))
            bounds = (
                ("", "")
                if how == "survey_estimate"
                else (cells.shown(low), cells.shown(f.value + half))
            )
            i, r, c = f.place
            where = (
                f"{self.book.path.name}, {self.book.sheets[i].name}!"
                f"{sheets.letters(c)}{r + 1}"
            )
            year = contract.period_span(k.period)[1].year
            note = where + (f"; mark {f.mark}" if f.mark else "")
            note += f"; {f.note}" if f.note else ""
            yield {
                "id": f"{prefix}-{n:04}",
                "region_code": k.region,
                "period": k.period,
                "year": str(year),
                "measure": k.measure,
                "concept": k.concept,
                "size_class": k.size,
                "sector": k.sector,
                "counted_as": "",
                "value": cells.shown(f.value),
                "value_low": bounds[0],
                "value_high": bounds[1],
                "precision": how,
                "rounding": cells.shown(by) if how == "rounded" else "",
                "status": k.status,
                "grade": grade,
                "source_id": self.source_id,
                "stated_by": "",
                "duplicates_of": "",
                "supersedes": f.supersedes,
                "note": _safe(note),
            }

    def _rounding(self):
        given = self.answer("rounding")
        if given is None:
            return None
        if not contract._TYPES["number"].match(given) or Decimal(given) <= 0:
            raise DataError(
                "import_answer", key="rounding", value=given, choices=("1", "1000")
            )
        return Decimal(given)

    # Writing

    def write(self) -> list[str]:
        """Put the figures into the folder; return their ids.

        Everything is written aside and checked against the contract first. Then each
        file is renamed into its place, observations.csv last: whatever stops it in
        between, every file is the old one or the new one, and the folder is sound.
        """
        if self.questions:
            raise DataError(
                "import_open", n=len(self.questions), choices=list(self.questions)
            )
        if not self.figures:
            raise DataError("import_nothing", file=self.book.path.name)
        added = {n: r for n, r in self.new.items() if r}
        added["observations"] = self.each_row()
        try:
            with _lock(self.to):
                if _stamp(self.package) != self.stamp:
                    raise DataError("import_changed", path=str(self.to))
                return self._write(added)
        except OSError as error:
            raise DataError(
                "cannot_write",
                path=str(error.filename or self.to),
                reason=error.strerror or str(error),
            ) from None

    def _write(self, added):
        home = self.to / "imports"
        number = 1 + max(
            (int(p.name[:4]) for p in home.iterdir() if p.name[:4].isdigit()), default=0
        )
        stage = home / ".staging"
        shutil.rmtree(stage, ignore_errors=True)
        stage.mkdir()
        try:
            ids = []
            changed = self._stage(stage, added, ids)
            keep = stage / "import"
            (keep / "before").mkdir(parents=True)
            for name in changed:
                if (self.to / name).exists():
                    shutil.copyfile(self.to / name, keep / "before" / name)
            (keep / self.book.path.name).write_bytes(self.book.raw)
            _put_json(
                keep / "import.json",
                {
                    "file": self.book.path.name,
                    "sha256": hashlib.sha256(self.book.raw).hexdigest(),
                    "rows": [ids[0], ids[-1]],
                    "cells": self.totals(),
                    "changed": {
                        name: {
                            "before": contract.digest(self.to / name)
                            if (self.to / name).exists()
                            else None,
                            "after": contract.digest(stage / name),
                        }
                        for name in changed
                    },
                },
            )
            _put_json(
                keep / "mapping.json",
                {
                    "file": self.book.path.name,
                    "answers": {
                        k: v
                        for k, v in sorted(self.answers.items())
                        if k in self.used and k not in OF_ONE_RELEASE
                    },
                },
            )
            place = home / f"{number:04}-{cells._slug(self.book.path.stem, 40)}"
            keep.rename(place)
            self.saved = place.name
            for name in changed:
                (stage / name).replace(self.to / name)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
        return ids

    def _stage(self, stage, added, ids) -> list[str]:
        """The folder as it would be; return the changed files in order of renaming.

        The ids of the new observations are put into `ids`.
        """
        resources = self.package.resources
        changed = []
        for name in ("sources", "sectors", "concepts", "regions", "observations"):
            if name not in added:
                continue
            path = self.to / resources[name]["path"]
            columns = (
                list(self.tables[name].columns)
                if name in self.tables
                else [f["name"] for f in resources[name]["schema"]["fields"]]
            )
            with path.open(encoding="utf-8", newline="") as file:
                columns = next(csv.reader(file), columns)
            shutil.copyfile(path, stage / path.name)
            with (stage / path.name).open("rb+") as file:
                file.seek(-1, 2)
                joint = "" if file.read() == b"\n" else "\n"
            with (stage / path.name).open("a", encoding="utf-8", newline="") as file:
                file.write(joint)
                writer = csv.DictWriter(file, columns, lineterminator="\n", restval="")
                for row in added[name]:
                    writer.writerow(row)
                    if name == "observations":
                        ids.append(row["id"])
            changed.append(path.name)
        own = self.to / "datapackage.json"
        if own.exists():
            whole = json.loads(own.read_text(encoding="utf-8"))
            today = date.today().isoformat()
            if (whole.get("created") or "9999")[:10] < today:
                whole["created"] = f"{today}T00:00:00Z"
                _put_json(stage / own.name, whole)
                changed.insert(-1, own.name)
            else:
                shutil.copyfile(own, stage / own.name)
        _sound(self.package, stage)
        return changed


def _sound(package, stage):
    """Raise the first problem of a staged folder."""
    for resource in package.resources.values():
        file = package.path / resource["path"]
        if file.is_file() and not (stage / file.name).exists():
            shutil.copyfile(file, stage / file.name)
    _, problems = contract.examine(contract.open_package(stage))
    if problems:
        error = problems[0].as_error()
        error.params["more"] = len(problems) - 1
        raise error


def _sized(measure):
    """Whether a measure is about businesses, which have a size."""
    return not (measure or "").startswith("cooperatives")


def _key(f):
    """What two figures share that are about the same: all but the status."""
    return f.keys[:-1]


def _joint(month, other, year, column):
    """The time of a row from its labels and the head above the figure."""
    parts = [x for x in (month, other) if x]
    span = column.period
    made, mark = cells.marked_period(" ".join(x for x in (*parts, year) if x))
    if made is None and month.isdigit() and (whole := cells.period(year)):
        made = f"{whole}-{int(month):02}"
        made = made if contract.is_period(made) else None
    if made is None and other and year:
        made, mark = cells.marked_period(other)
        whole = cells.period(year)
        if made and not (whole and _lies_in(made, whole)):
            return None, ""
    if made is None and span:
        made = cells.period(" ".join([*parts, span]))
        return made, ""
    if made and column.within:
        return cells.period(f"{column.within} {made}"), mark
    if made and span and made != span:
        inner = next(
            (t for t, o in ((made, span), (span, made)) if _lies_in(t, o)), None
        )
        return inner, mark
    return made, mark


def _lies_in(inner, outer):
    a, b = contract.period_span(inner), contract.period_span(outer)
    return b[0] <= a[0] and a[1] <= b[1]


_NAMED = {"\t": "TAB"}


def _put_json(path, value):
    shown = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    path.write_text(shown, encoding="utf-8", newline="\n")


def _safe(value) -> str:
    """Free text that no spreadsheet runs and the contract accepts."""
    value = " ".join(contract._CONTROL.sub("", str(value)).split())
    if contract._MISSING_WORDS.match(value):
        return ""
    return "'" + value if contract._FORMULA.match(value) else value


def _stamp(package) -> dict:
    """What the files of a folder are now, to see whether somebody changed them."""
    found = {}
    for name in ("datapackage.json", *(r["path"] for r in package.resources.values())):
        file = package.path / name
        if file.is_symlink():
            raise DataError("import_symlink", path=str(file))
        if file.is_file():
            found[name] = contract.digest(file)
    return found


@contextmanager
def _lock(folder):
    """One writer at a time; the system frees the lock of a process that died."""
    home = folder / "imports"
    if home.is_symlink():
        raise DataError("import_symlink", path=str(home))
    home.mkdir(exist_ok=True)
    with (home / ".lock").open("a+b") as file:
        try:
            _hold(file)
        except OSError:
            raise DataError("import_locked", path=str(folder)) from None
        yield


def _hold(file):
    try:
        import fcntl
    except ImportError:
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


#: Figures are looked at several times; the latest are kept.
_number = lru_cache(1000)(cells.number)


# Finding the table of a sheet


def _figure_like(raw) -> bool:
    # A formula without a stored result is read as "=".
    if raw == "=":
        return True
    return not cells.marked_period(raw)[0] and (
        cells.number(raw) is not None or cells.missing(raw) is not None
    )


def _data_row(row) -> bool:
    filled = [t for t in row if t.strip()]
    if len(filled) < 2 or _numbering(row):
        return False
    return any(_figure_like(t) for t in filled)


def _years_that_are_figures(rows, start, first):
    """The first row of figures, where those that look like years come before it.

    A row of years has no label beside it where the row above it has one.
    """
    for r in range(max(first - 3, start + 1), first):
        above, row = rows[r - 1], rows[r]
        filled = [c for c, t in enumerate(row) if t.strip()]
        years = [c for c in filled if cells.period(row[c])]
        labels = [c for c in filled if c not in years]
        if not years or not labels or _numbering(row):
            continue
        if all(c < len(above) and above[c].strip() for c in filled) and not any(
            cells.period(above[c]) for c in years
        ):
            return r
    return first


def _numbering(row) -> bool:
    """The row (1) (2) (3) below the heads of many printed tables."""
    filled = [t.strip() for t in row if t.strip()]
    found = [re.fullmatch(r"(\()?([0-9]{1,2})(\))?", t) for t in filled]
    if len(filled) < 2 or not all(found):
        return False
    counted = [int(m[2]) for m in found] == list(range(1, len(filled) + 1))
    return counted and (all(m[1] and m[3] for m in found) or len(filled) > 3)


def _head_row(row) -> bool:
    """Whether a row without figures is the head of a table, by its words."""
    filled = [t for t in row if t.strip()]
    if len(filled) < 2 or any(_figure_like(t) for t in filled):
        return False
    times = [p for t in filled if (p := cells.marked_period(t)[0])]
    # A day beside a year is a figure that a spreadsheet made a date, not a head.
    alike = len({len(p) == 10 for p in times}) == 1
    return (len(times) > 1 and alike) or any(cells.role_of(t) for t in filled)


def _areas(sheet, number) -> list[Area]:
    """The tables of a sheet: below each other, and beside each other."""
    rows, found, start = sheet.rows, [], 0
    while (area := _area(sheet, start)) is not None:
        found.append(area)
        start = area.lines.stop
    for area, after in pairwise(found):
        # Up to a blank line it is about the table above, then about the one below.
        gap = range(area.body.stop, after.heads.start)
        ends = (r for r in gap if not any(t.strip() for t in rows[r]))
        first_title = (
            r for r in gap if re.match(r"\s*(tabel|table)\b", " ".join(rows[r]), re.I)
        )
        cut = next(first_title, next(ends, gap.stop))
        area.lines = range(area.lines.start, cut)
        after.lines = range(cut, after.lines.stop)
    made = []
    for area in found:
        area.sheet = number
        area.titles = list(_lines(rows, range(area.lines.start, area.heads.start)))
        area.notes = list(_lines(rows, range(area.body.stop, area.lines.stop)))
        made += _beside(area)
    return made


def _lines(rows, span):
    for r in span:
        line = " ".join(t.strip() for t in rows[r] if t.strip())
        if line:
            yield " ".join(line.split())


def _beside(area) -> list[Area]:
    """A table that goes on to the right, with the same heads once more."""
    heads = [folded(c.head) for c in area.columns]
    roles = [cells.role_of(c.head) for c in area.columns]
    labels = {*_ROW_LABELS, "province", "province_code"}
    label = next((k for k, r in enumerate(roles) if r in labels), None)
    if label is None:
        return [area]
    cuts = [0]
    for k in range(label + 2, len(heads)):
        between = roles[cuts[-1] + 1 : k]
        if heads[k] == heads[label] and None in between:
            back = k
            while back > 0 and roles[back - 1] == "number":
                back -= 1
            cuts.append(back)
    if len(cuts) == 1:
        return [area]
    return [
        replace(area, columns=area.columns[a:b], siblings={})
        for a, b in pairwise([*cuts, len(heads)])
    ]


def _area(sheet, start=0) -> Area | None:
    """The first table of a sheet from a row on: heads and body."""
    rows = sheet.rows
    limit = min(len(rows), start + 400)
    first = next((r for r in range(start, limit) if _data_row(rows[r])), None)
    if first is None:
        return None
    first = _body_start(rows, start, _years_that_are_figures(rows, start, first))
    top, numbering = first, None
    for r in range(first - 1, max(first - 6, start - 1), -1):
        filled = [c for c, t in enumerate(rows[r]) if t.strip()]
        if not filled:
            # A blank line below the heads is decoration; below a title it ends it.
            if top == first and any(
                _head_row(rows[k]) for k in range(max(r - 2, start), r)
            ):
                continue
            break
        if _numbering(rows[r]) and numbering is None and top == first:
            numbering = r
            top = r
            continue
        across = any(r0 == r and c0 > 0 and c1 > c0 for r0, c0, _, c1 in sheet.merged)
        if len(filled) == 1 and filled[0] == 0 and not across:
            # A line without figures between the heads and the first of them.
            if top == first and any(
                _over_sections(rows[k]) for k in range(max(r - 2, start), r)
            ):
                first = top = r
                continue
            break
        top = r
    heads = range(top, first if numbering is None else numbering)
    again, last = _end(rows, heads, first)
    width = max(len(rows[r]) for r in range(top, last + 1))
    area = Area(heads, range(first, last + 1), numbering=numbering, again=again)
    area.lines = range(start, len(rows))
    if last + 1 < len(rows) and any(
        _data_row(rows[r]) for r in range(last + 1, len(rows))
    ):
        area.lines = range(start, last + 1)
    grid = _filled_heads(sheet, heads, width)
    for c in range(width):
        parts = [cells.without_mark(" ".join(line[c].split())) for line in grid]
        parts = list(dict.fromkeys(p for p in parts if p))
        area.columns.append(Column(c, " | ".join(parts), None))
    return area


def _body_start(rows, start, first):
    """The first row below the heads, which may have words where others have figures.

    Under the head of a label the second row of a head is blank, and a row is not.
    """
    for r in range(first - 1, max(start, first - 200) - 1, -1):
        if not any(t.strip() for t in rows[r]):
            return first
        if not _head_row(rows[r]):
            continue
        roles = {c: cells.role_of(t) for c, t in enumerate(rows[r])}
        labels = [
            c for c, k in roles.items() if k not in (None, "number", "note", "unit")
        ]
        for k in range(r + 1, first):
            filled = all(c < len(rows[k]) and rows[k][c].strip() for c in labels)
            if labels and filled and not _numbering(rows[k]):
                return k
        return first
    return first


def _over_sections(row) -> bool:
    """A head above lines without figures: a known one, or a word and a time."""
    filled = [t for t in row if t.strip()]
    times = [cells.marked_period(t)[0] for t in filled]
    return _head_row(row) or (len(filled) == 2 and not times[0] and bool(times[1]))


def _end(rows, heads, first):
    """Where a table ends, and the rows in which its head stands once more."""
    own = [[folded(t) for t in rows[r] if t.strip()] for r in heads]
    again, last, model, quiet = [], first, first, True
    for r in range(first, len(rows)):
        row = rows[r]
        if _data_row(row):
            last = model = r
            quiet = True
            continue
        filled = [t for t in row if t.strip()]
        if not filled:
            quiet = False
            continue
        repeats = [folded(t) for t in filled] in own and _goes_on(rows, last, r)
        if repeats or (_numbering(row) and again and again[-1] == r - 1):
            again.append(r)
        elif r > last and _head_row(row) and not _short(rows, r):
            break
        elif (
            quiet
            and r == last + 1
            and len(filled) > 1
            and _same_shape(row, rows[model])
        ):
            # What stands where figures stand belongs to the table, read or not.
            last = r
    return [r for r in again if r < last], last


def _goes_on(rows, last, row):
    """Whether nothing stands between the figures and their heads once more."""
    between = [" ".join(r).strip() for r in rows[last + 1 : row]]
    return all(
        not t or re.search(r"\b(lanjutan|continued)\b", t, re.I) or _head_row(r)
        for t, r in zip(between, rows[last + 1 : row], strict=True)
    )


def _short(rows, row):
    """Whether no figures follow a row within some lines: then it heads nothing."""
    return not any(_data_row(r) for r in rows[row + 1 : row + 6])


def _same_shape(row, model):
    """Whether a row has something in every column where another has figures."""
    figures = [c for c, t in enumerate(model) if t.strip() and _figure_like(t)]
    return (
        bool(figures)
        and all(c < len(row) and row[c].strip() for c in figures)
        and not cells._KNOWN_NOTE.match(next(t for t in row if t.strip()).strip())
    )


def _filled_heads(sheet, heads, width):
    """The rows of the head with the text of each merged cell in all its places."""
    grid = [[sheet.cell(r, c).strip() for c in range(width)] for r in heads]
    for r0, c0, r1, c1 in sheet.merged:
        for r in range(max(r0, heads.start), min(r1 + 1, heads.stop)):
            for c in range(c0, min(c1 + 1, width)):
                if r0 >= heads.start and c0 < width:
                    grid[r - heads.start][c] = sheet.cell(r0, c0).strip()
    # Without merged cells (a CSV), a head above others reaches to the next head.
    for k in range(len(grid) - 1):
        over, under, group = grid[k], grid[k + 1], ""
        for c in range(width):
            if over[c]:
                group = over[c] if under[c] else ""
            elif under[c] and group:
                over[c] = group
            else:
                group = ""
    return grid


# For others


def plan(file, to, answers=None) -> Plan:
    """What an import of `file` into the folder `to` would do; nothing is written.

    Parameters
    ----------
    file : path
        CSV, TSV, XLSX, XLS or ODS.
    to : path
        A folder with the contract, such as `umkm new` makes.
    answers : dict, optional
        Answers to the questions of an earlier plan, or a saved mapping.

    Returns
    -------
    Plan
        `totals()`, `questions`, `cells()`, `rows()` and `write()`.
    """
    return Plan(file, to, answers)


def mapping(to, name) -> dict:
    """The answers of an earlier import: the name of its folder, or a file."""
    path = Path(name)
    for place in (path, Path(to) / "imports" / str(name) / "mapping.json"):
        if place.is_file():
            try:
                found = json.loads(place.read_text(encoding="utf-8"))["answers"]
                return {str(k): str(v) for k, v in found.items()}
            except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
                raise DataError("import_mapping", path=str(place)) from None
    raise DataError("no_file", path=str(name))


def undo(to) -> str:
    """Take the latest import back; return its name.

    The folder gets the very bytes that it had before. What was changed by hand since
    is never lost: then nothing is undone.
    """
    package = contract.open_package(to)
    home = package.path / "imports"
    names = sorted(
        p.name
        for p in home.glob("[0-9][0-9][0-9][0-9]-*")
        if not p.name.endswith(".undone")
    )
    if not names:
        raise DataError("import_no_undo", path=str(package.path))
    latest = home / names[-1]
    try:
        with _lock(package.path):
            _stamp(package)
            changed = json.loads((latest / "import.json").read_text("utf-8"))["changed"]
            back = []
            for name, digests in changed.items():
                file = package.path / name
                now = contract.digest(file) if file.exists() else None
                if now == digests["after"]:
                    back.append(name)
                elif now != digests["before"]:
                    raise DataError("import_undo_changed", file=name)
            stage = home / ".staging"
            shutil.rmtree(stage, ignore_errors=True)
            stage.mkdir()
            try:
                for name in back:
                    shutil.copyfile(latest / "before" / name, stage / name)
                if (package.path / "datapackage.json").exists() and not (
                    stage / "datapackage.json"
                ).exists():
                    shutil.copyfile(
                        package.path / "datapackage.json", stage / "datapackage.json"
                    )
                _sound(package, stage)
                for name in reversed(back):
                    (stage / name).replace(package.path / name)
            finally:
                shutil.rmtree(stage, ignore_errors=True)
            latest.rename(latest.with_name(latest.name + ".undone"))
    except OSError as error:
        raise DataError(
            "cannot_write",
            path=str(error.filename or home),
            reason=error.strerror or str(error),
        ) from None
    return names[-1]
