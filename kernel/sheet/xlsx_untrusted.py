"""Reads uploaded workbooks in a child process of limited memory and time; whatever a file does to the child, the caller gets an answer."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from .xlsx_raw import FileLimits, RawSheet
from .xlsx_refusals import REFUSALS, FileIsDamaged, TakesTooMuch
from .xlsx_zip import inspect_zip

_SOURCE = str(Path(__file__).resolve().parents[2])
# Isolated from the environment, and for reading from site packages too: these take most of an interpreter's start.
_START = "import sys; sys.path.insert(0, sys.argv[1]); from kernel.sheet.xlsx_child import main; main()"
_PASSED_ON = ("SYSTEMROOT", "LD_LIBRARY_PATH")  # without them some interpreters do not start; anything else may be a secret


Task = Literal["read", "mark"]


class _Answer(msgspec.Struct):
    sheets: list[RawSheet] | None = None
    refused: str = ""
    parameters: dict[str, Any] = {}


async def read_untrusted(data: bytes, *, limits: FileLimits | None = None, slots: asyncio.Semaphore | None = None) -> list[RawSheet]:
    """The worksheets of an uploaded file, hidden ones too. Raises FileRefused. `slots` bounds how many are read at once."""
    limits = limits or FileLimits()
    inspect_zip(data, limits)
    async with slots or contextlib.nullcontext():
        answer = await in_child("read", data, limits, {})
    return sheets_in(answer)


def read_cells(data: bytes, limits: FileLimits | None = None) -> list[RawSheet]:
    """The same for callers without an event loop: blocks until the child is done."""
    limits = limits or FileLimits()
    inspect_zip(data, limits)
    try:
        done = subprocess.run(
            _command("read"),
            input=_request("read", limits, {}) + data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            timeout=limits.wall_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TakesTooMuch from None
    return sheets_in(_output(done.returncode, done.stdout))


async def in_child(task: Task, data: bytes, limits: FileLimits, more: Mapping[str, Any], folder: str = "") -> bytes:
    """What a fresh child answers to `task`. Raises TakesTooMuch; leaves no process behind, also when cancelled.

    `folder` is where the child may write; without one it may not.
    """
    child = await asyncio.create_subprocess_exec(
        *_command(task),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment() | ({"TMPDIR": folder} if folder else {}),
    )
    try:
        answer, _ = await asyncio.wait_for(child.communicate(_request(task, limits, more) + data), limits.wall_seconds)
    except TimeoutError:
        raise TakesTooMuch from None
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    return _output(child.returncode, answer)


def sheets_in(answer: bytes) -> list[RawSheet]:
    """Raises FileRefused where the child refused, FileIsDamaged where its answer makes no sense."""
    try:
        told = msgspec.json.decode(answer, type=_Answer)
    except msgspec.MsgspecError:
        raise FileIsDamaged from None
    if told.sheets is None:
        raise REFUSALS.get(told.refused, FileIsDamaged)(**told.parameters)
    return told.sheets


def _command(task: Task) -> list[str]:
    flags = ["-I", "-S"] if task == "read" else ["-I"]
    return [sys.executable, *flags, "-c", _START, _SOURCE]


def _request(task: Task, limits: FileLimits, more: Mapping[str, Any]) -> bytes:
    return json.dumps({"task": task, "limits": msgspec.to_builtins(limits), **more}).encode() + b"\n"


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


def _output(code: int | None, answer: bytes) -> bytes:
    """A child that ended by a signal or an error has hit a limit: there is nothing else that ends it."""
    if code != 0 or not answer:
        raise TakesTooMuch
    return answer
