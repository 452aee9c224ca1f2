"""The lessons: minutes add up, every number is computed here, sheets are fresh."""

import json
import re
import runpy
import tomllib
from fractions import Fraction
from functools import lru_cache

import prose
import pytest
from prose import ROOT, n

import umkm_analysis as ua
from umkm_analysis import blocks, data, exercises, growth, text

TEACHING = ROOT / "teaching"
SHEETS = runpy.run_path(str(TEACHING / "worksheets.py"))
NUMBERS = tuple(SHEETS["FRONTS"])
NOTEBOOKS = {
    "en": ("01_figures", "02_sectors", "03_projections"),
    "id": ("01_angka", "02_sektor", "03_proyeksi"),
}
GUIDES = {"en": "guide.md", "id": "panduan.md"}
ONLINE = {"en": "open_online.md", "id": "tanpa_pasang.md"}
#: Headings that every lesson has, in this order; "..." is a title of its own.
PARTS = {
    "en": [
        "Aims", "Prerequisites and materials", "Minute by minute", "Board plan",
        "What learners usually get wrong", "With computers", "Exercise: ...",
        "Answers", "Rubric", "Discussion", "Without computers", "Worksheet",
        "Key to the worksheet",
    ],
    "id": [
        "Tujuan", "Prasyarat dan bahan", "Jalannya pelajaran", "Rencana papan tulis",
        "Yang sering keliru", "Dengan komputer", "Latihan: ...",
        "Jawaban", "Pedoman penilaian", "Diskusi", "Tanpa komputer", "Lembar kerja",
        "Kunci lembar kerja",
    ],
}  # fmt: skip


@pytest.fixture(params=text.LANGS)
def lang(request):
    return request.param


@pytest.fixture(params=NUMBERS)
def number(request):
    return request.param


@pytest.fixture
def path(lang, number):
    return TEACHING / lang / SHEETS["LESSONS"][lang].format(number)


@pytest.fixture
def page(path):
    return path.read_text(encoding="utf-8")


def part(page, lang, place):
    """The text under one of PARTS."""
    heading = PARTS[lang][place].removesuffix("...")
    return SHEETS["section"](page, heading)


SCHEDULE, COMPUTERS, EXERCISE, ANSWERS, RUBRIC, WORKSHEET, KEY = (
    2, 5, 6, 7, 8, 11, 12,
)  # fmt: skip


def schedule(page, lang):
    rows = re.findall(r"^\| (\d+) \| (\d+) \|", part(page, lang, SCHEDULE), re.M)
    return [(int(start), int(minutes)) for start, minutes in rows]


def value(row_id):
    return ua.trace(row_id)["value"]


def percent(fraction, lang, decimals=2):
    return text.percent(float(fraction), decimals, lang)


def bare(fraction, lang, decimals=2):
    """A fraction in percent, without the word."""
    return n(100 * float(fraction), lang, decimals)


def bounds(low, high, lang, decimals=2):
    """Two bounds in one unit, as "19.15 and 19.31 percent"."""
    word = {"en": "and", "id": "dan"}[lang]
    return f"{bare(low, lang, decimals)} {word} {percent(high, lang, decimals)}"


def claim(claim_id):
    return ua.claims([claim_id]).iloc[0]


# --- what the lessons may say, computed from the rows they name ----------------------


def mayor(lang):
    old, new = ua.series("mayor_2023_2024", region="6471")
    rate = growth.between(old, new)
    return {
        "old": n(old.value, lang),
        "new": n(new.value, lang),
        "rate": rate,
        "growth": percent(rate.value, lang),
        "growth_bare": bare(rate.value, lang),
    }


