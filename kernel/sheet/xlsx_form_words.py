"""The header words of Vietnamese forms and what they usually mean; a guess that a person confirms, never a decision."""

import re
from typing import Literal

from kernel.vietnamese import fold, normalise

Place = Literal["number", "label", "unit", "code", "note", "figure"]

_NUMBER = {"stt", "tt", "so tt", "so thu tu"}
_UNIT = {"dvt", "don vi", "dv tinh", "d v t", "dv"}
_LABEL_STARTS = ("chi tieu", "noi dung", "ten chi tieu", "danh muc", "dien giai", "hang muc", "cac chi tieu", "ten ")
_CODE = {"ma", "ma so", "ma chi tieu", "ma so chi tieu"}
_NOTE_STARTS = ("ghi chu", "giai trinh", "nguyen nhan", "thuyet minh")
_FOOTERS = ("ghi chu", "nguoi lap", "noi nhan", "thu truong", "ky ten", "lap bieu", "ngay ", "nguon so lieu", "tm ", "kt ")
_TITLES = ("bieu", "bao cao", "tong hop", "ke hoach", "tinh hinh", "ket qua", "phu luc", "chi tieu", "thong ke")
_LETTERHEADS = ("cong hoa", "doc lap", "uy ban", "ubnd", "so ", "don vi", "ky ", "tinh ", "xa ", "phuong ", "mau so", "kem theo")

_COMPARISONS = ("so sanh", "so voi", "ty le", "ti le", "toc do", "tang giam", "tang truong", "phan tram")
_MEASURES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("same_period_last_year", ("cung ky", "cung thoi diem")),
    ("year_to_date", ("luy ke", "luy ke tu dau nam", "cong don", "tu dau nam", "tinh den")),
    ("plan", ("ke hoach", "kh", "du toan", "chi tieu giao", "muc tieu", "phan dau")),
    ("estimate", ("uoc", "uth")),
    ("previous", ("ky truoc", "thang truoc", "quy truoc", "nam truoc", "lien ke")),
    ("actual", ("thuc hien", "th", "ket qua", "chinh thuc", "so lieu", "trong ky", "trong thang")),
)
_DITTO = {'"', "“", "”", "''", "nt", "-nt-", "như trên", "-//-", "//"}


def clean(text: str) -> str:
    """Without invisible characters, NBSP and line breaks as single spaces."""
    return " ".join(normalise(text).split())


def place_of_header(header: str) -> Place:
    """What a column with this header, all its levels joined, is for."""
    words = fold(header)
    if words in _NUMBER:
        return "number"
    if words in _UNIT or words.startswith("don vi tinh"):
        return "unit"
    if words in _CODE:
        return "code"
    if words.startswith(_NOTE_STARTS):
        return "note"
    return "label" if words.startswith(_LABEL_STARTS) or words.endswith(" chi tieu") else "figure"


def measure_of(path: tuple[str, ...]) -> str:
    """The measure that a column's header names, "" for none. Its lowest words count most, but a comparison above makes all below it one."""
    whole = " ".join(path)
    if "%" in whole or _has(fold(whole), _COMPARISONS):
        return "comparison"
    for words in (fold(path[-1]) if path else "", fold(whole)):
        for measure, marks in _MEASURES:
            if _has(words, marks):
                return measure
    return ""


def _has(words: str, marks: tuple[str, ...]) -> bool:
    return any(re.search(rf"\b{mark}\b", words) for mark in marks)


def is_footer(text: str) -> bool:
    return (fold(text) + " ").startswith(_FOOTERS)


def is_ditto(text: str) -> bool:
    return clean(text).lower() in _DITTO


def title_likeness(text: str) -> float:
    """How much a line above the form looks like its title: capitals, length and first words."""
    words, letters = fold(text) + " ", [c for c in text if c.isalpha()]
    if len(letters) < 6 or words.startswith(_LETTERHEADS):
        return 0.0
    capitals = sum(c.isupper() for c in letters) / len(letters)
    return capitals + min(len(letters), 80) / 100 + (1.0 if words.startswith(_TITLES) else 0.0)


def key_of(text: str, longest: int = 48) -> str:
    """A key in lower case ASCII: `Lúa đông xuân` → `lua_dong_xuan`. Never empty, never begins with a digit."""
    words = re.sub(r"[^a-z0-9]+", "_", fold(text)).strip("_")[:longest].rstrip("_")
    return words if words[:1].isalpha() else f"k_{words}".rstrip("_")


def unique_keys(wanted: list[str]) -> list[str]:
    taken: set[str] = set()
    keys = []
    for key in wanted:
        candidate, n = key, 1
        while candidate in taken:
            n += 1
            candidate = f"{key}_{n}"
        taken.add(candidate)
        keys.append(candidate)
    return keys
