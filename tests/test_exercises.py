"""Exercises: every answer is judged by its value, each outcome has its own words."""

import json
import re
import tomllib
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import umkm_analysis as ua
from umkm_analysis import exercises, growth, text
from umkm_analysis.errors import ConceptMismatch, DataError

ROOT = Path(__file__).parents[1]
LANGS = text.LANGS
SPECS = exercises._definitions()
BLANKS = (None, ..., "", "  ", "...", "?", [], ())

# Typed by hand, from pencil and paper: right, wrong, and right in another unit or
# about another thing. The package computes its answers from the rows instead.
ANSWERS = {
    "growth_mayor": (
        ["19,23 persen", "19.23%", 0.1923, 0.19231923601637108, "19 persen",
         "sekitar 19,2 persen", "19,3%", Decimal("0.1923"), Fraction(14097, 73300),
         "19.23 percent", "Naik 19,23 persen", "19,23 persen per tahun"],
        ["20 persen", 0.25, "19,5 persen", 0.2, "18%", "bukan angka"],
        [19.23, "19,23", 0.1613, "16,13 persen", 14097, "14.097 usaha",
         "19,23 poin persen", "0,1923 persen", -0.1923, "17,5 persen", 1923],
    ),
    "growth_bounds": (
        [(0.1915, 0.1931), ("19,15 persen", "19,31 persen"),
         "19,15 sampai 19,31 persen", "antara 19,15 dan 19,31 persen", "19.15-19.31%",
         [0.1931, 0.1915], np.array([0.19150647, 0.19313311]), "[19,15; 19,31 persen]"],
        [(0.18, 0.20), "19,00 sampai 19,23 persen", 0.25, (0.1915, 0.1923)],
        [(19.15, 19.31), (73250, 73350), 0.1923, "19,15 sampai 19,31",
         "19,15 sampai 19,31 poin persen"],
    ),
    "what_grew": (["c", "C", "c.", "(c)"], ["a", "d", "z", False, 7], ["b", "B)"]),
    "blitar_growth": (
        ["53,42 persen", 0.534236, "53.4%", "53 percent"],
        ["23,52 persen", 0.5, "54,5 persen", "30,75%"],
        [53.42, "34,82 persen", 0.3482, 10814, "53,42 poin"],
    ),
    "blitar_divisor": (["a"], ["b", "d", "x"], ["c"]),
    "workers_share": (
        ["3,08 persen", 0.0308, "3,1 persen", "3%", 9253 / 300000],
        ["5 persen", 0.05, "3,5 persen", "0,5%"],
        ["3.08", 3.1, "2,99 persen", 0.0299, "0,0308 persen", 32.4],
    ),
    "workers_points": (
        ["1,92 poin persen", "1.92 percentage points", "1,9 poin", "1.92 pp"],
        ["5 poin persen", "2,5 poin persen", "8,08 poin persen"],
        ["1,92 persen", 1.92, 0.0192, "62 persen", "-1,92 poin persen"],
    ),
    "parts_exceed": (
        ["103,7 persen", 1.037, "103.7%", "104 persen"],
        ["100 persen", "102 persen", 0.9],
        [103.7, "95,1 persen", "3,7 persen", "103,7 poin persen"],
    ),
    "parts_short": (
        [10000, "10.000", "10,000", "10 ribu", "10.000 usaha", "10 thousand"],
        [1000000, "11.000", 9000, "12 ribu"],
        [297343, "10", -10000, "10.000 persen"],
    ),
    "unemployment": (
        ["5,88 persen", 0.0588, "5.9%", 18800 / 319774, "6 persen"],
        ["7,29 persen", 0.0729, "4,5 persen", "9,52%"],
        [5.88, "6,25 persen", "94,12 persen", "5,88 poin persen"],
    ),
    "unemployment_change": (
        ["-0,52 poin persen", "turun 0,52 poin persen", "-0.52 points",
         "minus 0,52 poin"],
        ["-1 poin persen", "-0,6 poin persen", "9,52 poin"],
        ["0,52 poin persen", "-0,52 persen", -0.52, "-5,46 persen", -0.0546],
    ),
    "micro_share": (
        ["93,5 persen", 0.935, "93.55%", "94 persen", "93 persen", 87 / 93],
        ["95 persen", 0.9, "92 persen", "87 persen"],
        [93.5, "93,97 persen", 6000, "93,5 poin persen"],
    ),
    "census_two_rates": (["c"], ["b", "d", ""+"e"], ["a"]),
    "census_yearly": (
        ["1,32 persen per tahun", 0.0132, "1.3% a year", "1,3 persen", 0.013186],
        ["2 persen per tahun", 0.02, "1,0 persen", "0,9 persen"],
        ["14 persen", 0.14, "1,4 persen", 1.32, "1,32 poin persen"],
    ),
    "join_list_oss": (["b"], ["a", "d", True, "ya", "boleh"], ["c", False, "tidak"]),
    "join_list": (["a"], ["c", "d", False, "tidak"], ["b", True, "ya"]),
    "growth_2025": (["d"], ["c", "e", 2], ["a", "b", "ya", False]),
    "reading_micro": (
        [(-0.0103, 0.0012), "-1,03 sampai 0,12 persen", ("−1,03 persen", "0,12 persen"),
         "-1.03% to 0.12%"],
        [(-0.02, 0.02), (0, 0.02), "1 sampai 2 persen"],
        [(-1.03, 0.12), (0.0584, 0.0698), (86500, 87500), -0.0045],
    ),
    "aid_recipients": (
        [26969, "26.969", "26,969", 26969.0, "26.969 usaha", "26 969"],
        [27500, "25.000", 1, "26.500"],
        [25004, "26.969 persen", 1965, 26.969e6, "26.969 rupiah"],
    ),
    "counted_or_computed": (["b"], ["c", "d", "tidak"], ["a"]),
    "ask_agency": (
        [[1, 2, 3, 4], "1, 2, 3, 4, 5, 6", {1, 2, 4, 6}, (6, 5, 4, 3), "1, 2, 3 dan 5"],
        [[1], [1, 2, 3], [9], 0],
        ["Dari data mana angka itu, dan per tanggal berapa?", ["Siapa?", "Kapan?"]],
    ),
}  # fmt: skip


