"""Whether a report that was asked for again is there already, to the byte.

The same tables, words, code and libraries give the same files, so a report made of
them is not made twice. Changes only with what a report depends on.
"""

import hashlib
import json
from importlib import metadata
from pathlib import Path

from umkm_analysis import whole
from umkm_analysis.contract import SHIPPED

STAMP = ".umkm-report.json"
#: What draws and sets the pages.
LIBRARIES = ("jinja2", "matplotlib", "openpyxl", "pandas", "python-docx", "typst")
_PACKAGE = Path(__file__).parent


def request(data, **asked) -> str:
    """A digest of all that decides the bytes of a report."""
    folder = SHIPPED if data is None else Path(data)
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode())
    for name in LIBRARIES:
        try:
            digest.update(f"{name} {metadata.version(name)}\n".encode())
        except metadata.PackageNotFoundError:
            digest.update(f"{name} is not there\n".encode())
    code = (p for p in _PACKAGE.rglob("*") if p.suffix in _KINDS)
    tables = (p for p in folder.iterdir() if p.suffix in _KINDS)
    for path in sorted([*code, *tables]):
        digest.update(path.name.encode() + b"\0" + _sha256(path).encode())
    return digest.hexdigest()


_KINDS = {".py", ".toml", ".mplstyle", ".html", ".typ", ".csv", ".json", ".md"}


def _sha256(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def made(out, asked: str) -> dict | None:
    """What was made for this request, if every file of it is still as it was."""
    try:
        record = json.loads((Path(out) / STAMP).read_text(encoding="utf-8"))[asked]
        files = {Path(out) / n: d for n, d in record["files"].items()}
        if all(_sha256(path) == digest for path, digest in files.items()):
            return {"files": list(files), "headline": record["headline"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # No stamp, or not one of ours: the report is made.
        return None
    return None


def note(out, asked: str, files, headline) -> None:
    """Remember what was made; a folder that holds other requests keeps them."""
    path = Path(out) / STAMP
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
        known = {k: r for k, r in records.items() if isinstance(r["files"], dict)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        known = {}
    there = {f.name: _sha256(f) for f in files}
    known = {k: r for k, r in known.items() if not there.keys() & r["files"].keys()}
    known[asked] = {"files": there, "headline": headline}
    whole.write(path, json.dumps(known, indent=1).encode("utf-8"))
