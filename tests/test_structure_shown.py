"""Sectors, districts, sizes and peers as readers meet them: charts, words, commands."""

import csv
import io
import json
import shutil

import matplotlib.pyplot as plt
import pytest

import umkm_analysis as ua
from umkm_analysis import blocks, breakdown, charts, contract, report, tables, text
from umkm_analysis.cli import main
from umkm_analysis.errors import DataError

FOLDER = ua.data.shipped()
KINDS = ("sectors", "districts", "sizes", "peers")
FRAMES = {k: getattr(breakdown, k)(FOLDER, "6471") for k in KINDS}
CHARTS = {
    "sectors": "sectors", "districts": "districts", "census": "peers",
    "jumps": "peers", "computed": "peers",
}  # fmt: skip
ROWS = set(FOLDER.load("observations")["id"])
#: A region with figures of which none says anything of these four.
BARE = "1904"


@pytest.fixture(scope="module", params=list(CHARTS))
def drawn(request):
    """Each chart once a language."""
    frame = FRAMES[CHARTS[request.param]]
    made = {
        lang: getattr(charts, request.param)("6471", lang=lang, frame=frame)
        for lang in text.LANGS
    }
    yield request.param, made
    for ax in made.values():
        charts.close(ax)


def words(ax):
    said = [t.get_text() for t in ax.texts] + [ax.get_title(loc="left")]
    return [" ".join(t.split()) for t in said]


def one(frame, **where):
    for column, value in where.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1
    return frame.iloc[0]


# Charts


def test_a_chart_says_its_finding_its_sources_and_the_same_in_words(drawn):
    name, made = drawn
    for lang, ax in made.items():
        assert isinstance(ax, plt.Axes)
        assert len(ax.get_title(loc="left")) > 20
        (foot,) = [t for t in words(ax) if t.endswith("umkm_analysis.")]
        assert text.period(FOLDER.release, lang) in foot
        alt = str(charts.alt(ax))
        assert len(alt) > 100
        assert "nan" not in alt.lower().replace("perdagangan", "").split()
        assert "-" not in [w.strip(",;:()") for w in alt.split()]
    assert words(made["id"]) != words(made["en"]), name


def test_nothing_is_cut_off(drawn):
    _, made = drawn
    for ax in made.values():
        renderer = ax.figure.canvas.get_renderer()
        whole = ax.figure.bbox
        for label in (*ax.texts, ax.title, *ax.get_yticklabels()):
            box = label.get_window_extent(renderer)
            assert box.x0 >= whole.x0 - 1, label.get_text()
            assert box.x1 <= whole.x1 + 1, label.get_text()
            assert box.y0 >= whole.y0 - 1, label.get_text()
            assert box.y1 <= whole.y1 + 1, label.get_text()


def test_no_two_labels_overlap(drawn):
    _, made = drawn
    for ax in made.values():
        renderer = ax.figure.canvas.get_renderer()
        boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in ax.texts]
        for i, (first, a) in enumerate(boxes):
            for second, b in boxes[i + 1 :]:
                wide = min(a.x1, b.x1) - max(a.x0, b.x0)
                high = min(a.y1, b.y1) - max(a.y0, b.y0)
                assert wide < 2 or high < 3, (first, second)


def test_charts_draw_on_axes_that_are_given_and_leave_the_style_alone():
    before = dict(plt.rcParams)
    figure, ax = plt.subplots()
    assert charts.census("6471", frame=FRAMES["peers"], ax=ax) is ax
    plt.close(figure)
    assert dict(plt.rcParams) == before


@pytest.mark.parametrize("name", CHARTS)
def test_a_region_without_such_figures_has_no_chart(name):
    frame = FRAMES[CHARTS[name]].iloc[:0]
    with pytest.raises(DataError, match=r"^\S"):
        getattr(charts, name)("6471", frame=frame)


def test_the_region_that_is_asked_for_is_the_one_in_bold():
    for code in ("6471", "6474"):
        ax = charts.census(code, lang="en", frame=breakdown.peers(FOLDER, code))
        bold = [
            t.get_text() for t in ax.get_yticklabels() if t.get_fontweight() == "bold"
        ]
        assert bold == [blocks.region_name(FOLDER, code)]
        assert bold[0] in ax.get_title(loc="left")
        charts.close(ax)


def test_dots_stand_where_the_frame_says():
    ax = charts.census("6471", frame=FRAMES["peers"])
    rows = FRAMES["peers"].query("part == 'census'")
    marks = sorted(
        line.get_xdata()[0]
        for line in ax.lines
        if len(line.get_xdata()) == 1 and line.get_marker() in "oD"
    )
    assert marks == pytest.approx(sorted(100 * rows["growth"]))
    charts.close(ax)


def test_only_shares_of_all_small_businesses_are_drawn():
    shares, orders = charts.sector_rows(FRAMES["sectors"])
    assert sorted(shares["value"]) == [40, 40, 42, 58]
    assert set(shares["size_class"]) == {"msme"}
    assert orders["claim_id"].notna().all()


