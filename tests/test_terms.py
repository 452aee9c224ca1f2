"""The glossary is the style sheet: no text for readers uses a form it avoids."""

import functools
import json
import re
import tomllib

import pytest
from prose import ROOT

from umkm_analysis import data, text

GLOSSARY = data.shipped().rows("glossary")


@functools.cache
def avoided(lang):
    """{form: the term to use} of one language."""
    return {
        form: term[f"name_{lang}"]
        for term in GLOSSARY
        for form in filter(None, term[f"avoid_{lang}"].split(";"))
    }


def plain(words):
    """Words as readers meet them: no code, link targets, comments and placeholders."""
    words = re.sub(r"^ *```.*?^ *```$", "", words, flags=re.M | re.S)
    words = re.sub(r"`[^`\n]*`|https?://\S+|<!--.*?-->", "", words, flags=re.S)
    words = re.sub(r"\[[\w./-]+\.\w+\]\([^)\n]*\)", "", words)
    words = re.sub(r"\]\([^)\n]*\)", "]", words)
    words = re.sub(r"\{[^{}\n]*\}", "", words)
    return " ".join(words.split())


def pattern(form):
    """The form as a whole word; a capital at its beginning makes no difference."""
    first = f"[{form[0].lower()}{form[0].upper()}]" if form[0].isalpha() else form[0]
    edges = (r"(?<![\w-])", r"(?![\w-])") if form[0].isalpha() else ("", "")
    return edges[0] + first + re.escape(form[1:]) + edges[1]


def found(words, lang):
    """The avoided forms in a text, each with the term to use instead."""
    words = plain(words)
    return {
        form: term
        for form, term in avoided(lang).items()
        if re.search(pattern(form), words)
    }


# --- where readers meet words ---------------------------------------------------------


def pairs(node):
    """Every text of a TOML file that has both languages."""
    if isinstance(node, list):
        for part in node:
            yield from pairs(part)
    elif isinstance(node, dict):
        if isinstance(node.get("en"), str):
            yield node
        for part in node.values():
            yield from pairs(part)


def of_toml(path, lang):
    read = tomllib.loads((ROOT / path).read_text(encoding="utf-8"))
    return [pair[lang] for pair in pairs(read)]


def of_tables(lang):
    """Columns that a table has in both languages; the list of avoided forms is none."""
    folder = data.shipped()
    words = []
    for name, resource in folder.package.resources.items():
        columns = {f["name"] for f in resource["schema"]["fields"]}
        ours = [
            c
            for c in columns
            if c.endswith(f"_{lang}")
            and not c.startswith("avoid_")
            and {c[:-3] + "_id", c[:-3] + "_en"} <= columns
        ]
        for row in folder.rows(name) if ours else ():
            words += [row[c] for c in ours if row[c]]
    return words


def of_contract(lang):
    suffix = "" if lang == "en" else "_id"
    words = []
    package = json.loads((ROOT / "data/datapackage.json").read_text(encoding="utf-8"))
    for resource in package["resources"]:
        words.append(resource[f"title{suffix}"])
        for field in resource["schema"]["fields"]:
            words.append(field[f"description{suffix}"])
    return words


def of_notebooks(lang):
    paths = sorted((ROOT / "notebooks").glob(f"**/{lang}/*.ipynb"))
    cells = [
        cell
        for path in paths
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
    ]
    explore = json.loads((ROOT / "notebooks/explore.ipynb").read_text(encoding="utf-8"))
    cells += [c for c in explore["cells"] if c["metadata"].get("lang") == lang]
    return ["".join(c["source"]) for c in cells if c["cell_type"] == "markdown"]


def of_pages(lang):
    """Markdown files: an Indonesian one lies in a folder `id` or is named `.id.md`."""
    places = [*ROOT.glob("*.md"), *(ROOT / "data").glob("*.md")]
    places += [*(ROOT / "docs").glob("*.md"), *(ROOT / "teaching").glob("**/*.md")]
    whole = [p for p in places if p.name not in BOTH]
    indonesian = {p for p in whole if p.name.endswith(".id.md") or "id" in p.parts}
    ours = indonesian if lang == "id" else set(whole) - indonesian
    words = [p.read_text(encoding="utf-8") for p in sorted(ours)]
    for name, heading in BOTH.items():
        english, _, own = (ROOT / name).read_text("utf-8").partition(heading)
        words.append(own if lang == "id" else english)
    return words


#: Pages in both languages, and the heading where Indonesian begins.
BOTH = {"CONTRIBUTING.md": "\n## Bahasa Indonesia\n"}
SURFACES = {
    "labels": lambda lang: of_toml("umkm_analysis/labels.toml", lang),
    "exercises": lambda lang: of_toml("umkm_analysis/exercises.toml", lang),
    "site": lambda lang: of_toml("site/words.toml", lang),
    "tables": of_tables,
    "contract": of_contract,
    "notebooks": of_notebooks,
    "pages": of_pages,
}


@pytest.mark.parametrize("lang", text.LANGS)
@pytest.mark.parametrize("surface", SURFACES)
def test_readers_meet_one_word_for_one_thing(surface, lang):
    words = SURFACES[surface](lang)
    assert len(words) > 3
    wrong = {part[:90]: found(part, lang) for part in words if found(part, lang)}
    assert wrong == {}


@pytest.mark.parametrize("lang", text.LANGS)
@pytest.mark.parametrize("surface", SURFACES)
def test_an_avoided_form_in_any_text_is_found(surface, lang):
    """Each form is put into a real text of each surface, where it must be seen."""
    words = max(SURFACES[surface](lang), key=len)
    forms = set(avoided(lang))
    assert len(forms) > 40
    assert set(found(f"{words} {', '.join(forms)}. {words}", lang)) == forms
    at_beginnings = ". ".join(form[0].upper() + form[1:] for form in forms)
    assert set(found(f"{words}\n\n{at_beginnings}.", lang)) == forms


@pytest.mark.parametrize("lang", text.LANGS)
def test_a_form_inside_a_word_or_in_code_is_none(lang):
    forms = [form for form in avoided(lang) if form[0].isalpha()]
    for words in ("x{}x", "`{}`", "[a](b/{}/c.md)", "```\n{}\n```"):
        assert found("\n\n".join(words.format(form) for form in forms), lang) == {}


@pytest.mark.parametrize("lang", text.LANGS)
def test_no_term_is_avoided_by_another(lang):
    for term in GLOSSARY:
        assert found(term[f"name_{lang}"], lang) == {}


def test_terms_stand_once():
    for lang in text.LANGS:
        names = [term[f"name_{lang}"] for term in GLOSSARY]
        assert len(set(names)) == len(names)
        assert all(form == form.strip() for form in avoided(lang))


def test_no_page_is_left_out():
    """A page of a lesson lies in the folder of its language, where it is looked at."""
    for path in (ROOT / "teaching").glob("**/*.md"):
        assert path.relative_to(ROOT).parts[1] in text.LANGS, path
