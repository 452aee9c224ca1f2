"""Spreadsheets and delimited text as grids of text, whatever made them.

Nothing is interpreted here. A cell keeps the text that stands in the file; one that
a spreadsheet stored as a number is a `Typed`. Formulas are never run: what counts is
the result that was stored with them. Sizes are looked at before anything is unpacked.
"""

import csv
import io
import json
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from xml.parsers import expat

from umkm_analysis.errors import DataError

#: Larger files are refused before they are read: what is read takes up to 50 times as
#: much memory.
MAX_BYTES = 150_000_000
#: One part of a packed file, unpacked; and how far packing may shrink a large part.
MAX_PART = 400_000_000
MAX_RATIO = 300
RATIO_FROM = 20_000_000
#: Cells of all sheets, empty ones before a filled one included.
MAX_CELLS = 20_000_000
FORMATS = ("csv", "tsv", "xlsx", "xls", "ods", "html")
#: What the readers of the standard library and xlrd raise for a broken file.
_BROKEN = (
    zipfile.BadZipFile, zlib.error, expat.ExpatError, NotImplementedError, EOFError,
    LookupError, ValueError, RuntimeError,
)  # fmt: skip
_BROKEN_XLS = (
    struct.error, AssertionError, AttributeError, TypeError, ValueError, LookupError,
    OverflowError,
)  # fmt: skip


class Typed(str):
    """A number that the spreadsheet itself stored as a number."""

    __slots__ = ()


class Percent(Typed):
    """A fraction that the spreadsheet shows in percent."""

    __slots__ = ()


@dataclass
class Sheet:
    """One sheet: rows of text, and what is hidden, merged or computed in it."""

    name: str
    rows: list[list[str]]
    hidden: bool = False
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    formulas: set[tuple[int, int]] = field(default_factory=set)
    unstored: set[tuple[int, int]] = field(default_factory=set)

    def cell(self, row, column) -> str:
        cells = self.rows[row]
        return cells[column] if column < len(cells) else ""


@dataclass
class Book:
    """A file as it was read."""

    path: Path
    kind: str
    sheets: list[Sheet]
    raw: bytes
    encoding: str | None = None
    separator: str | None = None


