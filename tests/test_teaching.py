"""The lesson plan: its minutes add up, and its answers are those of the package."""

import json
import re
from fractions import Fraction

import prose
import pytest
from prose import ROOT, n

import umkm_analysis as ua
from umkm_analysis import blocks, data, growth, text

FILES = {"en": "teaching/en/lesson_01.md", "id": "teaching/id/pelajaran_01.md"}
NOTEBOOKS = {
    "en": "notebooks/en/01_figures.ipynb",
    "id": "notebooks/id/01_angka.ipynb",
}
TITLES = {
    "en": ("Minute by minute", "Exercise: five pairs of figures", "Answers", "Rubric"),
    "id": (
        "Jalannya pelajaran",
        "Latihan: lima pasangan angka",
        "Jawaban",
        "Pedoman penilaian",
    ),
}


@pytest.fixture(params=text.LANGS)
def lang(request):
    return request.param


@pytest.fixture
def path(lang):
    return ROOT / FILES[lang]


@pytest.fixture
def page(path):
    return path.read_text(encoding="utf-8")


def section(page, heading):
    return re.split(r"^#+ ", page.split(f"# {heading}\n", 1)[1], flags=re.M)[0]


def schedule(page, lang):
    rows = re.findall(
        r"^\| (\d+) \| (\d+) \|", section(page, TITLES[lang][0]), flags=re.M
    )
    return [(int(start), int(minutes)) for start, minutes in rows]


def value(row_id):
    return ua.trace(row_id)["value"]


def percent(fraction, lang, decimals=2):
    return text.percent(float(fraction), decimals, lang)


def bounds(low, high, lang):
    """Two bounds in one unit, as "19.15 and 19.31 percent"."""
    word = {"en": "and", "id": "dan"}[lang]
    return f"{n(100 * low, lang, 2)} {word} {percent(high, lang)}"


def facts(lang):
    """What the lesson may say, computed from the rows it names."""
    mayor = ua.series("mayor_2023_2024", region="6471")
    old, new = (f.value for f in mayor)
    rate = growth.between(*mayor)
    blitar = [Fraction(value(i)) for i in ("PEER-0149", "PEER-0150")]
    claims = ua.claims().set_index("claim_id")
    culinary = Fraction(value("BPN-0033")) / Fraction(value("BPN-0035"))
    printed = claims.loc["C030", "stated_value"]
    all_sizes = growth.read_under("all_msme_2024_2025")
    micro = growth.read_under("micro_2024_2025")
    return {
        "old": n(old, lang),
        "new": n(new, lang),
        "difference": n(new - old, lang),
        "growth": percent(rate.value, lang),
        "growth_bare": n(100 * rate.value, lang, 2),
        "growth_round": percent(rate.value, lang, 0),
        "low": n(mayor[0].low, lang),
        "high": n(mayor[0].high, lang),
        "bounds": bounds(rate.low, rate.high, lang),
        "from": n(100 * rate.low, lang, 2),
        "to": percent(rate.high, lang),
        "by_new": percent((new - old) / new, lang),
        "blitar_old": n(blitar[0], lang),
        "blitar_new": n(blitar[1], lang),
        "blitar_difference": n(blitar[1] - blitar[0], lang),
        "blitar_printed": n(claims.loc["C130", "stated_value"], lang, 2),
        "blitar_growth": percent(blitar[1] / blitar[0] - 1, lang),
        "listed": n(value("BPN-0025"), lang),
        "oss": n(value("BPN-0066"), lang),
        "joined": percent(value("BPN-0066") / value("BPN-0025") - 1, lang, 0),
        "registered": n(value("BPN-0084"), lang),
        "registered_k": text.scaled(value("BPN-0084"), lang),
        "registered_micro": n(value("BPN-0087"), lang),
        "target": text.quantity(claims.loc["C014", "stated_value"], "percent", lang),
        "all_sizes": bounds(all_sizes.low, all_sizes.high, lang),
        "micro": bounds(micro.low, micro.high, lang),
        "workers": n(value("BPN-0033"), lang),
        "force": n(value("BPN-0035"), lang),
        "share": percent(culinary, lang),
        "share_most": text.percent(claims.loc["C030", "computed_high"] / 100, 2, lang),
        "printed": text.quantity(printed, "percent", lang),
        "points": n(printed - 100 * culinary, lang, 2),
        "larger": percent(printed / 100 / culinary - 1, lang, 0),
        "stalls": n(1000, lang),
        "known": n(800, lang),
        "added": n(200, lang),
        "registrations": percent(Fraction(1000, 800) - 1, lang, 0),
    }


