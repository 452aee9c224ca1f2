"""Small tables for readers: the columns that matter, in words, numbers formatted.

They compute nothing. `cell` is the one way in which a value becomes text, for
notebooks, report and command line alike.
"""

from umkm_analysis import text

#: Fractions of which one decimal says enough.
SHORT = {
    "coverage",
    "mdape",
    "worst_miss",
    "coverage_low",
    "coverage_high",
    "coverage_year_block",
    "worst_year_coverage",
    "skill_vs_naive",
    "skill_vs_fixed_growth",
}
#: Fractions that are shown as percent.
FRACTIONS = {
    "growth",
    "growth_low",
    "growth_high",
    "log_growth",
    "cagr",
    "cagr_low",
    "cagr_high",
    "share",
    "share_low",
    "share_high",
    "level",
    "share_of_parts",
    "units_share",
    "turnover_share",
    "turnover_share_low",
    "turnover_share_high",
    "difference",
    "difference_low",
    "difference_high",
    "stated_growth",
    "rate",
    "yearly",
    *SHORT,
}
#: Codes with words of their own in labels.toml.
TERMS = {
    "verdict": "verdict",
    "status": "status",
    "size_class": "size",
    "possible_origin": "origin",
    "unit": "unit",
    "stated_unit": "unit",
    "part": "part",
    "pattern": "verdict",
    "whole_class": "size",
    "class": "size",
    "kind": "kind",
    "trial": "trial",
    "criterion": "criterion",
    "method": "method",
}
#: Decimals of scores in logs, and of projected counts.
PLACES = {"mae_log": 3, "mean_width_log": 3, "interval_score": 3}
COUNTS = {"point", "low", "high", "low_years", "high_years"}
#: Rupiah, of which a business's share is never a round number.
RUPIAH = {
    "turnover": None,
    "turnover_low": None,
    "turnover_high": None,
    "turnover_per_unit": 1,
    "turnover_per_unit_low": 1,
    "turnover_per_unit_high": 1,
    "upper": None,
}
PERIODS = {
    "period",
    "from_period",
    "to_period",
    "published",
    "population_period",
    "valid_from",
}
#: Whole numbers that are names: no separators.
PLAIN = {
    "year",
    "from_year",
    "to_year",
    "population_year",
    "worst_year",
    "worst_miss_year",
}
FIGURES = (
    "period",
    "family",
    "concept",
    "value",
    "value_low",
    "value_high",
    "status",
    "grade",
    "id",
)
#: Columns of the breakdowns by part; a part without its own list has that of None.
BREAKDOWN = {
    "sectors": {
        None: ("period", "sector", "kbli_sections", "concept", "value", "unit",
               "base_value", "share", "verdict", "ids"),
        "nearest_split": ("region_code", "period", "sector", "value", "share",
                          "share_of_parts", "ids"),
        "output": ("period", "sector", "share", "verdict", "ids"),
        "ordering": ("claim_id", "claim_text", "verdict", "ids"),
    },
    "districts": {
        None: ("part", "region_code", "sector", "period", "units", "units_share",
               "turnover", "turnover_share", "turnover_per_unit", "units_per_1000",
               "population_period", "ids"),
    },
    "sizes": {
        None: ("region_code", "concept", "period", "regime", "size_class", "value",
               "share", "share_low", "share_high", "status", "verdict", "ids"),
    },
    "peers": {
        None: ("region_code", "concept", "from_period", "to_period", "from_value",
               "to_value", "growth", "verdict", "ids"),
        "census": ("rank", "rank_best", "rank_worst", "region_code", "from_period",
                   "to_period", "from_value", "to_value", "growth", "growth_low",
                   "growth_high", "ids"),
        "jump": ("region_code", "from_period", "to_period", "from_value", "to_value",
                 "difference", "concept", "concept_to", "verdict", "ids"),
        "same_time": ("region_code", "to_period", "from_value", "to_value",
                      "difference", "concept", "concept_to", "ids"),
        "computed": ("region_code", "concept", "from_period", "to_period", "points",
                     "cagr", "pattern", "ids"),
    },
}  # fmt: skip
CLAIMS = (
    "claim_id",
    "text",
    "stated_value",
    "computed_value",
    "verdict",
    "explanation",
)