def read(path) -> Book:
    """Read a CSV, TSV, XLSX, XLS, ODS or HTML file, told apart by what is in it.

    Raises
    ------
    DataError
        No such file, another kind of file, a broken or an oversized one.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError("no_file", path=str(path))
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DataError("import_size", file=path.name, limit=MAX_BYTES)
        raw = path.read_bytes()
    except OSError as error:
        raise DataError("unreadable", file=path.name, reason=error.strerror) from None
    try:
        if raw.startswith(b"PK\x03\x04"):
            kind, sheets = _zipped(raw, path.name)
            return Book(path, kind, sheets, raw)
        if raw.startswith(b"\xd0\xcf\x11\xe0"):
            return Book(path, "xls", _xls(raw, path.name), raw)
        return _delimited(path, raw)
    except DataError:
        raise
    except _BROKEN as error:
        reason = str(error) or type(error).__name__
        raise DataError("import_broken", file=path.name, reason=reason) from None


# Delimited text


def decode(raw: bytes, name="") -> tuple[str, str]:
    """Text and the encoding it was in: a mark at its start, UTF-8, or cp1252.

    >>> decode("Kühn".encode("cp1252"))
    ('Kühn', 'cp1252')
    """
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if raw.startswith(mark):
            return raw.decode(encoding), encoding
    head = raw[:4000]
    if head.count(0) > len(head) // 4:
        # Latin letters in UTF-16 are every other byte; the zeros tell the order.
        first = head[::2].count(0) > head[1::2].count(0)
        encoding = "utf-16-be" if first else "utf-16-le"
        return raw.decode(encoding), encoding
    if 0 in head:
        raise DataError("import_kind", file=name, choices=FORMATS)
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return raw.decode("cp1252"), "cp1252"


def _delimited(path, raw) -> Book:
    if b"%PDF-" in raw[:1024]:
        raise DataError("import_pdf", file=path.name)
    if raw.startswith((b"{\\rtf", b"MIME-Version:")):
        raise DataError("import_kind", file=path.name, choices=FORMATS)
    text, encoding = decode(raw, path.name)
    if re.match(
        r"\s*(<\?xml[^>]*>\s*)?(<\?mso[^>]*>\s*)?<(\w+:)?Workbook\b", text[:500]
    ):
        return Book(path, "xml", _spreadsheet_xml(raw, path.name), raw, encoding)
    if re.match(
        r"\s*<(!doctype|!--|html|head|meta|style|body|div|table|\?xml)",
        text[:200],
        re.I,
    ):
        sheets = _html(text, path)
        if not sheets:
            raise DataError("import_html", file=path.name)
        return Book(path, "html", sheets, raw, encoding)
    if re.match(r"\s*[\[{]", text[:200]) and _is_json(text):
        raise DataError("import_kind", file=path.name, choices=FORMATS)
    told = re.match(r"sep=(.)\r?\n", text)
    mark = told[1] if told else separator(text)
    body = text[told.end() :] if told else text
    old = csv.field_size_limit(2**31 - 1)
    rows, budget, same = [], MAX_CELLS, {}
    try:
        for row in csv.reader(io.StringIO(body, newline=""), delimiter=mark):
            budget -= len(row)
            if budget < 0:
                raise DataError("import_cells", file=path.name, limit=MAX_CELLS)
            # Areas, times and units stand in many rows: each text is kept once.
            rows.append([same.setdefault(t, t) for t in row])
    except csv.Error as error:
        raise DataError("import_broken", file=path.name, reason=str(error)) from None
    finally:
        csv.field_size_limit(old)
    if rows and "\n" in (rows[-1] or [""])[-1].strip() and body.count('"') % 2:
        raise DataError("import_quotes", file=path.name, row=len(rows))
    kind = "tsv" if mark == "\t" else "csv"
    return Book(path, kind, [Sheet(path.stem, rows)], raw, encoding, mark)


def separator(text: str) -> str:
    """What separates the cells: a semicolon, tab or bar where it does so evenly.

    Only else a comma, which may also be a decimal comma.

    >>> separator("a;1,5;2\\nb;2,5;3\\n")
    ';'
    """
    lines = [x for x in text[:200_000].splitlines() if x.strip()][:200]

    def even(mark):
        """How many lines hold the usual number of marks, and how many any."""
        counts = [n for x in lines if (n := x.count(mark))]
        usual = max(set(counts), key=counts.count) if counts else 0
        return counts.count(usual), len(counts)

    commas, _ = even(",")
    for mark in ("\t", ";", "|"):
        same, any_ = even(mark)
        # Titles and sources stand without; quoted texts may hold some more.
        if same and same >= commas and same * 10 >= any_ * 6:
            return mark
    return ","


def _is_json(text):
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


# Pages that portals save as XLS


class _Page(HTMLParser):
    """The tables of a page as one sheet each, with the lines before and after."""

    def __init__(self, name):
        super().__init__(convert_charrefs=True)
        self.name, self.budget, self.sheets = name, [MAX_CELLS], []
        self.lines, self.words, self.quiet = [], [], 0
        self.sheet = self.row = self.column = None
        self.span, self.deep, self.taken = (1, 1), 0, set()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag in ("script", "style", "title", "xml"):
            self.quiet += 1
        elif tag == "table":
            self.deep += 1
            if self.deep == 1:
                self._line()
                self.sheet = Sheet(str(len(self.sheets) + 1), [[x] for x in self.lines])
                self.lines, self.taken = [], set()
                self.row = len(self.sheet.rows) - 1
        elif self.deep == 1 and tag == "tr":
            self._close()
            self.row, self.column = self.row + 1, -1
            if re.search(r"display:\s*none", attrs.get("style") or "", re.I):
                self.sheet.hidden_rows.add(self.row)
        elif self.deep == 1 and tag in ("td", "th") and self.row is not None:
            self._close()
            self._open(attrs)
        elif tag in ("br", "p", "div", "li"):
            self._break()

    def handle_endtag(self, tag):
        if tag in ("script", "style", "title", "xml"):
            self.quiet = max(self.quiet - 1, 0)
        elif tag == "table" and self.deep:
            if self.deep == 1:
                self._close()
                self.sheets.append(self.sheet)
                self.sheet = None
            self.deep -= 1
        elif self.deep == 1 and tag in ("td", "th", "tr"):
            self._close()
        elif tag in ("p", "div", "li") or re.fullmatch("h[1-6]", tag):
            self._break()

    def handle_data(self, data):
        if not self.quiet:
            self.words.append(data)

    def _break(self):
        if self.sheet is None:
            self._line()
        else:
            self.words.append(" ")

    def _line(self):
        """What stands outside of tables: titles above, sources below."""
        line = " ".join("".join(self.words).split())
        self.words.clear()
        if not line:
            return
        if self.sheets and not self.deep:
            self.sheets[-1].rows.append([line])
        else:
            self.lines.append(line)

    def _open(self, attrs):
        self.column = max(self.column, -1) + 1 if self.column is not None else 0
        while (self.row, self.column) in self.taken:
            self.column += 1
        self.span = tuple(
            min(int(n), 16384)
            if (n := (attrs.get(k) or "1").strip()).isdecimal()
            else 1
            for k in ("rowspan", "colspan")
        )
        self.words.clear()
        self.inside = True

    inside = False

    def _close(self):
        if not self.inside:
            self.words.clear()
            return
        self.inside = False
        text = " ".join("".join(self.words).split())
        self.words.clear()
        down, across = (max(n, 1) for n in self.span)
        r, c = self.row, self.column
        if (down, across) != (1, 1):
            self.budget[0] -= down * across
            if self.budget[0] < 0:
                raise DataError("import_cells", file=self.name, limit=MAX_CELLS)
            self.taken |= {(r + i, c + k) for i in range(down) for k in range(across)}
            self.sheet.merged.append((r, c, r + down - 1, c + across - 1))
        if text:
            _put(self.sheet, r, c, text, self.budget, self.name)
        self.column += across - 1


def _html(text, path) -> list[Sheet]:
    page = _Page(path.name)
    page.feed(text)
    page.close()
    page._close() if page.sheet is not None else page._line()
    if page.sheet is not None:
        page.sheets.append(page.sheet)
    if len(page.sheets) == 1:
        page.sheets[0].name = path.stem
    return [s for s in page.sheets if s.rows]


def _spreadsheet_xml(raw, name) -> list[Sheet]:
    """The XML of Excel 2003, which is often saved as XLS."""
    sheets, budget, pieces = [], [MAX_CELLS], []
    at = {"row": -1, "column": -1, "kind": "", "reading": False, "formula": False}

    def start(tag, attrs):
        if tag == "Worksheet":
            sheets.append(Sheet(attrs.get("Name", ""), []))
            at["row"] = -1
        elif tag == "Row" and sheets:
            at["row"] = int(attrs.get("Index", at["row"] + 2)) - 1
            at["column"] = -1
            if attrs.get("Hidden") == "1":
                sheets[-1].hidden_rows.add(at["row"])
        elif tag == "Cell" and sheets:
            at["column"] = int(attrs.get("Index", at["column"] + 2)) - 1
            at["formula"] = "Formula" in attrs
            down, across = (int(attrs.get(k, 0)) for k in ("MergeDown", "MergeAcross"))
            if down or across:
                r, c = at["row"], at["column"]
                sheets[-1].merged.append((r, c, r + down, c + across))
            at["across"] = across
        elif tag == "Data":
            at["reading"], at["kind"] = True, attrs.get("Type", "String")
            pieces.clear()

    def end(tag):
        if tag == "Data" and sheets:
            at["reading"] = False
            value = "".join(pieces)
            if at["kind"] == "Number":
                value = Typed(plain(value))
            elif at["kind"] == "DateTime":
                value = value[:10]
            if at["formula"]:
                sheets[-1].formulas.add((at["row"], at["column"]))
            if value:
                _put(sheets[-1], at["row"], at["column"], value, budget, name)
        elif tag == "Cell":
            at["column"] += at.get("across", 0)

    def text(data):
        if at["reading"]:
            pieces.append(data)

    _parse(raw, start, end, text)
    return sheets


# Packed XML: XLSX and ODS


class _Zip:
    """The parts of a packed file, none of which is read before its size is known."""

    def __init__(self, raw, name):
        self.file = zipfile.ZipFile(io.BytesIO(raw))
        self.name = name
        self.sizes = {}
        whole = 0
        for info in self.file.infolist():
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                # Spreadsheets know no other; the readers of others fail in other ways.
                raise zipfile.BadZipFile(f"compression {info.compress_type}")
            whole += info.file_size
            shrunk = info.file_size / max(info.compress_size, 1)
            if info.file_size > MAX_PART or (
                info.file_size > RATIO_FROM and shrunk > MAX_RATIO
            ):
                raise DataError("import_bomb", file=name, part=info.filename)
            self.sizes[info.filename] = info.file_size
        if whole > 2 * MAX_PART:
            raise DataError("import_bomb", file=name, part="*")

    def __contains__(self, part):
        return part in self.sizes

    def read(self, part) -> bytes:
        with self.file.open(part) as stream:
            return stream.read(self.sizes[part])


def _parse(data: bytes, start=None, end=None, text=None):
    """Run an XML document through three functions that see local names only."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True

    def local(name):
        return name.rpartition(" ")[2]

    def doctype(*_):
        # No spreadsheet has one; entities could fill the memory.
        raise expat.ExpatError("DOCTYPE")

    parser.StartDoctypeDeclHandler = doctype
    if start:
        parser.StartElementHandler = lambda tag, attrs: start(
            local(tag), {local(k): v for k, v in attrs.items()}
        )
    if end:
        parser.EndElementHandler = lambda tag: end(local(tag))
    if text:
        parser.CharacterDataHandler = text
    parser.Parse(data, True)


