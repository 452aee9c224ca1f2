"""Exercises that check themselves: real published figures, four kinds of outcome.

The words are in exercises.toml; every number in them is a row of the data or
computed here from rows. An answer is judged by its value and by the bounds of the
figures behind it, never by its spelling: "19,23 persen", "19.23%" and 0.1923 are
one answer.

=========  ==========================================================
``blank``  nothing was answered yet
``wrong``  another value, or nothing that can be read
``near``   the right idea, but in another unit or about another thing
``right``  the value, or one that the rounding of the figures allows
=========  ==========================================================

Blank notebooks are made from the solved ones::

    python -m umkm_analysis.exercises blank          write them
    python -m umkm_analysis.exercises blank --check  say which are stale
"""

import re
import sys
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from umkm_analysis import blocks, data, growth, text
from umkm_analysis.blocks import Words
from umkm_analysis.contract import _PLACEHOLDER
from umkm_analysis.errors import DataError
from umkm_analysis.figure import Figure

OUTCOMES = ("blank", "wrong", "near", "right")
#: How far a rounded answer may be off: half its last digit, but never more than
#: this part of the value, nor more than half a point where the unit is a percent.
LOOSE = 0.05
#: Two decimals of a percent are always enough.
FINE = 0.005
_PERCENTS = ("percent", "percent_per_year", "percentage_point")


@lru_cache(maxsize=1)
def _definitions() -> dict:
    path = Path(__file__).with_name("exercises.toml")
    return {e["id"]: e for e in tomllib.loads(path.read_text("utf-8"))["exercise"]}


def names() -> list[str]:
    """Every exercise, in the order of the lesson.

    >>> names()[0]
    'growth_mayor'
    """
    return list(_definitions())


def get(name: str, lang: str = "id", *, folder=None) -> "Exercise":
    """One exercise in one language.

    Parameters
    ----------
    name : str
        One of `names()`.
    lang : {"id", "en"}
    folder : Folder, optional
        Where the figures come from; the shipped one by default.

    Examples
    --------
    >>> q = get("growth_mayor", "en")
    >>> q.check("19,23 persen").kind, q.check(0.1613).kind, q.check(19.23).kind
    ('right', 'near', 'near')
    """
    found = _definitions()
    if name not in found:
        raise DataError(
            "unknown", column="id", value=name, file="exercises.toml",
            choices=list(found),
        )  # fmt: skip
    return Exercise(name, text.check_lang(lang), folder or data.shipped())


@dataclass(frozen=True)
class Outcome:
    """What came of an answer: `kind` is one of OUTCOMES; the words say why."""

    kind: str
    words: Words

    def __str__(self):
        return str(self.words)

    __repr__ = __str__

    def __bool__(self):
        return self.kind == "right"

    def _repr_markdown_(self):
        return str(self.words)


class Target(NamedTuple):
    """A value to meet, with what its figures can stand for."""

    value: float
    low: float | None
    high: float | None
    unit: str


class Reading(NamedTuple):
    """One way to read an answer: the last digit printed is worth `step`."""

    value: float
    step: float
    unit: str | None


