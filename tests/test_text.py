"""Numbers, periods and words in both languages; every code has its words."""

import ast
import math
import re
import string
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from umkm_analysis import errors, text
from umkm_analysis.errors import ConceptMismatch, DataError

PACKAGE = Path(text.__file__).parent
LABELS = text._labels()


def leaves(node, path=()):
    if "id" in node and isinstance(node["id"], str):
        yield ".".join(path), node
        return
    for key, value in node.items():
        yield from leaves(value, (*path, key))


ALL = dict(leaves(LABELS))


def placeholders(template):
    """What a template names and how; a small letter is a matter of the language."""
    return {
        (name, spec.removeprefix("low"), conversion or "")
        for _, name, spec, conversion in string.Formatter().parse(template)
        if name is not None
    }


# Numbers


@pytest.mark.parametrize(
    ("value", "decimals", "indonesian", "english"),
    [
        (87397, 0, "87.397", "87,397"),
        (0, 0, "0", "0"),
        (-0.0, 2, "0,00", "0.00"),
        (-0.004, 2, "0,00", "0.00"),
        (-0.005, 2, "-0,01", "-0.01"),
        (0.005, 2, "0,01", "0.01"),
        (2.675, 2, "2,68", "2.68"),  # as it is written, not as it is stored
        (0.5, 0, "1", "1"),
        (1.5, 0, "2", "2"),
        (2.5, 0, "3", "3"),
        (-2.5, 0, "-3", "-3"),
        (999.5, 0, "1.000", "1,000"),
        (999999.995, 2, "1.000.000,00", "1,000,000.00"),
        (1e15, 0, "1.000.000.000.000.000", "1,000,000,000,000,000"),
        (
            1e22,
            None,
            "10.000.000.000.000.000.000.000",
            "10,000,000,000,000,000,000,000",
        ),
        (1.5e-7, None, "0,00000015", "0.00000015"),
        (1e-9, 2, "0,00", "0.00"),
        (93000.0, None, "93.000", "93,000"),
        (19.5, None, "19,5", "19.5"),
        (-1234.5, None, "-1.234,5", "-1,234.5"),
        (123, -2, "100", "100"),
        (np.int64(73300), 0, "73.300", "73,300"),
        (Decimal("1.005"), 2, "1,01", "1.01"),
    ],
)
def test_number(value, decimals, indonesian, english):
    assert text.number(value, decimals) == indonesian
    assert text.number(value, decimals, "en") == english


@pytest.mark.parametrize("value", [None, math.nan, pd.NA, pd.NaT])
def test_absent(value):
    for function in (text.number, text.percent, text.scaled):
        assert function(value) == "-"
    assert text.quantity(value, "IDR") == "-"
    assert text.term("unit", value) == "-"
    assert text.period(value, "en") == "undated"


def test_beyond_every_number():
    assert text.number(math.inf) == "tak terhingga"
    assert text.number(-math.inf, 2, "en") == "-infinite"
    assert text.number(1e300, 2).startswith("1.000.000")
    assert text.scaled(1e40, "en").endswith(" trillion")


def test_signs():
    assert text.number(3, signed=True) == "+3"
    assert text.number(-3, signed=True) == "-3"
    assert text.number(0, signed=True) == "0"
    assert text.number(0.004, 2, signed=True) == "0,00"
    assert text.percent(0.05, 1, "en", signed=True) == "+5.0 percent"


@settings(max_examples=100, deadline=None)
@given(st.floats(-1e15, 1e15), st.integers(0, 6))
def test_numbers_read_back(value, decimals):
    english = text.number(value, decimals, "en")
    back = Decimal(english.replace(",", ""))
    assert abs(back - Decimal(repr(value))) <= Decimal(1).scaleb(-decimals) / 2
    indonesian = text.number(value, decimals)
    assert indonesian.translate(str.maketrans(",.", ".,")) == english
    assert re.fullmatch(r"-?\d{1,3}(,\d{3})*(\.\d+)?", english)


