"""Folders of one's own: a new one, a copy for a class, and what changed between two."""

import csv
import json
import re
import shutil
import tempfile
from datetime import date
from pathlib import Path

from umkm_analysis import contract, text, whole
from umkm_analysis.errors import DataError

#: Copied as they are: what there is to measure, and how it is grouped.
VOCABULARIES = ("measures", "families", "sectors", "size_classes", "glossary")
EXAMPLE = "example"
#: A code of BPS (province, regency or city, district, village), or one's own, which has
#: a letter. The same form is in the contract.
_CODE = re.compile(
    r"([0-9]{2}|[0-9]{4}|[0-9]{7}|[0-9]{10}"
    r"|[A-Za-z][A-Za-z0-9_.-]*|[0-9]+[A-Za-z0-9_.-]*[A-Za-z][A-Za-z0-9_.-]*)\Z"
)
_LEVELS = {2: "province", 4: "regency", 7: "district", 10: "village"}


def shipped(name: str) -> Path:
    """A folder that travels inside an installed package, and lies beside it in a clone.

    >>> shipped("notebooks").name
    'notebooks'
    """
    inside = contract.HERE / name
    return inside if inside.is_dir() else contract.HERE.parent / name


def is_region_code(code: str) -> bool:
    """Whether a text has the form of a region code.

    >>> [is_region_code(c) for c in ("6471", "64.71", "647", "64-lama", "kota")]
    [True, False, False, True, True]
    """
    return bool(_CODE.match(code))


def new(target, *, region=None, name=None, level=None, parent=None, today=None) -> Path:
    """Make a folder for a region: contract, vocabularies, two rows marked as examples.

    Parameters
    ----------
    target : path
        A folder that does not exist yet, or is empty.
    region : str, optional
        Code of the region; free, but letters, digits, `_`, `.` and `-` only.
    name : str, optional
        Its name, where the shipped regions.csv does not have the code.
    level, parent : str, optional
        Such as "city", and the code of the area around it.
    today : date, optional
        The release date of the new folder.

    Returns
    -------
    Path
        The folder. It is made beside its place and then renamed.
    """
    target = Path(target).resolve()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise DataError("folder_not_empty", path=str(target))
    package = contract.open_package()
    tables = {n: rows_of(package, n) for n in package.resources}
    home = _home(tables["regions"], region, name, level, parent)
    day = (today or date.today()).isoformat()
    keep = {n: tables[n] for n in VOCABULARIES if n in tables}
    areas = [r for r in tables["regions"] if r["level"] in ("country", "province")]
    keep["regions"] = [
        *(r for r in areas if r["region_code"] != home["region_code"]),
        *_around(tables["regions"], home, {r["region_code"] for r in areas}),
        home,
    ]
    used = {r.get("source_id") for rows in keep.values() for r in rows}
    keep["sources"] = [r for r in tables["sources"] if r["source_id"] in used]
    keep |= _example(home["region_code"], day, keep["sources"])
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        _fill(aside, package, keep, home, day)
        aside.chmod(0o777 & ~whole.umask())
        if target.exists():
            target.rmdir()
        aside.rename(target)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return target


def rows_of(package, name) -> list[dict]:
    """The rows of a table as text; none where it cannot be read."""
    table = contract.read(package, name, [])
    return table.rows() if table is not None else []


def _home(regions, code, name, level, parent):
    if code is None:
        code, name = "my-region", name or "Wilayah saya"
    if not is_region_code(code):
        raise DataError("region_form", value=code)
    known = {r["region_code"]: r for r in regions}
    if parent and parent not in known:
        raise DataError("region_parent", value=parent)
    if code in known:
        told = {"name": name, "level": level, "parent_code": parent}
        return known[code] | {k: v for k, v in told.items() if v}
    if not name:
        raise DataError("region_name", value=code)
    parent = parent or next(
        (code[:n] for n in (7, 4, 2) if n < len(code) and code[:n] in known), "0000"
    )
    if level is None:
        level = _LEVELS.get(len(code), "other") if code.isdigit() else "other"
        if level == "regency" and int(code[2:]) > 70:
            level = "city"
    blank = dict.fromkeys(regions[0], "")
    return {**blank, "region_code": code, "name": name, "level": level,
            "parent_code": parent}  # fmt: skip


