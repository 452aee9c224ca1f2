"""The site is built once, then read: as files, and in a browser on a phone."""

import functools
import html
import http.server
import json
import re
import subprocess
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin

import axe_playwright_python
import pytest

from umkm_analysis import data, explorer, text

ROOT = Path(__file__).parents[2]
#: Stands for the site while links are followed among files.
HERE = "http://site/"
PHONE = {"width": 360, "height": 780}
#: It would load style sheets once more, from where they are not.
RUN_AXE = "axe.run({preload: false, resultTypes: ['violations']})"
AXE = next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js"))


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Reader(HTMLParser):
    """Addresses that a page leads to or loads, its anchors and its language."""

    def __init__(self, page):
        super().__init__()
        self.links, self.loads, self.anchors, self.images = [], [], set(), []
        self.lang = None
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "html":
            self.lang = found.get("lang")
        if found.get("id"):
            self.anchors.add(found["id"])
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag == "link" and found.get("rel") not in ("next", "prev", "search"):
            self.loads.append(found["href"])
        if tag in ("img", "script", "iframe", "source") and found.get("src"):
            self.loads.append(found["src"])
        if tag == "img":
            self.images.append(found)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of a fresh build that had nothing to complain about."""
    out = tmp_path_factory.mktemp("site") / "site"
    command = [sys.executable, ROOT / "run.py", "site", "--out", out]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = [x for x in done.stderr.splitlines() if not x.startswith("run.py: ")]
    assert (done.returncode, said) == (0, [])
    assert done.stdout == f"{out / 'index.html'}\n"
    return out


@pytest.fixture(scope="module")
def pages(site):
    """Every page as it was written, by its path below the site."""
    return {
        path.relative_to(site).as_posix(): Reader(path.read_text(encoding="utf-8"))
        for path in sorted(site.rglob("*.html"))
    }


@pytest.fixture(scope="module")
def base(site):
    handler = functools.partial(Quiet, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def phone(browser, base):
    """A page on a phone; it fails where it asked anyone else or met an error."""
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    wrong = []
    page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
    page.on(
        "console",
        lambda m: wrong.append(f"{page.url}: {m.text}") if m.type == "error" else None,
    )
    page.on(
        "request",
        lambda r: None if r.url.startswith((base, "data:")) else wrong.append(r.url),
    )
    page.on("response", lambda r: wrong.append(r.url) if r.status >= 400 else None)
    yield page
    context.close()
    assert wrong == []


def test_no_link_is_dead(site, pages):
    dead = []
    for name, page in pages.items():
        for link in page.links:
            target, anchor = urldefrag(urljoin(HERE + name, link))
            if not target.startswith(HERE):
                assert target.startswith(("https://", "http://")), link
                continue
            path = unquote(target.removeprefix(HERE)) or name
            if not (site / path).is_file():
                dead.append(f"{name}: {link}")
                continue
            there = pages[path].anchors if path in pages else {unquote(anchor)}
            if anchor and unquote(anchor) not in there:
                dead.append(f"{name}: {link}")
    assert dead == []


def test_nothing_is_loaded_from_elsewhere(site, pages):
    for name, page in pages.items():
        for address in page.loads:
            assert not re.match(r"(https?:)?//", address), f"{name}: {address}"
            if not address.startswith("data:"):
                path = urljoin(HERE + name, address.partition("?")[0])
                assert (site / path.removeprefix(HERE)).is_file(), address
    for path in site.rglob("*.css"):
        style = path.read_text(encoding="utf-8")
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", style), path


def test_every_picture_has_words(pages):
    for name, page in pages.items():
        for image in page.images:
            assert len(image.get("alt") or "") > 20, f"{name}: {image.get('src')}"


def test_all_there_is_has_its_page(pages):
    folder = data.shipped()
    for lang in text.LANGS:
        for path in (ROOT / "notebooks" / lang).glob("*.ipynb"):
            assert f"{lang}/{path.stem}.html" in pages
        for path in (ROOT / "teaching" / lang).rglob("*.md"):
            assert f"{lang}/{path.stem}.html" in pages
        sheets = sorted((ROOT / "teaching" / lang).rglob("*.pdf"))
        assert sheets
        for path in sheets:
            handed_out = f"../files/{path.relative_to(ROOT).as_posix()}"
            assert handed_out in pages[f"{lang}/index.html"].links
            assert handed_out in pages[f"{lang}/downloads.html"].links
        assert (
            set(folder.load("observations")["id"]) <= pages[f"{lang}/rows.html"].anchors
        )
        assert (
            set(folder.load("claims")["claim_id"])
            <= pages[f"{lang}/claims.html"].anchors
        )
        for table, key in (("sources", "source_id"), ("glossary", "term")):
            keys = set(folder.load(table)[key])
            assert keys <= pages[f"{lang}/{table}.html"].anchors
    api = pages["en/api-data.html"].anchors | pages["en/api-growth.html"].anchors
    assert {"umkm_analysis.data.load", "umkm_analysis.growth.between"} <= api


def test_verdicts_of_the_gallery_are_those_of_the_claims(site):
    for lang in text.LANGS:
        page = (site / lang / "claims.html").read_text(encoding="utf-8")
        shown = dict(re.findall(r'<div class="claim (\w+)" id="(\w+)"', page))
        by_id = {claim: verdict for verdict, claim in shown.items()}
        found = data.shipped().claims().set_index("claim_id")["verdict"]
        assert all(found[claim] == verdict for claim, verdict in by_id.items())
        assert len(re.findall('<div class="claim ', page)) == len(found)


def test_the_explorer_can_be_read_without_a_kernel(site, pages):
    for lang in text.LANGS:
        view = explorer.view(lang=lang)
        name = f"{lang}/explore.html"
        assert "explore.html" in pages[f"{lang}/index.html"].links
        assert "../files/notebooks/explore.ipynb" in pages[name].links
        page = html.unescape((site / name).read_text(encoding="utf-8"))
        assert str(view.sentence) in page
        for line in view.code.splitlines():
            assert line in re.sub(r"<[^>]+>", "", page)
        shown = re.findall(r'href="rows\.html#([\w-]+)"', page)
        first, once = len(view.frame), set(view.frame["id"])
        assert set(shown[:first]) == once
        assert set(shown[first:]) == once, "each figure again, under its kind of source"
        assert view.alt in {image["alt"] for image in pages[name].images}
        kinds = set(view.frame["family"])
        for kind in (*kinds, "all"):
            assert (site / "files" / "explore" / lang / f"{kind}.png").is_file()
        table = site / "files" / "explore" / lang / "all.csv"
        assert table.read_text(encoding="utf-8-sig") == view.csv()
        (other,) = set(text.LANGS) - {lang}
        assert str(explorer.view(lang=other).sentence) not in page


def test_no_page_names_a_folder_of_this_machine(site):
    for path in [*site.rglob("*.html"), *site.rglob("searchindex.js")]:
        assert str(ROOT) not in path.read_text(encoding="utf-8"), path


def test_both_languages_in_their_own_words(pages):
    for name, page in pages.items():
        lang = name.partition("/")[0]
        if lang in text.LANGS:
            assert page.lang == lang, name
            (other,) = set(text.LANGS) - {lang}
            assert any(x.startswith(f"../{other}/") for x in page.links), name
    first = pages["index.html"].links
    assert first == ["id/index.html", "en/index.html"]


def test_each_page_on_a_phone(phone, base, pages):
    """No error, no request elsewhere (see the fixture), no scrolling sideways."""
    wide = []
    for name in pages:
        phone.goto(base + name)
        width = phone.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide.append(f"{name}: {width}")
    assert wide == []


@pytest.mark.parametrize(
    ("lang", "word", "expected"),
    [
        ("id", "kuliner", "02_sektor.html"),
        ("id", "selisih", "glossary.html"),
        ("en", "concept", "glossary.html"),
        ("en", "culinary", "claims.html"),
    ],
)
def test_search_finds(phone, base, lang, word, expected):
    phone.goto(f"{base}{lang}/index.html")
    phone.locator(".search-button__button:visible").first.click()
    phone.keyboard.type(word)
    phone.keyboard.press("Enter")
    phone.wait_for_selector("#search-results li a")
    phone.wait_for_function(
        "name => [...document.querySelectorAll('#search-results li a')]"
        ".some(a => a.getAttribute('href').includes(name))",
        arg=expected,
    )


def test_the_switch_stays_on_the_subject(phone, base):
    phone.goto(f"{base}id/explore.html")
    phone.locator("a.switch").click()
    assert phone.url == f"{base}en/explore.html"
    phone.goto(f"{base}id/01_angka.html")
    phone.locator("a.switch").click()
    assert phone.url == f"{base}en/01_figures.html"
    phone.locator("a.switch").click()
    assert phone.url == f"{base}id/01_angka.html"


def test_a_figure_leads_to_its_row_and_source(phone, base):
    phone.goto(f"{base}id/index.html")
    phone.locator(".safe a.figure").first.click()
    row = phone.url.partition("#")[2]
    assert row == "BPN-0074"
    phone.locator(f"tr#{row} a").click()
    assert "/id/sources.html#" in phone.url
    assert phone.locator("tr:target").count() == 1


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("index.html", "light"),
        ("index.html", "dark"),
        ("id/index.html", "light"),
        ("id/index.html", "dark"),
        ("id/01_angka.html", "light"),
        ("id/01_angka.html", "dark"),
        ("en/api-growth.html", "light"),
        ("en/glossary.html", "light"),
        ("id/explore.html", "light"),
        ("en/explore.html", "dark"),
        ("files/report/umkm-6471-id.html", "light"),
    ],
)
def test_axe_finds_no_barrier(phone, base, name, scheme):
    phone.emulate_media(color_scheme=scheme)
    phone.goto(base + name)
    phone.evaluate(AXE.read_text(encoding="utf-8"))
    found = phone.evaluate(RUN_AXE)["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found] == [], json.dumps(
        [v["nodes"][0]["failureSummary"] for v in found], indent=1
    )