def cases(position):
    return [
        pytest.param(name, answer, id=f"{name}-{answer!r}")
        for name, answers in ANSWERS.items()
        for answer in answers[position]
    ]


@pytest.fixture(params=LANGS)
def lang(request):
    return request.param


def test_there_are_enough_and_each_is_tested():
    assert len(exercises.names()) >= 15
    assert set(ANSWERS) == set(exercises.names())
    for right, wrong, near in ANSWERS.values():
        assert right
        assert len(wrong) >= 3
        assert near


@pytest.mark.parametrize(("name", "answer"), cases(0))
def test_right(name, answer, lang):
    outcome = exercises.get(name, lang).check(answer)
    assert outcome.kind == "right", outcome
    assert outcome


@pytest.mark.parametrize(("name", "answer"), cases(1))
def test_wrong(name, answer, lang):
    outcome = exercises.get(name, lang).check(answer)
    assert outcome.kind == "wrong", outcome
    assert not outcome


@pytest.mark.parametrize(("name", "answer"), cases(2))
def test_right_idea_in_another_unit_or_about_another_thing(name, answer, lang):
    outcome = exercises.get(name, lang).check(answer)
    assert outcome.kind == "near", outcome
    assert not outcome


@pytest.mark.parametrize("name", exercises.names())
def test_blank(name, lang):
    q = exercises.get(name, lang)
    for answer in BLANKS:
        outcome = q.check(answer)
        assert outcome.kind == "blank"
        assert not outcome
    assert q.check().kind == "blank"


@pytest.mark.parametrize("name", exercises.names())
def test_each_outcome_has_words_of_its_own(name):
    right, wrong, near = ANSWERS[name]
    said = set()
    for lang in LANGS:
        q = exercises.get(name, lang)
        for answer in ("", right[0], wrong[0], near[0]):
            said.add(str(q.check(answer)))
        said |= {str(q.hint()), str(q.solution()), str(q.question())}
    assert len(said) == 2 * 7
    assert not any("{" in words or "nan" in words.split() for words in said)


@pytest.mark.parametrize("name", exercises.names())
def test_the_hint_does_not_give_the_answer_away(name, lang):
    q = exercises.get(name, lang)
    if q.target is not None and q.kind == "number":
        for words in (q.hint(), q.question()):
            for decimals in (1, 2):
                shown = text.number(q.target.value, decimals, lang)
                assert not re.search(rf"(?<![\d.,]){re.escape(shown)}(?!\d)", words)


# What the answers are computed from