def _zipped(raw, name):
    archive = _Zip(raw, name)
    if "mimetype" in archive and b"opendocument.spreadsheet" in archive.read(
        "mimetype"
    ):
        return "ods", _ods(archive)
    if "xl/workbook.xml" in archive:
        return "xlsx", _xlsx(archive)
    raise DataError("import_kind", file=name, choices=FORMATS)


_REF = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})\Z")


def place(reference: str) -> tuple[int, int]:
    """Row and column, from 0, of a reference such as "B7".

    >>> place("B7")
    (6, 1)
    """
    found = _REF.match(reference)
    if not found:
        raise KeyError(reference)
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return int(found[2]) - 1, column - 1


def letters(column: int) -> str:
    """The name of a column, from 0.

    >>> letters(0), letters(27)
    ('A', 'AB')
    """
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def plain(number: str) -> str:
    """A stored number as decimal text, with the 15 digits that spreadsheets keep.

    >>> plain("19.230000000000004"), plain("1.2E+3")
    ('19.23', '1200')
    """
    try:
        value = float(number)
        if value != value or abs(value) >= 1e300:
            return number
        shown = f"{Decimal(f'{value:.15g}'):f}"
    except (ValueError, ArithmeticError):
        return number
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


_DATE_IDS = {*range(14, 18), 22, *range(27, 32), *range(50, 59)}


