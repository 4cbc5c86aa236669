"""Sets up one service's database: its role, the database, and the plain-SQL migrations of kernel and service (pogo)."""

from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
import structlog
from pogo_core.util import migrate as pogo

from .settings import Settings

log = structlog.get_logger()

KERNEL_MIGRATIONS = Path(__file__).parent / "migrations"
DUPLICATE_DATABASE = (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError)

# The application adds events and sequences them. It can't change or remove either, whatever its code does.
_RIGHTS = """
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role};
REVOKE UPDATE, DELETE, TRUNCATE ON event, ledger FROM {role};
REVOKE ALL ON _pogo_migration FROM {role};
"""


def role_of(settings: Settings, service: str) -> str:
    return f"{settings.namespace}_{service}"


def url_of(settings: Settings, service: str) -> str:
    """The service's own connection: its database, its role."""
    parts = urlsplit(settings.database_url)
    role = role_of(settings, service)
    place = parts.netloc.rsplit("@", 1)[-1]
    return urlunsplit((parts.scheme, f"{quote(role)}:{_password(settings, service)}@{place}", f"/{role}", parts.query, ""))


def _password(settings: Settings, service: str) -> str:
    return settings.derived(f"database-password/{service}").hex()


def _as_owner(settings: Settings, database: str) -> str:
    parts = urlsplit(settings.database_url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{database}", parts.query, ""))


async def migrate(settings: Settings, service: str, migrations: Path) -> None:
    """Brings the service's database to its newest shape; harmless when it is there already."""
    role = role_of(settings, service)
    await _create(settings, service, role)
    connection = await asyncpg.connect(_as_owner(settings, role))
    try:
        await connection.execute("SELECT pg_advisory_lock(hashtext('migrate'))")
        for directory in (KERNEL_MIGRATIONS, migrations):
            await pogo.apply(connection, directory, schema_name="public", logger=_Quiet())  # type: ignore[arg-type]
        await connection.execute(_RIGHTS.format(role=f'"{role}"'))
    finally:
        await connection.close()


async def _create(settings: Settings, service: str, role: str) -> None:
    connection = await asyncpg.connect(settings.database_url)
    try:
        await connection.execute("SELECT pg_advisory_lock(hashtext('migrate'))")
        exists = await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role)
        verb = "ALTER" if exists else "CREATE"
        await connection.execute(
            f"{verb} ROLE \"{role}\" LOGIN PASSWORD '{_password(settings, service)}' NOSUPERUSER NOCREATEDB NOCREATEROLE"
        )
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", role):
            await connection.execute(f"CREATE DATABASE \"{role}\" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'")
            await connection.execute(f'REVOKE ALL ON DATABASE "{role}" FROM PUBLIC; GRANT CONNECT, TEMP ON DATABASE "{role}" TO "{role}"')
    finally:
        await connection.close()


async def drop(settings: Settings, service: str) -> None:
    """Removes the service's database and role, with everything in them."""
    role = role_of(settings, service)
    connection = await asyncpg.connect(settings.database_url)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{role}" WITH (FORCE)')
        await connection.execute(f'DROP ROLE IF EXISTS "{role}"')
    finally:
        await connection.close()


class _Quiet:
    """pogo's progress as log lines of ours."""

    def warning(self, message: str, *values: object) -> None:
        log.info("migration", what=message % values if values else message)

    info = error = debug = warning