def test_the_answers_are_those_of_the_claims_and_the_rules():
    claims = ua.claims().set_index("claim_id")["computed_value"]
    for name, claim in {
        "growth_mayor": "C001", "blitar_growth": "C130", "workers_share": "C030",
        "parts_exceed": "C106", "unemployment": "C061", "micro_share": "C133",
        "aid_recipients": "C023",
    }.items():  # fmt: skip
        target = exercises.get(name).target
        assert target.value == pytest.approx(claims[claim], abs=0.01)
    reading = growth.read_under("micro_2024_2025")
    target = exercises.get("reading_micro").target
    assert (target.low, target.high) == (100 * reading.low, 100 * reading.high)


def test_pairs_are_refused_or_allowed_as_the_exercise_says():
    for name, refused in (("join_list_oss", True), ("join_list", False)):
        a, b = (ua.data.figure(i) for i in SPECS[name]["pair"])
        if refused:
            with pytest.raises(ConceptMismatch):
                growth.between(a, b)
        else:
            assert growth.between(a, b).value > 0


def test_rows_behind_an_exercise_are_named():
    ids = exercises.get("unemployment").ids
    assert set(ids) >= {"BPN-0243", "BPN-0244", "BPN-0245", "BPN-0246"}
    known = set(ua.load("observations")["id"]) | set(ua.load("claims")["claim_id"])
    for name in exercises.names():
        assert set(exercises.get(name).ids) <= known
        assert "BPN" in str(exercises.get("growth_mayor").solution())


def test_one_option_is_right():
    for name, spec in SPECS.items():
        if spec["kind"] == "choice":
            found = [o["outcome"] for o in spec["option"]]
            assert found.count("right") == 1, name
            assert "near" in found, name
            assert "wrong" in found, name
            letter = "abcd"[found.index("right")]
            for lang in LANGS:
                said = str(exercises.get(name, lang).solution())
                assert re.search(rf"(Jawabannya|The answer is) {letter}\.", said)


def leaves(node):
    if isinstance(node, dict):
        if set(node) >= {"id", "en"}:
            yield {lang: node[lang] for lang in LANGS}
        for value in node.values():
            yield from leaves(value)
    elif isinstance(node, list):
        for value in node:
            yield from leaves(value)


def test_no_number_is_typed():
    """Years apart; every other number is a placeholder that a row fills."""
    for spec in SPECS.values():
        for words in leaves({k: v for k, v in spec.items() if k != "id"}):
            names = []
            for lang in LANGS:
                assert words[lang].strip()
                names.append(sorted(re.findall(r"\{([^}]*)\}", words[lang])))
                plain = re.sub(r"\{[^}]*\}", "", words[lang]).replace("/  - 1", "")
                assert not re.findall(r"\d+", re.sub(r"\b(19|20)\d\d\b", "", plain)), (
                    words[lang]
                )
            assert names[0] == names[1], words


def test_the_file_is_plain_toml():
    path = ROOT / "umkm_analysis" / "exercises.toml"
    ids = [e["id"] for e in tomllib.loads(path.read_text("utf-8"))["exercise"]]
    assert len(ids) == len(set(ids))


# Reading answers


@pytest.mark.parametrize(
    ("said", "values", "unit"),
    [
        ("19,23 persen", [19.23], "percent"),
        ("19.23 %", [19.23], "percent"),
        ("26.969", [26969, 26.969], None),
        ("26,969 businesses", [26.969, 26969], "unit"),
        ("1.234,5", [1234.5], None),
        ("1,234.5", [1234.5], None),
        ("Rp1,2 juta", [1.2e6], "IDR"),
        ("93 ribu", [93000], None),
        ("−1,03 persen", [-1.03], "percent"),
        ("minus 2 percent", [-2], "percent"),
        ("1,3 persen per tahun", [1.3], "percent_per_year"),
        ("0,52 poin persen", [0.52], "percentage_point"),
        ("0.52 percentage points", [0.52], "percentage_point"),
        ("26 969", [26969], None),
    ],
)
def test_read(said, values, unit):
    found = exercises.read(said)
    assert sorted(r.value for r in found) == pytest.approx(sorted(values))
    assert {r.unit for r in found} == {unit}


@pytest.mark.parametrize(
    "said",
    ["19,23 dan 20", "bukan 19,23 persen", "dua puluh", "1.2.3", "12,34,56", True,
     float("nan"), float("inf"), 1j, b"19", object(), {"a": 1}, "١٩", "<script>19"],
)  # fmt: skip
def test_what_cannot_be_read(said):
    assert exercises.read(said) == []
    for name in ("growth_mayor", "growth_bounds"):
        assert exercises.get(name).check(said).kind == "wrong"