def facts_1(lang):
    known = mayor(lang)
    old, new = ua.series("mayor_2023_2024", region="6471")
    rate = known.pop("rate")
    listed = [Fraction(value(i)) for i in ("BPN-0015", "BPN-0025")]
    census = growth.between(*ua.series("economic_census", region="6471"))
    all_sizes = growth.read_under("all_msme_2024_2025")
    micro = growth.read_under("micro_2024_2025")
    return known | {
        "difference": n(new.value - old.value, lang),
        "growth_round": percent(rate.value, lang, 0),
        "low": n(old.low, lang),
        "high": n(old.high, lang),
        "bounds": bounds(rate.low, rate.high, lang),
        "from": bare(rate.low, lang),
        "to": percent(rate.high, lang),
        "by_new": percent((new.value - old.value) / new.value, lang),
        "list_old": n(listed[0], lang),
        "listed": n(listed[1], lang),
        "list_difference": n(listed[1] - listed[0], lang),
        "list_growth": percent(listed[1] / listed[0] - 1, lang),
        "oss": n(value("BPN-0066"), lang),
        "joined": percent(value("BPN-0066") / value("BPN-0025") - 1, lang, 0),
        "registered": n(value("BPN-0084"), lang),
        "registered_k": text.scaled(value("BPN-0084"), lang),
        "registered_micro": n(value("BPN-0087"), lang),
        "target": text.quantity(claim("C014")["stated_value"], "percent", lang),
        "all_sizes": bounds(all_sizes.low, all_sizes.high, lang),
        "micro": bounds(micro.low, micro.high, lang),
        "census_old": text.scaled(value("BPN-0001"), lang),
        "census_new": text.scaled(value("BPN-0002"), lang),
        "city": text.quantity(claim("C038")["stated_value"], "percent", lang),
        "province": text.quantity(claim("C039")["stated_value"], "percent", lang),
        "census": percent(census.value, lang, 1),
        "census_low": bare(census.low, lang, 1),
        "census_high": percent(census.high, lang, 1),
        "stalls": n(1000, lang),
        "known": n(800, lang),
        "added": n(200, lang),
        "registrations": percent(Fraction(1000, 800) - 1, lang, 0),
        "article": str(ua.tell("article", lang)),
        "safe": str(ua.tell("safe", lang)),
    }


