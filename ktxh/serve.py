"""Serving: all five services in one process, with the embedded PostgreSQL where no address of another is set."""

import signal
from contextlib import ExitStack
from pathlib import Path

import uvicorn

from kernel import logging as logging_
from kernel.service import clock_of
from kernel.settings import Settings

from .postgres import EmbeddedPostgres
from .system import compose


def serve_all(settings: Settings, data: Path) -> None:
    """Until the process is told to stop. `data` is where the embedded PostgreSQL keeps its files."""
    logging_.configure(settings.log_level, settings.log_format)
    with ExitStack() as stack:
        if not settings.database_url:
            settings = settings.model_copy(update={"database_url": stack.enter_context(EmbeddedPostgres(data / "postgres"))})
        system = compose(settings, clock_of(settings))
        server = uvicorn.Server(
            uvicorn.Config(
                system.app, host=settings.host, port=settings.port, log_config=None, access_log=False, timeout_graceful_shutdown=5
            )
        )
        signal.signal(signal.SIGTERM, server.handle_exit)
        server.run()