def _around(regions, home, have):
    """The areas between the region and those that every folder has."""
    known = {r["region_code"]: r for r in regions}
    code, found = home["parent_code"], []
    while code and code not in have:
        found.append(known[code])
        code = known[code]["parent_code"]
    return found[::-1]


def _example(region, day, sources):
    year = int(day[:4])
    words = {lang: text.label("new.example", lang) for lang in text.LANGS}
    note = f"{words['en']} / {words['id']}"
    concept = {
        "concept": EXAMPLE,
        **{f"name_{lang}": text.label("new.name", lang) for lang in text.LANGS},
        **{f"counts_what_{lang}": words[lang] for lang in text.LANGS},
        "includes_unlicensed": "unknown",
        "activity_verified": "unknown",
        "family": "unsourced",
        "note": note,
    }
    source = {
        "source_id": EXAMPLE, "publisher": text.label("new.name", "id"),
        "kind": "other", "read_extent": "full", "retrieved": day, "reuse": "other",
        "note": note,
    }  # fmt: skip
    # An expectation of grade D: no sentence, chart or calculation takes it up.
    rows = [
        {
            "id": f"EXAMPLE-{i}", "region_code": region, "period": str(year - 2 + i),
            "year": str(year - 2 + i), "measure": "business_units",
            "concept": EXAMPLE, "size_class": "msme", "value": str(i),
            "value_low": str(i), "value_high": str(i), "precision": "exact",
            "status": "expectation", "grade": "D", "source_id": EXAMPLE, "note": note,
        }
        for i in (1, 2)
    ]  # fmt: skip
    return {
        "concepts": [concept], "observations": rows, "sources": [*sources, source],
    }  # fmt: skip


def _fill(folder, package, keep, home, day):
    whole = {
        k: v for k, v in package.contract.items()
        if k in ("profile", "headline", "resources")
    }  # fmt: skip
    resources = []
    for resource in whole.pop("resources"):
        resource = {k: v for k, v in resource.items() if k != "hash"}
        resources.append(resource)
        if resource["name"] in keep:
            columns = [f["name"] for f in resource["schema"]["fields"]]
            write_table(folder / resource["path"], columns, keep[resource["name"]])
    slug = re.sub(r"[^a-z0-9._-]+", "-", home["region_code"].lower()).strip("-")
    words = {"name": home["name"]}
    described = {
        "name": f"umkm-{slug or 'region'}",
        "title": text.fill(text.label("new.title", "en"), words, "en"),
        "title_id": text.fill(text.label("new.title", "id"), words, "id"),
        "version": day[:7].replace("-", "."),
        "created": f"{day}T00:00:00Z",
        "home_region": home["region_code"],
        **whole,
        "resources": resources,
    }
    (folder / "datapackage.json").write_text(
        json.dumps(described, ensure_ascii=False, indent=1) + "\n", encoding="utf-8",
        newline="\n",
    )  # fmt: skip
    for lang, file in (("en", "README.md"), ("id", "README.id.md")):
        page = text.fill(text.label("new.readme", lang), words, lang) + "\n"
        (folder / file).write_text(page, encoding="utf-8", newline="\n")