def facts_2(lang):
    culinary = Fraction(value("BPN-0033")) / Fraction(value("BPN-0035"))
    workers = claim("C030")
    blitar = [Fraction(value(f"PEER-01{i}")) for i in (48, 49, 50)]
    fields = ("KAL-0022", "KAL-0023", "KAL-0024", "KAL-0123")
    odd = claim("C106")
    rate = Fraction(value("BPN-0245")) / Fraction(value("BPN-0243"))
    micro, every = (data.figure(i) for i in ("BPN-0087", "BPN-0084"))
    rules = data.load("size_classes").query(
        "`class` == 'micro' and criterion == 'annual_sales' and unit == 'IDR'"
    )
    limits = rules.set_index("regime")["upper"]
    areas = ua.breakdown.districts(data.shipped())
    whole = areas[areas["part"].eq("whole")].iloc[0]
    areas = areas[areas["part"].eq("area")]
    names = data.shipped().names("regions", "region_code", lang)
    by = {names[r["region_code"]].split()[-1]: r for _, r in areas.iterrows()}
    split = [Fraction(value(f"KAL-000{i}")) for i in (8, 5, 9, 6, 7)]
    total, trade = Fraction(value("KAL-0001")), Fraction(value("KAL-0008"))
    known = {
        "new": n(value("BPN-0074"), lang),
        "registered": n(value("BPN-0084"), lang),
        "mixed": percent(value("BPN-0074") / value("BPN-0084"), lang),
        "culinary_2021": text.quantity(value("BPN-0059"), "percent", lang),
        "services_2021": text.quantity(value("BPN-0060"), "percent", lang),
        "both_2021": percent((value("BPN-0059") + value("BPN-0060")) / 100, lang, 0),
        "about": text.quantity(value("BPN-0092"), "percent", lang),
        "workers": n(value("BPN-0033"), lang),
        "force": n(value("BPN-0035"), lang),
        "share": percent(culinary, lang),
        "share_most": percent(workers["computed_high"] / 100, lang),
        "printed": text.quantity(workers["stated_value"], "percent", lang),
        "points": n(workers["stated_value"] - 100 * culinary, lang, 2),
        "larger": percent(workers["stated_value"] / 100 / culinary - 1, lang, 0),
        "b1": n(blitar[0], lang),
        "b2": n(blitar[1], lang),
        "b3": n(blitar[2], lang),
        "b12": n(blitar[1] - blitar[0], lang),
        "b23": n(blitar[2] - blitar[1], lang),
        "printed_1": percent(claim("C129")["stated_value"] / 100, lang),
        "printed_2": percent(claim("C130")["stated_value"] / 100, lang),
        "blitar_1": percent(blitar[1] / blitar[0] - 1, lang),
        "blitar_2": percent(blitar[2] / blitar[1] - 1, lang),
        "f1": text.quantity(value(fields[0]), "percent", lang),
        "f2": text.quantity(value(fields[1]), "percent", lang),
        "f3": text.quantity(value(fields[2]), "percent", lang),
        "f4": text.quantity(value(fields[3]), "percent", lang),
        "fields": percent(sum(map(value, fields)) / 100, lang, 1),
        "hundred": percent(odd["stated_value"] / 100, lang, 0),
        "fields_low": n(odd["computed_low"], lang, 1),
        "fields_high": percent(odd["computed_high"] / 100, lang, 1),
        "labour": n(value("BPN-0243"), lang),
        "jobless": n(value("BPN-0245"), lang),
        "rate": percent(rate, lang),
        "rate_printed": text.quantity(value("BPN-0246"), "percent", lang),
        "rate_points": n(value("BPN-0246") - 100 * rate, lang, 2),
        "micro_k": text.scaled(micro.value, lang),
        "every_k": text.scaled(every.value, lang),
        "micro_small": n(micro.value / 1000, lang),
        "every_small": n(every.value / 1000, lang),
        "micro": percent(micro.value / every.value, lang, 1),
        "micro_bounds": bounds(
            micro.low / every.high, micro.high / every.low, lang, 1
        ),
        "national": percent(claim("C126")["stated_value"] / 100, lang),
        "limit_old": text.quantity(limits["UU 20/2008"], "IDR", lang),
        "limit_new": text.quantity(limits["PP 7/2021"], "IDR", lang),
        "units": n(whole["units"], lang),
        "turnover": text.quantity(areas["turnover"].sum(), "IDR", lang),
        "turnover_stated": text.quantity(whole["turnover"], "IDR", lang),
        "turnover_gap": text.quantity(
            whole["turnover"] - areas["turnover"].sum(), "IDR", lang
        ),
        "sectors": n(sum(split), lang),
        "total": n(total, lang),
        "gap": n(total - sum(split), lang),
        "trade": n(trade, lang),
        "trade_of_total": percent(trade / total, lang, 1),
        "trade_of_parts": percent(trade / sum(split), lang, 1),
        "statements": str(ua.tell("sectors", lang)).replace("- ", "> - "),
    }  # fmt: skip
    for name, row in by.items():
        per_unit = row["turnover_per_unit"]
        known[f"{name}_share"] = bare(row["units_share"], lang, 1)
        known[f"{name}_each"] = "Rp" + text.scaled(per_unit, lang, 1)
    assert areas["units"].sum() == whole["units"]
    return known


