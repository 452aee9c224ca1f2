"""Writes what `umkm backtest` prints into backtest.md, backtest.id.md, backtest.csv.

    python docs/backtest.py

Run it after a change of a panel or of the estimator; a test fails when it is stale.
"""

import contextlib
import io
import sys
from pathlib import Path

from umkm_analysis import cli, text

HERE = Path(__file__).parent
FILES = {"en": "backtest.md", "id": "backtest.id.md"}
PAGE = {
    "en": """# How wrong the rules have been

What `umkm backtest --lang en` prints, with nothing left out. The same with every digit:
[backtest.csv](backtest.csv) (`umkm backtest --format csv`).

- Every year of a panel in turn is the present. A rule sees years up to it, and of the
  other regions only; the error is the distance to what came.
- "vs" columns: how much smaller the mean log error is. Below zero is worse.
- "covered": how often the 80 percent interval held, as a mean over years, and in the
  worst one. All regions share a year's shock, so years count, not regions.
- "used": the rule of `umkm project`. Where there are too few years to judge a rule, it
  is "no change".

```
{table}```

Why cells are blank:

```
{reasons}```
""",
    "id": """# Seberapa jauh aturan-aturan itu meleset

Inilah yang dicetak `umkm backtest`, tanpa ada yang dibuang. Dengan semua digitnya:
[backtest.csv](backtest.csv) (`umkm backtest --format csv`).

- Tiap tahun dalam panel bergantian menjadi "sekarang". Aturan hanya melihat tahun
  sampai saat itu, dan belajar hanya dari wilayah lain; galatnya adalah jarak ke angka
  yang kemudian terbit.
- Kolom "vs": berapa bagian galat log rata-ratanya lebih kecil. Di bawah nol berarti
  lebih buruk.
- "termuat": seberapa sering kenyataan jatuh di dalam selang 80 persen, dirata-ratakan
  atas tahun, dan pada tahun terburuk. Guncangan satu tahun menimpa semua wilayah, jadi
  yang dihitung tahunnya, bukan wilayahnya.
- "dipakai": aturan yang dipakai `umkm project`. Bila tahunnya terlalu sedikit untuk
  menilai, yang dipakai "tidak berubah".

```
{table}```

Mengapa ada sel kosong:

```
{reasons}```
""",
}


def printed(*words) -> tuple[str, str]:
    """stdout and stderr of a command of `umkm`."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = cli.main(["backtest", *words])
    if status:
        raise SystemExit(err.getvalue())
    return out.getvalue(), err.getvalue()


def pages() -> dict[str, str]:
    """The files and what belongs into them."""
    made = {"backtest.csv": printed("--format", "csv")[0]}
    for lang in text.LANGS:
        table, reasons = printed("--lang", lang)
        made[FILES[lang]] = PAGE[lang].format(table=table, reasons=reasons)
    return made


if __name__ == "__main__":
    for name, content in pages().items():
        (HERE / name).write_text(content, encoding="utf-8", newline="\n")
        sys.stdout.write(f"{HERE / name}\n")
