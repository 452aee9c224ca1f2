"""Every notebook runs in JupyterLab, and every control of the explorer answers."""

import csv
import io
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

import umkm_analysis as ua
from umkm_analysis import text

ROOT = Path(__file__).parents[2]
PATIENCE = 60
expect.set_options(timeout=1000 * PATIENCE)
FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(p.relative_to(ROOT).as_posix() for p in FOLDER.rglob("*.ipynb"))
NOTEBOOKS = [p for p in NOTEBOOKS if ".ipynb_checkpoints" not in p]

READY = """
() => {
  const app = window.jupyterapp, panel = app && app.shell.currentWidget
  const session = panel && panel.sessionContext && panel.sessionContext.session
  return !!(session && session.kernel && session.kernel.status === 'idle'
            && panel.context.isReady)
}"""
RUN = "() => window.jupyterapp.commands.execute('notebook:run-all-cells')"
DONE = """
() => {
  const panel = window.jupyterapp.shell.currentWidget
  const cells = panel.content.model.sharedModel.toJSON().cells
  return panel.sessionContext.session.kernel.status === 'idle' && cells.every(
    c => c.cell_type !== 'code' || c.execution_count > 0)
}"""
READ = "() => window.jupyterapp.shell.currentWidget.content.model.sharedModel.toJSON()"
#: Stored outputs must not pass for new ones.
CLEAR = "() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')"


def show_notebook(page, path):
    page.evaluate(
        """path => window.jupyterapp.commands.execute(
             'docmanager:open', {path, factory: 'Notebook'}).then(() => true)""",
        path,
    )
    page.wait_for_function(READY)


def open_notebook(page, path, lang=None):
    """The cells of a notebook after all of them were run in a fresh kernel."""
    show_notebook(page, path)
    page.evaluate(CLEAR)
    if lang:
        page.evaluate(
            """lang => {
              const cells = window.jupyterapp.shell.currentWidget.content.model.cells
              for (const cell of cells)
                if (cell.sharedModel.getSource().startsWith('LANG ='))
                  cell.sharedModel.setSource(`LANG = "${lang}"`)
            }""",
            lang,
        )
    page.evaluate(RUN)
    page.wait_for_function(DONE)
    return page.evaluate(READ)["cells"]