def _is_date(format_id, code):
    if format_id in _DATE_IDS:
        return True
    bare = re.sub(r"\"[^\"]*\"|\[[^\]]*\]|\\.", "", code or "")
    return bool(re.search(r"[dy]|m{3}", bare, re.I)) and "0" not in bare


def _shows(code) -> int:
    """How much of an ISO date a format shows: 4 letters for a year, 7 for a month."""
    bare = re.sub(r"\"[^\"]*\"|\[[^\]]*\]|\\.", "", code or "d").casefold()
    return 10 if "d" in bare or "y" not in bare else 7 if "m" in bare else 4


def _day(serial: str, since_1904: bool) -> str:
    """A serial day of a spreadsheet as ISO text; the number where it is none."""
    try:
        days = float(serial)
        if not 0 < days < 2_958_466:
            return serial
        start = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30)
        return (start + timedelta(days=int(days))).date().isoformat()
    except (ValueError, OverflowError):
        return serial


def _xlsx(archive) -> list[Sheet]:
    listed, targets, formats, styles = [], {}, {}, []
    since_1904 = False
    in_cell_styles = False

    def workbook(tag, attrs):
        nonlocal since_1904
        if tag == "sheet":
            listed.append((attrs["name"], attrs.get("state"), attrs["id"]))
        elif tag == "workbookPr":
            since_1904 = attrs.get("date1904") in ("1", "true")

    def relation(tag, attrs):
        if tag == "Relationship":
            target = attrs["Target"]
            targets[attrs["Id"]] = (
                target[1:] if target.startswith("/") else f"xl/{target}"
            )

    def style(tag, attrs):
        nonlocal in_cell_styles
        if tag == "numFmt":
            formats[int(attrs["numFmtId"])] = attrs.get("formatCode", "")
        elif tag in ("cellXfs", "cellStyleXfs"):
            in_cell_styles = tag == "cellXfs"
        elif tag == "xf" and in_cell_styles:
            styles.append(int(attrs.get("numFmtId", 0)))

    _parse(archive.read("xl/workbook.xml"), workbook)
    _parse(archive.read("xl/_rels/workbook.xml.rels"), relation)
    if "xl/styles.xml" in archive:
        _parse(archive.read("xl/styles.xml"), style)
    # 17 is mmm-yy.
    kinds = [
        ("date", 7 if i == 17 else _shows(formats.get(i)))
        if _is_date(i, formats.get(i))
        else "percent"
        if i in (9, 10) or "%" in formats.get(i, "")
        else "number"
        for i in styles
    ]
    strings = _shared(archive)
    budget = [MAX_CELLS]
    return [
        _xlsx_sheet(archive, targets[key], name, state, strings, kinds, since_1904,
                    budget)
        for name, state, key in listed
        if targets.get(key, "") in archive
    ]  # fmt: skip