def test_results_of_the_package_are_answers():
    mayor = ua.series("mayor_2023_2024", region="6471")
    assert exercises.get("growth_mayor").check(growth.between(*mayor))
    assert exercises.get("growth_mayor").check(np.float64(0.1923))
    assert exercises.get("parts_short").check(np.int64(10000))
    assert exercises.get("aid_recipients").check(ua.Figure.exact(26969))


@given(st.floats(-1, 3))
def test_only_what_is_near_the_value_is_right(fraction):
    q = exercises.get("blitar_growth")
    near = abs(100 * fraction - q.target.value) <= 0.5 + 1e-6
    assert near or not q.check(fraction)


@given(st.text(max_size=40))
def test_no_text_breaks_it(said):
    for name in ("growth_mayor", "growth_bounds", "join_list", "ask_agency"):
        assert exercises.get(name).check(said).kind in exercises.OUTCOMES


def test_an_unknown_exercise_names_the_others():
    with pytest.raises(DataError) as error:
        exercises.get("growth")
    assert "growth_mayor" in str(error.value)
    with pytest.raises(DataError):
        exercises.get("growth_mayor", "fr")


def test_it_shows_itself():
    q = exercises.get("growth_mayor")
    assert q._repr_markdown_() == repr(q) == str(q.question())
    outcome = q.check(0.5)
    assert outcome._repr_markdown_() == repr(outcome) == str(outcome)


def test_another_folder_answers_with_its_own_rows():
    q = exercises.get("growth_mayor", folder=ua.open_folder(ROOT / "data"))
    assert q.check("19,23 persen")


# Blank notebooks


SOLVED = sorted((ROOT / "notebooks").glob("[ie][dn]/*.ipynb"))


def test_blank_twins_are_those_of_the_solved_notebooks():
    """Run ``python -m umkm_analysis.exercises blank`` where this fails."""
    folder = ROOT / "notebooks"
    twins = exercises.blanks(folder)
    assert {p.parent.name for p in twins} == set(LANGS)
    assert set((folder / "blank").rglob("*.ipynb")) == set(twins)
    for path, whole in twins.items():
        assert path.read_text("utf-8") == whole, path


def test_no_answer_is_left_in_a_blank_twin():
    for whole in exercises.blanks(ROOT / "notebooks").values():
        sources = ["".join(c["source"]) for c in json.loads(whole)["cells"]]
        asked = [s for s in sources if "answer = ..." in s]
        # The checklist is answered twice: in words, then by its numbers.
        assert len(asked) == len(exercises.names()) + 1
        assert not any(re.search(r"answer = (?!\.\.\.)", s) for s in sources)


def test_links_of_a_blank_twin_lead_somewhere():
    for path, whole in exercises.blanks(ROOT / "notebooks").items():
        targets = re.findall(r"\]\(([^)#]+)\)", whole)
        assert targets
        for target in targets:
            assert (path.parent / target).exists(), target


def test_a_solved_notebook_solves_every_exercise(lang):
    path = next((ROOT / "notebooks" / lang).glob("06_*.ipynb"))
    cells = json.loads(path.read_text("utf-8"))["cells"]
    sources = "\n".join("".join(c["source"]) for c in cells)
    asked = re.findall(r'^q = ua\.exercises\.get\("(\w+)", LANG\)', sources, re.M)
    assert asked == exercises.names()
    heads = [text.label(f"exercise.{kind}", lang) for kind in ("near", "right")]
    tagged = [c for c in cells if "answer" in c["metadata"].get("tags", ())]
    said = [json.dumps(c["outputs"], ensure_ascii=False) for c in tagged]
    assert [f"**{heads[1]}**" in words for words in said].count(True) == len(asked)
    assert [f"**{heads[0]}**" in words for words in said].count(True) == 1


def test_the_command(tmp_path, capsys):
    import shutil

    for lang in LANGS:
        shutil.copytree(ROOT / "notebooks" / lang, tmp_path / lang)
    assert exercises.main(["blank", "--check", str(tmp_path)]) == 1
    assert not (tmp_path / "blank").exists()
    assert exercises.main(["blank", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("06_") == 4
    assert exercises.main(["blank", "--check", str(tmp_path)]) == 0
    assert exercises.main([]) == 2