def keep(page, name):
    """A picture of the page, where somebody wants to look at it."""
    folder = os.environ.get("UMKM_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 11
    assert "notebooks/explore.ipynb" in NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_a_notebook_runs_whole(page, path):
    cells = open_notebook(page, path)
    for cell in cells:
        for output in cell.get("outputs", ()):
            assert output["output_type"] != "error", cell["source"]
            assert output.get("name") != "stderr", cell["source"]
    assert any(cell.get("outputs") for cell in cells)
    keep(page, path.replace("/", "_"))


class Explorer:
    """The explorer on a page, by the words that a reader of the screen hears."""

    def __init__(self, page, lang):
        self.page, self.lang = page, lang
        self.box = page.locator(".umkm-explorer")
        self.box.wait_for()

    def control(self, key):
        words = text.label(f"explore.control_{key}", self.lang)
        return self.box.get_by_label(words, exact=True)

    def choose(self, key, words):
        self.control(key).select_option(label=words)

    def write(self, key, words):
        self.control(key).fill(words)
        self.control(key).press("Enter")

    def choose_row(self, key, row_id):
        option = self.control(key).locator("option", has_text=f"[{row_id}]")
        expect(option).to_have_count(1)
        self.choose(key, option.inner_text())

    def says(self, kind, words):
        expect(self.box.locator(f".umkm-{kind}")).to_contain_text(words)

    def says_no(self, kind, words):
        expect(self.box.locator(f".umkm-{kind}")).not_to_contain_text(words)

    def shows(self, words):
        expect(self.box.locator("img")).to_have_attribute(
            "alt", re.compile(re.escape(words))
        )


@pytest.mark.parametrize("lang", text.LANGS)
def test_every_control_of_the_explorer_answers(page, lang):
    open_notebook(page, "notebooks/explore.ipynb", lang)
    it = Explorer(page, lang)

    def words(key):
        return text.label(f"explore.{key}", lang)

    keep(page, f"explore_{lang}_start")

    # Each control has a name, a hint, and its place in the order of the Tab key.
    for key in ("region", "measure", "family", "concept", "as_of", "first", "second",
                "rate"):  # fmt: skip
        control = it.control(key)
        control.focus()
        assert control.evaluate("e => document.activeElement === e")
    it.control("region").focus()
    page.keyboard.press("Tab")
    assert it.control("measure").evaluate("e => document.activeElement === e")

    for key in ("family", "concept"):
        chosen = it.control(key).evaluate("e => e.selectedOptions[0].text")
        assert chosen == words("all")
    licences = {"id": "Izin dan pendaftaran", "en": "Licences and registrations"}
    it.choose("family", licences[lang])
    it.says("code", "family='licences'")
    it.shows({"id": "47.000", "en": "47,000"}[lang])
    keep(page, f"explore_{lang}_family")

    names = ua.data.shipped().names("concepts", "concept", lang)
    it.choose("concept", names["oss_registered_micro"])
    it.says("code", "concept='oss_registered_micro'")
    it.choose("concept", words("all"))
    it.says_no("code", "concept=")
    it.choose("family", words("all"))
    it.says_no("code", "family=")

    # What is refused is refused in words; then growth, with its bounds.
    it.choose_row("first", "BPN-0025")
    it.choose_row("second", "BPN-0066")
    it.says("answer", words("refused"))
    it.choose_row("first", "BPN-0077")
    it.choose_row("second", "BPN-0074")
    it.says("answer", {"id": "19,23 persen", "en": "19.23 percent"}[lang])
    it.says_no("answer", words("refused"))

    it.write("rate", {"id": "2,5", "en": "2.5"}[lang])
    it.says("answer", {"id": "2025: 89.582", "en": "2025: 89,582"}[lang])
    it.shows({"id": "89.582", "en": "89,582"}[lang])
    keep(page, f"explore_{lang}_scenario")
    it.write("rate", "dua")
    it.says("error", words("rate_unread"))
    it.write("rate", "")

    it.write("as_of", "2024-05")
    it.says("code", "as_of='2024-05'")
    later = it.control("first").locator("option", has_text="[BPN-0084]")
    expect(later).to_have_count(0)
    it.write("as_of", "kemarin")
    it.says("error", "kemarin")
    it.write("as_of", "")
    expect(later).to_have_count(1)

    measures = ua.data.shipped().names("measures", "measure", lang)
    it.choose("measure", measures["unemployment_rate"])
    it.shows(measures["unemployment_rate"])
    keep(page, f"explore_{lang}_measure")
    it.choose("region", "Kota Samarinda")
    it.says("said", "Kota Samarinda")
    it.says("code", "6472")
    it.shows("Kota Samarinda")
    keep(page, f"explore_{lang}_region")

    # The picture and the table leave the page whole.
    with page.expect_download() as download:
        it.box.get_by_text(words("save_png")).click()
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")
    assert re.fullmatch(r"umkm_6472_\w+_.*\.png", download.value.suggested_filename)
    with page.expect_download() as download:
        it.box.get_by_text(words("save_csv")).press("Enter")
    content = Path(download.value.path()).read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content)))
    assert {r["region_code"] for r in rows} == {"6472"}
    assert all(r["source_publisher"] for r in rows)

    tables = it.box.locator("table")
    assert tables.count() == 2
    assert tables.nth(0).locator("tbody tr").count() == len(rows)
    assert tables.nth(1).locator("a[href^=http]").count() >= 1
    it.box.locator("table").nth(0).scroll_into_view_if_needed()
    keep(page, f"explore_{lang}_table")


def test_without_a_kernel_a_picture_and_a_sentence_are_seen(page):
    show_notebook(page, "notebooks/explore.ipynb")
    image = page.locator(".jp-OutputArea img").first
    image.wait_for()
    assert image.evaluate("e => e.naturalWidth") > 600
    sentence = page.locator(".jp-OutputArea", has_text="Kota Balikpapan")
    expect(sentence.first).to_be_visible()
    keep(page, "explore_static")


def test_an_answer_in_a_blank_notebook_is_judged(page):
    path = next(p for p in NOTEBOOKS if p.startswith("notebooks/blank/id/06"))
    open_notebook(page, path)
    blank = text.label("exercise.blank", "id")
    assert page.get_by_text(blank).first.is_visible()
    page.evaluate(
        """() => {
          const panel = window.jupyterapp.shell.currentWidget
          const cells = [...panel.content.model.cells]
          const cell = cells.find(
            c => c.sharedModel.getSource().startsWith('answer = ...'))
          cell.sharedModel.setSource(
            cell.sharedModel.getSource().replace('...', '"19,23 persen"'))
        }"""
    )
    page.evaluate(RUN)
    right = page.get_by_text(text.label("exercise.right", "id")).first
    right.wait_for(timeout=1000 * PATIENCE)
    right.scroll_into_view_if_needed()
    keep(page, "exercise_right")