@pytest.mark.parametrize(
    ("fraction", "decimals", "indonesian", "english"),
    [
        (0.19231923601637108, 2, "19,23 persen", "19.23 percent"),
        (0.005, 0, "1 persen", "1 percent"),
        (-0.0103, 2, "-1,03 persen", "-1.03 percent"),
        (0.00285, 2, "0,29 persen", "0.29 percent"),
        (-0.00001, 2, "0,00 persen", "0.00 percent"),
        (12, 0, "1.200 persen", "1,200 percent"),
        (0.285, 1, "28,5 persen", "28.5 percent"),
    ],
)
def test_percent(fraction, decimals, indonesian, english):
    assert text.percent(fraction, decimals) == indonesian
    assert text.percent(fraction, decimals, "en") == english


@pytest.mark.parametrize(
    ("period", "indonesian", "english"),
    [
        ("2024", "2024", "2024"),
        ("2024-05", "Mei 2024", "May 2024"),
        ("2024-05-03", "3 Mei 2024", "3 May 2024"),
        ("2012/2018", "2012-2018", "2012-2018"),
        ("2024-01/2024-06", "Januari sampai Juni 2024", "January to June 2024"),
        ("2023-12/2024-01", "Desember 2023 sampai Januari 2024",
         "December 2023 to January 2024"),
        ("2021-08/2022-09-23", "Agustus 2021 sampai 23 September 2022",
         "August 2021 to 23 September 2022"),
        ("2024-05-03/2024-05-09", "3 Mei 2024 sampai 9 Mei 2024",
         "3 May 2024 to 9 May 2024"),
    ],
)  # fmt: skip
def test_period(period, indonesian, english):
    assert text.period(period) == indonesian
    assert text.period(period, "en") == english


@pytest.mark.parametrize(
    ("value", "unit", "indonesian", "english"),
    [
        (87397, "unit", "87.397", "87,397"),
        (40, "percent", "40 persen", "40 percent"),
        (93.5, "percent", "93,5 persen", "93.5 percent"),
        (75e9, "IDR", "Rp75 miliar", "Rp75 billion"),
        (1.25e12, "IDR", "Rp1.250 miliar", "Rp1,250 billion"),
        (1.5e12, "IDR", "Rp1,5 triliun", "Rp1.5 trillion"),
        (1234567, "IDR", "Rp1.234.567", "Rp1,234,567"),
        (600000, "IDR", "Rp600.000", "Rp600,000"),
        (-2.5e6, "IDR", "Rp-2,5 juta", "Rp-2.5 million"),
        (1, None, "1", "1"),
    ],
)
def test_quantity(value, unit, indonesian, english):
    assert text.quantity(value, unit) == indonesian
    assert text.quantity(value, unit, "en") == english


def test_scaled_only_where_nothing_is_lost():
    assert text.scaled(93000) == "93 ribu"
    assert text.scaled(93500, "en") == "93.5 thousand"
    assert text.scaled(87397, "en") == "87,397"
    assert text.scaled(500) == "500"


def test_unknown_language():
    for call in (
        lambda: text.number(1, lang="fr"),
        lambda: text.label("word.to", "fr"),
        lambda: text.say(text.Block("sentence", "word.to"), "ID"),
    ):
        with pytest.raises(DataError) as error:
            call()
        assert error.value.code == "lang"


def test_formats_of_templates():
    params = {
        "x": 1234.567,
        "w": {"id": "Kota", "en": "City"},
        "no": None,
        "l": ["a", "b"],
    }
    shown = text.fill(
        "{x:n1} {x:s} {x:pct1} {x:pc2} {x:pp+1} {w:low} {no:n} {l}", params, "id"
    )
    assert shown == (
        "1.234,6 1.234,567 123.456,7 persen 1.234,57 persen +1.234,6 poin persen "
        "kota - a; b"
    )
    assert text.fill("{1:n}", {"1": 5000}, "en") == "5,000"


