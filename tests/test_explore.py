"""The explorer without a browser: from a state to all that is shown."""

import ast
import csv
import io
import json
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

import umkm_analysis as ua
from umkm_analysis import charts, explorer, growth, text
from umkm_analysis.errors import ConceptMismatch, DataError

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "notebooks" / "explore.ipynb"


@pytest.fixture(params=text.LANGS)
def lang(request):
    return request.param


# State and choices


def test_the_beginning_is_the_folders_own():
    assert explorer.start() == explorer.State("6471", "business_units")


def test_every_choice_has_figures():
    state = explorer.start()
    offered = explorer.choices(state)
    assert offered["region"][0] == ("Kota Balikpapan", "6471")
    for key in ("measure", "family", "concept"):
        for words, code in offered[key]:
            assert words
            found = explorer.view(replace(state, **{key: code}))
            assert getattr(found.state, key) == code
            assert len(found.frame)


def test_choices_narrow_down():
    state = explorer.view(family="licences").state
    offered = explorer.choices(state, "en")
    concepts = {code for _, code in offered["concept"]} - {None}
    frame = ua.figures(region="6471", family="licences", measure="business_units")
    assert concepts == set(frame["concept"])
    once = frame[frame["duplicates_of"].isna()]
    assert {code for _, code in offered["first"]} - {None} == set(once["id"])
    assert offered["first"] == offered["second"]


def test_what_has_no_figures_is_given_up():
    state = explorer.State(
        "6472", "unemployment_rate", family="mayor", concept="nothing", first="BPN-0074"
    )
    settled = explorer.settle(state)
    assert settled.region == "6472"
    assert settled.family is settled.concept is settled.first is None
    assert settled.measure in set(ua.figures(region="6472")["measure"])
    assert explorer.settle(settled) == settled


def test_what_was_not_known_yet_cannot_be_compared():
    found = explorer.view(as_of="2024-05", first="BPN-0025", second="BPN-0084")
    assert found.state.first == "BPN-0025"
    assert found.state.second is None
    rows = [code for _, code in explorer.choices(found.state)["first"]]
    assert "BPN-0025" in rows
    assert "BPN-0084" not in rows


# What is said


def test_the_frame_is_that_of_the_library():
    found = explorer.view(family="census", as_of="2017")
    frame = ua.figures(
        region="6471", measure="business_units", family="census", as_of="2017"
    )
    assert found.frame.equals(frame)
    assert text.number(len(frame)) in str(found.sentence)
    assert "2017" in str(found.sentence)


def test_growth_in_time_order_with_its_bounds(lang):
    later_first = explorer.view(lang=lang, first="BPN-0074", second="BPN-0077")
    said = explorer.view(lang=lang, first="BPN-0077", second="BPN-0074").comparison
    assert later_first.comparison == said
    assert text.percent(0.19231923601637108, 2, lang) in said[0]
    assert explorer.view(lang=lang, first="BPN-0077").comparison == []
    same = explorer.view(lang=lang, first="BPN-0077", second="BPN-0077")
    assert same.comparison == []


def test_a_refusal_is_words_and_its_bridge_is_named(lang):
    found = explorer.view(lang=lang, first="BPN-0025", second="BPN-0066")
    (said,) = found.comparison
    assert said.startswith(text.label("explore.refused", lang))
    a, b = (ua.data.figure(i) for i in ("BPN-0025", "BPN-0066"))
    with pytest.raises(ConceptMismatch) as refusal:
        growth.between(a, b)
    assert refusal.value.words(lang) in said
    bridged = explorer.view(lang=lang, first="BPN-0082", second="BPN-0087")
    refused, reading = bridged.comparison
    assert refused.startswith(text.label("explore.refused", lang))
    assert text.percent(growth.read_under("micro_2024_2025").low, 2, lang) in reading


def test_a_scenario_has_points_and_no_interval(lang):
    found = explorer.view(lang=lang, first="BPN-0077", second="BPN-0074", rate=2.0)
    points = [round(87397 * 1.02**h) for h in (1, 2, 3)]
    assert found.steps()["point"].round().tolist() == points
    assert found.steps()["year"].tolist() == [2025, 2026, 2027]
    for point in points:
        assert text.number(point, 0, lang) in found.scenario
    assert explorer.view(lang=lang).scenario is None