def _shared(archive) -> list[str]:
    strings, parts = [], []
    reading = skipping = False

    def start(tag, _):
        nonlocal reading, skipping
        if tag == "si":
            parts.clear()
        elif tag == "rPh":
            skipping = True
        elif tag == "t":
            reading = True

    def end(tag):
        nonlocal reading, skipping
        if tag == "si":
            strings.append("".join(parts))
        elif tag == "rPh":
            skipping = False
        elif tag == "t":
            reading = False

    def text(data):
        if reading and not skipping:
            parts.append(data)

    if "xl/sharedStrings.xml" in archive:
        _parse(archive.read("xl/sharedStrings.xml"), start, end, text)
    return strings


def _put(sheet, row, column, value, budget, name):
    """Place a value; empty cells before it count, so that none can fill memory."""
    while len(sheet.rows) <= row:
        sheet.rows.append([])
    cells = sheet.rows[row]
    missing = column - len(cells) + 1
    if missing > 0:
        budget[0] -= missing
        if budget[0] < 0 or row > 1_100_000:
            raise DataError("import_cells", file=name, limit=MAX_CELLS)
        cells.extend([""] * missing)
    cells[column] = value


def _xlsx_sheet(archive, part, name, state, strings, kinds, since_1904, budget):
    sheet = Sheet(name, [], hidden=state in ("hidden", "veryHidden"))
    row = column = -1
    kind, style, formula = "", 0, False
    pieces, reading = [], False

    def start(tag, attrs):
        nonlocal row, column, kind, style, formula, reading
        if tag == "row":
            row = int(attrs["r"]) - 1 if "r" in attrs else row + 1
            column = -1
            if attrs.get("hidden") in ("1", "true"):
                sheet.hidden_rows.add(row)
        elif tag == "c":
            if "r" in attrs:
                row, column = place(attrs["r"])
            else:
                column += 1
            kind, style = attrs.get("t", "n"), int(attrs.get("s", 0))
            formula = False
            pieces.clear()
        elif tag == "f":
            formula = True
        elif tag in ("v", "t"):
            reading = True
        elif tag == "col" and attrs.get("hidden") in ("1", "true"):
            last = min(int(attrs["max"]), 16384)
            sheet.hidden_columns.update(range(int(attrs["min"]) - 1, last))
        elif tag == "mergeCell":
            first, _, last = attrs["ref"].partition(":")
            sheet.merged.append((*place(first), *place(last or first)))

    def end(tag):
        nonlocal reading
        if tag in ("v", "t"):
            reading = False
        elif tag == "c":
            value = "".join(pieces)
            if formula:
                sheet.formulas.add((row, column))
                if not value:
                    sheet.unstored.add((row, column))
                    value = "="
            if value:
                _put(sheet, row, column, typed(value), budget, archive.name)

    def typed(value):
        if kind == "s":
            return strings[int(value)]
        if kind == "b":
            return "TRUE" if value == "1" else "FALSE"
        if kind != "n" or value == "=":
            return value
        shown = kinds[style] if style < len(kinds) else "number"
        if isinstance(shown, tuple):
            return _day(value, since_1904)[: shown[1]]
        return (Percent if shown == "percent" else Typed)(plain(value))

    def text(data):
        if reading:
            pieces.append(data)

    _parse(archive.read(part), start, end, text)
    return sheet


