"""The shape of the code: who may import whom, what the kernel may not know, and what no file may hold."""

import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from contracts.registry import LISTENERS
from kernel.settings import PUBLIC, SERVICES

ROOT = Path(__file__).parents[2]
NOT_OURS = {".git", ".venv", ".ktxh", "node_modules", "__pycache__", "dist", ".hypothesis", ".pytest_cache", ".mypy_cache", ".ruff_cache"}
TEXT = {".py", ".md", ".toml", ".lock", ".sql", ".json", ".csv", ".yml", ".yaml", ".ts", ".tsx", ".js", ".css", ".html", ".svg", ".sh", ""}
LONGEST_FILE = 400


@cache
def files() -> tuple[Path, ...]:
    found = (
        path for path in ROOT.rglob("*") if path.is_file() and path.suffix in TEXT and not NOT_OURS & set(path.relative_to(ROOT).parts)
    )
    return tuple(sorted(found))


def python_files(*folders: str) -> list[Path]:
    return [path for path in files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in folders]


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    yield from enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)


def test_there_are_files_to_look_at() -> None:
    assert len(python_files("kernel")) > 30
    assert len(files()) > 200


def test_imports_keep_to_the_rules() -> None:
    """pyproject.toml says them; a service, a room or the kernel that reaches where it may not breaks one."""
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    kept = re.search(r"Contracts: (\d+) kept, 0 broken", done.stdout)
    assert kept is not None
    assert int(kept[1]) >= 6


def test_the_rules_of_imports_name_every_service() -> None:
    configured = (ROOT / "pyproject.toml").read_text()
    present = {path.name for path in (ROOT / "services").iterdir() if (path / "main.py").exists()}
    assert present == set(LISTENERS) == set(SERVICES)
    assert all(f'"services.{name}"' in configured for name in present)
    assert PUBLIC in present


@pytest.mark.parametrize("service", LISTENERS)
def test_inside_a_service_imports_are_relative(service: str) -> None:
    """So every absolute first-party import names kernel or contracts."""
    for path in python_files("services"):
        if path.relative_to(ROOT).parts[1] == service:
            for number, line in lines_of(path):
                assert not re.match(r"\s*(from|import) (services|ktxh|tests)\b", line), f"{path.relative_to(ROOT)}:{number}"


BUSINESS = re.compile(
    r"report|template|commune|district|department|ministr|indicator|assign(ed|ment)|submission|approval|approve|aggregat|rollup|officer"
    r"|verif(y|ier)_",
    re.IGNORECASE,
)
ALLOWED = {
    "settings.py": {"templates", "submissions", "approvals", "aggregation"},  # names of services
    "migrate.py": {"TEMPLATE"},  # a word of SQL
}


@pytest.mark.parametrize("path", python_files("kernel"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_kernel_holds_no_word_of_the_field(path: Path) -> None:
    """In names and texts of code; an example in a docstring binds nobody, and what people read is in their words."""
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        is_said = token.type == tokenize.NAME or (token.type == tokenize.STRING and not token.string.startswith('"""'))
        found = BUSINESS.search(token.string) if is_said else None
        words = ALLOWED.get(path.name, set())
        assert found is None or any(word in token.string for word in words), f"{path.name}:{token.start[0]}: {token.string}"


@pytest.mark.parametrize("folder", ["kernel", "contracts", "services", "ktxh", "tests"])
def test_no_file_outgrows_its_reader(folder: str) -> None:
    long = {str(path.relative_to(ROOT)): n for path in python_files(folder) if (n := sum(1 for _ in lines_of(path))) > LONGEST_FILE}
    assert long == {}


@pytest.mark.parametrize("folder", ["kernel", "contracts", "services", "ktxh"])
def test_every_module_says_what_it_is(folder: str) -> None:
    silent = [
        str(path.relative_to(ROOT)) for path in python_files(folder) if path.stat().st_size and not path.read_text().startswith('"""')
    ]
    assert silent == []


FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![A-Za-z0-9_.}\])])/(work|root|home/[a-z]+|Users)/"),
    "a registry's address": re.compile(r"pypi\.org|pythonhosted\.org|registry\.npmjs|artifactory|nexus\.|/simple/|_authToken"),
    "work put off": re.compile(r"\b(TODO|FIXME|XXX|HACK)\b"),
    "a test put aside": re.compile(r"mark\.skip|mark\.xfail|mock\.patch|unittest\.mock"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in files()
        if path != Path(__file__)  # which names them
        for number, line in lines_of(path)
        if FORBIDDEN[what].search(line)
    ]
    assert found == []