SAID = {
    "en": {
        "questions": [
            "The mayor: {old} (2023, round to hundreds) and {new} (2024)",
            "{blitar_old} micro businesses (2020) and {blitar_new} (2021). It prints "
            "{blitar_printed} percent",
            "The agency's list: {listed} (2019). The OSS system: about {oss} (2023)",
            "The agency: {new} (2024), then in November 2025 about {registered}, about "
            "{registered_micro} of them micro",
            "the target of {target} growth",
            "{workers} culinary workers are {printed} of a labour force of {force}",
        ],
        "answers": [
            "({new} - {old}) / {old} = {difference} / {old} = **{growth}**",
            "can stand for {low} to {high}, so growth is **between {bounds}**",
            "the increase of {blitar_difference} by the *new* figure, {blitar_new}.",
            "{blitar_difference} / {blitar_old} = **{blitar_growth}**",
            "The quotient gives {joined}",
            "count all MSMEs: between {all_sizes}, the target is met",
            "count micro businesses only: between {micro}, it is not",
            "{workers} / {force} = **{share}**, at most {share_most} if {force} is",
            "by **{points} percentage points**",
        ],
        "rest": [
            "One meeting of 100 minutes",
            "({new} - {old}) / {old} = {growth}",
            "{old} is rounded: {from} to {to}",
            "This gives {by_new}",
            "From {share} to {printed} is {points} percentage points",
            "the second is {larger} larger",
            "a market has {stalls} stalls, {known} of them registered. This year "
            "{added} register",
            "Registrations rise by {registrations}",
            "{old} is round to hundreds, so the two decimals of {growth_bare} do",
            '"About {growth_round}" is enough. About {registered_k} never',
            "At most 10 points",
        ],
        "paper": ["Minutes 30 to 70 become", "up 0 to 100,000"],
    },
    "id": {
        "questions": [
            "Wali kota: {old} (2023, bulat sampai ratusan) dan {new} (2024)",
            "{blitar_old} usaha mikro (2020) dan {blitar_new} (2021). Portal mencetak "
            "{blitar_printed} persen",
            "Daftar dinas kota: {listed} (2019). Sistem OSS: sekitar {oss} (2023)",
            "Dinas: {new} (2024), lalu pada November 2025 sekitar {registered}, di "
            "antaranya sekitar {registered_micro} mikro",
            "target tumbuh {target}",
            "{workers} pekerja kuliner adalah {printed} dari {force} angkatan kerja",
        ],
        "answers": [
            "({new} - {old}) / {old} = {difference} / {old} = **{growth}**",
            "bisa berarti {low} sampai {high}, jadi pertumbuhannya **antara {bounds}**",
            "tambahan {blitar_difference} dengan angka *baru*, {blitar_new}.",
            "{blitar_difference} / {blitar_old} = **{blitar_growth}**",
            "Hasil baginya {joined}",
            "menghitung semua UMKM: antara {all_sizes}, target tercapai",
            "menghitung usaha mikro saja: antara {micro}, target tidak tercapai",
            "{workers} / {force} = **{share}**, paling tinggi {share_most} kalau "
            "{force} itu",
            "**{points} poin persen**",
        ],
        "rest": [
            "Satu pertemuan 100 menit",
            "({new} - {old}) / {old} = {growth}",
            "{old} dibulatkan: {from} sampai {to}",
            "Hasilnya {by_new}",
            "Dari {share} ke {printed} berbeda {points} poin persen",
            "angka kedua {larger} lebih besar",
            "di pasar ada {stalls} warung, {known} sudah terdaftar. Tahun ini {added} "
            "mendaftar",
            "Pendaftar naik {registrations}",
            "{old} bulat sampai ratusan, jadi dua desimal pada {growth_bare} tidak",
            '"Sekitar {growth_round}" cukup. Sekitar {registered_k} tidak',
            "Nilai tertinggi 10.",
        ],
        "paper": ["Menit 30 sampai 70 diganti", "sumbu tegak 0 sampai 100.000"],
    },
}


def worksheet(lang):
    """The rows of balikpapan.csv as the worksheet prints them."""
    families = data.load("families").set_index("family")[f"name_{lang}"]
    return [
        f"| `{r['id']}` | {text.period(r['period'], lang)} | {n(r['value'], lang)} "
        f"| {r[f'counts_what_{lang}']} | {families[r['family']]} | {r['grade']} |"
        for _, r in data.load("balikpapan").iterrows()
    ]


