"""Builds the site in both languages: python3 run.py site [--out DIR].

Change this only when the site gets another page, or a page other contents. How pages
look is in pages/, templates/ and static/; what the site itself says in words.toml;
how Sphinx works in conf.py. Nothing of the project is kept here a second time: every
page is made anew from the notebooks, tables and docstrings.
"""

import argparse
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import jinja2
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from markupsafe import Markup, escape

import umkm_analysis as ua
from umkm_analysis import blocks, charts, data, dictionary, explorer, report, text
from umkm_analysis.report import Table

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
WORDS = tomllib.loads((HERE / "words.toml").read_text(encoding="utf-8"))
#: Pages with a template of their own in pages/, the same name in both languages.
MADE = (
    "index", "explore", "claims", "rows", "sources", "glossary", "data", "downloads",
    "api",
)  # fmt: skip
#: The notebook that needs a kernel: its page shows what can be seen without one.
EXPLORER = ROOT / "notebooks" / "explore.ipynb"
EXPLORED = (
    "period", "value", "value_low", "value_high", "concept", "grade", "id",
)  # fmt: skip
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
#: The line of a file that leads to its twin: on the site the switch does that.
TWIN = re.compile(r"^(?:English|Bahasa Indonesia): \[[^\]]+\]\(([^)]+)\)\n+", re.M)
FENCE = re.compile(r"(^ *```.*?^ *```$)", re.M | re.S)


def word(lang, key):
    section, _, name = key.partition(".")
    return WORDS[section][name][lang]


class Site:
    """The pages of both languages, and the files that they hand out."""

    def __init__(self, folder, out):
        self.folder = folder
        self.out = out
        self.notebooks = {
            lang: sorted((ROOT / "notebooks" / lang).glob("*.ipynb"))
            for lang in text.LANGS
        }
        self.lessons = {
            lang: sorted((ROOT / "teaching" / lang).rglob("*.md"))
            for lang in text.LANGS
        }
        # Where a file of the project is read on the site.
        self.places = {
            (ROOT / "data" / name): (lang, "data")
            for lang, name in dictionary.FILES.items()
        }
        for lang in text.LANGS:
            for path in (*self.notebooks[lang], *self.lessons[lang]):
                self.places[path] = (lang, path.stem)
        self.sheets = {
            lang: sorted((ROOT / "teaching" / lang).rglob("*.pdf"))
            for lang in text.LANGS
        }

    def publish(self, path):
        """Hands out a file of the project; returns its address from a page."""
        place = self.out / "files" / path.relative_to(ROOT)
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
        return f"../files/{path.relative_to(ROOT).as_posix()}"

    def address(self, target, source, lang):
        """Where a link of a project file leads on the site."""
        name, _, heading = target.partition("#")
        path = (source.parent / name).resolve()
        if path == EXPLORER:
            return "explore.html"
        if path in self.places:
            other, page = self.places[path]
            place = f"{page}.html" if other == lang else f"../{other}/{page}.html"
            return place + (f"#{heading}" if heading else "")
        if not path.is_file():
            sys.exit(f"{source.relative_to(ROOT)}: there is no {target}")
        return self.publish(path)

    def relinked(self, markdown, source, lang):
        """Markdown whose links to project files lead to pages of the site."""

        def relink(match):
            words, target = match.groups()
            if "://" in target or target.startswith(("#", "mailto:")):
                return match[0]
            if (source.parent / target).is_dir():
                return words
            place = escape(self.address(target, source, lang))
            return f'<a href="{place}">{words}</a>'

        parts = FENCE.split(TWIN.sub("", markdown, count=1))
        parts[::2] = [LINK.sub(relink, part) for part in parts[::2]]
        return "".join(parts)

    def partner(self, path):
        """The page of the other language, as (language, name)."""
        lang, name = self.places[path]
        (other,) = set(text.LANGS) - {lang}
        named = TWIN.search(path.read_text(encoding="utf-8"))
        if named:
            return other, Path(named[1]).stem
        number = re.findall(r"\d+", name)
        twins = [
            twin
            for twin, (its, _) in self.places.items()
            if its == other
            and twin.parent.parent == path.parent.parent
            and re.findall(r"\d+", twin.stem) == number
        ]
        return (other, twins[0].stem) if len(twins) == 1 else (other, "index")