def test_density_names_both_years():
    for lang, both in (("id", ("2018", "Juni 2024")), ("en", ("2018", "June 2024"))):
        ax = charts.districts("6471", lang=lang, frame=FRAMES["districts"])
        (head,) = [t for t in words(ax) if "1.000" in t or "1,000" in t]
        assert all(year in head for year in both)
        charts.close(ax)


@pytest.mark.parametrize(
    ("region", "complete", "period"),
    [("6471", True, "2018"), ("64", True, "2016"), ("0000", False, "2025")],
)
def test_some_areas_are_never_called_all(region, complete, period):
    frame = breakdown.districts(FOLDER, region)
    table, found = breakdown.main_table(FOLDER, frame)
    assert found is complete
    assert table["period"].unique().tolist() == [period]
    ax = charts.districts(region, lang="en", frame=frame)
    title = " ".join(ax.get_title(loc="left").split())
    assert ("areas with a figure" in title) is not complete
    charts.close(ax)
    first = text.say(blocks.of_districts(frame, FOLDER)[0], "en")
    assert ("only" in first) is not complete


def test_bars_of_a_computed_series_are_equal_and_of_a_counted_one_are_not():
    ax = charts.computed("6471", frame=FRAMES["peers"])
    heights = {True: [], False: []}
    for bars in ax.containers:
        hatched = bool(bars[0].get_hatch())
        heights[hatched].append([b.get_height() for b in bars])
    assert len(heights[True]) == 6
    for panel in heights[True]:
        assert max(panel) - min(panel) < 0.001
    (counted,) = heights[False]
    assert max(counted) - min(counted) > 0.1
    charts.close(ax)


def test_svg_is_the_same_as_savefig_gives():
    ax = charts.census("6471", frame=FRAMES["peers"])
    ours, theirs = io.BytesIO(), io.BytesIO()
    charts.save_to(ax, ours, "svg")
    with plt.style.context(charts.STYLE):
        metadata = {"Date": None, "Creator": None}
        ax.figure.savefig(theirs, format="svg", metadata=metadata)
    assert ours.getvalue() == theirs.getvalue()
    charts.close(ax)


# Words


