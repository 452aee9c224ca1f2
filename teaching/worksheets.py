"""Makes the printable worksheets of the lessons, in both languages.

    python teaching/worksheets.py

Words come from the lessons: page 1 is their section "Worksheet", page 2 their
exercise. Tables and frames come from the data rows. How a sheet looks is in
worksheet.typ. A test fails when a sheet is stale.
"""

import hashlib
import json
import re
import sys
from pathlib import Path

import matplotlib as mpl
import typst

import umkm_analysis as ua
from umkm_analysis import data, tables, text

HERE = Path(__file__).parent
LESSONS = {"id": "pelajaran_{:02}.md", "en": "lesson_{:02}.md"}
SHEETS = {"id": "lembar_kerja_{:02}.pdf", "en": "worksheet_{:02}.pdf"}
SECTIONS = {"id": ("Latihan: ", "Lembar kerja"), "en": ("Exercise: ", "Worksheet")}
_INLINE = re.compile(r"\*\*(.+?)\*\*|\*(.+?)\*|`(.+?)`")


def section(page: str, heading: str) -> str:
    """What stands under the heading that begins with these words."""
    body = re.split(rf"^#+ {re.escape(heading)}.*\n", page, maxsplit=1, flags=re.M)[1]
    return re.split(r"^#+ ", body, maxsplit=1, flags=re.M)[0]


def runs(words: str) -> list[tuple[str, str]]:
    """Markdown of a sentence as (style, text)."""
    words = re.sub(r'"(.+?)"', r"“\1”", " ".join(words.split()))
    found, at = [], 0
    for mark in _INLINE.finditer(words):
        found.append(("plain", words[at : mark.start()]))
        style = ("strong", "emph", "code")[mark.lastindex - 1]
        found.append((style, mark[mark.lastindex]))
        at = mark.end()
    return [run for run in [*found, ("plain", words[at:])] if run[1]]


def parts(body: str) -> list[dict]:
    """Paragraphs and numbered tasks of a section, in order."""
    found = []
    for block in re.split(r"\n\s*\n|\n(?=\d+\. )", body.strip()):
        number = re.match(r"(\d+)\. ", block)
        words = block[number.end() :] if number else block
        kind = number[1] if number else ""
        found.append({"number": kind, "runs": runs(words)})
    return found


def table(lang, columns, rows, wide, numbers):
    """Cells as text; blank ones are for the learner. `wide` are shares of the width."""
    head = [tables.head(column, lang) for column in columns]
    return {"head": head, "rows": rows, "wide": wide, "numbers": list(numbers)}


def frame(years, top, step, fine):
    """A frame to draw in: years across, thousands up; a line at every `fine`."""
    return {"years": list(years), "top": top, "step": step, "fine": fine}


def figures(lang):
    """Lesson 1: every figure of the headline table, and a frame for them."""
    rows = data.load("balikpapan")
    families = data.shipped().names("families", "family", lang)
    cells = [
        [
            r["id"],
            text.period(r["period"], lang),
            r[f"counts_what_{lang}"],
            families[r["family"]],
            text.number(r["value"], 0, lang),
            r["grade"],
        ]
        for _, r in rows.iterrows()
    ]
    columns = ("id", "period", "concept", "family", "value", "grade")
    years = range(rows["year"].min(), rows["year"].max() + 1)
    return [
        table(lang, columns, cells, [13, 21, 54, 40, 11, 9], [4]),
        frame(years, 100, 20, 5),
    ]


def shares(lang):
    """Lesson 2: a breakdown by district and one by sector, with columns to fill in."""
    folder = data.shipped()
    whole = tables.cell("part", "whole", lang)
    areas = ua.breakdown.districts(folder)
    columns = ("region_code", "units", "turnover", "units_share", "turnover_per_unit")
    districts = [
        [
            f"{r['region_code']} ({whole})" if total else r["region_code"],
            tables.cell("units", r["units"], lang),
            tables.cell("turnover", r["turnover"], lang),
            *(["-", "-"] if total else ["", ""]),
        ]
        for _, r in tables.in_words(areas, lang).iterrows()
        if (total := r["part"] == "whole") or r["part"] == "area"
    ]
    split = ua.breakdown.sectors(folder)
    split = split[split["part"].eq("nearest_split") & split["sector"].ne("residual")]
    sectors = [
        [r["sector"], text.number(r["value"], 0, lang), ""]
        for _, r in tables.in_words(split, lang).iterrows()
    ]
    rows = ua.figures(region=split["region_code"].iloc[0], size_class="msme")
    rows = rows[rows["concept"].isin(split["concept"]) & rows["sector"].eq("all")]
    sectors.append([whole, text.number(rows["value"].item(), 0, lang), ""])
    return [
        table(lang, columns, districts, [40, 14, 18, 24, 30], [1, 2]),
        table(lang, ("sector", "value", "share"), sectors, [40, 20, 66], [1]),
    ]