# --- pages from files of the project -------------------------------------------------


def notebook(site, path, lang):
    """The notebook with links of the site, alt texts and a way to its file."""
    book = json.loads(path.read_text(encoding="utf-8"))
    cells = book["cells"]
    for i, cell in enumerate(cells):
        if cell["cell_type"] == "markdown":
            source = "".join(cell["source"])
            cell["source"] = site.relinked(source, path, lang)
            continue
        for output in cell["outputs"]:
            if "text/html" in output.get("data", ()):
                output["data"]["text/html"] = readable(
                    output["data"]["text/html"], lang
                )
        kinds = [set(o.get("data", ())) for o in cell["outputs"]]
        if any("image/png" in kind for kind in kinds):
            alt = alt_text(cells[i:])
            cell["metadata"]["mystnb"] = {"image": {"alt": alt}}
    first = cells[0]["source"]
    title, _, rest = first.partition("\n")
    button = (
        f'<p class="take"><a class="button" href="{site.publish(path)}" download>'
        f"{word(lang, 'notebook.download')}</a> {word(lang, 'notebook.hint')}</p>"
    )
    cells[0]["source"] = f"{title}\n\n{button}\n{rest}"
    return json.dumps(book, ensure_ascii=False)


#: A number as pandas and our tables write it, with or without its unit.
NUMBER = re.compile(r"[-+]?(Rp-?)?\d[\d.,]*( [a-z]+)?|-|NaN")
CELL = re.compile(r"<(t[hd])([^>]*)>(.*?)</t[hd]>", re.S)


def aligned(table):
    """A table whose columns of numbers stand right, and all others left."""
    rows = re.split(r"(<tr.*?</tr>)", table, flags=re.S)
    bodies = [
        [cell[2].strip() for cell in CELL.findall(row)]
        for row in rows
        if row.startswith("<tr") and "<td" in row
    ]
    right = [
        all(NUMBER.fullmatch(words) for words in column)
        and any(re.search(r"\d", words) for words in column)
        for column in zip(*bodies, strict=False)
    ]

    def side(row):
        found = iter(right)

        def mark(cell):
            kind = "r" if next(found, False) else "l"
            return f'<{cell[1]}{cell[2]} class="{kind}">{cell[3]}</{cell[1]}>'

        return CELL.sub(mark, row)

    return "".join(side(row) if row.startswith("<tr") else row for row in rows)


def readable(table, lang):
    """A table of pandas that keyboards can scroll, without heads that say nothing."""
    name = word(lang, "notebook.table")
    wide = f'<div class="wide" tabindex="0" role="group" aria-label="{name}">'
    table = "".join(table).replace("<div>\n<style scoped>", f"{wide}\n<style scoped>")
    return aligned(table.replace("<th></th>", "<td></td>"))


def alt_text(cells):
    """What is said of a picture: by its own cell, else by what follows it."""
    for cell in cells[:3]:
        if cell["cell_type"] == "markdown":
            said = ["".join(cell["source"]).split("\n\n")[0]]
        else:
            said = [
                "".join(output["data"].get(kind, ""))
                for output in cell["outputs"]
                if output["output_type"] == "execute_result"
                for kind in ("text/markdown", "text/plain")
            ]
        for words in said:
            if len(words) > 40:
                return re.sub(r"[*`]|\s+", " ", words).strip()
    sys.exit("nothing is said of the picture of " + "".join(cells[0]["source"]))


def opening(path):
    """(question, minutes) of a notebook, as its first cell says them."""
    book = json.loads(path.read_text(encoding="utf-8"))
    first = "".join(book["cells"][0]["source"])
    title = re.match(r"# (?:\d+\. )?(.+)", first)[1]
    minutes = re.search(r"^(?:Waktu|Time):.*?(\d+)", first, re.M)
    return title, minutes[1] if minutes else ""


def lesson(site, path, lang):
    return site.relinked(path.read_text(encoding="utf-8"), path, lang)