@dataclass(frozen=True, repr=False)
class Exercise:
    """A question with `check`, `hint` and `solution`; show it to read it."""

    name: str
    lang: str
    folder: data.Folder

    @property
    def _spec(self) -> dict:
        return _definitions()[self.name]

    @property
    def kind(self) -> str:
        """Number, range, choice or checklist."""
        return self._spec["kind"]

    @property
    def unit(self) -> str | None:
        """The unit of the answer; None where it is not a number."""
        return self._spec.get("unit")

    @property
    def ids(self) -> tuple[str, ...]:
        """The rows behind the exercise, in the order in which they are named."""
        return tuple(dict.fromkeys(_named(self._spec)))

    @property
    def target(self) -> Target | None:
        """The answer, computed from the rows; None where it is not a number."""
        return _target_of(self.name, self.folder)

    def _say(self, words: dict, **more) -> str:
        template = words[self.lang]
        names = [n for n in _PLACEHOLDER.findall(template) if n not in _OWN]
        params = dict(_cells(self.folder, tuple(sorted(set(names)))))
        target = self.target
        if target is not None:
            params |= {"answer": target.value, "low": target.low, "high": target.high}
        return text.fill(template, params | more, self.lang)

    def _label(self, key, **params) -> str:
        return text.fill(text.label(f"exercise.{key}", self.lang), params, self.lang)

    def question(self) -> Words:
        """The question; with its options or its list where it has them."""
        lines = [f"**{self._say(self._spec['title'])}** {self._say(self._spec['ask'])}"]
        options = [
            f"- **{letter}.** {self._say(o['text'])}"
            for letter, o in zip("abcdefgh", self._spec.get("option", ()), strict=False)
        ]
        if options:
            lines += ["", *options]
        lines += ["", f"*{self._label('how_' + self.kind)}*"]
        return Words("\n".join(lines))

    def _repr_markdown_(self):
        return str(self.question())

    def __repr__(self):
        return str(self.question())

    def hint(self) -> Words:
        """A push in the right direction, without the answer."""
        return Words(self._say(self._spec["hint"]))

    def solution(self) -> Words:
        """The answer, how it comes about, and the rows behind it."""
        rows = self._label("rows", rows=", ".join(f"`{i}`" for i in self.ids))
        said = self._say(self._spec["solution"])
        return Words(f"{said} {rows}" if self.ids else said)

    def check(self, answer=None) -> Outcome:
        """Judge an answer.

        Parameters
        ----------
        answer : number, str, Rate, Figure, pair, bool, list or None
            Numbers may be spelled in Indonesian or English; a bare number that is
            a rate counts as a fraction. A choice is a letter. None and ... are blank.

        Returns
        -------
        Outcome
        """
        if _blank(answer):
            return self._outcome("blank", self._label(f"blank_{self.kind}"))
        return getattr(self, f"_check_{self.kind}")(answer)

    def _outcome(self, kind, *said) -> Outcome:
        head = self._label(kind)
        return Outcome(kind, Words(" ".join((f"**{head}**", *said))))

    def _right(self):
        return self._outcome("right", self._say(self._spec["right"]))

    def _wrong(self, *said):
        return self._outcome("wrong", *(said or (self._say(self._spec["wrong"]),)))

    def _near(self, words):
        return self._outcome("near", words)

    def _check_number(self, answer):
        readings = self._read(answer)
        if not readings:
            pair = _pair(answer)
            return self._wrong(self._label("one_number" if pair else "unreadable"))
        target = self.target
        point = target._replace(low=target.value, high=target.value)
        if any(_meets(r, point) for r in readings):
            return self._right()
        missed = self._missed(lambda t: any(_meets(r, t, bare=True) for r in readings))
        if missed is not None:
            return missed
        bounded = not self._spec.get("as_printed", False)
        if bounded and any(_meets(r, target) for r in readings):
            return self._right()
        for reading in readings:
            why = _other_unit(reading, point)
            if why is not None:
                return self._near(self._label(why, unit=self._unit_name()))
        return self._wrong()

    def _read(self, answer):
        return [self._over_one_year(r) for r in read(answer)]

    def _over_one_year(self, reading):
        """Between figures one year apart growth is also growth a year."""
        if self._spec.get("one_year") and reading.unit == "percent_per_year":
            return reading._replace(unit="percent")
        return reading

    def _missed(self, meets):
        """The outcome of a known slip: the right idea about another thing."""
        for slip, found in zip(
            self._spec.get("near", ()), _slips_of(self.name, self.folder), strict=True
        ):
            if self.kind == "number":
                found = found._replace(low=found.value, high=found.value)
            if meets(found):
                words = self._say(
                    slip, slip=found.value, slip_low=found.low, slip_high=found.high
                )
                return self._near(words)
        return None

    def _unit_name(self):
        return text.label(f"exercise.unit_{self.unit}", self.lang)

    def _check_range(self, answer):
        pair = _pair(answer)
        target = self.target
        ends = [
            target._replace(value=end, low=end, high=end)
            for end in (target.low, target.high)
        ]
        if pair is None:
            readings = self._read(answer)
            if any(_meets(r, target) for r in readings):
                return self._near(self._label("both_ends"))
            return self._wrong(*(() if readings else (self._label("unreadable"),)))
        pair = [[self._over_one_year(r) for r in readings] for readings in pair]
        pair = sorted(pair, key=lambda readings: readings[0].value)
        if all(
            any(_meets(r, end) for r in readings)
            for readings, end in zip(pair, ends, strict=True)
        ):
            return self._right()

        def meets(found):
            return all(
                any(
                    _meets(r, found._replace(value=end, low=end, high=end), bare=True)
                    for r in readings
                )
                for readings, end in zip(pair, (found.low, found.high), strict=True)
            )

        missed = self._missed(meets)
        if missed is not None:
            return missed
        whys = [
            next(
                filter(
                    None,
                    (
                        "fits" if _meets(r, end) else _other_unit(r, end)
                        for r in readings
                    ),
                ),
                None,
            )
            for readings, end in zip(pair, ends, strict=True)
        ]
        if None in whys:
            return self._wrong()
        why = next(w for w in whys if w != "fits")
        return self._near(self._label(why, unit=self._unit_name()))

    def _check_choice(self, answer):
        options = dict(zip("abcdefgh", self._spec["option"], strict=False))
        found = _yes_or_no(answer)
        if found is not None and found in self._spec:
            kind = self._spec[found]
            if kind == "near":
                return self._near(self._label("say_which"))
            return self._wrong(self._label("other_way"))
        letter = _letter(answer)
        if letter not in options:
            letters = ", ".join(options)
            return self._wrong(self._label("not_a_letter", letters=letters))
        option = options[letter]
        return self._outcome(option["outcome"], self._say(option["why"]))

    def _check_checklist(self, answer):
        items = self._spec["item"]
        ticks = _ticks(answer)
        if ticks is None:
            # A question in words: nobody but its writer can say what it covers.
            return self._near(
                self._label("hold_against", enough=self._spec["enough"])
                + "\n\n"
                + "\n".join(f"{i}. {self._say(t)}" for i, t in enumerate(items, 1))
            )
        if not ticks <= set(range(1, len(items) + 1)):
            return self._wrong(self._label("no_such_item", last=len(items)))
        missing = [t for i, t in enumerate(items, 1) if i not in ticks]
        listed = "".join(f"\n- {self._say(t)}" for t in missing)
        if len(ticks) < self._spec["enough"]:
            return self._wrong(self._say(self._spec["wrong"]) + "\n" + listed)
        if missing:
            said = self._say(self._spec["right"]) + " " + self._label("still_open")
            return self._outcome("right", said + "\n" + listed)
        return self._right()