@pytest.mark.parametrize("lang", text.LANGS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_key_and_column_has_words(kind, lang):
    frame = FRAMES[kind]
    for column in frame:
        assert text.has_label(f"column.{column}"), column
    for column, group in (("part", "part"), ("verdict", "verdict"),
                          ("pattern", "verdict")):  # fmt: skip
        if column in frame:
            for key in frame[column].dropna().unique():
                assert text.has_label(f"{group}.{key}"), key
    shown = tables.show(frame.drop(columns=["note"]), lang, folder=FOLDER)
    assert not (shown == "nan").any().any()
    assert not (shown == "residual").any().any() or lang == "en"


def said():
    yield from blocks.of_sectors(FRAMES["sectors"], FOLDER, "6471")
    yield from blocks.of_districts(FRAMES["districts"], FOLDER)
    yield from blocks.of_sizes(FRAMES["sizes"], FOLDER, "6471")
    for part in blocks.of_peers(FRAMES["peers"], FOLDER, "6471").values():
        yield from part


@pytest.mark.parametrize("block", list(said()), ids=lambda b: b.key)
def test_sentences_lead_to_rows_and_lack_nothing(block):
    assert block.ids
    assert set(block.ids) <= ROWS
    for lang in text.LANGS:
        pieces = text.runs(block, lang)
        assert "".join(words for words, _ in pieces) == text.say(block, lang)
        assert {row for _, row in pieces if row} <= set(block.ids)
        sentence = text.say(block, lang)
        assert " - " not in sentence
        assert "nan" not in sentence.split()


def test_what_the_sentences_say():
    whole = " ".join(text.say(b, "en") for b in said())
    for words_ in (
        "Trade 55.0 percent, then culinary businesses 27.3 percent",
        "10,000 short",
        "Rp87.5 million",
        "Rp35.7 million",
        "Rp3 billion short",
        "93.5 percent, or 92.5 percent to 94.6 percent",
        "93.45 percent micro",
        "UU 20/2008 to PP 7/2021",
        "Rank 10 of 10 areas: last, whatever the rounding",
        "growth of 14.0 percent (11.9 percent to 16.2 percent)",
        "2.1 percent to 4.2 percent a year",
    ):
        assert words_ in whole


def test_a_share_of_an_exact_table_claims_no_bounds():
    frame = breakdown.sizes(FOLDER, "51")
    for block in blocks.of_sizes(frame, FOLDER, "51"):
        assert " - " not in text.say(block, "en")


# Commands


@pytest.mark.parametrize("kind", KINDS)
def test_json_is_the_frame(kind, capsys):
    assert main([kind, "--format", "json"]) == 0
    out = capsys.readouterr().out
    rows = json.loads(out)
    assert len(rows) == len(FRAMES[kind])
    assert list(rows[0]) == list(FRAMES[kind])
    for row in rows:
        assert set(row["ids"].split(";")) <= ROWS
        for key, value in row.items():
            assert value is None or isinstance(value, str | int | float)
            if key in tables.FRACTIONS and value is not None:
                assert -1 <= value < 10


@pytest.mark.parametrize("kind", KINDS)
def test_csv_and_table(kind, capsys):
    assert main([kind, "--format", "csv"]) == 0
    lines = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(lines) == len(FRAMES[kind])
    for lang in text.LANGS:
        assert main([kind, "--lang", lang]) == 0
        shown = capsys.readouterr().out
        assert "nan" not in shown.split()
        assert "<NA>" not in shown


def test_numbers_that_a_script_may_rely_on(capsys):
    def rows(*args):
        assert main([*args, "--format", "json"]) == 0
        return json.loads(capsys.readouterr().out)

    city = [r for r in rows("peers") if r["region_code"] == "6471"]
    assert [r["rank_worst"] for r in city if r["part"] == "census"] == [10]
    kota = [r for r in rows("districts") if r["region_code"] == "6471011"]
    assert kota[0]["turnover_per_unit"] == pytest.approx(76e9 / 869)
    rest = [r for r in rows("sectors") if r["sector"] == "residual"]
    assert 10000 in [r["value"] for r in rest]


def test_what_cannot_be_shown_is_said(capsys):
    assert main(["sectors", "--lang", "en"]) == 0
    assert "no full split by sector" in capsys.readouterr().err
    assert main(["sizes", "--lang", "en"]) == 0
    assert "size limits changed" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_a_region_with_nothing_gives_an_empty_list_and_one_line(form, capsys):
    for kind in ("sectors", "districts"):
        assert main([kind, "--region", BARE, "--format", form]) == 0
        out, err = capsys.readouterr()
        assert err.count("\n") == 1
        assert blocks.region_name(FOLDER, BARE) in err
        if form == "json":
            assert json.loads(out) == []
        else:
            assert len(out.splitlines()) == {"csv": 1, "table": 2}[form]


def test_an_unknown_region_is_one_line(capsys):
    for kind in KINDS:
        assert main([kind, "--region", "nowhere"]) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1


def test_another_folder_speaks_of_its_own_region(tmp_path, capsys):
    data = shutil.copytree(contract.SHIPPED, tmp_path / "data")
    package = json.loads((data / "datapackage.json").read_text("utf-8"))
    package["home_region"] = "6474"
    for resource in package["resources"]:
        resource.pop("hash", None)
    (data / "datapackage.json").write_text(json.dumps(package), "utf-8")
    assert main(["peers", "--data", str(data), "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert "6474" not in [r["region_code"] for r in rows if r["part"] == "jump"]
    said_ = blocks.of_peers(breakdown.peers(ua.open_folder(data)), ua.open_folder(data))
    assert "Bontang" in text.say(said_["census"][0], "en")


def test_false_alarms_are_printed(capsys):
    assert main(["peers", "--alarms", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert list(rows[0]) == breakdown.ALARMS
    assert all(r["alarms"] == 0 for r in rows if r["kind"] == "panel")


# Report


def sections(region):
    found, here = {}, None
    for part in report.content(FOLDER, region):
        if part.kind == "section":
            here = found.setdefault(part.key, [])
        elif here is not None:
            here.append(part)
    return found


def test_the_report_has_the_four_sections_with_chart_table_and_words():
    found = sections("6471")
    assert [key for key in found if key in KINDS] == list(KINDS)
    for kind in KINDS:
        kinds = [p.kind for p in found[kind]]
        assert "sentences" in kinds
        assert "table" in kinds
        assert ("chart" in kinds) == (kind != "sizes")


def test_every_row_behind_the_sections_is_in_the_report():
    found = sections("6471")
    shown = set(found["rows"][0].table.frame["id"])
    for kind in KINDS:
        for part in found[kind]:
            for block in part.blocks:
                assert set(block.ids) & ROWS <= shown
            if part.table and "ids" in part.table.frame:
                for ids in part.table.frame["ids"]:
                    assert set(ids.split(";")) <= shown


def test_a_region_without_them_is_short_and_honest():
    found = sections(BARE)
    assert "sectors" not in found
    assert "districts" not in found
    (only,) = found["peers"]
    (block,) = only.blocks
    assert block.key == "structure.peers_none"


def test_breakdowns_are_read_once(monkeypatch):
    folder = ua.open_folder(contract.SHIPPED)
    calls = []
    for kind in KINDS:
        function = getattr(breakdown, kind)
        monkeypatch.setattr(
            breakdown, kind,
            lambda *a, _f=function, _k=kind: calls.append(_k) or _f(*a),
        )  # fmt: skip
    for _ in text.LANGS:
        report.content(folder, "6471")
    assert sorted(calls) == sorted(KINDS)