def heading(path):
    """The title of a Markdown page."""
    return re.search(r"^# (.+)$", path.read_text(encoding="utf-8"), re.M)[1]


def sheet_name(path):
    """What a printed sheet is called: its file name as words."""
    return path.stem.replace("_", " ").capitalize()


def explorer_words(site, lang):
    """What the explorer's notebook says in one language, a text for each cell."""
    cells = json.loads(EXPLORER.read_text(encoding="utf-8"))["cells"]
    return [
        Markup(site.relinked("".join(cell["source"]), EXPLORER, lang))
        for cell in cells
        if cell["cell_type"] == "markdown" and cell["metadata"]["lang"] == lang
    ]


def data_dictionary(site, lang):
    source = ROOT / "data" / dictionary.FILES[lang]
    page = site.relinked(dictionary.words(lang, site.folder), source, lang)
    # The anchors that tables have of their own become targets of this page.
    return re.sub(r'^<a id="([^"]+)"></a>$', r"(\1)=", page, flags=re.M)


# --- pages from tables ---------------------------------------------------------------


def said(block, lang):
    """A sentence whose figures lead to their rows."""
    made = []
    for words, row in text.runs(block, lang):
        safe = escape(words)
        if row:
            page = "claims" if re.fullmatch(r"C\d+.*", row) else "rows"
            safe = f'<a class="figure" href="{page}.html#{escape(row)}">{safe}</a>'
        made.append(safe)
    return Markup("".join(made))


def claims(folder, lang):
    """Claims by verdict, in the order in which verdicts matter to a reader."""
    sources = {s["source_id"]: s for s in folder.rows("sources")}
    regions = folder.names("regions", "region_code", lang)
    rows = folder.by_id
    found = {}
    for claim in folder.claims().to_dict("records"):
        claim = {k: None if v is None or v != v else v for k, v in claim.items()}
        operands = claim["operands"].split(";")
        source = sources[claim["source_id"]]
        found.setdefault(claim["verdict"], []).append(
            {
                "id": claim["claim_id"],
                "text": claim[f"text_{lang}"],
                "stated": amount(claim, "stated_value", lang),
                "computed": amount(claim, "computed_value", lang),
                "low": amount(claim, "computed_low", lang),
                "high": amount(claim, "computed_high", lang),
                "why": claim[f"explanation_{lang}"],
                "origin": claim["possible_origin"]
                and text.term("origin", claim["possible_origin"], lang),
                "operands": operands,
                "region": regions[rows[operands[0]]["region_code"]],
                "source": source | {"published": period(source["published"], lang)},
            }
        )
    order = ("fails", "conflict", "holds_within_rounding", "holds")
    return {
        verdict: found[verdict]
        for verdict in sorted(
            found, key=lambda v: order.index(v) if v in order else len(order)
        )
    }


def amount(claim, column, lang):
    """A value of a claim in its own unit; nothing where there is none."""
    value, unit = claim[column], claim["stated_unit"]
    if value is None:
        return ""
    decimals = None
    if unit in ("percent", "percentage_point"):
        # As many as were printed; what is computed has two, so that they compare.
        printed = max(int(claim["stated_decimals"] or 0), 0)
        decimals = printed if column == "stated_value" else max(printed, 2)
    value = text.number(value, decimals, lang)
    return f"{value} {text.term('unit', unit, lang)}" if unit else value


def period(value, lang):
    return text.period(value or None, lang)


def rows(folder, lang):
    """All figures, by region, as words."""
    frame = folder.figures()
    names = folder.names("regions", "region_code", lang)
    columns = tuple(c for c in report.ROW_COLUMNS if c != "region_code")
    there = set(frame["region_code"])
    order = [folder.home, *(c for c in names if c != folder.home)]
    return [
        (
            code,
            names[code],
            Table(frame[frame["region_code"] == code], columns, "id").shown(
                lang, folder
            ),
        )
        for code in order
        if code in there
    ]


def sources(folder, lang):
    return [
        s | {
            "published": period(s["published"], lang),
            "read": text.term("read", s["read_extent"], lang),
        }
        for s in folder.rows("sources")
    ]  # fmt: skip


