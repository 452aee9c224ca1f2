"""The report's parts as HTML, PDF, Word and Excel.

Each writer takes the same list of parts and gives bytes; the same bytes whatever
the machine, its clock and its time zone. Text of the data is never read as markup.
"""

import base64
import html
import io
import json
import re
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from umkm_analysis import blocks, charts, tables, text

TEMPLATES = Path(__file__).with_name("templates")
#: What a spreadsheet or word processor cannot hold.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass
class Job:
    """One report in one language: its parts, and pictures drawn once."""

    parts: list
    folder: object
    region: str
    lang: str

    def word(self, key: str) -> str:
        return text.label(f"report.{key}", self.lang)

    @property
    def release(self) -> str:
        release = self.folder.release
        return text.period(release, self.lang) if release else self.word("no_release")

    @property
    def name(self) -> str:
        return blocks.region_name(self.folder, self.region)

    @property
    def question(self) -> str:
        return text.say(blocks.question(self.folder, self.region), self.lang)

    @property
    def title(self) -> str:
        return f"{self.name}: {self.word('title')}"

    def picture(self, part, kind: str) -> tuple[bytes, str]:
        """A chart as SVG or PNG, and its text alternative.

        A folder does not change once it is read, so what was drawn of it is kept.
        """
        key = part.draw.func.__name__, self.region, self.lang, kind
        if key not in self.folder.drawn:
            ax = part.draw(lang=self.lang)
            buffer = io.BytesIO()
            charts.save_to(ax, buffer, kind)
            self.folder.drawn[key] = buffer.getvalue(), str(charts.alt(ax))
            charts.close(ax)
        return self.folder.drawn[key]

    def sources(self, part) -> list[dict]:
        return [
            {
                "id": row["source_id"],
                "publisher": self.folder.said(row["publisher"], self.lang),
                "title": row["title"],
                "published": text.period(row["published"] or None, self.lang),
                "read": text.term("read", row["read_extent"], self.lang),
                "url": row["url"],
            }
            for row in part.rows
        ]

    def plain(self, part) -> dict:
        """A part as plain values: what both page formats are made from."""
        return {
            "kind": part.kind,
            "label": self.word(part.key) if part.key else "",
            "sentences": [text.runs(b, self.lang) for b in part.blocks],
            "table": part.table.shown(self.lang, self.folder) if part.table else None,
            "sources": self.sources(part),
        }


def linked(pieces) -> str:
    """Pieces of a sentence as HTML: figures link to their rows."""
    made = []
    for words, row in pieces:
        safe = html.escape(words)
        if row:
            name = html.escape(row, quote=True)
            safe = f'<a class="n" href="#{name}" data-row="{name}">{safe}</a>'
        made.append(safe)
    return "".join(made)


