"""Words and numbers for readers, in Indonesian and English.

The only place that knows languages and number formats. Templates live in
labels.toml; a template names its parameters in braces, with a format:

=========  =========================================================
``n``      whole number with separators: 87.397 / 87,397
``n2``     two decimals
``s``      significant as given: 19,5 / 19.5
``pct2``   a fraction as percent: 19,23 persen / 19.23 percent
``pc1``    a value that is in percent already
``pp1``    percentage points: 1,5 poin persen
``per``    a period: 3 Mei 2024 / 3 May 2024
``k``      thousands in words where the value is one: 93 ribu / 93 thousand
``idr``    rupiah: Rp75 miliar / Rp75 billion
``low``    text that begins with a small letter, unless it is an acronym
``cap``    text that begins with a capital
=========  =========================================================
"""

import re
import string
import tomllib
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from pathlib import Path

from umkm_analysis.errors import DataError
from umkm_analysis.figure import absent

LANGS = ("id", "en")
#: Wide enough for every float: rounding never fails for want of digits.
_WIDE = Context(prec=700, rounding=ROUND_HALF_UP)


@lru_cache(maxsize=1)
def _labels() -> dict:
    path = Path(__file__).with_name("labels.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def check_lang(lang: str) -> str:
    """`lang` if it is one of ours."""
    if lang not in LANGS:
        raise DataError("lang", value=str(lang), choices=LANGS)
    return lang


def label(key: str, lang: str = "id") -> str:
    """The words of one key such as "column.value" of labels.toml.

    >>> label("unit.unit", "id")
    'usaha'
    """
    node = _labels()
    for part in key.split("."):
        node = node[part]
    return node[check_lang(lang)]


def has_label(key: str) -> bool:
    """Whether labels.toml has this key."""
    node = _labels()
    for part in key.split("."):
        if not isinstance(node, dict) or part not in node:
            return False
        node = node[part]
    return isinstance(node, dict) and "id" in node


def term(group: str, value, lang: str = "id") -> str:
    """A word for a code of the data; the code itself where it has no word."""
    if absent(value):
        return "-"
    key = f"{group}.{value}"
    return label(key, lang) if has_label(key) else str(value)


def number(value, decimals: int | None = 0, lang: str = "id", *, signed=False) -> str:
    """A number as readers of the language write it, rounded half up.

    Parameters
    ----------
    value : number
    decimals : int or None
        None keeps the decimals that the value has.
    lang : {"id", "en"}
    signed : bool
        With a plus sign in front of positive numbers.

    Examples
    --------
    >>> number(87397), number(87397, lang="en"), number(-0.445, 2)
    ('87.397', '87,397', '-0,45')
    """
    check_lang(lang)
    if absent(value):
        return "-"
    exact = Decimal(repr(float(value))) if not isinstance(value, Decimal) else value
    if not exact.is_finite():
        return (
            label("word.infinite", lang)
            if exact > 0
            else "-" + label("word.infinite", lang)
        )
    if decimals is None:
        text = f"{exact.normalize(_WIDE):f}"
    else:
        text = f"{exact.quantize(Decimal(1).scaleb(-decimals), context=_WIDE):f}"
    minus = text.startswith("-")
    whole, _, part = text.lstrip("-").partition(".")
    grouped = re.sub(r"(?<=\d)(?=(\d{3})+$)", "." if lang == "id" else ",", whole)
    out = grouped + (("," if lang == "id" else ".") + part if part else "")
    nothing = not out.strip("0.,")
    if minus and not nothing:
        return "-" + out
    return "+" + out if signed and not nothing else out


def percent(fraction, decimals: int = 2, lang: str = "id", *, signed=False) -> str:
    """A fraction in percent: 19,23 persen / 19.23 percent.

    >>> percent(0.19231923601637108), percent(0.19231923601637108, lang="en")
    ('19,23 persen', '19.23 percent')
    """
    if absent(fraction):
        return "-"
    exact = Decimal(repr(float(fraction))).scaleb(2)
    shown = number(exact, decimals, lang, signed=signed)
    return f"{shown} {label('unit.percent', lang)}"


def period(value, lang: str = "id") -> str:
    """A period in words.

    >>> period("2024-05-03"), period("2024-01/2024-06", "en"), period("2012/2018")
    ('3 Mei 2024', 'January to June 2024', '2012-2018')
    """
    if absent(value):
        return label("word.undated", lang)
    ends = [_date(part, lang) for part in str(value).split("/")]
    if len(ends) == 1:
        return ends[0]
    first, last = str(value).split("/")
    if len(first) == 4 and len(last) == 4:
        return f"{first}-{last}"
    if first[:4] == last[:4] and len(first) == len(last) == 7:
        ends[0] = ends[0].rsplit(" ", 1)[0]
    return f"{ends[0]} {label('word.to', lang)} {ends[1]}"


def _date(value, lang):
    parts = value.split("-")
    if len(parts) == 1:
        return value
    month = label(f"month.{int(parts[1])}", lang)
    if len(parts) == 2:
        return f"{month} {parts[0]}"
    return f"{int(parts[2])} {month} {parts[0]}"


_SCALES = ((12, "trillion"), (9, "billion"), (6, "million"), (3, "thousand"))


def scaled(value, lang: str = "id", decimals: int | None = None) -> str:
    """A round number with a scale word, any other number in full.

    >>> scaled(93000), scaled(93000, "en"), scaled(87397)
    ('93 ribu', '93 thousand', '87.397')
    """
    if absent(value):
        return "-"
    exact = Decimal(repr(float(value)))
    for power, word in _SCALES:
        part = exact.scaleb(-power)
        if abs(part) >= 1 and (
            decimals is not None or part == part.quantize(Decimal("0.1"), context=_WIDE)
        ):
            return f"{number(part, decimals, lang)} {label('scale.' + word, lang)}"
    return number(exact, None, lang)


def quantity(value, unit: str | None, lang: str = "id", *, word: bool = False) -> str:
    """A value in its unit: 87.397, 40 persen, Rp75 miliar.

    >>> quantity(75e9, "IDR", "id"), quantity(93.5, "percent", "en")
    ('Rp75 miliar', '93.5 percent')
    """
    if absent(value):
        return "-"
    if unit == "IDR":
        return "Rp" + (
            scaled(value, lang) if abs(value) >= 1e6 else number(value, 0, lang)
        )
    shown = number(value, None, lang)
    if unit in ("percent", "percentage_point") or word:
        return f"{shown} {term('unit', unit, lang)}"
    return shown


_SPEC = re.compile(r"([a-z]*)(\+?[0-9]?)")
_KINDS = ("", "n", "s", "pct", "pc", "pp", "per", "k", "idr", "low", "cap")


def is_format(spec: str) -> bool:
    """Whether a template may use this format after the colon."""
    found = _SPEC.fullmatch(spec)
    return bool(found) and found[1] in _KINDS


@dataclass(frozen=True)
class Traced:
    """A value of a block with the row of the data that it leads to."""

    value: object
    row: str


class _Template(string.Formatter):
    def __init__(self, lang):
        self.lang = lang

    def get_value(self, key, args, kwargs):
        # Rows may be named by a number; nothing is ever given by position.
        return kwargs[str(key)]

    def format_field(self, value, spec):
        lang = self.lang
        if isinstance(value, Traced):
            value = value.value
        if hasattr(value, "unit") and hasattr(value, "value"):
            if not spec:
                return quantity(value.value, value.unit, lang)
            value = value.value
        if isinstance(value, dict) and "id" in value and "en" in value:
            value = value[lang]
        if isinstance(value, list | tuple) and not spec:
            return "; ".join(str(v) for v in value)
        kind, digits = _SPEC.fullmatch(spec).groups()
        signed = digits.startswith("+")
        places = int(digits.lstrip("+") or 0)
        if kind == "n":
            return number(value, places, lang, signed=signed)
        if kind == "s":
            return number(value, None, lang)
        if kind == "pct":
            return percent(value, places, lang, signed=signed)
        if kind == "pc":
            shown = number(value, places, lang, signed=signed)
            return f"{shown} {label('unit.percent', lang)}"
        if kind == "pp":
            shown = number(value, places, lang, signed=signed)
            return f"{shown} {label('unit.percentage_point', lang)}"
        if kind == "per":
            return period(value, lang)
        if kind == "k":
            return scaled(value, lang)
        if kind == "idr":
            return quantity(value, "IDR", lang)
        if kind == "low":
            text = str(value)
            return text if text[1:2].isupper() else text[:1].lower() + text[1:]
        if kind == "cap":
            text = str(value)
            return text[:1].upper() + text[1:]
        if absent(value):
            return "-"
        if isinstance(value, float):
            return number(value, None, lang)
        return str(value)


def fill(template: str, params: dict, lang: str) -> str:
    """A template with its parameters in the formats of the language."""
    return _Template(check_lang(lang)).vformat(template, (), params)


@dataclass(frozen=True)
class Block:
    """One thing that a reader is shown, before it has words.

    Attributes
    ----------
    kind : str
        "sentence", "heading", "list", "table" or "chart".
    key : str
        What is said: a key of labels.toml, or "story" for a row of story.csv.
    params : dict
        Values in raw form; words of the data as {"id": ..., "en": ...}.
    ids : tuple of str
        The rows of the data behind it.
    """

    kind: str
    key: str
    params: dict = field(default_factory=dict)
    ids: tuple = ()


def say(block: Block, lang: str = "id") -> str:
    """A block in words.

    >>> say(Block("sentence", "sentence.growth_one", {
    ...     "a": 73300, "b": 87397, "growth": 0.19231923601637108,
    ...     "from": "2023", "to": "2024"}), "en")
    'From 73,300 (2023) to 87,397 (2024) is growth of 19.23 percent.'
    """
    if block.key == "story":
        return fill(
            block.params["text"][check_lang(lang)], block.params["values"], lang
        )
    return fill(label(block.key, lang), block.params, lang)


def runs(block: Block, lang: str = "id") -> list[tuple[str, str | None]]:
    """A block as pieces of text, each with the row it comes from, or None.

    >>> from umkm_analysis import blocks
    >>> runs(blocks.story("growth_right")[0], "en")[:3]
    [('From ', None), ('73,300', 'BPN-0077'), (' to ', None)]
    """
    told = block.key == "story"
    template = block.params["text"][check_lang(lang)] if told else None
    values = block.params["values"] if told else block.params
    formatter = _Template(lang)
    pieces = []
    for literal, name, spec, _ in formatter.parse(template or label(block.key, lang)):
        if literal:
            pieces.append((literal, None))
        if name is not None:
            value, row = formatter.get_field(name, (), values)
            if not told:
                row = value.row if isinstance(value, Traced) else None
            pieces.append((formatter.format_field(value, spec), row))
    return pieces


def error(err, lang: str = "id") -> str:
    """One line for an error: where, what is wrong, what to do."""
    params = {k: _short(v) for k, v in err.params.items()}
    if err.code == "problem":
        line = problem_words(params, lang)
    else:
        template = label(f"error.{err.code}", lang)
        line = fill(template, _Missing(params), lang)
        if "claim" in params and "{claim}" not in template:
            line = f"{params['claim']}: {line}"
    if params.get("more"):
        line += " " + fill(label("error.more", lang), params, lang)
    return " ".join(line.split())


def _short(value):
    if isinstance(value, list | tuple) and len(value) > 12:
        return [*value[:12], "..."]
    return value


class _Missing(dict):
    def __missing__(self, key):
        return "-"


def problem_words(params: dict, lang: str = "id") -> str:
    """A problem in a table: file, row, column, what is wrong, what to do."""
    where = [params["file"]]
    for key in ("row", "column"):
        if params.get(key) is not None:
            where.append(f"{label('word.' + key, lang)} {params[key]}")
    what = fill(label(f"rule.{params['rule']}", lang), _Missing(params), lang)
    return f"{', '.join(where)}: {what} [{params['rule']}]"
