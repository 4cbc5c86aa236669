"""The child process that reads an untrusted workbook: limits itself first, answers on stdout, ends. Serves nobody twice."""

import io
import json
import sys
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from xml.parsers.expat import ExpatError

from .xlsx_package import Package, Refuse
from .xlsx_parse import sheets_of

_DAMAGED = (zipfile.BadZipFile, ExpatError, EOFError, OSError, LookupError, ValueError, NotImplementedError, RuntimeError, ArithmeticError)


def main() -> None:
    """Input: a line of JSON {task, limits, …}, then the file. Output: {"sheets"} or {"refused", "parameters"} in JSON, or a workbook."""
    source = sys.stdin.buffer
    request = json.loads(source.readline())
    limit_this_process(request["limits"], written_bytes=0 if request["task"] == "read" else int(request["limits"]["unpacked_bytes"]))
    try:
        answer = _answer(request, source.read())
    except Refuse as refusal:
        answer = _refused(refusal.slug, refusal.parameters)
    except (MemoryError, RecursionError):
        answer = _refused("takes-too-much", {})
    except _DAMAGED:
        answer = _refused("file-is-damaged", {})
    sys.stdout.buffer.write(answer)


def _refused(slug: str, parameters: Mapping[str, Any]) -> bytes:
    return json.dumps({"refused": slug, "parameters": parameters}).encode()


def _answer(request: Mapping[str, Any], data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheets = sheets_of(Package(archive, request["limits"]), request["limits"])
    if request["task"] == "mark":
        from .xlsx_painter import marked_workbook  # needs openpyxl, which reading does without

        return marked_workbook(data, request["marks"])
    return json.dumps({"sheets": sheets}, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def limit_this_process(limits: Mapping[str, Any], written_bytes: int) -> None:
    """Memory, processor time, size of a file written, no core dump. Windows has no such limits: there only the parent's clock holds."""
    with suppress(ImportError):
        import resource

        for kind, most in (
            (resource.RLIMIT_AS, int(limits["memory_bytes"])),
            (resource.RLIMIT_CPU, int(limits["cpu_seconds"])),
            (resource.RLIMIT_FSIZE, written_bytes),
            (resource.RLIMIT_CORE, 0),
        ):
            # macOS refuses to lower the address space; its other limits hold.
            with suppress(ValueError, OSError):
                resource.setrlimit(kind, (most, most))