def changes(lang):
    """Lesson 3: one province to work on, and the changes of its neighbours."""
    example = ua.outlook.example()
    names = data.shipped().names("regions", "region_code", lang)
    history = {f.year: f.value for f in example.history}
    years = list(history)
    panel = ua.panel(example.panel)
    wide = panel[panel["year"].isin(years)]
    wide = wide.pivot(index="region", columns="year", values="value")
    # The first digit of a BPS code is the group of islands.
    near = wide[wide.index.str[0] == example.region[0]].drop(example.region)
    own = [
        [names[example.region], *(text.number(v, 0, lang) for v in history.values())],
        [f"{tables.head('growth', lang)} (%)", "-", *[""] * (len(years) - 1)],
    ]
    others = [
        [names[region], "-", *(text.number(100 * v, 1, lang) for v in row[1:])]
        for region, row in zip(
            near.index, near.pct_change(axis=1).to_numpy(), strict=True
        )
    ]
    columns = ("region_code", *map(str, years))
    sizes, numbers = [40, *[15] * len(years)], range(1, len(columns))
    return [
        table(lang, columns, own, sizes, numbers),
        table(lang, columns, others, sizes, numbers),
        frame(range(years[0], years[-1] + 2), 40, 10, 2),
    ]


#: What stands on page 1, and lines to write on under each task there; None: the rest.
FRONTS = {
    1: (figures, (0, 1, 1)),
    2: (shares, (0, 2, 2, 2, None)),
    3: (changes, (0, 1, 1, 0)),
}


def document(number: int, lang: str) -> dict:
    """All that is printed on one sheet."""
    page = (HERE / lang / LESSONS[lang].format(number)).read_text(encoding="utf-8")
    exercise, sheet = SECTIONS[lang]
    objects, room = FRONTS[number]
    objects, room, front = iter(objects(lang)), iter(room), []
    for part in parts(section(page, sheet)):
        part["lines" if part["number"] else "object"] = next(
            room if part["number"] else objects
        )
        front.append(part)
    title = re.match(r"# \w+ \d+\. (.+)", page)[1]
    name = re.search(rf"^## ({exercise}.+)", page, re.M)[1]
    keys = ("sheet", "name", "class", "date")
    words = {key: text.label(f"worksheet.{key}", lang) for key in keys}
    return {
        "lang": lang,
        "number": str(number),
        "title": title,
        "words": words,
        "foot": f"umkm_analysis, {text.label('report.release', lang).lower()} "
        + text.period(data.shipped().release, lang),
        "page": text.label("report.page", lang),
        "front": front,
        "exercise": name,
        "back": parts(section(page, exercise)),
    }


def made_of(number: int, lang: str) -> tuple[bytes, str]:
    """What a sheet is made of, and its digest, which the sheet carries."""
    content = json.dumps(document(number, lang), ensure_ascii=False).encode()
    layout = (HERE / "worksheet.typ").read_bytes().replace(b"\r\n", b"\n")
    return content, hashlib.sha256(content + layout).hexdigest()


def pdf(number: int, lang: str) -> bytes:
    content, digest = made_of(number, lang)
    return typst.compile(
        {"main.typ": (HERE / "worksheet.typ").read_bytes(), "sheet.json": content},
        format="pdf",
        font_paths=[str(Path(mpl.get_data_path()) / "fonts" / "ttf")],
        ignore_system_fonts=True,
        pdf_standards=["ua-1"],
        sys_inputs={"digest": digest},
    )


def write(folder=HERE) -> list[Path]:
    """Write every sheet; their paths."""
    written = []
    for lang in text.LANGS:
        for number in FRONTS:
            path = Path(folder) / lang / SHEETS[lang].format(number)
            path.write_bytes(pdf(number, lang))
            written.append(path)
    return written


if __name__ == "__main__":
    for path in write():
        sys.stdout.write(f"{path}\n")
