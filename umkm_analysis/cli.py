"""The command line: `umkm`, the same as `python -m umkm_analysis`.

Listings go to stdout as a table, CSV or one JSON document; everything else goes
to stderr. Exit codes: 0 done, 1 a problem in the data or the request, 2 usage.
"""

import argparse
import csv
import json
import os
import re
import sys
from itertools import islice

from umkm_analysis import tables, text
from umkm_analysis.errors import DataError, UmkmError
from umkm_analysis.figure import plain

TABLE_COLUMNS = {
    "figures": [
        "id",
        "period",
        "concept",
        "size_class",
        "sector",
        "value",
        "unit",
        "status",
        "grade",
        "source_id",
    ],
    "claims": [
        "claim_id",
        "text",
        "stated_value",
        "stated_unit",
        "computed_value",
        "computed_low",
        "computed_high",
        "verdict",
        "possible_origin",
    ],
    "growth": [
        "from_id",
        "to_id",
        "from_period",
        "to_period",
        "years",
        "growth",
        "growth_low",
        "growth_high",
        "cagr",
    ],
    "project": [
        "year",
        "kind",
        "method",
        "yearly",
        "point",
        "low",
        "high",
        "low_years",
        "high_years",
    ],
    "backtest": [
        "method",
        "chosen",
        "horizon",
        "n",
        "years",
        "mdape",
        "mae_log",
        "skill_vs_naive",
        "skill_vs_fixed_growth",
        "coverage",
        "coverage_year_block",
        "worst_year",
        "worst_year_coverage",
        "verdict",
    ],
}