def cell(key: str, value, lang: str = "id") -> str:
    """The text of one value under one column.

    >>> cell("value", 87397), cell("growth", 0.1923, "en"), cell("verdict", "fails")
    ('87.397', '19.23 percent', 'tidak cocok')
    """
    if text.absent(value):
        return "-"
    if key in FRACTIONS:
        return text.percent(value, 1 if key in SHORT else 2, lang)
    if key in TERMS:
        return text.term(TERMS[key], value, lang)
    if key in PERIODS:
        return text.period(value, lang)
    if isinstance(value, bool):
        return text.label("word.yes" if value else "word.no", lang)
    if key in PLAIN:
        return f"{value:.0f}"
    if key in RUPIAH:
        return "Rp" + text.scaled(value, lang, RUPIAH[key])
    if key in PLACES:
        return text.number(value, PLACES[key], lang)
    if key in COUNTS:
        # A projection is never finer than a whole business, unless it is a small one.
        return text.number(value, 0 if abs(value) >= 100 else 2, lang)
    if key == "units_per_1000":
        return text.number(value, 2, lang)
    if hasattr(value, "__float__"):
        return text.number(value, None, lang)
    return str(value)


def typed(key: str, value, lang: str = "id"):
    """A value for a spreadsheet: numbers as numbers, codes as words, blank as None."""
    if text.absent(value):
        return None
    if isinstance(value, bool) or key in TERMS:
        return cell(key, value, lang)
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and value.is_integer() and key not in FRACTIONS:
        return int(value)
    return value if isinstance(value, int | float) else str(value)


def head(key: str, lang: str = "id") -> str:
    """The title of a column."""
    return text.label(f"column.{key}", lang) if text.has_label(f"column.{key}") else key


#: Columns with words of a row in one language, for which there are translations.
DATA_WORDS = ("stated_by", "publisher", "note", "kbli_note", "citation", "regime",
              "source_publisher", "source_note")  # fmt: skip


def in_words(frame, lang: str = "id", *, folder=None):
    """A copy with names instead of the codes of concept, family, sector, region."""
    from umkm_analysis import data

    folder = folder or data.shipped()
    frame = frame.copy()
    for column, table, key in (
        ("concept", "concepts", "concept"),
        ("concept_to", "concepts", "concept"),
        ("population_concept", "concepts", "concept"),
        ("family", "families", "family"),
        ("sector", "sectors", "sector"),
        ("region_code", "regions", "region_code"),
        ("measure", "measures", "measure"),
    ):
        if column in frame:
            names = folder.names(table, key, lang)
            frame[column] = [
                names[v] if v in names else text.term(column, v, lang)
                for v in frame[column]
            ]
    for column in DATA_WORDS:
        if column in frame:
            frame[column] = [folder.said(v, lang) for v in frame[column]]
    for column in ("text", "explanation", "name", "meaning"):
        if f"{column}_{lang}" in frame and column not in frame:
            frame[column] = frame[f"{column}_{lang}"]
    return frame


def show(frame, lang: str = "id", columns=None, *, folder=None):
    """A frame for the eye: chosen columns, words, formatted numbers.

    Parameters
    ----------
    frame : DataFrame
    lang : {"id", "en"}
    columns : sequence of str, optional
        All by default.

    Returns
    -------
    DataFrame
        Text only; its first column is the index.
    """
    import pandas as pd

    frame = in_words(frame, lang, folder=folder)
    columns = [c for c in (columns or frame.columns) if c in frame]
    shown = pd.DataFrame(
        {head(c, lang): [cell(c, v, lang) for v in frame[c]] for c in columns}
    )
    return shown.set_index(shown.columns[0])


def figures(frame, lang: str = "id", *, folder=None):
    """Figures with what they count, bounds, status and grade.

    >>> import umkm_analysis as ua
    >>> frame = ua.figures(region="6471", concept="oss_registered_micro")
    >>> figures(frame, "en").iloc[0].tolist()[2:5]
    ['87,397', '87,397', '87,397']
    """
    return show(frame, lang, FIGURES, folder=folder)


def claims(frame, lang: str = "id", *, folder=None):
    """Claims with what was stated, what comes out, and the verdict."""
    return show(frame, lang, CLAIMS, folder=folder)


def names(table: str, key: str, lang: str = "id") -> str:
    """The name of one row of a vocabulary table.

    >>> names("concepts", "imk_survey", "en")
    'Survey of micro and small manufacturing, 2017-2022'
    """
    from umkm_analysis import data

    folder = data.shipped()
    first = folder.package.resources[table]["schema"]["primaryKey"][0]
    return folder.names(table, first, lang)[key]