def _ods(archive) -> list[Sheet]:
    sheets, hidden_styles = [], set()
    budget = [MAX_CELLS]
    state = {"row": 0, "column": 0, "head": 0, "style": None, "deep": 0,
             "inside": False}  # fmt: skip
    cell, pieces = {}, []

    def start(tag, attrs):
        if tag == "style":
            state["style"] = attrs.get("name")
        elif tag == "table-properties" and attrs.get("display") == "false":
            hidden_styles.add(state["style"])
        elif tag == "table":
            style = attrs.get("style-name")
            sheets.append(Sheet(attrs.get("name", ""), [], style in hidden_styles))
            state.update(row=0, head=0)
        elif tag == "table-column" and sheets:
            times = min(int(attrs.get("number-columns-repeated", 1)), 16384)
            if attrs.get("visibility") in ("collapse", "filter"):
                sheets[-1].hidden_columns.update(
                    range(state["head"], state["head"] + times)
                )
            state["head"] += times
        elif tag == "table-row" and sheets:
            state["times"] = int(attrs.get("number-rows-repeated", 1))
            state["hidden"] = attrs.get("visibility") in ("collapse", "filter")
            state["column"] = 0
            state["cells"] = []
        elif tag in ("table-cell", "covered-table-cell"):
            cell.clear()
            cell.update(attrs)
            pieces.clear()
            state["inside"] = True
        elif tag == "annotation":
            state["deep"] += 1
        elif tag == "p" and pieces and not state["deep"]:
            pieces.append(" ")
        elif tag == "s" and not state["deep"]:
            pieces.append(" " * min(int(attrs.get("c", 1)), 1000))

    def end(tag):
        if tag == "annotation":
            state["deep"] -= 1
        elif tag in ("table-cell", "covered-table-cell") and sheets:
            times = int(cell.get("number-columns-repeated", 1))
            value = typed()
            if value:
                if times > 16384:
                    raise KeyError("number-columns-repeated")
                state["cells"] += [
                    (state["column"] + i, value, "formula" in cell)
                    for i in range(times)
                ]
            across = int(cell.get("number-columns-spanned", 1))
            down = int(cell.get("number-rows-spanned", 1))
            if (across, down) != (1, 1):
                r, c = state["row"], state["column"]
                sheets[-1].merged.append((r, c, r + down - 1, c + across - 1))
            state["column"] += times
            state["inside"] = False
            cell.clear()
            pieces.clear()
        elif tag == "table-row" and sheets:
            sheet, times = sheets[-1], state["times"]
            for i in range(times if state["cells"] else 0):
                row = state["row"] + i
                for column, value, formula in state["cells"]:
                    _put(sheet, row, column, value, budget, archive.name)
                    if formula:
                        sheet.formulas.add((row, column))
                        if value == "=":
                            sheet.unstored.add((row, column))
                if state["hidden"]:
                    sheet.hidden_rows.add(row)
            state["row"] += times

    def typed():
        kind = cell.get("value-type")
        shown = "".join(pieces)
        if kind in ("float", "currency", "percentage"):
            made = Percent if kind == "percentage" else Typed
            return made(plain(cell.get("value", shown)))
        if kind == "date":
            return cell.get("date-value", shown)[:10]
        if "formula" in cell and not shown:
            return "="
        return shown

    def text(data):
        if state["inside"] and not state["deep"]:
            pieces.append(data)

    _parse(archive.read("content.xml"), start, end, text)
    return sheets