def facts_3(lang):
    known = mayor(lang)
    del known["rate"]
    ahead = ua.outlook.scenarios().set_index(["method", "year"])
    ends = {m: ahead.loc[(m, 2027), "point"] for m in ahead.index.levels[0]}
    rates = {m: ahead.loc[(m, 2027), "rate"] for m in ahead.index.levels[0]}
    panel = ua.panel("imk")
    panel = panel[panel["segment"].eq("2017-2022")]
    wide = panel.pivot(index="region", columns="year", values="value")
    changed = wide.pct_change(axis=1).iloc[:, 1:]
    own = changed.loc["64"]
    near = changed.loc[["61", "62", "63", "65"]].abs().stack()
    sizes = sorted((100 * near).round(1), reverse=True)
    assert len(sizes) == 20
    last, before, first = (wide.loc["64", y] for y in (2022, 2021, 2020))
    # The rows of the lesson are those of the panel.
    assert [last, before, first] == [value(f"KAL-010{i}") for i in (4, 3, 1)]
    repeat = before**2 / first
    growths = changed.stack().rename("growth").reset_index()
    growths["before"] = growths.groupby("region")["growth"].shift()
    pairs = growths.dropna()
    unchanged = (1 / (1 + pairs["growth"]) - 1).abs().median()
    repeated = ((1 + pairs["before"]) / (1 + pairs["growth"]) - 1).abs().median()
    low, high = notebook_interval(panel)
    record = ua.outlook.of_claim(rates["fixed_growth"]).params
    shares = [int(x) for x in re.findall(r"(\d+) percent", record["record"]["en"])]
    rules = ["naive", "fixed_growth", "panel_median", "gated"]
    tested = ua.backtest.run(
        ua.panel("cooperatives"), methods=rules, name="cooperatives"
    )
    held = ua.outlook.of_held(tested[tested["chosen"]])[0].params
    return known | {
        "naive": n(ends["naive"], lang),
        "census": n(ends["census_pace"], lang),
        "target": n(ends["target"], lang),
        "last": n(ends["fixed_growth"], lang),
        "next": n(ahead.loc[("fixed_growth", 2025), "point"], lang),
        "added": n(record["added"], lang),
        "census_rate": percent(rates["census_pace"], lang),
        "target_rate": text.quantity(value("BPN-0090"), "percent", lang),
        "factor": n(1 + rates["target"], lang, 2),
        "c0": n(first, lang),
        "c1": n(before, lang),
        "c2": n(last, lang),
        "naive_miss": n(abs(before - last), lang),
        "naive_miss_pc": percent(abs(before - last) / last, lang, 1),
        "repeat": n(repeat, lang),
        "repeat_miss": n(abs(repeat - last), lang),
        "repeat_miss_pc": percent(abs(repeat - last) / last, lang, 1),
        "median": percent(unchanged, lang, 1),
        "median_repeat": percent(repeated, lang, 1),
        "crossed": [n(s, lang, 1) for s in sizes[:4]],
        "half": n(sizes[4], lang, 1),
        "half_pc": percent(sizes[4] / 100, lang, 1),
        "low": n(last * (1 - sizes[4] / 100), lang),
        "high": n(last * (1 + sizes[4] / 100), lang),
        "low_k": text.scaled(round(last * (1 - sizes[4] / 100), -3), lang),
        "high_k": text.scaled(round(last * (1 + sizes[4] / 100), -3), lang),
        "nb_low": n(low, lang),
        "nb_high": n(high, lang),
        "published": n(value("KAL-0107"), lang),
        "own": [bare(x, lang, 1) for x in own[:-1]],
        "own_last": percent(own.iloc[-1], lang, 1),
        "share_1": n(shares[0], lang),
        "share_2": n(shares[1], lang),
        "share_3": n(shares[2], lang),
        "held": percent(held["coverage"], lang, 0),
        "worst": held["worst"],
        "worst_held": percent(held["worst_year_coverage"], lang, 0),
    }


def notebook_interval(panel):
    """The interval that notebook 3 makes by hand."""
    import numpy as np

    panel = panel.sort_values(["region", "year"])
    changes = panel.groupby("region")["value"].pct_change()
    half = np.log1p(changes[panel["region"].ne("64")]).abs().dropna().quantile(0.8)
    last = panel[panel["region"].eq("64")]["value"].iloc[-1]
    return last * np.exp(-half), last * np.exp(half)


FACTS = {1: facts_1, 2: facts_2, 3: facts_3}
#: What each lesson says with numbers.
SAID = tomllib.loads((ROOT / "tests" / "teaching_said.toml").read_text("utf-8"))


@lru_cache
def facts(number, lang):
    return FACTS[number](lang)


def said(number, lang, place):
    known = facts(number, lang)
    return [phrase.format(**known) for phrase in SAID[str(number)][lang][place]]


def flat(words):
    return " ".join(words.split())


@pytest.mark.parametrize(
    ("place", "where"), [("asked", EXERCISE), ("answered", ANSWERS), ("key", KEY)]
)
def test_questions_answers_and_key_have_their_numbers(page, lang, number, place, where):
    there = flat(part(page, lang, where))
    for phrase in said(number, lang, place):
        assert phrase in there


def test_every_number_in_it_is_computed_here(page, lang, number):
    told = [p for place in SAID[str(number)][lang] for p in said(number, lang, place)]
    told += [f"| {start} | {minutes} |" for start, minutes in schedule(page, lang)]
    told += ["| 0 | 1 | 2 |"]
    assert prose.unchecked(page, told) == []


