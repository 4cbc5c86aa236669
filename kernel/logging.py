"""JSON log lines on stdout through structlog: one canonical line per request and per batch. The core never logs."""

import logging
import sys
from typing import Any

import structlog


def configure(level: str = "INFO", format: str = "json") -> None:
    """Once per process, before anything logs."""
    renderer: Any = structlog.dev.ConsoleRenderer() if format == "console" else structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    logging.getLogger("aio_pika").setLevel(logging.CRITICAL)  # says on every reconnect what our own lines already say
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)
