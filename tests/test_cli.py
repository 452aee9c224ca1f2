"""The command line: formats, languages, exit codes, and one line for each error."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys

import pytest
import small

from umkm_analysis import cli, contract, data

KEYS = {
    "figures": "id region_code period year measure concept family series "
    "size_class sector counted_as value value_low value_high unit precision status "
    "grade source_id duplicates_of supersedes",
    "claims": "claim_id kind formula operands comparator stated_value computed_value "
    "computed_low computed_high verdict possible_origin",
    "growth": "from_id to_id from_period to_period years growth growth_low growth_high "
    "log_growth cagr assumption",
    "trace": "id value rounding source_publisher concept_name_en repeated_by "
    "superseded_by used_by_claims used_by_readings",
    "check": "file row column rule message",
}
CALLS = {
    "figures": ["figures", "--region", "6471", "--measure", "business_units"],
    "trace": ["trace", "BPN-0077"],
    "claims": ["claims", "C001", "C002"],
    "growth": ["growth", "--series", "mayor_2023_2024"],
    "values": ["growth", "--values", "2023=73300,2024=87397,2025=93000~500"],
    "reading": ["growth", "--reading", "micro_2024_2025"],
    "check": ["check"],
    "sectors": ["sectors"],
    "districts": ["districts"],
    "sizes": ["sizes"],
    "peers": ["peers"],
    "project": ["project", "--series", "mayor_2023_2024", "--scenario", "0.02"],
    "interval": ["project", "--panel", "imk", "--region", "64"],
    "backtest": ["backtest", "--panel", "unincorporated"],
    "diff": ["diff", contract.SHIPPED, contract.SHIPPED],
    "metadata": ["metadata"],
}
#: These write files; they list nothing.
WRITING = {"report", "new", "import", "start"}
calls = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return small.cut(tmp_path_factory.mktemp("cli") / "data")


def no_nan(word):
    raise AssertionError(word)


def records(out):
    return json.loads(out, parse_constant=no_nan)


# Listings


def test_every_listing_is_tried():
    tried = {call[0] for call in CALLS.values()}
    assert set(cli.COMMANDS) - WRITING <= tried, "add the new command to CALLS"


@calls
@pytest.mark.parametrize("lang", ["id", "en"])
def test_json_is_one_document(umkm, call, lang):
    status, out, _ = umkm(*call, "--format", "json", "--lang", lang)
    listed = records(out)
    assert status == 0
    assert isinstance(listed, list)
    assert len(listed) > 0 or call[0] in ("check", "diff")
    for record in listed:
        keys = KEYS.get(call[0], "").split()
        assert keys == [k for k in record if k in keys]
        for value in record.values():
            assert value is None or isinstance(value, str | int | float)
            assert value != ""


@calls
def test_csv_says_the_same_as_json(umkm, call):
    listed = records(umkm(*call, "--format", "json")[1])
    status, out, _ = umkm(*call, "--format", "csv")
    assert status == 0
    assert "\r" not in out
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == len(listed)
    for row, record in zip(rows, listed, strict=True):
        assert list(row) == list(record)
        for key, value in record.items():
            if isinstance(value, bool):
                assert row[key] == str(value).lower()
            elif isinstance(value, int | float):
                assert float(row[key]) == value
            else:
                assert row[key].removeprefix("'") == (value or "")


@calls
def test_tables_are_in_words(umkm, call):
    shown = {}
    for lang in ("id", "en"):
        status, out, err = umkm(*call, "--lang", lang)
        assert status == 0
        assert "nan" not in out.lower().split()
        assert "None" not in out
        shown[lang] = out + err
    # The fields of Satu Data have one name in any language.
    if call[0] not in ("trace", "diff", "metadata"):
        assert shown["id"] != shown["en"]


def test_words_are_indonesian_by_default(umkm):
    assert "73.300" in umkm("trace", "BPN-0077")[1]
    assert umkm(*CALLS["claims"]) == umkm(*CALLS["claims"], "--lang", "id")
    out = umkm(*CALLS["growth"])[1]
    assert "19,23 persen" in out
    assert "19.23 percent" in umkm(*CALLS["growth"], "--lang", "en")[1]


def test_figures_has_every_row(umkm):
    listed = records(umkm("figures", "--format", "json")[1])
    assert len(listed) == len(data.load("observations")) == 758
    assert any(r["duplicates_of"] for r in listed)
    assert any(r["grade"] == "D" for r in listed)
    row = next(r for r in listed if r["id"] == "BPN-0084")
    assert (row["value"], row["value_low"], row["value_high"]) == (93000, 92500, 93500)
    survey = next(r for r in listed if r["id"] == "BPN-0248")
    assert (survey["value_low"], survey["value_high"]) == (None, None)


def test_figures_filters(umkm):
    options = {
        "region": "6471",
        "concept": "agency_register",
        "family": "agency_list",
        "measure": "business_units",
        "size-class": "msme",
        "sector": "all",
    }
    for option, value in options.items():
        listed = records(umkm("figures", f"--{option}", value, "--format", "json")[1])
        key = {"region": "region_code"}.get(option, option.replace("-", "_"))
        assert {r[key] for r in listed} == {value}
    words = [w for option, value in options.items() for w in (f"--{option}", value)]
    listed = records(umkm("figures", *words, "--format", "json")[1])
    assert {"BPN-0015", "BPN-0025"} <= {r["id"] for r in listed}


def test_nothing_found_is_an_empty_document(umkm):
    nothing = ["figures", "--region", "6471", "--size-class", "large",
               "--concept", "agency_register"]  # fmt: skip
    status, out, _ = umkm(*nothing, "--format", "json")
    assert (status, records(out)) == (0, [])
    status, out, _ = umkm(*nothing, "--format", "csv")
    assert (
        out.strip().split(",")[: len(KEYS["figures"].split())]
        == KEYS["figures"].split()
    )
    assert umkm(*nothing)[0] == 0


def test_growth_is_a_fraction_in_json(umkm):
    (record,) = records(umkm(*CALLS["growth"], "--format", "json")[1])
    assert record["growth"] == 0.19231923601637108
    assert record["assumption"] is None
    (record,) = records(umkm(*CALLS["reading"], "--format", "json")[1])
    assert record["assumption"] == "micro_2024_2025"
    first, second, whole = records(umkm(*CALLS["values"], "--format", "json")[1])
    assert (first["growth_low"], first["growth_high"]) == (first["growth"],) * 2
    assert second["growth_low"] == pytest.approx(0.0583887, abs=5e-8)
    assert second["growth_high"] == pytest.approx(0.0698308, abs=5e-8)
    assert whole["years"] == 2
    assert (whole["from_id"], whole["from_period"]) == (None, "2023")


@pytest.mark.parametrize("lang", ["id", "en"])
def test_the_assumption_is_said(umkm, lang):
    out = umkm(*CALLS["reading"], "--lang", lang)[1]
    said = {"id": "Andaikan kedua angka", "en": "Assume that both numbers"}
    assert said[lang] in out


def test_a_failing_claim_is_a_finding(umkm):
    status, out, _ = umkm("claims", "--format", "json")
    assert status == 0
    listed = records(out)
    assert len(listed) == 137
    assert {"fails", "conflict"} <= {r["verdict"] for r in listed}
    one = umkm("claims", "C001", "--lang", "en")[1]
    assert "The arithmetic is right" in one


def test_a_claim_can_be_traced(umkm):
    (record,) = records(umkm("trace", "C001", "--format", "json")[1])
    assert record["operands"] == "BPN-0074;BPN-0077"
    assert record["source_publisher"]


# Known by a date


def test_as_of(umkm):
    words = [
        "figures",
        "--region",
        "6471",
        "--measure",
        "business_units",
        "--format",
        "json",
    ]
    before = records(umkm(*words, "--as-of", "2025-07-08")[1])
    after = records(umkm(*words, "--as-of", "2025-07-09")[1])
    new = {r["id"] for r in after} - {r["id"] for r in before}
    assert {"BPN-0074", "BPN-0077"} <= new
    err = umkm(*words, "--as-of", "2025-07-08")[2]
    published = data.load("sources").set_index("source_id")["published"]
    asked = data.figures(region="6471", measure="business_units")["source_id"]
    assert err.split()[0] == str(asked.map(published).isna().sum())
    assert records(umkm("claims", "--as-of", "2025-07-08", "--format", "json")[1])
    status, out, err = umkm(
        "growth", "--series", "mayor_2023_2024", "--as-of", "2025-07"
    )
    assert status == 0
    assert "19,23" in out
    assert umkm("growth", "--series", "mayor_2023_2024", "--as-of", "2025-06")[0] == 1


@pytest.mark.parametrize(
    "bad", ["", "soon", "2024-13", "03-05-2024", "24", "2024/2025"]
)
@pytest.mark.parametrize("command", [["figures"], ["claims"], CALLS["growth"]])
def test_as_of_that_is_no_date(umkm, command, bad):
    status, out, err = umkm(*command, "--as-of", bad)
    assert (status, out) == (1, "")
    assert err.count("\n") == 1
    assert "2024-05-03" in err


# Errors


@pytest.mark.parametrize(
    "words",
    [
        [], ["nothing"], ["figures", "--lang", "fr"], ["figures", "--format", "xml"],
        ["trace"], ["growth"], ["growth", "--series", "a", "--reading", "b"],
        ["figures", "--unknown"], ["check", "a", "b"],
    ],
)  # fmt: skip
def test_wrong_usage(umkm, words):
    status, out, err = umkm(*words)
    assert (status, out) == (2, "")
    assert "usage" in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["trace", "BPN-9999"], "BPN-9999"),
        (["trace", "BPN-77"], "BPN-0077"),
        (["trace", "\udcff"], "id"),
        (["claims", "C999"], "C999"),
        (["figures", "--region", "9999"], "9999"),
        (["figures", "--concept", "agency_registr"], "agency_register"),
        (["figures", "--size-class", "huge"], "msme"),
        (["growth", "--series", "mayor"], "mayor_2023_2024"),
        (["growth", "--series", "mayor_2023_2024", "--region", "0000"], "6471"),
        (["growth", "--series", "mayor_2023_2024", "--measure", "area"], "6471"),
        (["growth", "--series", "grdp_2010_base", "--measure", "grdp_growth",
          "--sector", "all"], "change_pp"),
        (["growth", "--reading", "all"], "micro_2024_2025"),
        (["figures", "--data", "no/such/folder"], "folder"),
        (["check", "no/such/folder"], "folder"),
        (["check", ""], "older ''"),
        (["figures", "--data", ""], "older"),
        (["check", "--seal", "."], "--seal"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("lang", ["id", "en"])
def test_an_error_is_one_line(umkm, words, says, lang):
    status, out, err = umkm(*words, "--lang", lang)
    assert (status, out) == (1, "")
    assert err.startswith("umkm: ")
    assert err.count("\n") == 1
    assert says in err


def test_growth_across_concepts_is_impossible(umkm):
    # No option joins series, and a series has one concept.
    for option in ("--concept", "--assume", "--from", "--ids"):
        assert umkm("growth", "--series", "mayor_2023_2024", option, "x")[0] == 2
    status, out, _ = umkm("growth", "--series", "mayor_2023_2024,registered_msme_2025")
    assert (status, out) == (1, "")


@pytest.mark.parametrize(
    "bad",
    [
        "", " ", "2024", "2024=", "=5", "2023=1,2024", "2023=a,2024=2",
        "2023=nan,2024=1",
        "2023=inf,2024=1", "2023=-5,2024=1", "2023=1,2024=-1", "2023=0,2024=5",
        "2024=2,2023=1", "2023=1,2023=2", "2023=1", "2023=73.300,2024=87.397",
        "2023=73,300,2024=87,397", "2023=1e5,2024=2e5", "2023=1;2024=2",
        "2023=1 2024=2",
        "2023=1~,2024=2", "2023=1~-1,2024=2", "2023=5~5,2024=2", "2023-13=1,2024=2",
        "23=1,24=2", "2023:1,2024:2", "2023=1,,2024=2", "2023=1,2024=2,",
        "\u0662\u0660\u0662\u0663=1,2024=2", "2023=" + "9" * 400 + ",2024=1",
    ],
)  # fmt: skip
def test_bad_values(umkm, bad):
    status, out, err = umkm("growth", f"--values={bad}", "--format", "json")
    assert (status, out) == (1, "")
    assert err.startswith("umkm: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("good", "growth"),
    [
        ("2023=100,2024=110", 0.1),
        (" 2023 = 100 , 2024 = 110 ", 0.1),
        ("2024-01=100,2024-07=110", 0.1),
        ("2023=0.100,2024=0.110", 0.1),
        ("2023=100.5,2024=110.55", 0.1),
        ("2023=100,2024=0", -1),
        ("2023-05-03=100,2024-05-03=110~0.5", 0.1),
    ],
)
def test_good_values(umkm, good, growth):
    status, out, _ = umkm("growth", f"--values={good}", "--format", "json")
    assert status == 0
    assert records(out)[0]["growth"] == pytest.approx(growth)


# Other folders


@calls
def test_another_folder(umkm, folder, call):
    listed = umkm(*call, "--data", folder, "--format", "json")
    assert listed[0] == 0
    records(listed[1])


def test_a_damaged_folder_is_refused_everywhere(umkm, folder, tmp_path):
    broken = shutil.copytree(folder, tmp_path / "data")
    path = broken / "observations.csv"
    path.write_text(
        path.read_text("utf-8").replace(",87397,", ',"87,397",', 1), "utf-8"
    )
    for name, call in CALLS.items():
        status, out, err = umkm(*call, "--data", broken, "--lang", "en")
        if name == "check":
            assert (status, "observations.csv, row" in out) == (1, True)
        elif name not in ("values", "diff"):
            assert (status, out) == (1, "")
            assert err.startswith("umkm: observations.csv, row")
            assert err.count("\n") == 1


def test_check_lists_and_counts(umkm, folder, tmp_path):
    broken = shutil.copytree(folder, tmp_path / "data")
    (broken / "families.csv").unlink()
    status, out, err = umkm("check", broken, "--lang", "en")
    assert (status, out.count("\n")) == (1, 1)
    assert out.startswith("families.csv: this file is missing.")
    assert err == "1 problems.\n"
    status, out, _ = umkm("check", broken, "--format", "json")
    (record,) = records(out)
    assert (record["file"], record["row"], record["rule"]) == (
        "families.csv", None, "file_missing",
    )  # fmt: skip


def test_seal(umkm, tmp_path, monkeypatch):
    copy = shutil.copytree(contract.SHIPPED, tmp_path / "data")
    monkeypatch.setattr(contract, "SHIPPED", copy)
    before = (copy / "datapackage.json").read_bytes()
    assert umkm("check", "--seal")[0] == 0
    assert (copy / "datapackage.json").read_bytes() == before
    path = copy / "families.csv"
    path.write_text(
        path.read_text("utf-8").replace("Economic census", "Census"), "utf-8"
    )
    status, out, _ = umkm("check")
    assert (status, "families.csv" in out, "[hash]" in out) == (1, True, True)
    status, _, err = umkm("check", "--seal")
    assert (status, "families.csv" in err) == (0, True)
    assert umkm("check")[0] == 0
    path.write_text(path.read_text("utf-8").replace(",1,", ",one,"), "utf-8")
    sealed = (copy / "datapackage.json").read_bytes()
    assert umkm("check", "--seal")[0] == 1
    assert (copy / "datapackage.json").read_bytes() == sealed


def test_unreadable(umkm, folder, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    status, out, _ = umkm("check", folder, "--lang", "en")
    assert status == 1
    assert "Permission denied" in out
    assert umkm("figures", "--data", folder)[0] == 1


def test_what_the_system_refuses_is_one_line(umkm, monkeypatch):
    def refuse(args):
        raise OSError(28, "No space left on device", "reports/x.html")

    monkeypatch.setitem(cli.COMMANDS, "figures", refuse)
    status, out, err = umkm("figures", "--lang", "en")
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert "reports/x.html" in err


# A process of its own


def process(*words, **env):
    return subprocess.run(
        [sys.executable, "-m", "umkm_analysis", *words], capture_output=True,
        env={**os.environ, **env}, check=False,
    )  # fmt: skip


def test_output_is_utf8_everywhere(umkm, folder, tmp_path):
    own = shutil.copytree(folder, tmp_path / "data")
    path = own / "observations.csv"
    path.write_text(path.read_text("utf-8").replace("unit usaha", "café 東"), "utf-8")
    words = ["figures", "--data", str(own), "--format", "json"]
    odd = process(*words, PYTHONIOENCODING="latin-1", LC_ALL="C", PYTHONUTF8="0")
    assert (odd.returncode, odd.stderr) == (0, b"")
    assert odd.stdout.decode("utf-8") == umkm(*words)[1]
    assert "café 東".encode() in odd.stdout


def test_a_reader_that_goes_away():
    command = [sys.executable, "-m", "umkm_analysis", "figures", "--format", "json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        running.stdout.read(10)
        running.stdout.close()
        said = running.stderr.read()
    assert running.returncode == 0
    assert said == b""


def test_a_reader_that_was_never_there():
    # Short enough to stay in the buffer until the end.
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "umkm_analysis", "trace", "BPN-0077"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_argument_that_is_no_text():
    done = process("trace", b"\xff\xfe")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"umkm: ")
    assert done.stderr.count(b"\n") == 1