_OWN = ("answer", "low", "high", "slip", "slip_low", "slip_high")


def _named(node):
    """Ids of rows and claims in a definition: in its texts and its operands."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "of":
                values = [value] if isinstance(value, str) else value
                yield from (v.split(".")[0] for v in values if _ID.match(v))
            else:
                yield from _named(value)
    elif isinstance(node, list):
        for value in node:
            yield from _named(value)
    elif isinstance(node, str):
        yield from (n for n in _PLACEHOLDER.findall(node) if n not in _OWN)


_ID = re.compile(r"[A-Z]+-?\d")


# What the answer is


@lru_cache(maxsize=64)
def _cells(folder, ids) -> dict:
    return blocks.cells(folder, ids)


@lru_cache(maxsize=64)
def _target_of(name, folder) -> Target | None:
    spec = _definitions()[name]
    if "answer" not in spec:
        return None
    return _compute(spec["answer"], spec["unit"], folder)


@lru_cache(maxsize=64)
def _slips_of(name, folder) -> tuple[Target, ...]:
    spec = _definitions()[name]
    return tuple(
        _compute(slip["is"], slip.get("unit", spec["unit"]), folder)
        for slip in spec.get("near", ())
    )


def _compute(spec, unit, folder) -> Target:
    """A value from rows, such as {op = "growth", of = ["BPN-0077", "BPN-0074"]}."""
    op, of = spec["op"], spec["of"]
    if op == "reading":
        rate = growth.read_under(of, folder)
        return _target(unit, rate.value, rate.low, rate.high, 100)
    if op in ("growth", "cagr", "mean_growth", "points"):
        # By the rules of the house: what may not be compared raises.
        a, b = (folder.figure(i) for i in of)
        if op == "points":
            return _target(unit, growth.change_pp(a, b), None, None)
        rate = growth.between(a, b)
        if op == "mean_growth":
            return _target(unit, rate.value / rate.years, None, None, 100)
        if op == "cagr":
            return _target(unit, rate.cagr, rate.cagr_low, rate.cagr_high, 100)
        return _target(unit, rate.value, rate.low, rate.high, 100)
    of = [of] if isinstance(of, str) else of
    cells = _cells(folder, tuple(sorted({i.split(".")[0] for i in of})))
    ends = []
    for operand in of:
        name, _, field = operand.partition(".")
        cell = cells[name]
        value = getattr(cell, field or "value")
        ends.append(
            Figure.exact(value) if field else Figure(value, cell.low, cell.high)
        )
    return _target(unit, *_FORMULAS[op](*ends))


def _target(unit, value, low, high, scale=1):
    return Target(
        scale * value,
        None if low is None else scale * low,
        None if high is None else scale * high,
        unit,
    )


def _over(a, b, scale=100):
    """a / b with its bounds; unknown where one of them is."""
    known = None not in (a.low, a.high, b.low, b.high)
    low, high = (a.low / b.high, a.high / b.low) if known else (1, 1)
    return (
        scale * (a.value / b.value),
        scale * low if known else None,
        scale * high if known else None,
    )


def _sum(*parts):
    known = all(None not in (p.low, p.high) for p in parts)
    return (
        sum(p.value for p in parts),
        sum(p.low for p in parts) if known else None,
        sum(p.high for p in parts) if known else None,
    )


def _minus(a, b):
    known = None not in (a.low, a.high, b.low, b.high)
    return (
        a.value - b.value,
        a.low - b.high if known else None,
        a.high - b.low if known else None,
    )


def _bare(value):
    return value, None, None


_FORMULAS = {
    "claim": lambda c: (c.value, c.low, c.high),
    "share": _over,
    "ratio": lambda a, b: _over(a, b, 1),
    "sum": _sum,
    "difference": _minus,
    "rest": lambda whole, *parts: _minus(whole, Figure(*_sum(*parts))),
    # Slips: what comes out when it is done in another way.
    "divided_by_new": lambda a, b: _bare(100 * (b.value - a.value) / b.value),
    "midpoint": lambda a, b: _bare(100 * growth.midpoint_growth(a.value, b.value)),
    "percent_change": lambda a, b: _bare(100 * (b.value / a.value - 1)),
    "ends": lambda a: (a.value, a.low, a.high),
}


# What an answer says


def _blank(answer) -> bool:
    if answer is None or answer is ...:
        return True
    if isinstance(answer, str):
        return not answer.strip(" \t\n.…?_-")
    return isinstance(answer, list | tuple | set | dict) and (
        not answer or all(_blank(a) for a in answer)
    )


_SCALE = {
    "ribu": 1e3, "rb": 1e3, "thousand": 1e3, "juta": 1e6, "jt": 1e6, "million": 1e6,
    "miliar": 1e9, "milyar": 1e9, "billion": 1e9, "triliun": 1e12, "trillion": 1e12,
}  # fmt: skip
_UNITS = {
    "%": "percent", "persen": "percent", "percent": "percent", "pct": "percent",
    "persentase": "percent", "pp": "percentage_point", "poin": "percentage_point",
    "point": "percentage_point", "points": "percentage_point", "rp": "IDR",
    "rupiah": "IDR", "idr": "IDR", "orang": "person", "jiwa": "person",
    "person": "person", "persons": "person", "people": "person", "usaha": "unit",
    "umkm": "unit", "unit": "unit", "units": "unit", "business": "unit",
    "businesses": "unit", "msme": "unit", "msmes": "unit", "bantuan": "unit",
    "penerima": "unit", "grant": "unit", "grants": "unit", "recipients": "unit",
}  # fmt: skip
#: Words that may stand beside a number and change nothing.
_PADDING = frozenset(
    """
    sekitar kira-kira kurang lebih kurang-lebih hampir naik turun tumbuh bertambah
    berkurang antara sebesar sebanyak adalah jadi yaitu mikro penduduk jumlahnya
    about around roughly nearly almost up down fell rose by between is of the a an
    growth it micro
    """.split()  # noqa: SIM905
)
_YEARLY = (
    "per tahun",
    "setahun",
    "tiap tahun",
    "per year",
    "a year",
    "/tahun",
    "/year",
)
_NUMBER = re.compile(r"[0-9](?:[0-9.,\u00a0\u202f' ]*[0-9])?")


def read(answer) -> list[Reading]:
    """Every way to read an answer as one number; empty where there is none.

    >>> read("19,23 persen")
    [Reading(value=19.23, step=0.01, unit='percent')]
    >>> [r.value for r in read("26.969")]
    [26969.0, 26.969]
    """
    if isinstance(answer, str):
        return _read_text(answer)
    if isinstance(answer, bool) or type(answer).__name__ in ("bool_", "bool"):
        return []
    unit = getattr(answer, "unit", None)
    value = getattr(answer, "value", answer)
    if isinstance(value, complex | bytes) or not hasattr(value, "__float__"):
        return []
    try:
        value = float(value)
    except (TypeError, ValueError, OverflowError):
        return []
    if value != value or value in (float("inf"), float("-inf")):
        return []
    return [Reading(value, _step(repr(value).removesuffix(".0")), unit)]


def _read_text(answer) -> list[Reading]:
    said = " ".join(answer.lower().replace("−", "-").replace("–", "-").split())
    yearly = any(y in said for y in _YEARLY)
    for y in _YEARLY:
        said = said.replace(y, " ")
    said = said.replace("poin persen", "poin").replace("poin persentase", "poin")
    said = re.sub(r"percentage[- ]points?", "points", said)
    said = re.sub(r"\brp\.? ?(?=\d)", "rupiah ", said)
    numbers = _NUMBER.findall(said)
    if len(numbers) != 1:
        return []
    before, after = said.split(numbers[0], 1)
    below = re.search(r"(-|minus|negatif|negative) ?$|\b(turun|down|fell)\b", before)
    sign = -1 if below else 1
    before = re.sub(r"(-|minus|negatif|negative) ?$", "", before)
    scale, unit = 1, None
    for word in re.findall(r"%|[^\s%~.,;:!()*`\"]+", f"{before} {after}"):
        if word in _SCALE:
            scale *= _SCALE[word]
        elif word in _UNITS:
            unit = unit or _UNITS[word]
        elif word not in _PADDING:
            return []
    if yearly and unit == "percent":
        unit = "percent_per_year"
    found = []
    for plain in _spellings(numbers[0]):
        value, step = sign * float(plain) * scale, _step(plain) * scale
        found.append(Reading(value, step, unit))
    return found


def _spellings(number) -> list[str]:
    """Plain decimals that a number may mean, Indonesian or English."""
    number = re.sub(r"[\u00a0\u202f' ]", "", number)
    found = []
    for group, point in ((".", ","), (",", ".")):
        pattern = rf"(\d{{1,3}}(\{group}\d{{3}})+|\d+)(\{point}\d+)?"
        if re.fullmatch(pattern, number):
            plain = number.replace(group, "").replace(point, ".")
            if plain not in found:
                found.append(plain)
    return found


def _step(plain) -> float:
    """What the last printed digit is worth."""
    plain, _, power = plain.partition("e")
    decimals = len(plain.partition(".")[2])
    return 10.0 ** (int(power or 0) - decimals)


def _pair(answer):
    """Readings of both ends of a range; None where it is none."""
    if isinstance(answer, str):
        halves = re.split(
            r"\s*(?:sampai|hingga|s\.?/?d\.?|dan|and|to|until|;)\s+|(?<=\d)\s*[-–]\s*"
            r"(?=\d)|(?<=%)\s*[-–]\s*(?=\d)|(?<=\w)\s+[-–]\s+(?=[-\d])",
            answer.strip(" []()"),
        )
        if len(halves) != 2:
            return None
        pair = [_read_text(h) for h in halves]
    else:
        if isinstance(answer, dict | set | bool) or not hasattr(answer, "__len__"):
            return None
        if len(answer) != 2:
            return None
        pair = [read(a) for a in answer]
    if not all(pair):
        return None
    # "19,15 sampai 19,31 persen": the unit is said once.
    units = [r.unit for readings in pair for r in readings if r.unit]
    if units:
        pair = [
            [r if r.unit else r._replace(unit=units[0]) for r in readings]
            for readings in pair
        ]
    return pair


def _letter(answer) -> str | None:
    if not isinstance(answer, str):
        return None
    found = re.match(r"\s*[\"'(]?([a-hA-H])(?![A-Za-z])", answer)
    return found[1].lower() if found else None


def _yes_or_no(answer) -> str | None:
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    words = {
        "yes": "ya yes y true boleh bisa benar iya",
        "no": "tidak no n false jangan bukan belum",
    }
    if isinstance(answer, str):
        said = answer.strip(" .!?").lower()
        return next((k for k, v in words.items() if said in v.split()), None)
    return None


def _ticks(answer) -> set[int] | None:
    """Numbers of a checklist; None for words."""
    if isinstance(answer, str):
        if not re.fullmatch(
            r"[0-9\s,;.&+]+|[0-9\s,;.]+(dan|and)\s*[0-9]+", answer.strip()
        ):
            return None
        return {int(n) for n in re.findall(r"[0-9]+", answer)}
    if isinstance(answer, int) and not isinstance(answer, bool):
        return {answer}
    if isinstance(answer, list | tuple | set | range):
        if all(isinstance(a, int) and not isinstance(a, bool) for a in answer):
            return set(answer)
        if any(isinstance(a, str) and not a.strip().isdigit() for a in answer):
            return None
        try:
            return {int(a) for a in answer}
        except (TypeError, ValueError):
            return None
    return None


# Whether it is the answer


def _scaled(reading, target) -> Reading | None:
    """The reading in the unit of the target; None where its unit is another."""
    if target.unit in _PERCENTS:
        if reading.unit is None and target.unit != "percentage_point":
            # A bare number is a fraction, as everywhere in this package.
            return Reading(100 * reading.value, 100 * reading.step, target.unit)
        if reading.unit == target.unit:
            return reading
        # Who was asked for a rate a year need not say so.
        if (reading.unit, target.unit) == ("percent", "percent_per_year"):
            return reading
        return None
    if reading.unit in _PERCENTS or (reading.unit == "IDR") != (target.unit == "IDR"):
        return reading if reading.unit is None else None
    return reading


def _meets(reading, target, *, bare=False) -> bool:
    """Whether a reading is the value, or within its bounds.

    With `bare` a number without a unit may also be in the unit of the target: what
    a slip was meant to be need not be spelled out.
    """
    scaled = _scaled(reading, target)
    found = scaled is not None and _within(scaled, target, slip=bare)
    if not found and bare and reading.unit is None:
        found = _within(reading, target, slip=True)
    return found


def _within(reading, target, *, slip=False) -> bool:
    low = target.value if target.low is None else target.low
    high = target.value if target.high is None else target.high
    if target.unit not in _PERCENTS:
        # A number of things is known exactly, or its bounds say how well.
        loose = min(reading.step / 2, FINE * abs(target.value))
    elif slip:
        # Cut off or rounded, but not so roughly that it may be anything.
        loose = min(max(reading.step, 2 * FINE), 0.4)
    elif low < high:
        loose = min(max(reading.step / 2, FINE), 10 * FINE)
    else:
        most = min(0.5, LOOSE * abs(target.value))
        loose = max(min(reading.step / 2, most), FINE)
    loose += 1e-9 * abs(target.value)
    return low - loose <= reading.value <= high + loose


def _other_unit(reading, target) -> str | None:
    """Why the right number is not yet the right answer: a key of the words."""

    def is_target(factor=1):
        scaled = Reading(reading.value * factor, reading.step * factor, target.unit)
        return _within(scaled, target)

    if is_target():
        if reading.unit is None:
            return "say_unit"
        return f"is_{reading.unit}" if reading.unit in _PERCENTS else "other_unit"
    if any(is_target(f) for f in (100, 0.01)) and target.unit in _PERCENTS:
        return "factor_100"
    if any(is_target(f) for f in (1e3, 1e-3, 1e6, 1e-6)):
        return "factor_1000"
    if target.value and (is_target(-1) or _meets(
        reading._replace(value=-reading.value), target
    )):  # fmt: skip
        return "sign"
    return None


# Blank notebooks


def blank(notebook: dict, folder: str = "") -> dict:
    """A solved notebook without its answers and outputs.

    In every cell with the tag "answer" what stands after ``answer =`` becomes
    ``...``; lines before it, which only lead there, are left out.

    Parameters
    ----------
    notebook : dict
        As json.load gives it; it is not changed.
    folder : str
        Way from the blank twin back to the folder of the solved one, for its links.

    Examples
    --------
    >>> cell = {"cell_type": "code", "metadata": {"tags": ["answer"]},
    ...         "source": "a = 2\\nanswer = a + 3\\nq.check(answer)"}
    >>> blank({"cells": [cell]})["cells"][0]["source"]
    'answer = ...\\nq.check(answer)'
    """
    result = {**notebook, "cells": []}
    for cell in notebook["cells"]:
        cell, source = dict(cell), cell["source"]
        whole = "".join(source) if isinstance(source, list) else source
        if cell["cell_type"] == "code":
            if "answer" in cell["metadata"].get("tags", ()):
                whole = _without_answer(whole)
            cell |= {"execution_count": None, "outputs": []}
        else:
            whole = re.sub(r"\]\((?![a-z]+:|#)", f"]({folder}", whole)
        cell["source"] = (
            whole.splitlines(keepends=True) if isinstance(source, list) else whole
        )
        result["cells"].append(cell)
    return result


def _without_answer(source) -> str:
    import ast

    tree = ast.parse(source).body
    place = next(
        i for i, n in enumerate(tree)
        if isinstance(n, ast.Assign) and getattr(n.targets[0], "id", "") == "answer"
    )  # fmt: skip
    rest = source.splitlines()[tree[place].end_lineno :]
    return "\n".join(["answer = ...", *rest])


def blanks(folder) -> dict[Path, str]:
    """The blank twins of a folder of notebooks: path and whole text of each.

    A twin of ``id/06_latihan.ipynb`` is ``blank/id/06_latihan.ipynb``.
    """
    import json

    folder, found = Path(folder), {}
    for lang in text.LANGS:
        for path in sorted((folder / lang).glob("*.ipynb")):
            notebook = json.loads(path.read_text("utf-8"))
            tags = [c["metadata"].get("tags", ()) for c in notebook["cells"]]
            if any("answer" in t for t in tags):
                twin = blank(notebook, f"../../{lang}/")
                twin = json.dumps(twin, indent=1, ensure_ascii=False)
                found[folder / "blank" / lang / path.name] = twin + "\n"
    return found


def main(words) -> int:
    """``python -m umkm_analysis.exercises blank [--check] [FOLDER]``."""
    check = "--check" in words
    rest = [w for w in words if w != "--check"]
    if not rest or rest[0] != "blank" or len(rest) > 2:
        sys.stderr.write(main.__doc__ + "\n")
        return 2
    root = Path(__file__).parent
    shipped = root / "notebooks"
    folder = Path(rest[1]) if len(rest) == 2 else None
    if folder is None:
        folder = shipped if shipped.exists() else root.parent / "notebooks"
    stale = 0
    for path, whole in blanks(folder).items():
        if path.exists() and path.read_text("utf-8") == whole:
            continue
        stale += 1
        sys.stdout.write(f"{path}\n")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(whole, encoding="utf-8", newline="\n")
    return int(check and stale > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
