"""A sound folder cut out of data/: small enough to damage it many times."""

import csv
import json

from umkm_analysis import contract

CLAIMS_KEPT = 8
#: Shares, which the claims above do not use.
EXTRA = ("BPN-0224", "BPN-0225")
LEFT_OUT = ("imk_province", "cooperatives_province", "translations")


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path, rows, columns):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def cut(target):
    """Write the folder: the headline figures, some claims, and all they lean on."""
    shipped = json.loads((contract.SHIPPED / "datapackage.json").read_text("utf-8"))
    # What is optional is left out: that is allowed, and saves the second reader time.
    shipped["resources"] = [
        r for r in shipped["resources"] if r["name"] not in LEFT_OUT
    ]
    tables = {
        r["name"]: read(contract.SHIPPED / r["path"]) for r in shipped["resources"]
    }
    claims = tables["claims"][:CLAIMS_KEPT]
    ids = {r["id"] for r in tables["balikpapan"]} | set(EXTRA)
    ids |= {r[c] for r in tables["readings"] for c in ("from_id", "to_id")}
    ids |= {i for c in claims for i in c["operands"].split(";")}
    # Who repeats or replaces a row decides verdicts: all of them come along.
    links = [
        (r["id"], r[c])
        for r in tables["observations"]
        for c in ("duplicates_of", "supersedes")
        if r[c]
    ]
    while grown := {i for pair in links if ids & set(pair) for i in pair} - ids:
        ids |= grown
    kept = {
        "observations": [r for r in tables["observations"] if r["id"] in ids],
        "claims": claims,
        "unincorporated_region": tables["unincorporated_region"][:6],
        "size_classes": tables["size_classes"][:6],
    }
    known = ids | {c["claim_id"] for c in claims}
    kept["story"] = [
        r
        for r in tables["story"]
        if known.issuperset(contract._PLACEHOLDER.findall(r["text_en"]))
    ]
    tables |= kept
    for name, key in (
        ("sources", "source_id"),
        ("concepts", "concept"),
        ("measures", "measure"),
        ("sectors", "sector"),
    ):
        others = [rows for other, rows in tables.items() if other != name]
        used = {r.get(key) for rows in others for r in rows}
        tables[name] = [r for r in tables[name] if r[key] in used]
    used = {r.get("region_code") for n in tables if n != "regions" for r in tables[n]}
    parents = {r["region_code"]: r["parent_code"] for r in tables["regions"]}
    while more := {parents[code] for code in used & parents.keys()} - used:
        used |= more
    tables["regions"] = [r for r in tables["regions"] if r["region_code"] in used]
    target.mkdir(parents=True, exist_ok=True)
    for resource in shipped["resources"]:
        resource.pop("hash", None)
        columns = [f["name"] for f in resource["schema"]["fields"]]
        write(target / resource["path"], tables[resource["name"]], columns)
    (target / "datapackage.json").write_text(json.dumps(shipped), encoding="utf-8")
    return target