def write_table(path, columns, rows) -> None:
    """Rows as a CSV of the contract."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(rows)


def start(target) -> tuple[list[Path], list[Path]]:
    """Copy notebooks, tables and teaching material into a working folder.

    Nothing that is there already is written over.

    Parameters
    ----------
    target : path
        Made if it is missing.

    Returns
    -------
    (list of Path, list of Path)
        Files that were copied, and files that differ from ours and were kept.
    """
    target = Path(target)
    copied, kept = [], []
    lessons = [f"teaching/{lang}" for lang in text.LANGS]
    for name in ("data", "notebooks", *lessons):
        source = shipped(name)
        for file in sorted(source.rglob("*")):
            below = file.relative_to(source)
            if not file.is_file() or {"__pycache__", ".ipynb_checkpoints"} & set(
                below.parts
            ):
                continue
            place = target / name / below
            if place.exists() or place.is_symlink():
                if not _same(place, file):
                    kept.append(place)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            _copy(file, place)
            copied.append(place)
    return copied, kept


def _same(place, file):
    return place.is_file() and place.read_bytes() == file.read_bytes()


def _copy(file, place):
    """All of a file or nothing, and never over another one."""
    aside = place.with_name(f".{place.name}.new")
    aside.write_bytes(file.read_bytes())
    if place.exists():
        aside.unlink()
        raise DataError("folder_not_empty", path=str(place))
    aside.rename(place)


DIFF = ("table", "row", "column", "change", "old", "new")


def diff(old, new) -> list[dict]:
    """What changed between two folders, cell by cell.

    Parameters
    ----------
    old, new : path

    Returns
    -------
    list of dict
        table, row (its key), column, change ("added", "removed", "changed",
        "revised"), old, new. An added or removed row is one record; its cells are in
        `new` or `old` as `column=value` joined by "; ". An added figure that
        supersedes another has a second one, with the value before and after.
    """
    before, after = contract.open_package(old), contract.open_package(new)
    records = []
    for name in dict.fromkeys([*before.resources, *after.resources]):
        a, b = _keyed(before, name), _keyed(after, name)
        if a == b:
            continue
        for key in dict.fromkeys([*a, *b]):
            place = {"table": name, "row": " / ".join(map(str, key))}
            if key not in a or key not in b:
                there = a.get(key) or b.get(key)
                whole = "; ".join(f"{c}={v}" for c, v in there.items() if v)
                gone = key not in b
                records.append({
                    **place, "column": None, "change": "removed" if gone else "added",
                    "old": whole if gone else None, "new": None if gone else whole,
                })  # fmt: skip
                if not gone and (first := b.get((there.get("supersedes"),))):
                    records.append({
                        **place, "column": "value", "change": "revised",
                        "old": first["value"], "new": there["value"],
                    })  # fmt: skip
                continue
            for column in dict.fromkeys([*a[key], *b[key]]):
                x, y = a[key].get(column), b[key].get(column)
                if (x or "") != (y or ""):
                    records.append({
                        **place, "column": column, "change": "changed",
                        "old": x or None, "new": y or None,
                    })  # fmt: skip
    return records


def _keyed(package, name):
    """Rows by their key; without one by all cells, counted where they repeat."""
    if name not in package.resources:
        return {}
    problems = []
    table = contract.read(package, name, problems)
    if problems:
        raise problems[0].as_error()
    if table is None:
        return {}
    columns = list(table.columns)
    key = package.resources[name]["schema"].get("primaryKey") or columns
    places = [columns.index(k) for k in ([key] if isinstance(key, str) else key)]
    rows, times = {}, {}
    for row in zip(*table.columns.values(), strict=True):
        found = tuple(row[i] for i in places)
        times[found] = times.get(found, 0) + 1
        again = (*found, f"#{times[found]}") if times[found] > 1 else found
        rows[again] = dict(zip(columns, row, strict=True))
    return rows


SATU_DATA = ("konsep", "definisi", "klasifikasi", "ukuran", "satuan", "seri", "baris")


def satu_data(path=None) -> list[dict]:
    """The standard of the data in a folder, in the words of Satu Data Indonesia.

    One record for each thing counted and measure: concept, definition,
    classification (sizes and sectors that occur), measure and unit; then the name of
    the series and the number of rows. Words are Indonesian, as the portals want them.

    Examples
    --------
    >>> satu_data()[0]["ukuran"]
    'Jumlah usaha'
    """
    package = contract.open_package(path)
    tables, problems = contract.examine(package, stored=False)
    if problems:
        raise problems[0].as_error()
    c = tables["observations"].columns
    concepts = {r["concept"]: r for r in rows_of(package, "concepts")}
    measures = {r["measure"]: r for r in rows_of(package, "measures")}
    sectors = {r["sector"]: r["name_id"] for r in rows_of(package, "sectors")}
    found = {}
    for concept, measure, size, sector in zip(
        c["concept"], c["measure"], c["size_class"], c["sector"], strict=True
    ):
        sizes, kinds, count = found.setdefault((concept, measure), ({}, {}, [0]))
        if size:
            sizes[text.term("size", size, "id")] = None
        if sector:
            kinds[sectors[sector]] = None
        count[0] += 1
    return [
        {
            "konsep": concepts[concept]["name_id"],
            "definisi": concepts[concept]["counts_what_id"],
            "klasifikasi": "; ".join([*sizes, *kinds]) or None,
            "ukuran": measures[measure]["name_id"],
            "satuan": text.term("unit", measures[measure]["unit"], "id"),
            "seri": concepts[concept]["series"] or None,
            "baris": count[0],
        }
        for (concept, measure), (sizes, kinds, count) in found.items()
    ]