def test_shares_are_not_carried_on(lang):
    found = explorer.view(lang=lang, measure="unemployment_rate", rate=2.0)
    assert found.steps().empty
    assert found.scenario == text.label("explore.no_scenario", lang)


@pytest.mark.parametrize(
    "chosen",
    [{"as_of": "yesterday"}, {"region": "9999"}, {"rate": -100.0}, {"rate": 1e9}],
)
def test_what_cannot_be_is_said_in_words(chosen, lang):
    found = explorer.view(lang=lang, **chosen)
    assert found.problem
    assert found.png() is None
    assert found.sentence == found.problem
    assert found.frame.empty
    assert found.code


def test_nothing_known_yet(lang):
    found = explorer.view(lang=lang, as_of="2000")
    assert found.frame.empty
    assert found.problem is None
    assert found.png() is None
    assert found.alt == text.label("explore.no_picture", lang)
    assert found.sources.empty


# What it is made with


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"family": "licences", "as_of": "2025"},
        {"first": "BPN-0077", "second": "BPN-0074", "rate": 2.5},
        {"first": "BPN-0082", "second": "BPN-0087"},
        {"measure": "grdp_nominal"},
    ],
)
def test_the_code_makes_what_is_shown(chosen):
    found = explorer.view(**chosen)
    drawings, last = [], None
    known = {"ua": ua, "drawn": lambda frame, lang: drawings.append((frame, lang))}
    for line in found.code.splitlines():
        if line.startswith("frame = "):
            exec(line, known)
        else:
            last = eval(line.replace("ua.explorer.chart", "drawn"), known)
    assert known["frame"].equals(found.frame)
    ((drawn, lang),) = drawings
    assert drawn is known["frame"]
    assert lang == "id"
    if "rate" in chosen:
        assert list(last) == found.steps()["point"].tolist()


def test_the_code_of_another_folder():
    folder = ua.open_folder(ROOT / "data")
    found = explorer.view(folder=folder)
    assert found.code == explorer.view().code
    assert "open_folder" not in found.code


def test_csv_has_the_figures_and_their_sources():
    found = explorer.view(family="licences")
    rows = list(csv.DictReader(io.StringIO(found.csv())))
    assert [r["id"] for r in rows] == list(found.frame["id"])
    assert all(r["source_publisher"] for r in rows)


def test_names_of_files_are_plain():
    found = explorer.view(as_of="2024-01/2024-06", family="licences")
    assert "/" not in found.name
    assert explorer.view().name.startswith("umkm_6471_business_units_")


# The picture


def test_every_mark_is_a_figure_and_lines_stay_in_a_series():
    frame = ua.figures(region="6471", measure="business_units", family="agency_list")
    ax = explorer.chart(frame)
    marks = explorer._marks(frame)
    drawn = [
        y
        for line in ax.lines
        if line.get_marker() in charts.MARKERS
        for y in line.get_ydata()
    ]
    assert sorted(drawn) == sorted(marks["value"])
    joined = [line for line in ax.lines if line.get_linestyle() in ("-", "--")]
    series = [rows["value"].tolist() for _, rows in charts.counts.lines(marks)]
    lines = [list(line.get_ydata()) for line in joined if len(line.get_ydata()) > 1]
    assert sorted(map(sorted, series)) == sorted(map(sorted, lines))
    charts.close(ax)


def test_the_citation_is_in_the_picture(lang):
    frame = ua.figures(region="6471", family="mayor", measure="business_units")
    ax = explorer.chart(frame, lang=lang)
    words = " ".join(" ".join(t.get_text() for t in ax.texts).split())
    assert "umkm_analysis" in words
    assert "IKN Bisnis" in words
    charts.close(ax)


def test_a_picture_has_one_place_and_one_unit():
    with pytest.raises(DataError):
        explorer.chart(ua.figures(region="6471"))
    with pytest.raises(DataError):
        explorer.chart(ua.figures(region="6471").head(0))


def test_a_scenario_is_drawn_hollow_on_a_dotted_line():
    found = explorer.view(family="mayor", rate=2.0)
    ax = found.chart()
    (line,) = [li for li in ax.lines if li.get_linestyle() == ":"]
    assert list(line.get_ydata()) == [87397, *found.steps()["point"]]
    assert line.get_markerfacecolor() == "white"
    assert text.number(found.steps()["point"].iloc[0], 0) in charts.alt(ax)
    charts.close(ax)


