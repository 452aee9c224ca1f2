"""The report: one self-contained HTML file a language, from the same blocks.

Nothing is asked of the network; every figure links to the row behind it, every
row to its source. The data release is the only date in it.
"""

import base64
import html
import io
import os
import tempfile
from itertools import pairwise
from pathlib import Path

from umkm_analysis import blocks, charts, data, tables, text
from umkm_analysis.errors import DataError
from umkm_analysis.text import Block

TEMPLATES = Path(__file__).with_name("templates")


class _Linked:
    """A value of a sentence with the row it comes from."""

    def __init__(self, value, row):
        self.inner, self.row = value, row


class _Html(text._Template):
    """A template whose figures are links to their rows; everything is escaped."""

    def get_field(self, field_name, args, kwargs):
        value, first = super().get_field(field_name, args, kwargs)
        return _Linked(value, first), first

    def format_field(self, value, spec):
        shown = html.escape(super().format_field(value.inner, spec))
        row = html.escape(str(value.row), quote=True)
        return f'<a class="n" href="#{row}">{shown}</a>'


def sentence(block: Block, lang: str) -> str:
    """A block as HTML: figures of story.csv link to their rows."""
    if block.key != "story":
        return html.escape(text.say(block, lang))
    template = html.escape(block.params["text"][lang], quote=False)
    return _Html(lang).vformat(template, (), block.params["values"])


def _picture(ax) -> dict:
    buffer = io.BytesIO()
    charts.save_to(ax, buffer, "svg")
    encoded = base64.b64encode(buffer.getvalue()).decode("ascii")
    alt = str(charts.alt(ax))
    charts.close(ax)
    return {"src": f"data:image/svg+xml;base64,{encoded}", "alt": alt}


def _table(frame, lang, columns, folder) -> dict:
    shown = tables.show(frame, lang, columns, folder=folder).reset_index()
    keys = [c for c in columns if c in tables.in_words(frame, lang, folder=folder)]
    number = [
        hasattr(v, "__float__")
        for v in (frame[k].iloc[0] if k in frame and len(frame) else None for k in keys)
    ]
    return {
        "head": list(shown.columns),
        "fields": keys,
        "number": number,
        "rows": shown.values.tolist(),
    }


def sections(folder=None, region=None, lang="id") -> dict:
    """Everything that the report shows, as plain values for a template."""
    folder = folder or data.shipped()
    region = folder.region(region)

    def told(section):
        found = blocks.story(section, folder=folder, region=region)
        return [sentence(b, lang) for b in found]

    page = {
        "lang": lang,
        "release": text.period(folder.release, lang) if folder.release else None,
        "region": blocks.region_name(folder, region),
        "question": sentence(blocks.question(folder, region), lang),
        "safe": [sentence(b, lang) for b in blocks.safe(folder, region)],
        "article": told("article"),
        "families_note": told("families"),
        "headline": told("headline"),
        "growth": told("growth"),
        "sectors": told("sectors"),
        "missing": told("missing"),
        "weak": told("weak"),
    }
    rows = blocks.headline_rows(folder, region)
    used = set(rows["id"])
    page["picture"] = page["growth_picture"] = page["claims_picture"] = None
    if rows["year"].notna().any():
        page["picture"] = _picture(charts.headline(region, lang=lang, folder=folder))
    page["counts"] = _table(rows, lang, tables.FIGURES, folder) if len(rows) else None
    if charts.growth_rows(folder, region, lang):
        page["growth_picture"] = _picture(
            charts.growth_bounds(region, lang=lang, folder=folder)
        )
    page["readings"] = []
    for row in folder._dicts("readings"):
        if folder.figure(row["from_id"]).region == region:
            block = blocks.reading(row["reading"], folder)
            page["readings"].append(sentence(block, lang))
            used |= set(block.ids)
    page["refusal"] = _refusal(folder, region, lang)
    claims = folder.claims(region=region)
    page["claims"] = (
        _table(claims, lang, tables.CLAIMS, folder) if len(claims) else None
    )
    if len(claims):
        page["claims_picture"] = _picture(
            charts.claims(region, lang=lang, folder=folder)
        )
        for operands in claims["operands"]:
            used |= set(operands.split(";"))
    for section in ("article", "safe", "families", "headline", "growth", "sectors"):
        for block in blocks.story(section, folder=folder, region=region):
            used |= set(block.ids)
    frame = folder.figures()
    frame = frame[frame["id"].isin(used)]
    page["rows"] = (
        _table(
            frame,
            lang,
            (
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
            ),
            folder,
        )
        if len(frame)
        else None
    )
    sources = folder.load("sources")
    wanted = set(frame["source_id"]) | set(claims["source_id"])
    page["sources"] = [
        {k: None if v is None or v != v else v for k, v in s.items()}
        for _, s in sources[sources["source_id"].isin(wanted)].iterrows()
    ]
    for s in page["sources"]:
        s["published"] = (
            text.period(s["published"], lang)
            if s["published"]
            else text.label("word.undated", lang)
        )
        s["read"] = text.term("read", s["read_extent"], lang)
    return page


def _refusal(folder, region, lang):
    """One pair that looks joinable and is refused: neighbours in time."""
    rows = data.calculable(blocks.headline_rows(folder, region))
    rows = rows[rows["year"].notna() & (rows["measure"] == "business_units")]
    rows = rows.sort_values(["year", "id"])
    ids = list(rows["id"])
    for a, b in pairwise(ids):
        first, second = folder.figure(a), folder.figure(b)
        if first.year == second.year or first.series == second.series:
            continue
        return sentence(blocks.refusal(first, second), lang)
    return None


def render(folder=None, region=None, lang="id") -> str:
    """The report as one HTML document."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["t"] = lambda key: text.label(f"report.{key}", lang)
    page = sections(folder, region, lang)
    return environment.get_template("report.html").render(page)


def headline(folder=None, region=None, lang="id") -> str:
    """The safe sentence in one line, for a terminal."""
    return " ".join(text.say(b, lang) for b in blocks.safe(folder, region))


def build(folder=None, *, region=None, langs=text.LANGS, out="reports") -> list[Path]:
    """Write the report of a region; return the files.

    Each file is written beside its place and then renamed, so that an
    interrupted run leaves the old file or the new one.
    """
    folder = folder or data.shipped()
    region = folder.region(region)
    out = Path(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        paths = []
        for lang in langs:
            path = out / f"umkm-{region}-{lang}.html"
            write(path, render(folder, region, lang).encode("utf-8"))
            paths.append(path)
    except OSError as error:
        raise DataError(
            "cannot_write", path=str(error.filename or out), reason=error.strerror
        ) from None
    return paths


def write(path: Path, content: bytes) -> None:
    """Put `content` at `path`, all of it or nothing."""
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        # mkstemp makes it private; a report is as readable as any new file.
        umask = os.umask(0)
        os.umask(umask)
        Path(aside).chmod(0o666 & ~umask)
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