def test_minutes_add_up(page, lang):
    rows = schedule(page, lang)
    assert sum(minutes for _, minutes in rows) == 100
    at = 0
    for start, minutes in rows:
        assert start == at
        at += minutes
    # Minutes that other parts speak of begin and end a step.
    marks = {start for start, _ in rows} | {100}
    words = {"en": (r"[Mm]inutes (\d+) to (\d+)", r"[Mm]inute (\d+)\b"),
             "id": (r"[Mm]enit (\d+) sampai (\d+)", r"[Mm]enit (\d+)\b")}  # fmt: skip
    spoken = re.findall(words[lang][0], flat(page))
    alone = re.findall(words[lang][1], flat(page))
    assert {int(m) for pair in [*spoken, alone] for m in pair} <= marks


def test_all_parts_are_there(page, lang):
    found = re.findall(r"^##+ (.+)$", page, re.M)
    assert len(found) == len(PARTS[lang])
    for heading, wanted in zip(found, PARTS[lang], strict=True):
        start, own, _ = wanted.partition("...")
        assert heading.startswith(start) if own else heading == wanted


def test_every_question_has_its_answer(page, lang):
    for asked, answered in ((EXERCISE, ANSWERS), (WORKSHEET, KEY)):
        counts = [
            re.findall(r"^(\d)\. ", part(page, lang, place), re.M)
            for place in (asked, answered)
        ]
        assert counts[0] == counts[1] == [str(i + 1) for i in range(len(counts[0]))]
    assert len(re.findall(r"^\d\. ", part(page, lang, EXERCISE), re.M)) == 5


def test_the_rubric_adds_up(page, lang):
    rows = re.findall(r"^\| \w+ \|(?=.*\w)", part(page, lang, RUBRIC), re.M)
    assert len(rows) * 2 == 10


def test_ids_exist(page):
    named = set(re.findall(r"`([A-Z]+-?\d+)`", page))
    assert len(named) >= 7
    claims = {row_id for row_id in named if "-" not in row_id}
    assert set(data.load("claims")["claim_id"]) >= claims
    assert named - claims <= set(data.load("observations")["id"])


def test_cells_and_headings_it_points_to_are_in_the_notebook(page, lang, number):
    file = ROOT / "notebooks" / lang / f"{NOTEBOOKS[lang][number - 1]}.ipynb"
    source = cells(file)
    table = part(page, lang, SCHEDULE)
    for code in re.findall(r"`([^`]+)`", table):
        assert code in source
    headings = set(re.findall(r"^## (.+)$", source, re.M))
    # The first and last step quote what is written on the board and said aloud.
    steps = re.findall(r"^\| \d.*$", prose.without_code(table), re.M)[1:-1]
    opened = set(re.findall(r'"([^"]+)"', "\n".join(steps)))
    assert len(opened) >= 3
    assert opened <= headings
    assert file.name in {
        target.name for target, _ in prose.links(pages_of(lang)[number])
    }


