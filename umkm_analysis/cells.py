"""What stands in the cells of printed tables: numbers, times, heads, names of areas.

Pure functions on text. A number that can be read in two ways keeps both readings;
what cannot be read is None.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from umkm_analysis import contract, sheets

# Numbers as they are printed

_GROUPED = {
    "id": re.compile(r"-?[1-9][0-9]{0,2}(\.[0-9]{3})+(,[0-9]+)?\Z"),
    "en": re.compile(r"-?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?\Z"),
}
_DECIMAL = {
    "id": re.compile(r"-?(0|[1-9][0-9]*),[0-9]+\Z"),
    "en": re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+\Z"),
}
_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)\Z")
_SPACED = re.compile(r"-?[1-9][0-9]{0,2}( [0-9]{3})+([.,][0-9]+)?\Z")
_SPACES = " \u00a0\u2007\u2009\u202f"
_MARK = re.compile(
    r"(?<=[0-9])\s*(?P<mark>\*{1,3}\)?|[†‡]|[¹²³⁴⁵⁶⁷⁸⁹⁰]+\)?|[a-zA-Z]\)|[rex]"
    r"|(?<=\s)[0-9]\)|\([a-z*]+\))\Z"
)
_UNIT_WORD = re.compile(
    r"(?<=[0-9])\s*(unit usaha|pelaku usaha|unit|usaha|orang|jiwa|buah|pelaku)\Z", re.I
)
_SCALE_WORD = re.compile(
    r"(?<=[0-9])\s*(ribu|rb|juta|jt|miliar|milyar|triliun)\Z", re.I
)
_SCALES = {"ribu": 3, "rb": 3, "juta": 6, "jt": 6, "miliar": 9, "milyar": 9,
           "triliun": 12}  # fmt: skip
_DASH = re.compile(r"[-–—−]+\Z")
_ABSENT = re.compile(
    r"(\.{2,}|…|n\.?\s*a\.?|n/a|nan|null|none|nil|tad|x{1,3}|\*+|\?+|tidak ada data"
    r"|data tidak tersedia|not available)\Z",
    re.I,
)
_ERROR = re.compile(r"#(N/A|REF!|VALUE!|DIV/0!|NUM!|NAME\?|NULL!)\Z", re.I)


@dataclass(frozen=True, slots=True)
class Number:
    """A printed number: its readings by style, and what stood around it."""

    readings: dict
    mark: str = ""
    percent: bool = False
    rupiah: bool = False
    scale: int = 0

    @property
    def sure(self) -> Decimal | None:
        """The value where it can be read in one way only."""
        values = set(self.readings.values())
        return values.pop() if len(values) == 1 else None


def number(text: str) -> Number | None:
    """A printed number, or None where it is none.

    A number that can be read in two ways keeps both readings.

    Examples
    --------
    >>> number("1.073.000").sure, number("1 073*").mark
    (Decimal('1073000'), '*')
    >>> number("1.073").readings
    {'id': Decimal('1073'), 'en': Decimal('1.073')}
    """
    if isinstance(text, sheets.Typed):
        if _WHOLE.match(text) or _DECIMAL["en"].match(text):
            value = Decimal(str(text))
            if isinstance(text, sheets.Percent):
                return Number({"typed": value.scaleb(2)}, percent=True)
            return Number({"typed": value})
        return None
    bare = _unquoted(text.strip().strip(_SPACES))
    if len(bare) > 60 or not any("0" <= c <= "9" for c in bare):
        return None
    mark = ""
    if found := _MARK.search(bare):
        mark, bare = found["mark"].rstrip(")"), bare[: found.start()]
        mark = mark.strip("(")
    rupiah = bool(re.match(r"(rp\.?|idr)\s*(?=[-0-9])", bare, re.I))
    if rupiah:
        bare = re.sub(r"(?i)^(rp\.?|idr)\s*", "", bare)
    percent = bare.endswith("%")
    if percent:
        bare = bare[:-1].strip(_SPACES)
    scale = 0
    if found := _SCALE_WORD.search(bare):
        scale, bare = _SCALES[found[1].lower()], bare[: found.start()]
    elif found := _UNIT_WORD.search(bare):
        bare = bare[: found.start()]
    bare = bare.replace("−", "-").replace("–", "-")
    for space in _SPACES[1:]:
        bare = bare.replace(space, " ")
    readings = _readings(bare)
    if not readings:
        return None
    readings = {k: v.scaleb(scale) for k, v in readings.items()}
    return Number(readings, mark, percent, rupiah, scale)


def _unquoted(text):
    """Without the apostrophe by which a spreadsheet marks text."""
    return text[1:] if text[:1] == "'" and text[1:2].isdigit() else text


def _readings(bare) -> dict:
    if _WHOLE.match(bare):
        return {"plain": Decimal(bare)}
    if " " in bare:
        if not _SPACED.match(bare):
            return {}
        bare = bare.replace(" ", "")
        if _WHOLE.match(bare):
            return {"plain": Decimal(bare)}
        # Three decimals after a grouped number are no second group.
        return {"plain": Decimal(bare.replace(",", "."))}
    found = {}
    for style, group, point in (("id", ".", ","), ("en", ",", ".")):
        if _GROUPED[style].match(bare) or _DECIMAL[style].match(bare):
            found[style] = Decimal(bare.replace(group, "").replace(point, "."))
    return found


def shown(value: Decimal) -> str:
    """A value as the contract writes it.

    >>> shown(Decimal("1073.50")), shown(Decimal("0"))
    ('1073.5', '0')
    """
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


# Time

_MONTHS = {
    name: i
    for i, names in enumerate(
        (
            "januari january jan", "februari pebruari february feb peb",
            "maret march mar", "april apr", "mei may", "juni june jun",
            "juli july jul", "agustus august agu agt ags aug", "september sept sep",
            "oktober october okt oct", "november nopember nov nop",
            "desember december des dec",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "1": 1, "2": 2, "3": 3, "4": 4}
_BEFORE_TIME = re.compile(r"^(tahun|thn|th|ta|year|keadaan|per|bulan|periode)\b\.?\s*")
_YEAR = r"((?:19|20)[0-9]{2})"


@lru_cache(1000)
def period(text: str) -> str | None:
    """A point or stretch of time as the contract writes it, or None.

    Examples
    --------
    >>> period("31 Desember 2023"), period("Triwulan II 2024"), period("Mei 2024")
    ('2023-12-31', '2024-04/2024-06', '2024-05')
    >>> period("03/04/2023") is None   # the third of April, or the fourth of March?
    True
    """
    bare = _unquoted(str(text).strip())
    bare = " ".join(bare.casefold().replace(",", " ").split()).strip(" :.")
    bare = re.sub(
        r"^(tahun|thn|th|ta|year|keadaan|per|bulan|periode)\b\.?\s*", "", bare
    )
    if re.fullmatch(_YEAR, bare):
        return bare
    if re.match(_YEAR, bare) and contract.is_period(bare):
        return bare
    if found := re.fullmatch(_YEAR + r"\s*[-–/]\s*" + _YEAR, bare):
        first, last = found.groups()
        return f"{first}/{last}" if first < last else None
    word = r"([a-z]+)\.?"
    if found := re.fullmatch(rf"{word}[ -]{_YEAR}|{_YEAR} {word}", bare):
        month = _MONTHS.get(found[1] or found[4])
        return f"{found[2] or found[3]}-{month:02}" if month else None
    if found := re.fullmatch(rf"([0-9]{{1,2}})[ -]{word}[ -]{_YEAR}", bare):
        month = _MONTHS.get(found[2])
        made = f"{found[3]}-{month or 0:02}-{int(found[1]):02}"
        return made if contract.is_period(made) else None
    if found := re.fullmatch(rf"([0-9]{{1,2}})[/.-]([0-9]{{1,2}})[/.-]{_YEAR}", bare):
        day, month, year = int(found[1]), int(found[2]), found[3]
        made = f"{year}-{month:02}-{day:02}"
        return made if day > 12 and contract.is_period(made) else None
    parts = r"(triwulan|tw|q|kuartal|semester|smt|sem)\.?\s*-?\s*(iv|iii|ii|i|[1-4])"
    for pattern in (rf"{parts}[ /-]+{_YEAR}", rf"{_YEAR}[ /-]+{parts}"):
        if found := re.fullmatch(pattern, bare):
            groups = found.groups()
            year = next(g for g in groups if re.fullmatch(_YEAR, g))
            kind, which = (g for g in groups if g != year)
            length = 6 if kind.startswith("s") else 3
            end = _ROMAN[which] * length
            if end > 12:
                return None
            return f"{year}-{end - length + 1:02}/{year}-{end:02}"
    return None


_PART = (
    r"(?:(?:triwulan|tw|q|kuartal|semester|smt|sem)\b\.?\s*-?\s*(?:iv|iii|ii|i|[1-4])"
    r"|(?:[0-9]{1,2}\s+)?(?:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r"))"
)
_TIME = re.compile(rf"(?:\b{_PART}\b\.?[ ,/-]*(?:tahun )?)?\b{_YEAR}\b", re.I)
_STRETCH = re.compile(
    r"(\bs\s*[./]\s*d\b|\bs[./]d\.?|\bsampai\b|\bhingga\b|\bsejak\b|\bbefore\b|\bafter\b"
    r"|\buntil\b|\bsince\b|\bup to\b|\bper kapita\b)",
    re.I,
)


def part_of_year(text: str) -> bool:
    """Whether a text names a month, quarter or half, but no year.

    >>> part_of_year("Triwulan II"), part_of_year("Mei"), part_of_year("Mei 2024")
    (True, True, False)
    """
    bare = " ".join(str(text).casefold().split()).strip(" :.")
    return bool(re.fullmatch(_PART, bare)) and period(f"{bare} 2024") is not None


def period_in(text: str) -> str | None:
    """The one time that a title names; None for none, several, or a stretch.

    Examples
    --------
    >>> period_in("Jumlah UMKM, Juni 2023"), period_in("Jumlah UMKM tahun 2023")
    ('2023-06', '2023')
    >>> period_in("Jumlah UMKM s.d. Juni 2023") is None
    True
    """
    if _STRETCH.search(text) or re.search(_YEAR + r"\s*[-–/]\s*[0-9]{2,4}\b", text):
        return None
    found = {
        period(m[0].casefold().replace("tahun ", "")) for m in _TIME.finditer(text)
    }
    return found.pop() if len(found) == 1 else None


_PERIOD_MARK = re.compile(
    r"(?<=[0-9])\s*(\*{1,3}\)?|[rex]\)?|[¹²³]\)?|\([a-z*]+\))\Z", re.I
)


def marked_period(text) -> tuple[str | None, str]:
    """A period and the mark after it, such as the star of a provisional year.

    >>> marked_period("2023*)")
    ('2023', '*')
    """
    text = str(text).strip()
    if found := _PERIOD_MARK.search(text):
        made = period(text[: found.start()])
        if made:
            return made, found[1].strip("()")
    return period(text), ""


# Words in heads

_HEADS = (
    ("number", r"(no|nomor|id|no urut|_id)"),
    ("kemendagri", r"(kode kemendagri.*|kemendagri kode.*)"),
    ("region_code",
     r"((bps )?kode (kabupaten kota|kab kota|kecamatan|wilayah|bps|kota|kabupaten"
     r"|daerah|desa|kelurahan|region)|region code|kode)"),
    ("province_code", r"(bps )?kode provinsi"),
    ("province", r"(bps )?(nama )?(provinsi|province)"),
    ("region",
     r"(bps )?(nama )?(kabupaten kota|kab kota|kecamatan|kabupaten|kota|wilayah|daerah"
     r"|kelurahan|desa|kelurahan desa|region|district|regency|area|kecamatan district"
     r"|kabupaten kota regency municipality|provinsi kabupaten kota)"),
    ("year", r"(tahun|year|thn)"),
    ("month", r"(nama )?(bulan|month)"),
    ("period", r"(periode|waktu|triwulan|semester|tanggal|period|date|keadaan)"),
    ("sector",
     r"(nama )?(sektor|lapangan usaha|jenis usaha|kategori usaha|kategori|bidang usaha"
     r"|sektor usaha|kbli|sector)"),
    ("size",
     r"(skala|skala usaha|ukuran usaha|kelas usaha|klasifikasi usaha|jenis umkm|size"
     r"|size class|kategori umkm|kelas)"),
    ("measure", r"(nama )?(variabel|variable|indikator|indicator|data)"),
    ("unit", r"(satuan|unit of measure)"),
    ("note",
     r"(keterangan|catatan|ket|note|notes|keterangan tambahan|sumber( data)?|source"
     r"|last update|(tanggal )?(update|pembaruan)|created at|updated at|timestamp"
     r"|latitude|longitude|lintang|bujur)"),
)  # fmt: skip
_HEADS = tuple((role, re.compile(f"(?:{p})\\Z")) for role, p in _HEADS)
#: What a column may be told to be.
ROLES = (
    "value", "region", "region_code", "province", "year", "month", "period", "sector",
    "size", "measure", "unit", "note", "number", "skip",
)  # fmt: skip


def role_of(head: str) -> str | None:
    """What a column holds, by its head; None where the head does not say.

    >>> role_of("nama_kabupaten_kota"), role_of("Tahun/Year"), role_of("Jumlah UMKM")
    ('region', 'year', None)
    """
    bare = folded(without_mark(head))
    role = _role(bare)
    words = bare.split()
    if role or not 2 <= len(words) <= 8:
        return role
    # In two languages, one after the other.
    for k in range(1, len(words)):
        halves = {_role(" ".join(words[:k])), _role(" ".join(words[k:]))}
        if len(halves) == 1 and None not in halves:
            return halves.pop()
    return None


def _role(bare):
    return next((role for role, found in _HEADS if found.match(bare)), None)


def without_mark(head: str) -> str:
    """A head without the mark of a footnote; a marked year keeps its mark.

    >>> without_mark("Jumlah UMKM 1)"), without_mark("Tahun²"), without_mark("2021*")
    ('Jumlah UMKM', 'Tahun', '2021*')
    """
    if marked_period(head)[0]:
        return head
    return re.sub(r"\s*([¹²³⁴⁵⁶⁷⁸⁹]+\)?|\*{1,3}\)?|\b[0-9a-z]\))\Z", "", head) or head


_SIZES = {
    "usaha mikro": "micro", "mikro": "micro", "micro": "micro",
    "usaha kecil": "small", "kecil": "small", "small": "small",
    "usaha menengah": "medium", "menengah": "medium", "medium": "medium",
    "usaha besar": "large", "besar": "large", "large": "large",
    "mikro dan kecil": "micro_small", "usaha mikro dan kecil": "micro_small",
    "umk": "micro_small", "imk": "micro_small", "mikro kecil": "micro_small",
    "kecil dan menengah": "small_medium", "ukm": "small_medium",
    "menengah dan besar": "medium_large", "umb": "medium_large",
    "umkm": "msme", "msme": "msme", "semua skala": "all",
}  # fmt: skip
SIZE_CLASSES = (
    "msme", "micro", "small", "medium", "large", "micro_small", "small_medium",
    "medium_large", "all",
)  # fmt: skip
UNIONS = {
    frozenset(("micro", "small", "medium")): "msme",
    frozenset(("micro", "small", "medium", "large")): "all",
    frozenset(("micro", "small")): "micro_small",
    frozenset(("small", "medium")): "small_medium",
    frozenset(("medium", "large")): "medium_large",
}
_MEASURES = (
    ("workers", r"tenaga kerja|pekerja|workers"),
    ("turnover", r"omzet|omset|turnover|pendapatan"),
    ("cooperatives_active", r"koperasi aktif|active cooperatives?"),
    ("cooperatives", r"koperasi|cooperatives?"),
    ("licences_issued", r"(nib|izin) (yang )?terbit"),
    ("population", r"penduduk|population"),
    ("business_units", r"umkm|usaha|perusahaan|businesses|establishments|imk|ikm"),
)
_MEASURES = tuple((m, re.compile(f"\\b(?:{p})\\b", re.I)) for m, p in _MEASURES)
#: Names of offices hold words of measures: the Dinas Koperasi counts more than those.
_OFFICE = re.compile(
    r"\b(dinas|disperin\w*|diskop\w*|kementerian|kemenkop\w*|kantor|bidang|badan pusat"
    r"|pemerintah|pemkot|pemkab|pemprov)\b.*",
    re.I,
)
UNITS = {
    "unit": "unit", "usaha": "unit", "unit usaha": "unit", "pelaku usaha": "unit",
    "umkm": "unit", "perusahaan": "unit", "buah": "unit", "koperasi": "unit",
    "orang": "person", "jiwa": "person", "tenaga kerja": "person",
    "persen": "percent", "%": "percent", "rupiah": "IDR", "rp": "IDR", "km2": "km2",
}  # fmt: skip
_TOTAL = re.compile(
    r"(grand )?(total|jumlah)( ?/ ?(total|jumlah))?( keseluruhan| seluruhnya| total)?\Z"
    r"|seluruhnya\Z|keseluruhan\Z",
    re.I,
)
_SCALED = re.compile(
    r"\((?:dalam )?(ribuan|ribu|juta(?:an)?|miliar|milyar|triliun|000)\b[^)]*\)"
    r"|\bdalam (ribuan|jutaan|juta|miliar|milyar|triliun)\b",
    re.I,
)
_SOURCE = re.compile(
    r"(sumber(?: data)?|source)s?\s*(?:/\s*source)?\s*[:=]\s*(.+)", re.I
)
_KNOWN_NOTE = re.compile(
    r"(sumber|source|catatan|keterangan|note|ket\.?|diolah|data diolah|https?://|www\."
    r"|\*|[¹²³]|[a-z0-9]\)|r\s*[:=]|konsep|definisi|metodologi|terakhir|tanggal|akses)",
    re.I,
)
_PREFIX = re.compile(
    r"^(kabupaten|kab\.?|kota administrasi|kota|kecamatan|kec\.?|provinsi|prov\.?"
    r"|kelurahan|kel\.?|desa|regency|city of)\s+",
    re.I,
)
_KINDS = {
    "kab": "kabupaten", "kabupaten": "kabupaten", "kota": "kota",
    "kota administrasi": "kota", "kec": "kecamatan", "kecamatan": "kecamatan",
    "prov": "provinsi", "provinsi": "provinsi", "kel": "kelurahan",
    "kelurahan": "kelurahan", "desa": "desa",
}  # fmt: skip


def folded(text: str) -> str:
    """A name without case, accents, marks and double spaces.

    >>> folded("  KAB.  Kutai-Timur ")
    'kab kutai timur'
    """
    text = unicodedata.normalize("NFKD", str(text))
    text = "".join(c for c in text if not unicodedata.combining(c)).casefold()
    return " ".join(re.sub(r"[^\w%#]+|_", " ", text).split())


def _slug(text, limit=60):
    made = re.sub(r"[^a-z0-9]+", "-", folded(text)).strip("-")[:limit].strip("-")
    return made or "x"


# Regions


def is_code(text: str) -> bool:
    """Whether a text has the form of a code of BPS or of the ministry.

    >>> is_code("6471"), is_code("64.71.01"), is_code("C"), is_code("647")
    (True, True, False, False)
    """
    return bool(_BPS.match(text.strip()) or _KEMENDAGRI.match(text.strip()))


_BPS = re.compile(r"([0-9]{2}|[0-9]{4}|[0-9]{7}|[0-9]{10})\Z")
_KEMENDAGRI = re.compile(r"[0-9]{2}(\.[0-9]{2}(\.[0-9]{2}(\.[0-9]{4})?)?)?\Z")


class Regions:
    """The areas of a folder by code and by name."""

    def __init__(self, rows):
        self.rows = {r["region_code"]: r for r in rows}
        self.codes = {}
        self.names = {}
        for code, row in self.rows.items():
            self.codes[code] = code
            if row.get("kemendagri_code"):
                self.codes[row["kemendagri_code"]] = code
            if "(" in row["name"]:
                continue
            kind, bare = self._parts(row["name"])
            self.names.setdefault(bare, []).append((kind, code))

    @staticmethod
    def _parts(name):
        found = _PREFIX.match(name.strip())
        kind = _KINDS.get(found[1].casefold().rstrip(".")) if found else None
        bare = folded(name.strip()[found.end() :] if found else name)
        return kind, bare

    def find(self, name) -> list[str]:
        """Codes of the areas that a name may mean: one, none, or several."""
        kind, bare = self._parts(re.sub(r"\s+", " ", str(name)))
        bare = re.sub(r"^\d+\s+", "", bare)
        there = self.names.get(bare, [])
        if kind:
            exact = [c for k, c in there if k == kind]
            if not exact and kind in ("provinsi",):
                exact = [c for k, c in there if k is None]
            return exact
        if len(there) > 1:
            plain = [c for k, c in there if k is None]
            return plain if len(plain) == 1 else [c for _, c in there]
        return [c for _, c in there]

    def of_code(self, text) -> str | None:
        bare = _unquoted(str(text).strip())
        return self.codes.get(bare) or self.codes.get(bare.replace(".", ""))

    def parent(self, code):
        return self.rows[code]["parent_code"] if code in self.rows else ""


def is_total(label: str) -> bool:
    """Whether a label is that of a total.

    >>> is_total("Jumlah/Total"), is_total("Jumlah usaha")
    (True, False)
    """
    return bool(_TOTAL.match(" ".join(label.split()).strip(" .:")))


def missing(text: str) -> str | None:
    """Which kind of no number a text is: dash, not_available, error_value, or None.

    >>> missing("-"), missing("n.a."), missing("..."), missing("7")
    ('dash', 'not_available', 'not_available', None)
    """
    bare = text.strip().strip(_SPACES)
    if _DASH.match(bare):
        return "dash"
    if _ABSENT.match(bare):
        return "not_available"
    return "error_value" if _ERROR.match(bare) else None


_RELATIVE = re.compile(
    r"%|\b(persen|persentase|pertumbuhan|rata-rata|laju|rasio|indeks|growth|share"
    r"|percent|percentage|average)\b",
    re.I,
)


def measure_of(text: str) -> str | None:
    """The measure that the words of a head or title name, or None.

    >>> measure_of("Jumlah Tenaga Kerja (orang)"), measure_of("Pertumbuhan UMKM (%)")
    ('workers', None)
    >>> measure_of("Jumlah koperasi dan UMKM"), measure_of("UMKM, Dinas Koperasi")
    (None, 'business_units')
    """
    if _RELATIVE.search(text):
        return None
    bare = folded(_OFFICE.sub("", text))
    named = [m for m, found in _MEASURES if found.search(bare)]
    if "business_units" in named and {"cooperatives", "cooperatives_active"} & {*named}:
        return named[0] if named[0] in ("workers", "turnover") else None
    return named[0] if named else None


def size_of(text: str) -> str | None:
    """The size class that a text names, or None.

    >>> size_of("Usaha Mikro"), size_of("UMKM"), size_of("Kecamatan")
    ('micro', 'msme', None)
    """
    return _SIZES.get(
        re.sub(r"^(jumlah|skala|jumlah usaha|skala usaha) ", "", folded(text))
    )
