"""The table and the JSON of a run, and the machine that it ran on."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from .measuring import Figure, shown

_WORDS = {"met": "met", "missed": "MISSED", "undecided": "within the spread", "measured": ""}


def machine() -> dict[str, Any]:
    """Cores, processor, memory and Python, as they matter for reading the figures."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def print_table(figures: Sequence[Figure], failures: Mapping[str, str], console: Console) -> None:
    table = Table("what", "median", "± spread", "goal", "", "form size, load model", title_justify="left")
    for figure in figures:
        goal = "" if figure.goal is None else f"{figure.goal} {figure.unit}"
        median, spread = f"{shown(figure.median)} {figure.unit}", f"{figure.spread:.0%}" if len(figure.samples) > 1 else ""
        table.add_row(figure.name, median, spread, goal, _WORDS[figure.verdict], figure.under)
    for name, why in failures.items():
        table.add_row(name, "–", "", "", "NOT MEASURED", why)
    console.print(table)


def write_json(path: Path, figures: Sequence[Figure], failures: Mapping[str, str], versions: Mapping[str, str], is_quick: bool) -> None:
    body = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": is_quick,
        "machine": {**machine(), **versions},
        "load_at_end": list(os.getloadavg()),
        "figures": [figure.as_json() for figure in figures],
        "not_measured": dict(failures),
    }
    path.write_text(json.dumps(body, ensure_ascii=False, indent=2) + "\n")