# The old binary format


def _xls(raw, name) -> list[Sheet]:
    try:
        import xlrd
    except ImportError:
        raise DataError("import_xlrd", file=name) from None
    log = io.StringIO()
    try:
        book = xlrd.open_workbook(file_contents=raw, logfile=log, formatting_info=True)
        return [_xls_sheet(book, sheet, name, xlrd) for sheet in book.sheets()]
    except (xlrd.XLRDError, xlrd.compdoc.CompDocError, *_BROKEN_XLS) as error:
        if isinstance(error, DataError):
            raise
        reason = str(error) or type(error).__name__
        raise DataError("import_broken", file=name, reason=reason) from None


def _xls_sheet(book, source, name, xlrd) -> Sheet:
    sheet = Sheet(source.name, [], hidden=source.visibility != 0)
    budget = [MAX_CELLS]
    for r in range(source.nrows):
        if getattr(source.rowinfo_map.get(r), "hidden", 0):
            sheet.hidden_rows.add(r)
        for c, cell in enumerate(source.row(r)):
            value = _xls_value(book, cell, xlrd)
            if value:
                _put(sheet, r, c, value, budget, name)
    for c, info in source.colinfo_map.items():
        if info.hidden:
            sheet.hidden_columns.add(c)
    sheet.merged = [(a, c, b - 1, d - 1) for a, b, c, d in source.merged_cells]
    return sheet


def _xls_value(book, cell, xlrd) -> str:
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        key = book.xf_list[cell.xf_index].format_key
        form = book.format_map.get(key)
        made = Percent if form and "%" in form.format_str else Typed
        return made(plain(repr(cell.value)))
    if cell.ctype == xlrd.XL_CELL_DATE:
        key = book.xf_list[cell.xf_index].format_key
        form = book.format_map.get(key)
        shown = 7 if key == 17 else _shows(form.format_str if form else "")
        return _day(repr(cell.value), book.datemode == 1)[:shown]
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(cell.value, "#N/A")
    return cell.value if isinstance(cell.value, str) else ""
