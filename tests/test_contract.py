"""Damage of many kinds to a sound folder, each with the verdict it must get.

The kinds stand in damage.csv, with what frictionless says of the same folder:

kind, file         the damage in words, and the file that is damaged
at, column         the row (its first cell) and the column
how, put           the operation below, and what it puts there (\\u escapes)
rule               the rule that must be named; blank: the folder stays sound
row, in, found_in  row, column and file to be named where they are not the damaged
                   ones; a row is a first cell, "last", "none" or "1" (the header);
                   "-" is no column
also               other rules that the same damage breaks
frictionless       "accepts", "refuses" or "crashes" (an error that is not its own)
"""

import codecs
import csv
import json
import re
import shutil
import sys
from pathlib import Path

import frictionless
import pytest
import small

from umkm_analysis import cli, contract
from umkm_analysis.errors import DataError

TABLE = Path(__file__).with_name("damage.csv")
DAMAGE = small.read(TABLE)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return small.cut(tmp_path_factory.mktemp("sound") / "data")


@pytest.fixture
def folder(sound, tmp_path):
    return Path(shutil.copytree(sound, tmp_path / "data"))


def line_of(path, key):
    """The file line of the row that begins with `key`, of the last row, or None."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if key in ("none", ""):
        return None
    if key == "last":
        return len(lines)
    if key.isdigit() and len(key) == 1:
        return int(key)
    return next(
        i for i, line in enumerate(lines, 1) if line.split(",")[0].strip('"') == key
    )


def grid(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def put_grid(path, rows, **options):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, **{"lineterminator": "\n", **options}).writerows(rows)


def damage(folder, row):
    """Do to `folder` what one row of the table says."""
    path, how = folder / row["file"], row["how"]
    put = codecs.decode(row["put"], "unicode_escape")
    if how.startswith("contract-"):
        return damage_contract(path, row["column"].split("."), how, put)
    raw = path.read_bytes()
    if how in BYTES:
        return path.write_bytes(BYTES[how](raw))
    if how == "text":
        return path.write_text(put, encoding="utf-8")
    if how == "append":
        return path.write_bytes(raw + put.encode())
    if how in ("missing", "directory"):
        path.unlink()
        return path.mkdir() if how == "directory" else None
    rows = grid(path)
    options = {}
    header = rows[0]
    at = next((i for i, r in enumerate(rows) if r[0] == row["at"]), None)
    column = header.index(row["column"]) if row["column"] in header else None
    match how:
        case "cell":
            rows[at][column] = put
        case "latin-1" | "raw":
            rows[at][column] = "@@"
            put_grid(path, rows)
            mark, raw = b"@@", path.read_bytes()
            new = put.encode("latin-1" if how == "latin-1" else "utf-8")
            return path.write_bytes(raw.replace(mark, new))
        case "semicolons" | "tabs" | "pipes":
            options = {"delimiter": {"s": ";", "t": "\t", "p": "|"}[how[0]]}
        case "quote-all":
            options = {"quoting": csv.QUOTE_ALL}
        case "header-only":
            rows = rows[:1]
        case "reverse":
            rows[1:] = rows[:0:-1]
        case "drop-column":
            rows = [r[:column] + r[column + 1 :] for r in rows]
        case "add-column":
            rows = [[*r, row["column"] if i == 0 else ""] for i, r in enumerate(rows)]
        case "double-column":
            rows = [[*r, r[column]] for r in rows]
        case "rename-column":
            header[column] = put
        case "reorder":
            rows = [r[::-1] for r in rows]
        case "short-row":
            rows[at].pop()
        case "long-row":
            rows[at].append("")
        case "copy-row":
            rows.append(rows[at])
        case "copy-as":
            rows.append([put, *rows[at][1:]])
        case "delete-row":
            rows.pop(at)
        case "circle":
            other = next(i for i, r in enumerate(rows) if r[0] == put)
            rows[at][column], rows[other][column] = put, row["at"]
        case "future":
            rows[at][column] = "2031"
            rows[at][header.index("period")] = "2031-08"
        case _:
            raise AssertionError(how)
    put_grid(path, rows, **options)
    return None


BYTES = {
    "utf-16": lambda raw: raw.decode().encode("utf-16"),
    "utf-16-le": lambda raw: raw.decode().encode("utf-16-le"),
    "bom": lambda raw: b"\xef\xbb\xbf" + raw,
    "cr": lambda raw: raw.replace(b"\n", b"\r"),
    "crlf": lambda raw: raw.replace(b"\n", b"\r\n"),
    "no-end": lambda raw: raw.rstrip(b"\n"),
}


def damage_contract(path, keys, how, put):
    node = whole = json.loads(path.read_text(encoding="utf-8"))
    if how == "contract-put":
        *keys, last = keys
    for key in keys:
        node = node[int(key) if isinstance(node, list) else key]
    if how == "contract-put":
        node[last] = put
    else:
        node.pop(int(put) if isinstance(node, list) else put)
    path.write_text(json.dumps(whole), encoding="utf-8")


def theirs(folder, row):
    """What frictionless says of the damaged table and of all that it touches."""
    path = folder / "datapackage.json"
    if path.exists() and row["file"].endswith(".csv"):
        path = part(folder, row)
    try:
        sound = frictionless.Package(str(path)).validate().valid
    except frictionless.FrictionlessException:
        sound = False
    except re.error:
        return "crashes"
    return "accepts" if sound else "refuses"


def part(folder, row):
    """A contract of the damaged table, what it names and what names it.

    The rest of the folder is as it was, and reading it takes frictionless time.
    """
    whole = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    (mine,) = (r for r in whole["resources"] if r["path"] == row["file"])
    keys = mine["schema"].get("foreignKeys", [])
    if row["how"] in ("cell", "raw", "latin-1"):
        # No key changes unless it is the damaged cell.
        mine["schema"]["foreignKeys"] = [
            k for k in keys if row["column"] in k["fields"]
        ]
    keep = {mine["name"]: mine}
    for other in whole["resources"]:
        schema = other["schema"]
        if other["name"] in referred(mine):
            schema.pop("foreignKeys", None)
        elif mine["name"] in referred(other) and row["how"] != "cell":
            schema["foreignKeys"] = [
                k
                for k in schema["foreignKeys"]
                if k["reference"]["resource"] == mine["name"]
            ]
        elif other is not mine:
            continue
        keep[other["name"]] = other
        for spec in schema["fields"]:
            spec.pop("description"), spec.pop("description_id")
    path = folder / "part.json"
    path.write_text(json.dumps({**whole, "resources": [*keep.values()]}))
    return path


def referred(resource):
    keys = resource["schema"].get("foreignKeys", ())
    return {k["reference"]["resource"] for k in keys} - {resource["name"]}


def expected(folder, row):
    """File, row, column and rule that must be named."""
    found_in = row["found_in"] or row["file"]
    line = None
    if found_in.endswith(".csv") and (folder / found_in).is_file():
        key = row["row"] or row["at"]
        try:
            line = line_of(folder / found_in, key)
        except UnicodeDecodeError:
            line = row_line(folder / found_in, key)
    column = None if row["in"] == "-" else row["in"] or row["column"] or None
    return found_in, line, column, row["rule"]


def row_line(path, key):
    """As line_of, for a file that is no UTF-8."""
    if key.isdigit():
        return int(key)
    lines = path.read_bytes().split(b"\n")
    return next(i for i, x in enumerate(lines, 1) if x.startswith(key.encode() + b","))


def test_the_folder_is_sound_to_both(sound):
    assert contract.check(sound) == []
    assert frictionless.Package(str(sound / "datapackage.json")).validate().valid


def test_enough_kinds():
    kinds = [row["kind"] for row in DAMAGE]
    assert len(kinds) == len(set(kinds)) >= 35
    assert {row["frictionless"] for row in DAMAGE} <= {"accepts", "refuses", "crashes"}


@pytest.mark.parametrize("row", DAMAGE, ids=lambda row: row["kind"])
def test_damage(folder, row, capsys):
    damage(folder, row)
    want = expected(folder, row)
    codes, said = check_in_both(folder, capsys)
    if row["file"].endswith(".json") and row["rule"]:
        with pytest.raises(DataError) as error:
            contract.check(folder)
        assert error.value.code == row["rule"]
        assert row["file"] in str(error.value)
        assert codes == {1}
    else:
        problems = contract.check(folder)
        found = {(p.file, p.row, p.column, p.rule) for p in problems}
        assert {p.rule for p in problems} == rules(row)
        if row["rule"]:
            assert want in found or (want[1] is None and near(want, found)), found
        assert codes == ({1} if row["rule"] else {0})
    if row["rule"]:
        assert said["id"] != said["en"]
        for words in said.values():
            assert (want[0] if want[0] in words else row["file"]) in words


@pytest.mark.parametrize("row", DAMAGE, ids=lambda row: row["kind"])
def test_what_frictionless_says(folder, row):
    damage(folder, row)
    assert theirs(folder, row) == row["frictionless"]


def rules(row):
    also = row["also"].split(";") if row["also"] else []
    return {row["rule"], *also} - {""}


def near(want, found):
    """Found whatever the row, where the table names none."""
    return any((f, c, r) == (want[0], want[2], want[3]) for f, _, c, r in found)


def check_in_both(folder, capsys):
    codes, said = set(), {}
    for lang in ("id", "en"):
        codes.add(cli.main(["check", str(folder), "--lang", lang]))
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        assert err.count("\n") == 1
        said[lang] = out + err
    return codes, said


def test_without_a_release_date_it_says_what_was_not_checked(folder, capsys):
    row = next(r for r in DAMAGE if r["kind"] == "publication to come")
    damage(folder, row)
    (folder / "datapackage.json").unlink()
    codes, said = check_in_both(folder, capsys)
    assert codes == {0}
    assert "later than the release were not looked for" in said["en"]
    assert "melewati rilis tidak diperiksa" in said["id"]
    (folder / "datapackage.json").write_text(
        (contract.SHIPPED / "datapackage.json").read_text("utf-8"), "utf-8"
    )
    codes, said = check_in_both(folder, capsys)
    assert codes == {1}
    assert "not looked for" not in said["en"]
    assert row["rule"] in said["en"]


def calls_in_check(folder):
    """How many functions of the contract a sound folder takes."""
    found = []

    def seen(frame, event, _):
        if event == "call" and frame.f_code.co_filename == contract.__file__:
            found.append(frame.f_code.co_name)

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        problems = contract.check(folder)
    finally:
        sys.setprofile(before)
    assert problems == []
    return len(found)


def test_sound_rows_cost_no_call_each(folder):
    """What is right is asked of distinct texts, so more of the same costs no more."""
    path = folder / "observations.csv"
    rows = grid(path)
    header, like = rows[0], dict(zip(rows[0], rows[1], strict=True))
    like |= {"status": "target", "duplicates_of": "", "supersedes": ""}
    counted = []
    for n in (500, 5000):
        more = [[*(like | {"id": f"X-{i}"}).values()] for i in range(n)]
        put_grid(path, [header, *rows[1:], *more])
        counted.append(calls_in_check(folder))
    assert counted[1] - counted[0] < 4500 / 100


def test_a_long_chain_of_corrections_is_walked_once():
    class Counting(dict):
        asked = 0

        def __contains__(self, key):
            self.asked += 1
            return super().__contains__(key)

    n = 3000
    ids = [str(i) for i in range(n)]
    where = Counting(zip(ids, range(n), strict=True))
    assert contract._circling(ids, [*ids[1:], ""], where) == set()
    assert where.asked <= 3 * n
    assert contract._circling(ids, [*ids[1:], ids[10]], where) == set(ids[10:])


def test_the_shipped_folder_is_sound():
    assert contract.check() == []
    # The contract is a data package that any reader of such packages understands.
    shipped = frictionless.Package(str(contract.SHIPPED / "datapackage.json"))
    assert len(shipped.resources) == len(contract.open_package().resources)


def test_a_full_copy_is_sound_until_it_is_damaged(tmp_path):
    folder = Path(shutil.copytree(contract.SHIPPED, tmp_path / "data"))
    assert contract.check(folder) == []
    path = folder / "cooperatives_province.csv"
    line = path.read_text("utf-8").splitlines()[7]
    path.write_text(path.read_text("utf-8").replace(line, line.replace(",", ",-", 5)))
    (first, *_) = contract.check(folder)
    assert (first.file, first.row) == ("cooperatives_province.csv", 8)


def test_many_problems_come_in_the_order_of_the_files(folder):
    kinds = ("NaN", "grade outside its list", "publication on 31 June")
    for row in DAMAGE:
        if row["kind"] in kinds:
            damage(folder, row)
    problems = contract.check(folder)
    places = [(p.file, p.row) for p in problems]
    assert len(places) == 3
    assert places[-1][0] == "sources.csv"
    assert places[0][1] <= places[1][1]


def test_words_say_what_to_do(folder):
    """Every problem ends in an instruction: at least two sentences, then the rule."""
    for row in DAMAGE:
        if row["rule"] and row["how"] == "cell":
            break
    damage(folder, row)
    for lang in ("id", "en"):
        for problem in contract.check(folder):
            words = problem.as_error().words(lang)
            assert words.endswith(f"[{problem.rule}]")
            assert words.count(". ") >= 1
