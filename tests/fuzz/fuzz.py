"""A fuzzer for what reads strangers' bytes, run apart from the tests.

In an environment of its own, from the root of the clone:

    python3 -m venv .fuzz
    .fuzz/bin/pip install --require-hashes -r tests/fuzz/fuzz.lock
    PYTHONPATH=. .fuzz/bin/python tests/fuzz/fuzz.py -max_total_time=300 FOUND SEEDS

FOUND is a folder for what it comes across, SEEDS is tests/fuzz/seeds. The first byte of
an input chooses what is fed with the rest: readers of cells, of files, the plan of an
import, the contract, the arguments of the command line. Anything but an UmkmError (or
the exit of argparse) is a find. Seeds are written by `fuzz.py --seeds`.
"""

import contextlib
import io
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = Path(tempfile.mkdtemp()) / "city"


def of_cells(raw):
    from umkm_analysis import cells, contract

    text = raw.decode("utf-8", errors="replace")
    made = cells.number(text)
    for value in made.readings.values() if made else ():
        assert contract._TYPES["number"].match(cells.shown(value)), text
    found = cells.period(text)
    assert found is None or contract.is_period(found), text
    cells.marked_period(text), cells.missing(text), cells.role_of(text)
    cells.measure_of(text), cells.size_of(text), cells.is_total(text)


def of_files(raw):
    from umkm_analysis import sheets

    path = FOLDER.with_name("file")
    path.write_bytes(raw)
    sheets.read(path)


def of_plans(raw):
    from umkm_analysis import importing

    path = FOLDER.with_name("file")
    path.write_bytes(raw)
    plan = importing.plan(path, FOLDER, {"numbers": "id", "status": "observed"})
    there = sum(bool(c.strip()) for s in plan.book.sheets for r in s.rows for c in r)
    assert sum(plan.totals().values()) == there


def of_contracts(raw):
    from umkm_analysis import contract

    name, _, rest = raw.partition(b"\n")
    names = ("observations.csv", "concepts.csv", "datapackage.json", "regions.csv")
    path = FOLDER / names[len(name) % len(names)]
    before = path.read_bytes()
    try:
        path.write_bytes(rest)
        contract.check(FOLDER)
    finally:
        path.write_bytes(before)


def of_arguments(raw):
    from umkm_analysis import cli

    words = raw.decode("utf-8", errors="replace").split("\n")
    if {"report", "start", "new", "import", "--seal"} & set(words):
        return
    quiet = io.StringIO()
    with (
        contextlib.redirect_stdout(quiet),
        contextlib.redirect_stderr(quiet),
        contextlib.suppress(SystemExit),
    ):
        assert cli.main([*words, "--data", str(FOLDER)]) in (0, 1)


TARGETS = (of_cells, of_files, of_plans, of_contracts, of_arguments)


def one(raw):
    from umkm_analysis.errors import UmkmError

    if raw:
        with contextlib.suppress(UmkmError):
            TARGETS[raw[0] % len(TARGETS)](raw[1:])


def seeds():
    """Write the seeds: the messy files of the tests, and short texts."""
    target = HERE / "seeds"
    target.mkdir(exist_ok=True)
    for n, text in enumerate(("1.073*", "Rp 1.073,5 ribu", "Triwulan II 2024", "-")):
        (target / f"cell{n}").write_bytes(b"\x00" + text.encode())
    for file in sorted((HERE.parent / "messy").iterdir()):
        for kind in (1, 2):
            (target / f"{file.name}{kind}").write_bytes(
                bytes([kind]) + file.read_bytes()
            )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<a><table><table-row><table-cell/></table-row>"
                         "</table></a>")  # fmt: skip
    (target / "ods").write_bytes(b"\x01" + packed.getvalue())
    (target / "concepts").write_bytes(b"\x03.\nconcept,name_en\nx,y\n")
    (target / "contract").write_bytes(b'\x03..\n{"resources": []}')
    (target / "words").write_bytes(b"\x04figures\n--region\n63")


def main():
    if sys.argv[1:] == ["--seeds"]:
        return seeds()
    import atheris

    with atheris.instrument_imports(include=["umkm_analysis"]):
        from umkm_analysis import cells, contract, importing, sheets  # noqa: F401
    from umkm_analysis import folder

    folder.new(FOLDER, region="63")
    atheris.Setup(sys.argv, one)
    return atheris.Fuzz()


if __name__ == "__main__":
    main()
