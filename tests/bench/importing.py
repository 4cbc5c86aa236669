"""Taking the 500 × 14 form in from Excel over HTTP: the file that an officer has filled, checked cell by cell, and kept."""

import time

from ktxh.demo.figures import figures
from ktxh.demo.forms import provincial
from ktxh.demo.workbooks import filled

from .forms import size_of
from .measuring import Bench, Figure, below
from .running import running

PERIOD = "2026-01"


async def measure(bench: Bench) -> list[Figure]:
    system = await running(bench)
    large, unit = provincial.month(), system.province.communes[1]
    await system.publish(large)
    report_id = (await system.assign(large, PERIOD, [unit]))[unit.code]
    officer, report = system.officer(unit), f"submissions/reports/{report_id}"
    blank = (await officer.call("GET", f"{report}/workbook.xlsx", params={"kind": "template"})).content
    checked, kept, version = [], [], (await officer.get(report))["version"]
    for n in range(bench.pick(6, 2) + 1):
        file = filled(blank, [(large.sheet, figures(large, PERIOD, unit.code, n))])
        upload = {"files": {"file": ("bieu.xlsx", file)}, "version": version}
        began = time.perf_counter()
        await officer.call("POST", f"{report}/import", params={"dry_run": "true"}, **upload)
        between = time.perf_counter()
        answer = (await officer.call("POST", f"{report}/import", params={"dry_run": "false"}, **upload)).json()
        ended, version = time.perf_counter(), answer["version"]
        if n:  # the first one reads the form into the engine
            checked.append((between - began) * 1000)
            kept.append((ended - between) * 1000)
    under = f"{size_of(large.sheet)}; file of {len(file) // 1024} KiB, other figures each time; one caller"
    return [
        Figure("import of a 500 × 14 form, checked", "ms", checked, below(500), f"{under}; dry run"),
        Figure("import of a 500 × 14 form, kept", "ms", kept, below(500), "the same, stored"),
    ]