def explored(folder, out, lang):
    """All figures, then each family alone: what the explorer shows of them."""
    known = {r["family"]: r for r in folder.rows("families")}
    found = []
    everything = explorer.view(lang=lang, folder=folder)
    there = set(everything.frame["family"])
    order = sorted(there, key=lambda family: int(known[family]["sort"]))
    for family in (None, *order):
        view = explorer.view(lang=lang, folder=folder, family=family)
        place = out / "explore" / lang / (family or "all")
        place.parent.mkdir(parents=True, exist_ok=True)
        table = place.with_suffix(".csv")
        # Excel takes a CSV for UTF-8 only where it begins with this mark.
        table.write_text(view.csv(), encoding="utf-8-sig", newline="")
        picture = view.png()
        if picture is not None:
            place.with_suffix(".png").write_bytes(picture)
        found.append(
            {
                "id": place.name,
                "name": known[family][f"name_{lang}"] if family else None,
                "said": str(view.sentence),
                "picture": picture is not None,
                "alt": view.alt,
                "size": table.stat().st_size,
                "table": Table(view.frame, EXPLORED).shown(lang, folder),
                "count": len(view.frame),
                "code": f"import umkm_analysis as ua\n{view.code}",
            }
        )
    return found


def handed_out(path, out, lang):
    """What takes drawing, in one language: report, headline picture, the explorer."""
    folder = data.open_folder(path)
    made = report.build(folder, langs=[lang], out=out / "report")
    ax = charts.headline(lang=lang, folder=folder)
    charts.save(ax, out / f"headline-{lang}.svg")
    alt = str(charts.alt(ax))
    charts.close(ax)
    reports = {path.suffix[1:]: path for path in made}
    return reports, alt, explored(folder, out, lang)


# --- the reference -------------------------------------------------------------------


def modules(lang):
    """(name, what it does) of the documented modules, in the order of the package."""
    names = dict.fromkeys([*ua._MODULES, *ua._NAMES])
    return [(name, summary(name, lang)) for name in names]


def summary(name, lang):
    """What a module does; one that has no words here yet says it in English."""
    if name in WORDS["api"]:
        return word(lang, f"api.{name}")
    return inspect.getdoc(getattr(ua, name)).partition("\n")[0]


def reference(name):
    """One module in Sphinx's own words for autodoc."""
    full = f"umkm_analysis.{name}"
    return f"# {name}\n\n```{{eval-rst}}\n.. automodule:: {full}\n   :members:\n```\n"


# --- all together --------------------------------------------------------------------


def pages(site, lang, reports, alt, views):
    """Every page of one language, as {file name: content}."""
    folder = site.folder
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([HERE / "pages"], encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        t=partial(word, lang),
        term=lambda group, value: text.term(group, value, lang),
        label=lambda key: text.label(key, lang),
        number=lambda n: text.number(n, 0, lang),
        said=lambda block: said(block, lang),
        lang=lang,
        english=lang == "en",
        publish=lambda path: site.publish(ROOT / path),
        size=lambda path: kilobytes(path, lang),
    )
    values = {
        "question": text.say(blocks.question(folder), lang),
        "safe": blocks.safe(folder),
        "weak": blocks.story("weak", folder=folder),
        "release": period(folder.release, lang),
        "alt": alt,
        "notebooks": [(p.stem, *opening(p), p) for p in site.notebooks[lang]],
        "lessons": [(p.stem, heading(p)) for p in site.lessons[lang]],
        "sheets": [(sheet_name(p), p) for p in site.sheets[lang]],
        "explorer": explorer_words(site, lang),
        "explorer_file": EXPLORER,
        "views": views,
        "claims": claims(folder, lang),
        "rows": rows(folder, lang),
        "sources": sources(folder, lang),
        "glossary": sorted(
            folder.rows("glossary"), key=lambda g: g[f"name_{lang}"].lower()
        ),
        "reports": reports,
        "out": site.out,
        "tables": dictionary.describe(folder),
        "root": ROOT,
        "names": ua._NAMES,
        "modules": modules(lang),
        "data": Markup(data_dictionary(site, lang)),
    }
    found = {
        f"{name}.md": environment.get_template(f"{name}.md").render(values)
        for name in MADE
    }
    for path in site.notebooks[lang]:
        found[path.name] = notebook(site, path, lang)
    for path in site.lessons[lang]:
        found[path.name] = lesson(site, path, lang)
    if lang == "en":
        found |= {f"api-{name}.md": reference(name) for name, _ in modules(lang)}
    return found