def _parser():
    parser = argparse.ArgumentParser(
        prog="umkm",
        description="Angka UMKM dan apa yang dihitungnya. / "
        "Figures about small businesses, and what they count.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    def command(name, help_, *, listing=True, own=False):
        sub = commands.add_parser(name, help=help_, description=help_)
        if own:
            sub.add_argument("--lang", choices=text.LANGS, default="id")
            return sub
        if listing:
            sub.add_argument(
                "--format", choices=("table", "csv", "json"), default="table"
            )
            sub.add_argument("--lang", choices=text.LANGS, default="id")
        sub.add_argument("--data", metavar="DIR", help="folder with your own tables")
        return sub

    sub = command("figures", "angka beserta sumbernya / figures with their sources")
    for option in ("region", "concept", "family", "measure", "size-class", "sector"):
        sub.add_argument(f"--{option}")
    sub.add_argument("--as-of", metavar="DATE", help="known by then: 2024-05-03, 2024")

    sub = command(
        "trace", "satu baris sampai ke sumbernya / one row back to its source"
    )
    sub.add_argument("id")

    sub = command("claims", "pernyataan dihitung ulang / published claims, recomputed")
    sub.add_argument("id", nargs="*")
    sub.add_argument("--region")
    sub.add_argument("--as-of", metavar="DATE")

    sub = command("growth", "pertumbuhan dengan batasnya / growth with its bounds")
    which = sub.add_mutually_exclusive_group(required=True)
    which.add_argument("--series")
    which.add_argument(
        "--values", metavar="YEAR=N,...", help="2024=87397,2025=93000~500"
    )
    which.add_argument("--reading", help="a row of readings.csv")
    for option in ("region", "measure", "size-class", "sector"):
        sub.add_argument(f"--{option}")
    sub.add_argument("--as-of", metavar="DATE")
    sub.set_defaults(usage=sub.error)

    for name, help_ in (
        ("sectors", "pernyataan tentang sektor / what is stated about sectors"),
        ("districts", "usaha menurut kecamatan / businesses by district"),
        ("sizes", "skala usaha dan batasnya / size classes and their limits"),
        ("peers", "wilayah pembanding / regions to compare with"),
    ):
        sub = command(name, help_)
        sub.add_argument("--region", help="a region code")
    sub.add_argument(
        "--alarms",
        action="store_true",
        help="how often a counted series is taken for a computed one",
    )

    sub = command("project", "tahun-tahun berikutnya / the next years")
    which = sub.add_mutually_exclusive_group()
    which.add_argument("--series")
    which.add_argument("--values", metavar="YEAR=N,...", help="2023=73300,2024=87397")
    sub.add_argument("--panel", metavar="P", help="imk, cooperatives, ... or a CSV")
    sub.add_argument("--borrow", metavar="P", help="a panel of another concept")
    for option in ("region", "measure", "size-class", "sector", "concept"):
        sub.add_argument(f"--{option}")
    sub.add_argument("--horizon", type=int, default=3, metavar="YEARS")
    sub.add_argument("--level", type=float, default=0.8)
    sub.add_argument("--scenario", metavar="RATE", action="append", default=[],
                     help="a yearly rate such as 0.02; may be repeated")  # fmt: skip
    sub.set_defaults(usage=sub.error)

    sub = command("backtest", "seberapa jauh aturan meleset / how wrong rules were")
    sub.add_argument("--panel", metavar="P", help="one panel, or a CSV; else all")
    sub.add_argument("--horizon", type=int, default=3, metavar="YEARS")
    sub.add_argument("--level", type=float, default=0.8)

    sub = command("check", "periksa folder data / check a data folder")
    sub.add_argument("dir", nargs="?")
    sub.add_argument("--seal", action="store_true", help="write the shipped hashes")

    sub = command("new", "folder data baru / a new data folder", own=True)
    sub.add_argument("dir")
    sub.add_argument("--region", metavar="CODE", help="such as 6371")
    sub.add_argument("--name", help="such as 'Kota Banjarmasin'")
    sub.add_argument("--level", help="such as city, regency, district")
    sub.add_argument("--parent", metavar="CODE", help="the area around it")

    sub = command("import", "berkas ke folder data / a file into a data folder")
    sub.add_argument(
        "file", nargs="?", help="CSV, TSV, XLSX, XLS, ODS or HTML, at most 150 MB"
    )
    sub.add_argument("--to", metavar="DIR", required=True)
    sub.add_argument(
        "--answer", metavar="KEY=VALUE", action="append", default=[],
        help="repeat for each question",
    )  # fmt: skip
    sub.add_argument(
        "--mapping", metavar="NAME", help="answers of an earlier import, or a file"
    )
    sub.add_argument("--yes", action="store_true", help="write")
    sub.add_argument("--undo", action="store_true", help="take the latest import back")

    sub = command("start", "salinan untuk kelas / a copy for a class", own=True)
    sub.add_argument("dir")

    command("metadata", "metadata Satu Data / metadata as Satu Data wants them")

    sub = command("diff", "beda dua folder / what changed between two folders")
    sub.add_argument("old")
    sub.add_argument("new")

    sub = command("report", "laporan / the report", listing=False)
    sub.add_argument("--lang", choices=(*text.LANGS, "all"), default="all")
    sub.add_argument(
        "--format", choices=("html", "pdf", "docx", "xlsx", "all"), default="html"
    )
    sub.add_argument("--region", help="a region code")
    sub.add_argument("--out", metavar="DIR", default="reports")
    return parser


def main(argv=None) -> int:
    """Run one command; return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # Bytes of an argument that are not text are shown, never a crash.
            stream.reconfigure(
                encoding="utf-8", errors="backslashreplace", newline="\n"
            )
    args = _parser().parse_args(argv)
    lang = args.lang if args.lang in text.LANGS else "id"
    try:
        code = COMMANDS[args.command](args) or 0
        sys.stdout.flush()
        return code
    except UmkmError as error:
        print(f"umkm: {error.words(lang)}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader (head, less) went away: nothing more to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        reason = error.strerror or str(error)
        known = DataError("cannot_use", path=str(error.filename or "-"), reason=reason)
        print(f"umkm: {known.words(lang)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("umkm: dihentikan / stopped", file=sys.stderr)
        return 130


def _folder(args):
    from umkm_analysis import data

    return (
        data.shipped()
        if getattr(args, "data", None) is None
        else data.open_folder(args.data)
    )


def _whole(value):
    """As `plain`; a whole number without a point."""
    value = plain(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value


def records(frame) -> list[dict]:
    """Rows of a frame as plain records; absent is None."""
    columns = list(frame.columns)
    return [
        {c: _whole(v) for c, v in zip(columns, row, strict=True)}
        for row in frame.astype(object).itertuples(index=False, name=None)
    ]


def show(rows: list[dict], args, columns=None) -> None:
    """Print records in the format that was asked for."""
    if args.format == "json":
        print(json.dumps(rows, ensure_ascii=False, indent=1, allow_nan=False))
        return
    keys = list(rows[0]) if rows else (columns or [])
    if args.format == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(keys)
        writer.writerows([_csv(r[k]) for k in keys] for r in rows)
        return
    keys = [k for k in (columns or keys) if not rows or k in rows[0]]
    print(table(rows, keys, args.lang))


def _csv(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    # Repr keeps every digit of a float; text that a spreadsheet would run is quoted.
    if (
        isinstance(value, str)
        and value[:1] in "=+-@\t"
        and not re.match(r"[-+]?[0-9.]+\Z", value)
    ):
        return "'" + value
    return value


def table(rows, keys, lang) -> str:
    """Records as aligned text, numbers as readers of the language write them."""
    heads = [tables.head(k, lang) for k in keys]
    body = [[tables.cell(k, r[k], lang) for k in keys] for r in rows]
    right = [
        any(isinstance(r[k], int | float) for r in rows) and k != "year" for k in keys
    ]
    widths = [
        min(max([len(h), *(len(r[i]) for r in body)]), 60) for i, h in enumerate(heads)
    ]
    lines = []
    for cells in [heads, *body]:
        cut = [
            c if len(c) <= w else c[: w - 3] + "..."
            for c, w in zip(cells, widths, strict=True)
        ]
        lines.append(
            "  ".join(
                c.rjust(w) if r else c.ljust(w)
                for c, w, r in zip(cut, widths, right, strict=True)
            ).rstrip()
        )
    lines.insert(1, "  ".join("-" * w for w in widths))
    return "\n".join(lines)


def _note_undated(frame, lang):
    count = frame.attrs.get("left_out_undated")
    if count is not None:
        print(
            text.fill(text.label("cli.undated", lang), {"n": count}, lang),
            file=sys.stderr,
        )


def _figures(args):
    frame = _folder(args).figures(
        region=args.region,
        concept=args.concept,
        family=args.family,
        measure=args.measure,
        size_class=args.size_class,
        sector=args.sector,
        as_of=args.as_of,
    )
    _note_undated(frame, args.lang)
    show(records(frame), args, _columns(args, frame))


def _columns(args, frame):
    """A table shows some columns; CSV and JSON all, even without rows."""
    return TABLE_COLUMNS[args.command] if args.format == "table" else list(frame)


def _trace(args):
    folder = _folder(args)
    record = {k: _whole(v) for k, v in folder.trace(args.id).items()}
    if args.format != "table":
        return show([record], args)
    width = max(len(k) for k in record)
    for key, value in record.items():
        if value is not None:
            shown = (
                text.number(value, None, args.lang)
                if (isinstance(value, int | float) and key != "year")
                else folder.said(value, args.lang)
            )
            print(f"{key.ljust(width)}  {shown}")
    return 0


def _claims(args):
    frame = _folder(args).claims(args.id or None, region=args.region, as_of=args.as_of)
    _note_undated(frame, args.lang)
    rows = records(frame)
    if args.format == "table":
        for row in rows:
            row["text"] = row[f"text_{args.lang}"]
        show(rows, args, TABLE_COLUMNS["claims"])
        if len(rows) == 1:
            print(rows[0][f"explanation_{args.lang}"])
        return
    show(rows, args, list(frame.columns))


_VALUE = re.compile(r"\s*([0-9/-]+)\s*=\s*([0-9.,]+)\s*(?:~\s*([0-9.,]+)\s*)?\Z")


def parse_values(argument: str) -> list:
    """Figures from "2023=73300,2024=87397" or "2025=93000~500" (plus or minus).

    >>> [(f.period, f.low, f.high) for f in parse_values("2025=93000~500")]
    [('2025', 92500.0, 93500.0)]
    """
    from umkm_analysis.contract import is_period, period_span
    from umkm_analysis.figure import Figure

    figures = []
    # A comma parts two values only where a new year follows it.
    for part in re.split(r",(?=\s*[0-9/-]+\s*=)", argument):
        found = _VALUE.match(part)
        if not found:
            raise DataError("values_form", value=part)
        period, *numbers = found.groups()
        if not is_period(period):
            raise DataError("values_form", value=part)
        last = period_span(period)[1]
        parsed = []
        for number in numbers:
            if number is None:
                continue
            if "," in number or re.fullmatch(r"[1-9][0-9]{0,2}(\.[0-9]{3})+", number):
                plain = number.replace(".", "").replace(",", "")
                raise DataError("values_separator", value=number, plain=plain)
            if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", number):
                raise DataError("values_form", value=part)
            parsed.append(float(number))
        value, half = parsed[0], parsed[1] if len(parsed) > 1 else 0.0
        if any(f.period == period for f in figures):
            raise DataError("values_twice", value=period)
        figures.append(
            Figure(value, value - half, value + half, period=period, year=last.year)
        )
    return figures


def _note_alone(figures, rates, lang):
    """Say which figures of a series have no partner of equal length."""
    used = {i for r in rates for i in (r.from_id, r.to_id)}
    for figure in figures:
        if figure.id not in used:
            words = text.label("cli.alone", lang)
            params = {"id": figure.id, "period": figure.period}
            print(text.fill(words, params, lang), file=sys.stderr)


def _growth(args):
    from umkm_analysis import blocks, growth

    _series_only(args, "region", "measure", "size_class", "sector", "as_of")
    folder = _folder(args)
    if args.reading:
        rates = [growth.read_under(args.reading, folder)]
    elif args.values:
        rates = growth.over_time(parse_values(args.values))
    else:
        options = {
            "region": folder.region(args.region),
            "measure": args.measure or "business_units",
            "size_class": args.size_class,
            "sector": args.sector,
            "as_of": args.as_of,
        }
        figures = folder.series(args.series, **options)
        rates = growth.over_time(figures)
        if args.as_of:
            _note_undated(folder.figures(**options), args.lang)
        _note_alone(figures, rates, args.lang)
    show([r.as_record() for r in rates], args, TABLE_COLUMNS["growth"])
    if args.format == "table":
        for reading in dict.fromkeys(r.assumption for r in rates if r.assumption):
            said = blocks.assumption(reading, folder)
            print(said[args.lang] if isinstance(said, dict) else said)


def _series_only(args, *options):
    """What chooses a series says nothing beside --values, --reading or --panel."""
    idle = [f"--{o.replace('_', '-')}" for o in options if getattr(args, o) is not None]
    if idle and not args.series:
        args.usage(DataError("series_only", options=", ".join(idle)).words(args.lang))


def _checked(args):
    """The folder, read where one was named: a damaged one is refused at once."""
    folder = _folder(args)
    if args.data is not None:
        folder.load("regions")
    return folder


def _project(args):
    from umkm_analysis import outlook, projection

    _series_only(args, "measure", "size_class", "sector")
    folder = _checked(args)
    panel = None if args.panel is None else folder.panel(args.panel)
    borrow = None if args.borrow is None else folder.panel(args.borrow)
    known = None
    if args.values:
        own = outlook.labelled(
            parse_values(args.values), region=args.region,
            concept=args.concept or _counted(args, folder, panel),
        )  # fmt: skip
    elif args.series:
        own = folder.series(
            args.series, region=folder.region(args.region),
            measure=args.measure or "business_units", size_class=args.size_class,
            sector=args.sector,
        )  # fmt: skip
        if panel is None:
            panel = outlook.panel_of(folder, own)
        if panel is None:
            known = outlook.rates(folder, own)
    elif panel is None:
        args.usage(DataError("project_what").words(args.lang))
    elif args.region is None:
        raise DataError("panel_needs_region")
    else:
        own = outlook.from_panel(panel, args.region)
    given = [_rate(r) for r in args.scenario]
    options = {"horizon": args.horizon, "level": args.level}
    if known is None:
        more = given or None
        frame = projection.project(
            own, panel=panel, borrow=borrow, scenarios=more, **options
        )
    else:
        frame = outlook.scenarios(
            folder, figures=own, rates_=known, more=given, borrow=borrow, **options
        )
    rows = records(frame.drop(columns="why"))
    for row, why in zip(rows, frame["why"], strict=True):
        for key in tables.COUNTS & set(row):
            # The way over logarithms leaves a trace behind the twelfth digit.
            row[key] = None if row[key] is None else _whole(float(f"{row[key]:.12g}"))
        row["why"] = _said(outlook.reasons([why], folder), args.lang) or None
        if args.format == "table":
            row["yearly"] = row["rate"]
    show(rows, args, TABLE_COLUMNS["project"] if args.format == "table" else None)
    if args.format != "table":
        return
    said = outlook.reasons(frame, folder)
    if known is not None:
        said = outlook.of_scenarios(frame, known, folder)
    for block in [*outlook.of_fit(frame), *said]:
        print(text.say(block, args.lang))


def _said(said, lang) -> str:
    return " ".join(text.say(b, lang) for b in said)


def _rate(given) -> float:
    try:
        return float(given)
    except ValueError:
        raise DataError("scenario_rate", value=given) from None


def _counted(args, folder, panel):
    """What bare values count: what the file that was brought with them counts."""
    from umkm_analysis import outlook

    if panel is None or args.panel in outlook.panels(folder):
        return None
    concepts = [c for c in panel["concept"].unique() if isinstance(c, str)]
    if len(concepts) != 1:
        return None
    _say("cli.as_panel", args.lang, concept=concepts[0])
    return concepts[0]


def _backtest(args):
    from pathlib import Path

    from umkm_analysis import backtest, outlook

    folder = _checked(args)
    horizons = range(1, args.horizon + 1)
    known = outlook.panels(folder)
    names = [args.panel] if args.panel else list(known)
    done = []
    for name in _progress(names):
        frame = folder.panel(name)
        regions = frame["region"].unique()
        if len(regions) == 1:
            raise DataError("one_region", region=regions[0])
        shown = name if name in known else Path(name).name
        table = backtest.run(frame, horizons=horizons, levels=[args.level], name=shown)
        done.append(table)
        for block in outlook.blanks(table, shown, horizons):
            print(text.say(block, args.lang), file=sys.stderr)
        for error in table.attrs["why"]:
            print(f"{shown}: {error.words(args.lang)}", file=sys.stderr)
    if args.format != "table":
        show([r for t in done for r in records(t)], args, list(done[0]))
        return
    for i, table in enumerate(done):
        name = table["panel"].iloc[0]
        words = text.term("trial", name, args.lang)
        print(("\n" if i else "") + (name if words == name else f"{name}: {words}"))
        show(records(table), args, TABLE_COLUMNS["backtest"])


def _progress(names):
    """A bar on a terminal: a back-test takes some seconds a panel."""
    from tqdm import tqdm

    return tqdm(names, disable=None, leave=False, unit="panel")


def _breakdown(args):
    from umkm_analysis import blocks, breakdown

    folder = _folder(args)
    if getattr(args, "alarms", False):
        frame = breakdown.false_alarms(folder)
        show(records(frame), args, breakdown.ALARMS)
        return
    region = folder.region(args.region)
    frame = getattr(breakdown, args.command)(folder, region)
    if args.format != "table":
        show(records(frame), args, list(frame))
    elif frame.empty:
        show([], args, list(tables.BREAKDOWN[args.command][None]))
    else:
        _parts(frame, args, folder)
    for key in _not_shown(args.command, frame):
        words = text.label(f"cli.{key}", args.lang)
        name = blocks.region_name(folder, region)
        print(text.fill(words, {"region": name}, args.lang), file=sys.stderr)


def _parts(frame, args, folder):
    """One table a part, each with the columns that say something of it."""
    columns = tables.BREAKDOWN[args.command]
    together = list(columns) == [None]
    for i, (part, rows) in enumerate(
        [(None, frame)] if together else frame.groupby("part", sort=False)
    ):
        if not together:
            print(("\n" if i else "") + text.term("part", part, args.lang))
        if part == "ordering":
            said = folder.claims(list(rows["claim_id"])).set_index("claim_id")
            names = rows["claim_id"].map(said[f"text_{args.lang}"])
            rows = rows.assign(claim_text=names)
        rows = tables.in_words(rows, args.lang, folder=folder)
        show(records(rows), args, list(columns.get(part, columns[None])))


def _not_shown(command, frame) -> list[str]:
    """What a breakdown of this region cannot show: keys of labels.toml."""
    from umkm_analysis import breakdown

    if command == "sectors":
        verdict = breakdown.sector_verdict(frame)
        return {"no_split": ["no_split"], "nothing_stated": ["no_sectors"]}.get(
            verdict, []
        )
    if command == "districts":
        return [] if len(frame) else ["no_districts"]
    if command == "sizes":
        missing = frame.empty or (frame["verdict"] == "own_split_missing").any()
        changed = (frame["verdict"] == "other_limits").any()
        said = (("no_sizes", missing), ("other_limits", changed))
        return [key for key, true in said if true]
    return [] if (frame["part"] == "census").any() else ["no_peers"]


def _check(args):
    from pathlib import Path

    from umkm_analysis import contract

    path = args.data if args.dir is None else args.dir
    package = contract.open_package(path)
    if args.seal:
        if path is not None and Path(path).resolve() != contract.SHIPPED.resolve():
            raise DataError("seal_shipped")
        problems = [p for p in contract.check() if p.rule != "hash"]
        if not problems:
            for name in contract.seal():
                print(
                    text.fill(
                        text.label("cli.sealed", args.lang), {"file": name}, args.lang
                    ),
                    file=sys.stderr,
                )
    else:
        problems = contract.examine(package)[1]
    if args.format == "table":
        for p in problems:
            print(p.as_error().words(args.lang))
    else:
        show(
            [
                {
                    "file": p.file,
                    "row": p.row,
                    "column": p.column,
                    "rule": p.rule,
                    "message": p.as_error().words(args.lang),
                }
                for p in problems
            ],
            args,
            ["file", "row", "column", "rule", "message"],
        )
    if args.seal and problems:
        raise DataError("seal_first")
    keys = ["cli.problems" if problems else "cli.sound"]
    if package.release is None:
        keys.append("cli.future_unchecked")
    said = " ".join(text.label(key, args.lang) for key in keys)
    print(text.fill(said, {"n": len(problems)}, args.lang), file=sys.stderr)
    return 1 if problems else 0


def _report(args):
    from pathlib import Path

    from umkm_analysis import fresh

    asked = None
    if args.data is None or Path(args.data).is_dir():
        asked = fresh.request(
            args.data, region=args.region, lang=args.lang, format=args.format
        )
        if there := fresh.made(args.out, asked):
            return _made(there["files"], there["headline"])
    from umkm_analysis import report

    langs = text.LANGS if args.lang == "all" else (args.lang,)
    folder = _folder(args)
    formats = report.FORMATS if args.format == "all" else (args.format,)
    paths = report.build(
        folder, region=args.region, langs=langs, formats=formats, out=args.out
    )
    line = None
    if args.region != "all":
        line = report.headline(folder, region=args.region, lang=langs[0])
    fresh.note(args.out, asked, paths, line)
    return _made(paths, line)


def _made(paths, line):
    for path in paths:
        print(path)
    if line:
        print(line)


def _say(key, lang, /, **params):
    print(text.fill(text.label(key, lang), params, lang), file=sys.stderr)


def _new(args):
    from umkm_analysis import folder

    path = folder.new(
        args.dir, region=args.region, name=args.name, level=args.level,
        parent=args.parent,
    )  # fmt: skip
    print(path)
    _say("new.made", args.lang, path=path)


def _start(args):
    from pathlib import Path

    from umkm_analysis import folder

    copied, kept = folder.start(args.dir)
    for path in kept:
        _say("start.kept", args.lang, path=path)
    _say("start.copied", args.lang, n=len(copied), path=args.dir)
    lessons = Path(args.dir) / "notebooks" / args.lang
    print(lessons)
    _say("start.open", args.lang, path=lessons)
    _say("start.teach", args.lang, path=Path(args.dir) / "teaching" / args.lang)


def _diff(args):
    from umkm_analysis import folder

    rows = folder.diff(args.old, args.new)
    if rows or args.format != "table":
        show(rows, args, folder.DIFF)
    _say("diff.changed" if rows else "diff.same", args.lang, n=len(rows))


def _import(args):
    from umkm_analysis import importing

    lang = args.lang
    if args.undo:
        _say("import.undone", lang, name=importing.undo(args.to))
        return
    if not args.file:
        raise DataError("import_what")
    answers = importing.mapping(args.to, args.mapping) if args.mapping else {}
    for given in args.answer:
        key, equals, value = given.partition("=")
        if not (key.strip() and equals and value.strip()):
            raise DataError("import_answer_form", value=given)
        answers[key.strip()] = value
    plan = importing.plan(args.file, args.to, answers)
    _show_plan(plan, args)
    talk = (
        not (args.yes or args.answer or args.mapping)
        and args.format == "table"
        and sys.stdin.isatty()
        and sys.stderr.isatty()
    )
    if talk and plan.questions:
        plan = _asked(plan, args)
        _show_plan(plan, args)
    write = args.yes
    if plan.questions:
        _say("import.questions", lang, n=len(plan.questions))
        for question in plan.questions.values():
            print(f"  {question.key}: {question.words(lang)}", file=sys.stderr)
    elif talk and plan.figures:
        given = _typed(text.label("import.write_now", lang))
        write = (given or "").casefold() in ("y", "yes", "ya")
    if write:
        ids = plan.write()
        _say("import.written", lang, n=len(ids), first=ids[0], last=ids[-1],
             mapping=plan.saved)  # fmt: skip
    elif plan.figures and not plan.questions:
        _say("import.ready", lang, n=len(plan.figures))
    elif not plan.questions:
        _say("import.nothing", lang)


def _typed(words):
    """A line from the terminal; None at its end."""
    print(words, end=" ", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    return line.strip() if line else None


def _asked(plan, args):
    """Ask on the terminal what the file does not say; an empty line stops."""
    from umkm_analysis import importing

    _say("import.talk", args.lang)
    while plan.questions:
        question = next(iter(plan.questions.values()))
        given = _typed(f"{question.words(args.lang)}\n{question.key} =")
        if not given:
            break
        try:
            plan = importing.plan(
                args.file, args.to, {**plan.answers, question.key: given}
            )
        except DataError as error:
            print(error.words(args.lang), file=sys.stderr)
    return plan


def _show_plan(plan, args):
    from umkm_analysis import importing

    lang = args.lang
    for key, params in plan.said():
        _say(f"import.say_{key}", lang, **params)
    if args.format == "table":
        counted = [
            {"fate": status, "n": n, "why": plan.why(reason, lang)}
            for (status, reason), n in plan.counts().items()
        ]
        for row in counted:
            row["fate"] = text.term("fate", row["fate"], lang)
        show(counted, args, ["fate", "n", "why"])
        rows = list(islice(plan.each_row(), 5)) if plan.figures else []
        if rows:
            _say("import.first_rows", lang)
            columns = ["id", "region_code", "period", "measure", "size_class", "sector",
                       "value", "status"]  # fmt: skip
            show([{c: r[c] or None for c in columns} for r in rows], args, columns)
    else:
        show(plan.cells(), args, importing.CELLS)
    totals = plan.totals()
    figures = plan.counts().get(("taken", "figure"), 0)
    everything = sum(totals.values())
    _say("import.summary", lang, all=everything, figures=figures, **totals)


def _metadata(args):
    from umkm_analysis import folder

    show(folder.satu_data(args.data), args, folder.SATU_DATA)


COMMANDS = {
    "metadata": _metadata,
    "import": _import,
    "new": _new,
    "start": _start,
    "diff": _diff,
    "figures": _figures,
    "trace": _trace,
    "claims": _claims,
    "growth": _growth,
    **dict.fromkeys(("sectors", "districts", "sizes", "peers"), _breakdown),
    "project": _project,
    "backtest": _backtest,
    "check": _check,
    "report": _report,
}
