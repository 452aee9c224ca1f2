"""Documents for readers: every number in them is one that a test computed."""

import re
from pathlib import Path

from umkm_analysis import text

ROOT = Path(__file__).parents[1]
YEAR = re.compile(r"(?<![\d.,-])(?:19|20)\d\d(?![\d.,]*\d)")


def without_code(page):
    """The page without code, link targets and marks of numbered lists."""
    page = re.sub(r"^ *```.*?^ *```$", "", page, flags=re.M | re.S)
    page = re.sub(r"`[^`\n]*`", "", page)
    page = re.sub(r"\]\([^)\n]*\)", "]", page)
    return re.sub(r"^\d+\. ", "", page, flags=re.M)


def unchecked(page, phrases):
    """Numbers of a page that are in none of the phrases, years apart.

    A phrase that is not in the page fails: then the page says something else.
    """
    flat = " ".join(without_code(page).split())
    for phrase in sorted(phrases, key=len, reverse=True):
        phrase = " ".join(without_code(phrase).split())
        assert phrase in flat, f"not in the page: {phrase}"
        flat = flat.replace(phrase, " ")
    return re.findall(r"\S*\d\S*", YEAR.sub("", flat))


def links(path):
    """(target, heading) of every link of a page to a file."""
    page = re.sub(r"^ *```.*?^ *```$", "", path.read_text("utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\n]+)\)", page):
        file, _, heading = target.partition("#")
        yield (path.parent / file if file else path), heading


def anchors(path):
    """The anchors that a Markdown file has for its headings."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.M):
        plain = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(plain.replace(" ", "-"))
    return found


def dead_links(path):
    return [
        f"{file}#{heading}"
        for file, heading in links(path)
        if not file.exists() or (heading and heading not in anchors(file))
    ]


def n(value, lang, decimals=0):
    return text.number(value, decimals, lang)