def test_png_is_the_same_every_time():
    one, two = (explorer.view(family="mayor").png() for _ in range(2))
    assert one == two
    assert one.startswith(b"\x89PNG")


# On the page


def test_every_control_has_a_name_and_a_hint(lang, monkeypatch):
    monkeypatch.setattr(explorer.View, "_drawn", lambda view: (b"", ""))
    box, shown = explorer._widgets(lang, ua.data.shipped())
    assert tuple(shown["controls"]) == explorer.CONTROLS
    names = [c.description for c in shown["controls"].values()]
    assert all(names)
    assert len(set(names)) == len(names)
    assert all(c.tooltip for c in shown["controls"].values())
    assert "umkm-explorer" in box._dom_classes


def test_the_controls_change_the_page(monkeypatch):
    monkeypatch.setattr(explorer.View, "_drawn", lambda view: (b"", view.state.region))
    _, shown = explorer._widgets("en", ua.data.shipped())
    controls, pages = shown["controls"], shown["pages"]
    controls["family"].value = "licences"
    assert "family=&#x27;licences&#x27;" in pages["exports"].value
    controls["first"].value = "BPN-0066"
    controls["second"].value = "BPN-0082"
    assert "Not compared" in pages["answer"].value
    controls["rate"].value = "2,5 persen"
    assert shown["view"].state.rate == 2.5
    controls["rate"].value = "much"
    assert text.label("explore.rate_unread", "en") in pages["answer"].value
    controls["as_of"].value = "soon"
    assert "umkm-error" in pages["sentence"].value
    controls["as_of"].value = ""
    controls["region"].value = "6472"
    assert controls["family"].value == controls["first"].value == ""
    assert controls["family"].label == text.label("explore.all", "en")
    assert shown["view"].state.region == "6472"
    assert 'role="status"' in pages["sentence"].value
    assert pages["table"].value.count("<th scope") == len(explorer.COLUMNS)


def test_data_are_never_read_as_markup():
    found = explorer.view()
    nasty = '"><script>alert(1)</script>'
    frame = found.frame.head(1).assign(concept=nasty, sector=nasty)
    shown = explorer._table(frame, "en", found.folder, nasty, explorer.COLUMNS)
    assert "<script" not in shown
    assert "<script" not in explorer._paragraphs([nasty], "said")
    assert "<script" not in explorer._download(nasty, "text/csv", b"", nasty)


def test_only_web_addresses_are_links():
    found = explorer.view(family="mayor")
    sources = found.sources.assign(url="javascript:alert(1)")

    class Other:
        lang, folder, _say = "en", found.folder, found._say

    Other.sources = sources
    assert "href" not in explorer._source_table(Other)


def test_answers_take_turns_and_the_last_question_is_answered():
    turn, answered, latest = explorer._Turn(), [], [0]

    def ask(n):
        latest[0] = n

        def answer():
            seen = latest[0]
            time.sleep(0.02)
            turn.take(lambda: answered.append("own change"))
            answered.append(seen)

        turn.take(answer)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answered[-1] == latest[0]
    assert "own change" not in answered
    assert len(answered) <= 8


# Where no kernel runs


def test_the_stored_output_is_a_sentence_and_a_picture():
    cells = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    outputs = [o.get("data", {}) for c in cells for o in c.get("outputs", ())]
    found = explorer.view()
    assert any(str(found.sentence) in "".join(o.get("text/plain", "")) for o in outputs)
    assert sum("image/png" in o for o in outputs) == 1
    stored = json.dumps(outputs)
    assert "widget-view" not in stored
    code = [c for c in cells if c["cell_type"] == "code"]
    assert [c["execution_count"] for c in code] == list(range(1, len(code) + 1))


def test_ipywidgets_is_needed_by_the_controls_only():
    tree = ast.parse(Path(explorer.__file__).read_text("utf-8"))
    needing = {
        function.name
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import) and node.names[0].name == "ipywidgets"
    }
    assert needing == {"_widgets"}
    assert not any(
        isinstance(node, ast.Import | ast.ImportFrom)
        and "ipywidgets" in ast.unparse(node)
        for node in tree.body
    )
