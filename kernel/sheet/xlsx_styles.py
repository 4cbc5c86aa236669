"""What the number formats of an .xlsx say about its cells. Runs in the child process: standard library only."""

import re

from .xlsx_package import Attributes, Part


class Styles(Part):
    """For each cell format: what kind of number it shows ("number", "percent", "date"), its decimals, and its indent."""

    def __init__(self) -> None:
        super().__init__()
        self._formats: dict[int, str] = {}
        self._is_cell_format = False
        self.kinds: list[tuple[str, int | None, int]] = []

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "numFmt":
            self._formats[int(attributes.get("numFmtId", "0"))] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self._is_cell_format = True
        elif name == "xf" and self._is_cell_format:
            number = int(attributes.get("numFmtId", "0") or 0)
            kind, decimals = number_format(number, self._formats.get(number))
            self.kinds.append((kind, decimals, 0))
        elif name == "alignment" and self._is_cell_format and self.kinds:
            kind, decimals, _ = self.kinds[-1]
            self.kinds[-1] = (kind, decimals, int(attributes.get("indent", "0") or 0))

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._is_cell_format = False


_BUILT_IN_DATES = {*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)}
_BUILT_IN_DECIMALS = {1: 0, 2: 2, 3: 0, 4: 2, 9: 0, 10: 2, 37: 0, 38: 0, 39: 2, 40: 2}
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)


def number_format(number: int, code: str | None) -> tuple[str, int | None]:
    """("number" | "percent" | "date", decimals shown or None for as many as there are)."""
    if code is None:
        kind = "date" if number in _BUILT_IN_DATES else "percent" if number in (9, 10) else "number"
        return kind, _BUILT_IN_DECIMALS.get(number)
    shown = _LITERAL.sub("", code).split(";")[0]
    if shown.lower() in ("general", "@", ""):
        return "number", None
    if re.search(r"[dmyhs]", shown, re.IGNORECASE):
        return "date", None
    decimals = re.search(r"\.([0#?]+)", shown)
    return ("percent" if "%" in shown else "number"), len(decimals[1]) if decimals else 0
