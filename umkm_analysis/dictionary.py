"""Writes the data dictionary: data/README.md and its Indonesian twin.

    python -m umkm_analysis.dictionary

The tables come from datapackage.json, every number from the data. What is meant by
them is written by hand in templates/dictionary.en.md and dictionary.id.md: edit
those, then run the line above. A test fails when the two files are stale.
"""

import sys
from pathlib import Path

import jinja2

from umkm_analysis import data, text

TEMPLATES = Path(__file__).with_name("templates")
FILES = {"en": "README.md", "id": "README.id.md"}


def describe(folder=None) -> list[dict]:
    """The tables of a folder as its contract has them.

    Returns
    -------
    list of dict
        One for each table: name, file, title and description in both languages,
        rows, whether a folder may do without it, key, and its fields. A field has
        name, type, unit, whether it may be blank, its limits, its allowed values,
        the column it refers to, and its description in both languages.

    Examples
    --------
    >>> tables = {t["name"]: t for t in describe()}
    >>> tables["balikpapan"]["rows"], tables["balikpapan"]["key"]
    (19, ['id'])
    """
    folder = folder or data.shipped()
    return [
        _table(folder, resource)
        for resource in folder.package.contract["resources"]
        if folder.package.file(resource["name"]).exists()
    ]


def _table(folder, resource):
    schema = resource["schema"]
    refers = {
        key["fields"][0]: key["reference"]
        for kind in ("foreignKeys", "listKeys")
        for key in schema.get(kind, ())
    }
    names = [spec["name"] for spec in schema["fields"]]
    return {
        "name": resource["name"],
        "file": resource["path"],
        "title": {"en": resource["title"], "id": resource["title_id"]},
        "rows": len(folder.load(resource["name"])),
        "optional": resource.get("optional", False),
        "excerpt": resource.get("excerptOf"),
        "panel": resource.get("panel", {}).get("name"),
        "key": schema.get("primaryKey", []),
        "fields": [
            _field(spec, names, resource, refers.get(spec["name"]))
            for spec in schema["fields"]
        ],
    }


def _field(spec, names, resource, reference):
    limits = spec.get("constraints", {})
    return {
        "name": spec["name"],
        "type": spec["type"],
        "unit": _unit(spec, names, resource),
        "blank": not limits.get("required", False),
        "unique": limits.get("unique", False),
        "minimum": limits.get("minimum"),
        "maximum": limits.get("maximum"),
        "pattern": limits.get("pattern"),
        "form": spec.get("form"),
        "allowed": limits.get("enum") or spec.get("items") or [],
        "separator": spec.get("separator"),
        "refers": reference
        and f"{reference['resource'] or resource['name']}.{reference['fields'][0]}",
        "meaning": {"en": spec["description"], "id": spec["description_id"]},
    }


#: Number columns whose unit is said by no other column of their table.
_NO_UNIT = {"sort": None, "year": "year", "stated_decimals": "decimals"}


def _unit(spec, names, resource):
    """The unit of a number: a word, or the column (of a table) that holds it."""
    name = spec["name"]
    if spec["type"] not in ("integer", "number"):
        return None
    if name in _NO_UNIT:
        return _NO_UNIT[name]
    if name.endswith("_km2"):
        return "km2"
    for column in ("measure", "unit", "stated_unit"):
        if column in names:
            return {"column": column, "table": None}
    return {"column": "measure", "table": resource["excerptOf"]}


def words(lang: str, folder=None) -> str:
    """The data dictionary as Markdown in one language."""
    folder = folder or data.shipped()
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES, encoding="utf-8"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    observations = folder.load("observations")
    claims = folder.claims().set_index("claim_id")

    def number(value, decimals=0):
        return text.number(value, decimals, lang)

    def figure(row_id):
        row = observations.set_index("id").loc[row_id]
        return text.number(row["value"], None, lang)

    def claim(claim_id, column="computed_value", decimals=1):
        return text.number(claims.loc[claim_id, column], decimals, lang)

    def count(table, column=None, value=None):
        frame = folder.load(table)
        if column is None:
            return number(len(frame))
        if value is None:
            return number(frame[column].notna().sum())
        return number((frame[column] == value).sum())

    template = environment.get_template(f"dictionary.{text.check_lang(lang)}.md")
    return template.render(
        tables=describe(folder),
        release=text.period(folder.release, lang),
        families=_rows(folder, "families", "sort"),
        readings=_rows(folder, "readings", "reading"),
        measures=_rows(folder, "measures", "measure"),
        number=number,
        figure=figure,
        claim=claim,
        count=count,
        term=lambda group, value: text.term(group, value, lang),
        cell=_cell,
    )


def _rows(folder, table, order):
    return folder.load(table).sort_values(order).to_dict("records")


def _cell(words):
    """Text that may stand in a cell of a Markdown table."""
    return str(words).replace("|", "\\|")


def write(folder=None) -> list[Path]:
    """Write both files into the folder; return their paths."""
    folder = folder or data.shipped()
    paths = []
    for lang, name in FILES.items():
        path = folder.path / name
        path.write_text(words(lang, folder), encoding="utf-8", newline="\n")
        paths.append(path)
    return paths


if __name__ == "__main__":
    for written in write():
        sys.stdout.write(f"{written}\n")