def to_html(job: Job) -> bytes:
    """One self-contained page: nothing is asked of the network."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["t"] = job.word
    parts = []
    for part in job.parts:
        plain = job.plain(part)
        plain["sentences"] = [linked(pieces) for pieces in plain["sentences"]]
        if part.draw:
            svg, alt = job.picture(part, "svg")
            encoded = base64.b64encode(svg).decode("ascii")
            plain["picture"] = {
                "src": f"data:image/svg+xml;base64,{encoded}",
                "alt": alt,
            }
        parts.append(plain)
    page = environment.get_template("report.html").render(
        lang=job.lang,
        release=job.release,
        region=job.name,
        question=job.question,
        parts=parts,
    )
    return page.encode("utf-8")


def to_pdf(job: Job) -> bytes:
    """A4, tagged, with bookmarks; every figure links to its row."""
    import matplotlib as mpl
    import typst

    parts = [job.plain(part) for part in job.parts]
    names = {
        row[t["anchor"]]
        for t in (p["table"] for p in parts)
        if t and t["anchor"] is not None
        for row in t["rows"]
    }
    names |= {s["id"] for p in parts for s in p["sources"]}
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        shutil.copy(TEMPLATES / "report.typ", root)
        for i, (part, plain) in enumerate(zip(job.parts, parts, strict=True)):
            if part.draw:
                svg, alt = job.picture(part, "svg")
                plain["picture"] = {"file": f"{i}.svg", "alt": alt}
                (root / f"{i}.svg").write_bytes(svg)
        document = {
            "lang": job.lang,
            "title": job.title,
            "question": job.question,
            "region": job.name,
            "release": job.release,
            "words": {k: job.word(k) for k in ("title", "safe", "release", "page")},
            "names": sorted(names),
            "parts": parts,
        }
        (root / "report.json").write_text(
            json.dumps(document, ensure_ascii=False), encoding="utf-8"
        )
        return typst.compile(
            str(root / "report.typ"),
            root=str(root),
            format="pdf",
            font_paths=[str(Path(mpl.get_data_path()) / "fonts" / "ttf")],
            ignore_system_fonts=True,
            pdf_standards=["ua-1"],
        )


def to_docx(job: Job) -> bytes:
    """A memo of two pages: what may be said, the chart, what is missing."""
    from docx import Document
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt, RGBColor

    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(22)
    section.top_margin = section.bottom_margin = Mm(18)
    style = document.styles["Normal"]
    style.font.name, style.font.size = "Calibri", Pt(10)
    style.paragraph_format.space_after = Pt(4)
    language = style.element.get_or_add_rPr().makeelement(
        qn("w:lang"), {qn("w:val"): {"id": "id-ID", "en": "en-GB"}[job.lang]}
    )
    style.element.get_or_add_rPr().append(language)
    for level in (0, 1):
        heading = document.styles["Title" if level == 0 else "Heading 1"]
        heading.font.name = "Calibri"
        heading.font.color.rgb = RGBColor(0x1D, 0x23, 0x27)
        heading.font.size = Pt(20 if level == 0 else 12)
        heading.paragraph_format.space_before = Pt(0 if level == 0 else 8)
        heading.paragraph_format.space_after = Pt(3)
    document.add_heading(_printable(job.question), 0)
    document.add_paragraph(
        _printable(f"{job.title}. {job.word('release')} {job.release}.")
    )

    def sentences(part, style_name=None):
        for block in part.blocks:
            paragraph = document.add_paragraph(style=style_name)
            for words, row in text.runs(block, job.lang):
                paragraph.add_run(_printable(words))
                if row:
                    run = paragraph.add_run(_printable(f" [{row}]"))
                    run.font.size, run.font.color.rgb = (
                        Pt(7),
                        RGBColor(0x5F, 0x6B, 0x73),
                    )

    pending = None
    pictures = 0
    for part in job.parts:
        if part.kind == "safe":
            document.add_heading(job.word("safe"), 1)
            sentences(part)
        elif part.kind == "section":
            pending = part
        elif part.kind == "chart" and not pictures:
            png, alt = job.picture(part, "png")
            shape = document.add_picture(io.BytesIO(png), width=Mm(150))
            shape._inline.docPr.set("descr", _printable(alt))
            pictures += 1
        elif (
            part.kind == "sentences" and pending and pending.key in MEMO and part.blocks
        ):
            document.add_heading(job.word(pending.key), 1)
            many = len(part.blocks) > 1
            sentences(part, "List Bullet" if many else None)
            pending = None
    document.add_paragraph(job.word("memo_rows"))
    _properties(document.core_properties, job)
    buffer = io.BytesIO()
    document.save(buffer)
    return _repacked(buffer.getvalue(), job)


#: Sections that the memo takes over; the others are in the report.
MEMO = ("closely", "growth", "missing", "weak")


def _properties(properties, job):
    properties.title = _printable(job.title)
    properties.author = "umkm_analysis"
    properties.language = job.lang
    properties.comments = ""
    properties.last_modified_by = "umkm_analysis"


def to_xlsx(job: Job) -> bytes:
    """One sheet a table, a README sheet first, a source on every row."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    readme = book.active
    readme.title = "README"
    taken = {"readme"}
    listed = []
    section = ""
    for part in job.parts:
        if part.kind == "section":
            section = job.word(part.key)
        if part.kind != "table" or part.table.frame.empty:
            continue
        caption = job.word(part.key)
        title = _sheet_name(caption, taken)
        listed.append(
            (title, caption if caption == section else f"{section}: {caption}")
        )
        sheet = book.create_sheet(title)
        _fill_sheet(sheet, part, job)
    sources = [row for part in job.parts for row in job.sources(part)]
    if sources:
        title = _sheet_name(job.word("sources_sheet"), taken)
        listed.append((title, job.word("sources")))
        sheet = book.create_sheet(title)
        heads = ("source_id", "publisher", "published", "read_extent", "title", "url")
        _row(sheet, 1, [tables.head(h, job.lang) for h in heads], bold=True)
        for i, s in enumerate(sources, 2):
            _row(
                sheet,
                i,
                [
                    s[k]
                    for k in ("id", "publisher", "published", "read", "title", "url")
                ],
            )
    lines = [
        (job.question,),
        (job.title,),
        (f"{job.word('release')}: {job.release}",),
        (),
        *(
            (text.say(b, job.lang),)
            for p in job.parts
            if p.kind == "safe"
            for b in p.blocks
        ),
        (),
        *listed,
        (),
        (job.word("grades"),),
        (job.word("correct_text"),),
    ]
    for i, line in enumerate(lines, 1):
        _row(readme, i, line, bold=i == 1)
    readme.column_dimensions["A"].width = 34
    readme.column_dimensions["B"].width = 70
    for i, line in enumerate(lines, 1):
        if len(line) == 1:
            readme.merge_cells(start_row=i, end_row=i, start_column=1, end_column=2)
            readme.cell(i, 1).alignment = Alignment(wrap_text=True, vertical="top")
            readme.row_dimensions[i].height = 15 * (1 + len(line[0]) // 95)
    readme.cell(1, 1).font = Font(bold=True, size=14)
    readme.row_dimensions[1].height = 20
    for sheet in book.worksheets[1:]:
        sheet.freeze_panes = "B2"
        sheet.auto_filter.ref = sheet.dimensions
        for column in range(1, sheet.max_column + 1):
            longest = max(
                len(str(sheet.cell(r, column).value or ""))
                for r in range(1, min(sheet.max_row, 200) + 1)
            )
            width = min(max(longest + 2, 9), 60)
            sheet.column_dimensions[get_column_letter(column)].width = width
    _properties(book.properties, job)
    book.properties.creator = book.properties.lastModifiedBy = "umkm_analysis"
    buffer = io.BytesIO()
    book.save(buffer)
    return _repacked(buffer.getvalue(), job)


def _sheet_name(caption, taken):
    base = re.sub(r"[\\/*?:\[\]']", " ", caption)[:28].strip() or "tabel"
    name, i = base, 2
    while name.lower() in taken:
        name, i = f"{base[:25]} {i}", i + 1
    taken.add(name.lower())
    return name


def _fill_sheet(sheet, part, job):
    frame = part.table.frame
    words = tables.in_words(frame, job.lang, folder=job.folder)
    fields = [c for c in part.table.columns if c in words]
    extra = ("publisher", "published", "url")
    sources = {
        s["source_id"]: s | {"publisher": job.folder.said(s["publisher"], job.lang)}
        for s in job.folder.rows("sources")
    }
    heads = [tables.head(f, job.lang) for f in (*fields, *extra)]
    _row(sheet, 1, heads, bold=True)
    for i, (_, record) in enumerate(words.iterrows(), 2):
        named = _source_ids(record, job.folder.by_id)
        found = [sources[s] for s in named if s in sources]
        values = [tables.typed(f, record[f], job.lang) for f in fields]
        values += ["; ".join(dict.fromkeys(s[k] for s in found if s[k])) for k in extra]
        _row(sheet, i, values)
        for j, f in enumerate(fields, 1):
            cell = sheet.cell(i, j)
            if f in tables.FRACTIONS and isinstance(cell.value, float):
                cell.number_format = "0.00%"
            elif isinstance(cell.value, float | int) and f not in tables.PLAIN:
                cell.number_format = "#,##0.######" if cell.value % 1 else "#,##0"


def _source_ids(record, rows):
    if "source_id" in record and isinstance(record["source_id"], str):
        return [record["source_id"]]
    for column in ("ids", "operands", "id"):
        if column in record and isinstance(record[column], str):
            return [
                rows[i]["source_id"] for i in record[column].split(";") if i in rows
            ]
    return []


def _row(sheet, index, values, bold=False):
    from openpyxl.styles import Font

    for column, value in enumerate(values, 1):
        if value is None or value == "":
            continue
        cell = sheet.cell(index, column)
        if isinstance(value, str):
            cell.value = _printable(value)
            # Text stays text: a cell that begins with "=" is never run.
            cell.data_type = "s"
            cell.quotePrefix = value[:1] in "=+-@"
        else:
            cell.value = value
        if bold:
            cell.font = Font(bold=True)


def _printable(words: str) -> str:
    return _UNPRINTABLE.sub("\ufffd", words)


def _repacked(content: bytes, job: Job) -> bytes:
    """The same package with the date of the data release in place of the clock's."""
    stamp = (job.folder.release or "1980-01-01")[:10] + "T00:00:00Z"
    date = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:\2>)")
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            data = old.read(name)
            if name == "docProps/core.xml":
                data = date.sub(rb"\g<1>" + stamp.encode() + rb"\g<3>", data)
            _entry(new, name, data)
    return buffer.getvalue()


def _entry(archive, name, data):
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, data)


def to_zip(folder) -> bytes:
    """The tables of a folder with their contract and dictionary."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        names = {r["path"] for r in folder.package.resources.values()}
        names |= {"datapackage.json", "README.md"}
        for name in sorted(names):
            path = folder.path / name
            if path.is_file():
                _entry(archive, name, path.read_bytes())
    return buffer.getvalue()


WRITERS = {"html": to_html, "pdf": to_pdf, "docx": to_docx, "xlsx": to_xlsx}