def test_minutes_add_up(page, lang):
    rows = schedule(page, lang)
    assert sum(minutes for _, minutes in rows) == 100
    at = 0
    for start, minutes in rows:
        assert start == at
        at += minutes


def test_every_number_in_it_is_computed_here(page, lang):
    known = facts(lang)
    told = [p.format(**known) for part in SAID[lang].values() for p in part]
    told += [*worksheet(lang), str(ua.tell("safe", lang))]
    told += [f"| {start} | {minutes} |" for start, minutes in schedule(page, lang)]
    told += ["| 0 | 1 | 2 |"]
    told += {
        "en": ["Lesson 1.", "pelajaran_01.md", "notebook 1"],
        "id": ["Pelajaran 1.", "lesson_01.md", "buku catatan 1"],
    }[lang]
    assert prose.unchecked(page, told) == []


def test_answers_have_their_numbers_and_ids(page, lang):
    known = facts(lang)
    _, exercise, answers, _ = TITLES[lang]
    asked = " ".join(section(page, exercise).split())
    answered = " ".join(section(page, answers).split())
    for phrase in SAID[lang]["questions"]:
        assert phrase.format(**known) in asked
    for phrase in SAID[lang]["answers"]:
        assert phrase.format(**known) in answered
    count = len(re.findall(r"^\d\. ", section(page, exercise), re.M))
    assert count == len(re.findall(r"^\d\. ", section(page, answers), re.M)) == 5


def test_answers_judge_as_the_package_does(lang):
    with pytest.raises(ua.ConceptMismatch):
        growth.between(ua.data.figure("BPN-0025"), ua.data.figure("BPN-0066"))
    target = ua.claims(["C014"])["stated_value"].iloc[0] / 100
    assert growth.read_under("all_msme_2024_2025").low > target
    assert growth.read_under("micro_2024_2025").high < target
    verdicts = ua.claims(["C013", "C014", "C030", "C130"])["verdict"].tolist()
    assert verdicts == ["cannot_be_checked"] * 2 + ["fails"] * 2
    readings = data.load("readings").set_index("reading")
    pairs = {
        tuple(readings.loc[r, ["from_id", "to_id"]])
        for r in ("all_msme_2024_2025", "micro_2024_2025")
    }
    assert pairs == {("BPN-0074", "BPN-0084"), ("BPN-0082", "BPN-0087")}


def test_ids_exist(page):
    named = set(re.findall(r"`([A-Z]+-?\d+)`", page))
    assert len(named) > 19
    claims = {row_id for row_id in named if "-" not in row_id}
    assert set(ua.claims(sorted(claims))["claim_id"]) == claims
    assert named - claims <= set(data.load("observations")["id"])


def test_the_worksheet_is_the_small_table(page, lang):
    assert re.findall(r"^\| `BPN-.*\|$", page, re.M) == worksheet(lang)


def test_lines_allowed_on_paper_are_those_of_the_chart(page, lang):
    rows = blocks.headline_rows()
    lines = [key for key, _ in ua.charts.counts.lines(rows.assign(x=rows["year"]))]
    assert sorted(key[0] for key in lines) == [
        "agency_register",
        "economic_census",
        "mayor_2023_2024",
    ]
    assert {"en": "three in all", "id": "jumlahnya tiga"}[lang] in page


def test_cells_and_headings_it_points_to_are_in_the_notebook(page, lang):
    cells = json.loads((ROOT / NOTEBOOKS[lang]).read_text("utf-8"))["cells"]
    source = "\n".join("".join(c["source"]) for c in cells)
    assert 'ua.tell("article", LANG)' in source
    headings = set(re.findall(r"^## (.+)$", source, re.M))
    table = prose.without_code(section(page, TITLES[lang][0]))
    quoted = set(re.findall(r'"([^"]+)"', table)) - {str(ua.tell("question", lang))}
    assert quoted <= headings
    assert len(quoted) == 5


def test_the_rubric_adds_up(page, lang):
    rows = re.findall(r"^\| [A-Z]\w+ \|", section(page, TITLES[lang][3]), re.M)
    assert len(rows) * 2 == 10


def test_links_lead_somewhere(path):
    assert prose.dead_links(path) == []


def test_both_languages_have_the_same_parts():
    shapes = [
        re.findall(r"^(#+ |\||\d\. |- |>)", (ROOT / file).read_text("utf-8"), re.M)
        for file in FILES.values()
    ]
    assert shapes[0] == shapes[1]
    named = [
        re.findall(r"`([A-Z]+-?\d+)`", (ROOT / file).read_text("utf-8"))
        for file in FILES.values()
    ]
    assert named[0] == named[1]