def cells(file):
    book = json.loads(file.read_text("utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in book)


def pages_of(lang):
    made = {i: TEACHING / lang / SHEETS["LESSONS"][lang].format(i) for i in NUMBERS}
    return made | {"guide": TEACHING / lang / GUIDES[lang]}


def test_exercises_it_names_are_in_the_blank_notebook(page, lang):
    words = part(page, lang, COMPUTERS)
    named = re.findall(r"`([a-z0-9_]{4,})`", words)
    assert len(named) >= 4
    assert set(named) <= set(exercises.names())
    (file,) = re.findall(r"`(notebooks/blank/\S+\.ipynb)`", words)
    source = cells(ROOT / file)
    assert all(f'ua.exercises.get("{name}", LANG)' in source for name in named)
    (shown,) = re.findall(r'ua\.exercises\.get\("(\w+)", LANG\)', words)
    assert shown in named


def test_every_exercise_is_in_a_lesson(lang):
    pages = [pages_of(lang)[i].read_text("utf-8") for i in NUMBERS]
    named = set(re.findall(r"`(\w+)`", "\n".join(pages)))
    assert set(exercises.names()) - named == {"aid_recipients"}


def test_both_languages_have_the_same_parts(number):
    both = [pages_of(lang)[number].read_text("utf-8") for lang in text.LANGS]
    shapes = [re.findall(r"^(#+ |\||\d\. |- |>)", page, re.M) for page in both]
    assert shapes[0] == shapes[1]
    named = [re.findall(r"`([A-Z]+-?\d+|[a-z]+_[a-z0-9_]+)`", page) for page in both]
    assert named[0] == named[1]
    clocks = [schedule(page, lang) for page, lang in zip(both, text.LANGS, strict=True)]
    assert clocks[0] == clocks[1]


def test_links_lead_somewhere(lang):
    for file in (TEACHING / lang).glob("*.md"):
        assert prose.dead_links(file) == []


# --- lesson by lesson: it judges as the package does ---------------------------------


def test_lesson_1_judges_as_the_package_does(lang):
    with pytest.raises(ua.ConceptMismatch):
        growth.between(data.figure("BPN-0025"), data.figure("BPN-0066"))
    assert growth.between(data.figure("BPN-0015"), data.figure("BPN-0025"))
    target = claim("C014")["stated_value"] / 100
    assert growth.read_under("all_msme_2024_2025").low > target
    assert growth.read_under("micro_2024_2025").high < target
    verdicts = ua.claims(["C013", "C014", "C038", "C039"])["verdict"].tolist()
    assert verdicts == ["cannot_be_checked"] * 2 + ["holds", "holds_within_rounding"]
    readings = data.load("readings").set_index("reading")
    pairs = {
        tuple(readings.loc[r, ["from_id", "to_id"]])
        for r in ("all_msme_2024_2025", "micro_2024_2025")
    }
    assert pairs == {("BPN-0074", "BPN-0084"), ("BPN-0082", "BPN-0087")}


def test_lines_allowed_on_paper_are_those_of_the_chart(lang):
    rows = blocks.headline_rows()
    lines = {s for s, found in rows.groupby("series") if len(found) > 1}
    assert lines == {"agency_register", "economic_census", "mayor_2023_2024"}
    page = pages_of(lang)[1].read_text("utf-8")
    assert {"en": "three in all", "id": "jumlahnya tiga"}[lang] in flat(page)
    hollow = re.findall(r"BPN-\d+", part(page, lang, KEY).split("2. ")[0])
    small = data.load("balikpapan")
    assert hollow == small.loc[small["grade"].eq("D"), "id"].tolist()


def test_lesson_2_judges_as_the_package_does():
    verdicts = ua.claims(["C030", "C061", "C105", "C106", "C129", "C130"])["verdict"]
    assert verdicts.tolist() == ["fails"] * 6
    for printed, old, new in (("C129", 48, 49), ("C130", 49, 50)):
        old, new = value(f"PEER-01{old}"), value(f"PEER-01{new}")
        assert round(100 * (new - old) / new, 2) == claim(printed)["stated_value"]
    areas = ua.breakdown.districts(data.shipped())
    (verdict,) = areas.loc[areas["part"].eq("residual"), "verdict"]
    assert verdict == "within_rounding"
    areas = areas[areas["part"].eq("area")].set_index("region_code")
    assert areas["units"].idxmax() == "6471040"
    assert areas["turnover_per_unit"].idxmax() == "6471011"
    assert (
        ua.breakdown.sector_verdict(ua.breakdown.sectors(data.shipped())) == "no_split"
    )


def test_lesson_3_judges_as_the_package_does():
    found = ua.outlook.example()
    assert found.region == "64"
    assert found.later[0].id == "KAL-0107"
    assert found.later[0].concept != found.history[-1].concept
    assert (ua.outlook.scenarios()[["low", "high"]].isna()).all(axis=None)


def test_the_questions_to_the_agency_are_those_of_the_exercise(lang):
    page = flat(pages_of(lang)[3].read_text("utf-8"))
    items = exercises._definitions()["ask_agency"]["item"]
    assert all(f"- {item[lang]}" in page for item in items)
    assert {"en": "four of these six", "id": "empat dari enam"}[lang] in page
    assert len(items) == 6
    assert exercises._definitions()["ask_agency"]["enough"] == 4


# --- the printed sheets --------------------------------------------------------------


def sheet(lang, number):
    return TEACHING / lang / SHEETS["SHEETS"][lang].format(number)


def test_sheets_are_fresh(lang, number):
    """Of the same words, data and layout; the same bytes where typst is the same."""
    stored = sheet(lang, number).read_bytes()
    _, digest = SHEETS["made_of"](number, lang)
    assert digest.encode() in stored, "run: python teaching/worksheets.py"
    made = SHEETS["pdf"](number, lang)
    version = re.compile(rb"Typst [\d.]+")
    if version.findall(made) == version.findall(stored):
        assert made == stored, "run: python teaching/worksheets.py"


def test_sheets_print_on_one_leaf(lang, number):
    made = sheet(lang, number).read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b", made)) == 2
    assert len(re.findall(rb"MediaBox ?\[0 0 595.2756 841.8898\]", made)) == 2
    assert b"CreationDate" not in made
    assert len(made) < 100_000


def test_tables_on_the_sheets_are_the_rows(lang):
    (first, _), (areas, sectors), (own, near, frame) = (
        SHEETS["FRONTS"][i][0](lang) for i in NUMBERS
    )
    small = data.load("balikpapan")
    assert [(r[0], r[4], r[5]) for r in first["rows"]] == [
        (r["id"], n(r["value"], lang), r["grade"]) for _, r in small.iterrows()
    ]
    ids = [*(f"BPN-00{i}" for i in (36, 37, 38, 39, 40, 41)), "BPN-0030"]
    assert [r[1] for r in areas["rows"]] == [n(value(i), lang) for i in ids]
    ids = [*(f"BPN-00{i}" for i in (42, 43, 44, 45, 46, 47)), "BPN-0032"]
    rupiah = [text.quantity(value(i), "IDR", lang) for i in ids]
    assert [r[2] for r in areas["rows"]] == rupiah
    ids = [f"KAL-000{i}" for i in (8, 5, 9, 6, 7, 1)]
    assert [r[1] for r in sectors["rows"]] == [n(value(i), lang) for i in ids]
    counts = [n(value(f"KAL-010{i}"), lang) for i in (1, 3, 4)]
    assert own["rows"][0][-3:] == counts
    assert len([c for row in near["rows"] for c in row[2:]]) == 20
    # The figure that the teacher reads out later is not on the sheet.
    content, _ = SHEETS["made_of"](3, lang)
    assert n(value("KAL-0107"), lang) not in content.decode()
    assert frame["years"][-1] == data.figure("KAL-0107").year


# --- the guide -----------------------------------------------------------------------


def test_the_guide_frames_the_lessons(lang):
    guide = pages_of(lang)["guide"]
    page = guide.read_text("utf-8")
    linked = {target.resolve() for target, _ in prose.links(guide)}
    for i in NUMBERS:
        lesson = pages_of(lang)[i]
        title = re.match(r"# \w+ \d+\. (.+)", lesson.read_text("utf-8"))[1]
        minutes = sum(m for _, m in schedule(lesson.read_text("utf-8"), lang))
        assert f"| {title} | {minutes} |" in page
        file = ROOT / "notebooks" / lang / f"{NOTEBOOKS[lang][i - 1]}.ipynb"
        assert {lesson, sheet(lang, i), file} <= linked
    assert TEACHING / lang / ONLINE[lang] in linked
    heads = [len(re.findall("^#+ ", pages_of(x)["guide"].read_text("utf-8"), re.M))
             for x in text.LANGS]  # fmt: skip
    assert heads[0] == heads[1] > 8


def test_commands_of_the_guide_are_ours(lang):
    page = pages_of(lang)["guide"].read_text("utf-8")
    commands = re.findall(r"python3 run\.py (.+)", page)
    commands += re.findall(r"`(umkm [^`]+|jupyter [^`]+)`", page)
    assert len(commands) >= 6
    for command in commands:
        words = command.split()
        if words[0] == "jupyter":
            assert words[1] == "lab"
            continue
        options = ua.cli._parser().parse_args(words[1:])
        assert options.command in ("start", "trace", "claims")


def test_the_address_is_asked_for_in_one_place(lang):
    page = (TEACHING / lang / ONLINE[lang]).read_text("utf-8")
    word = {"en": "ADDRESS", "id": "ALAMAT"}[lang]
    for cell in re.findall(r"^```\n(.*?)^```", page, re.M | re.S):
        assert cell.count(word) == (1 if "clone" in cell else 0)
    assert not re.search(r"https?://(?!mybinder\.org)\w", page)