# Words


@pytest.mark.parametrize("key", ALL)
def test_both_languages_say_the_same(key):
    entry = ALL[key]
    assert set(entry) == {"id", "en"}
    for lang in text.LANGS:
        assert entry[lang].strip() == entry[lang] != ""
        for _, spec, conversion in placeholders(entry[lang]):
            assert text.is_format(spec)
            assert not conversion
    assert placeholders(entry["id"]) == placeholders(entry["en"])


def strings(tree):
    return {
        n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)
        and isinstance(n.value, str)
    }  # fmt: skip


TREES = {
    p.relative_to(PACKAGE).with_suffix("").as_posix(): ast.parse(p.read_text("utf-8"))
    for p in PACKAGE.rglob("*.py")
}
CLASSES = {
    name for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.UmkmError)
}  # fmt: skip


def calls(name):
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = getattr(node.func, "attr", getattr(node.func, "id", None))
                if called == name or (name == "raise" and called in CLASSES):
                    yield module, node


def constants(node):
    """Every string that an argument may turn out to be."""
    if isinstance(node, ast.IfExp):
        return constants(node.body) | constants(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) else set()


def test_every_error_has_words():
    raised = set()
    for _, node in calls("raise"):
        raised |= constants(node.args[0]) if node.args else set()
    assert len(raised) > 40
    assert {c for c in raised if f"error.{c}" not in ALL} == {"problem"}


def test_no_words_without_an_error():
    said = set().union(*(strings(tree) for tree in TREES.values()))
    named = {k.removeprefix("error.") for k in ALL if k.startswith("error.")}
    assert named <= said


def rules_in(module):
    found = set()
    for home, node in calls("Problem"):
        if home == module and len(node.args) > 3:
            found |= constants(node.args[3])
    for home, node in calls("wrong"):
        if home == module:
            # wrong(rule, ...) where a table is read, wrong(i, column, rule) after it.
            found |= constants(node.args[2 if len(node.args) > 2 else 0])
    return found


def test_every_rule_has_words():
    rules = rules_in("contract") | rules_in("verdicts")
    # Cells answer with their rule, verdicts with the code of an error.
    rules |= {"type_integer", "type_number", "type_boolean", "required", "space"}
    assert len(rules) > 25
    assert {r for r in rules if f"rule.{r}" not in ALL} == set()


def test_no_words_without_a_rule():
    said = strings(TREES["contract"]) | strings(TREES["verdicts"])
    said |= {"type_integer", "type_number", "type_boolean"}
    named = {k.removeprefix("rule.") for k in ALL if k.startswith("rule.")}
    assert named <= said


def test_errors_survive_a_process_border():
    import pickle

    error = ConceptMismatch("no_series_slug", a="BPN-0001", b="BPN-0002")
    twin = pickle.loads(pickle.dumps(error))
    assert (type(twin), str(twin), twin.words("id")) == (
        type(error), str(error), error.words("id"),
    )  # fmt: skip


def test_errors_are_one_line():
    error = DataError(
        "unknown", column="x", value="a\nb", file="f.csv", choices=["c"] * 99
    )
    for lang in text.LANGS:
        words = error.words(lang)
        assert "\n" not in words
        assert words.count("c;") == 12
    assert DataError("not_positive").words("en").startswith("- = -")


def test_a_problem_names_its_place():
    error = DataError(
        "problem", file="observations.csv", row=7, column="value", rule="type_number",
        value="87,397",
    )  # fmt: skip
    assert error.words("en").startswith(
        "observations.csv, row 7, column value: '87,397'"
    )
    assert error.words("id").startswith(
        "observations.csv, baris 7, kolom value: '87,397'"
    )
    for lang in text.LANGS:
        assert error.words(lang).endswith("[type_number]")
