"""`python -m tests.bench`: runs the measurements, prints the table, writes JSON. Exit code 1 where a goal is missed or not measured."""

import argparse
import contextlib
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import pytest
import uvloop
from rich.console import Console

from kernel import logging as logging_
from tests import servers

from . import append, approving, chain, decade, importing, normalise, rebuilding, relay, saving, sheet
from .measuring import Bench, Figure, Measurement
from .reporting import print_table, write_json

MEASUREMENTS = (
    Measurement("append", append.measure),
    Measurement("relay", relay.measure),
    Measurement("chain", chain.measure),
    Measurement("sheet", sheet.measure),
    Measurement("normalise", normalise.measure),
    Measurement("import", importing.measure),
    Measurement("saving", saving.measure),
    Measurement("approving", approving.measure),
    Measurement("dashboards", decade.measure),
    Measurement("rebuild", rebuilding.measure),
)
"""In this order: what needs quiet processors comes before the running system that the later ones share."""


def main() -> int:
    asked = _arguments()
    logging_.configure("WARNING", "console")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # told to stop, it still removes its databases and queues
    chosen = [one for one in MEASUREMENTS if not asked.only or one.name in asked.only]
    console = Console(width=None if sys.stdout.isatty() else 200)
    with servers.postgres() as url, tempfile.TemporaryDirectory(prefix="ktxh-bench-") as folder:
        figures, failures, versions = uvloop.run(_run(chosen, url, Path(folder), asked.quick, console))
    print_table(figures, failures, console)
    if asked.json:
        write_json(asked.json, figures, failures, versions, asked.quick)
    missed = [figure for figure in figures if figure.verdict == "missed"]
    return 1 if missed or failures else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    names = [one.name for one in MEASUREMENTS]
    parser.add_argument("--only", metavar="NAME", action="append", choices=names, help=f"one of {', '.join(names)}; may be repeated")
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that it works, says little about speed")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures there")
    return parser.parse_args()


async def _run(
    chosen: Sequence[Measurement], url: str, folder: Path, is_quick: bool, console: Console
) -> tuple[list[Figure], dict[str, str], dict[str, str]]:
    figures: list[Figure] = []
    failures: dict[str, str] = {}
    async with contextlib.AsyncExitStack() as stack:
        bench = Bench(url, folder, is_quick, stack, lambda text: console.print(f"  {text}", highlight=False))
        for one in chosen:
            began = time.perf_counter()
            try:
                figures += await one.run(bench)
            except (Exception, pytest.skip.Exception) as failure:
                failures[one.name] = f"{type(failure).__name__}: {failure}"[:160]
                console.print("".join(traceback.format_exception(failure)[-12:]), highlight=False, markup=False)
            console.print(f"{one.name}: {time.perf_counter() - began:.1f} s, load {os.getloadavg()[0]:.1f}", highlight=False)
    return figures, failures, await _versions(url)


async def _versions(url: str) -> dict[str, str]:
    connection = await asyncpg.connect(url)
    try:
        return {"postgresql": str(await connection.fetchval("SHOW server_version"))}
    finally:
        await connection.close()


if __name__ == "__main__":
    sys.exit(main())