def kilobytes(path, lang):
    size = path.stat().st_size / 1000
    if size >= 1000:
        return f"{text.number(size / 1000, 1, lang)} MB"
    return f"{text.number(max(size, 1), 0, lang)} kB"


def twins(site, lang):
    """For each page of a language the page that the switch leads to."""
    (other,) = set(text.LANGS) - {lang}
    found = {name: f"../{other}/{name}.html" for name in MADE}
    found |= {"search": f"../{other}/search.html"}
    for path, (its, name) in site.places.items():
        if its == lang and name not in found:
            found[name] = "../{}/{}.html".format(*site.partner(path))
    found |= {f"api-{name}": f"../{other}/api.html" for name, _ in modules(lang)}
    return found


def start_page(folder):
    """The page that offers both languages; a browser without scripts can read it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates", encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("start.html").render(
        t=word,
        langs=text.LANGS,
        question={n: text.say(blocks.question(folder), n) for n in text.LANGS},
        safe={n: [text.say(b, n) for b in blocks.safe(folder)] for n in text.LANGS},
    )


def theme_words(place):
    """What the theme says, in Indonesian, where Sphinx looks for it."""
    catalog = Catalog(locale="id")
    for english, indonesian in WORDS["theme"].items():
        catalog.add(english, indonesian)
    folder = place / "id" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "sphinx.mo").open("wb") as file:
        write_mo(file, catalog)


def sphinx(lang, work, out):
    """One language through Sphinx; returns what it had to say."""
    command = [
        sys.executable, "-m", "sphinx", "-q", "-b", "html",
        "-c", HERE, "-d", work / f"trees-{lang}",
        "-D", f"language={lang}",
        "-D", f"html_title={word(lang, 'site.title')}",
        "-D", f"html_theme_options.search_bar_text={word(lang, 'site.search')}",
        "-D", f"html_theme_options.toc_title={word(lang, 'site.toc')}",
        work / lang, out / lang,
    ]  # fmt: skip
    variables = os.environ | {"UMKM_SITE_WORDS": str(work / "locale")}
    return subprocess.run(
        [str(part) for part in command],
        env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip


def build(out, folder=None):
    """Build the whole site beside its place, then put it there."""
    folder = folder or data.shipped()
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".site-") as place:
        work, fresh = Path(place), Path(place) / "site"
        site = Site(folder, fresh)
        # Drawing takes longest: one process for each language.
        with ProcessPoolExecutor() as pool:
            work_on = partial(handed_out, folder.path, fresh / "files")
            made = dict(zip(text.LANGS, pool.map(work_on, text.LANGS), strict=True))
        theme_words(work / "locale")
        for lang in text.LANGS:
            (work / lang).mkdir()
            for name, content in pages(site, lang, *made[lang]).items():
                (work / lang / name).write_text(content, encoding="utf-8")
            (work / lang / "twins.json").write_text(json.dumps(twins(site, lang)))
        with ThreadPoolExecutor() as pool:
            done = list(pool.map(lambda n: sphinx(n, work, fresh), text.LANGS))
        for result in done:
            sys.stderr.write(result.stderr)
            if result.returncode:
                sys.exit(result.stdout + f"sphinx: exit {result.returncode}")
        shutil.copyfile(HERE / "static" / "favicon.svg", fresh / "files" / "icon.svg")
        (fresh / "index.html").write_text(start_page(folder), encoding="utf-8")
        # The theme hands out its own templates, which are no pages.
        for path in fresh.glob("*/_static/**/*.html"):
            path.unlink()
        if out.exists():
            out.rename(work / "old")
        fresh.rename(out)
    return out / "index.html"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Builds the site in both languages.")
    parser.add_argument("--out", type=Path, default=ROOT / "_site")
    sys.stdout.write(f"{build(parser.parse_args().out)}\n")
