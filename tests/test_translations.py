"""Words that stand in the data are read in the reader's language."""

import re

import pytest
import small

from umkm_analysis import charts, data, tables

FOLDER = data.shipped()
#: Notes are sentences; the other columns are mostly names, which need none.
NOTES = ("note", "kbli_note")
NAMES = ("stated_by", "publisher", "name", "citation", "regime")
ENGLISH = re.compile(
    r"\b(of|and|by|the|from|with|before|until|citing|cited|quoted|relaying|naming|"
    r"copy|head|chair|speaker|thesis|public|repository|mirror|mayor|city|agency|working|workers|"
    r"ministry|province|regency|government|student|paper)\b",
    re.IGNORECASE,
)


def texts(columns):
    for name in FOLDER.package.resources:
        for i, row in enumerate(FOLDER.rows(name), 1):
            for column in columns:
                if row.get(column):
                    yield f"{name}.csv row {i} {column}", row[column]


def test_every_note_has_its_indonesian():
    known = {row["text"] for row in FOLDER.rows("translations")}
    missing = [at for at, words in texts(NOTES) if words not in known]
    assert not missing


def test_no_english_words_are_left_in_names():
    shown = [(at, FOLDER.said(words, "id")) for at, words in texts(NAMES)]
    assert [(at, words) for at, words in shown if ENGLISH.search(words)] == []


def test_no_translation_is_of_words_that_no_table_has():
    """A note that was changed leaves its translation behind."""
    used = {words for _, words in texts((*NOTES, *NAMES))}
    assert [
        r["text"] for r in FOLDER.rows("translations") if r["text"] not in used
    ] == []


def test_figures_are_the_same_in_both_languages():
    def digits(words):
        return sorted(re.findall(r"\d", words))

    for row in FOLDER.rows("translations"):
        assert digits(row["text"]) == digits(row["text_id"]), row["text"]


@pytest.mark.parametrize("lang", ["id", "en"])
def test_readers_meet_their_language(lang, umkm):
    said = {"id": "Wali Kota Balikpapan", "en": "Mayor of Balikpapan"}[lang]
    frame = FOLDER.figures()
    frame = frame[frame["stated_by"] == "Mayor of Balikpapan"]
    assert set(tables.in_words(frame, lang)["stated_by"]) == {said}
    code, out, _ = umkm("trace", frame["id"].iloc[0], "--lang", lang)
    assert code == 0
    assert said in out


def test_citations_in_pictures_are_in_the_readers_language():
    source = next(
        row for row in FOLDER.rows("sources") if ENGLISH.search(row["publisher"])
    )
    for lang in ("id", "en"):
        footer = charts.canvas.footer(FOLDER, [], lang, [source["source_id"]])
        assert FOLDER.said(source["publisher"], lang) in footer


def test_a_folder_without_translations_says_what_stands_there(tmp_path):
    small.cut(tmp_path)
    assert data.open_folder(tmp_path).said("Mayor of Balikpapan", "id") == (
        "Mayor of Balikpapan"
    )
