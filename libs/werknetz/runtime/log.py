"""Logging: one event per line, as JSON or, on a terminal, coloured text."""

import logging
import os
import re
import sys
from typing import Final

import structlog

_SECRET_IN_URL: Final = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@/]+@")
_LIBRARY_LEVELS: Final = {
    "asyncua": logging.WARNING,  # one line per browse
    "asyncssh": logging.WARNING,  # a dozen lines per session
    "celery.app.trace": logging.WARNING,  # two lines per task, a task every 2 s
    "celery.worker.strategy": logging.WARNING,
    "snap7": logging.WARNING,  # three lines per session
    "pint.util": logging.ERROR,  # its own unit file defines the pica twice
}
Logger = structlog.stdlib.BoundLogger


def configure(*, json: bool | None = None, level: str | None = None) -> None:
    """Configure logging once, at process start, for us and for libraries.

    Default of `json`: JSON unless stderr is a terminal; of `level`: WERKNETZ_LOG_LEVEL, else INFO.
    """
    as_json = not sys.stderr.isatty() if json is None else json
    level_name = (level or os.environ.get("WERKNETZ_LOG_LEVEL") or "INFO").upper()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.StackInfoRenderer(),
        redact_passwords,
    ]
    rendering: list[structlog.typing.Processor] = (
        [
            # Without locals: they contain keys and passwords.
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            structlog.processors.JSONRenderer(),
        ]
        if as_json
        else [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    )
    output = logging.StreamHandler()
    output.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(level_name)
    for chatty, level_min in _LIBRARY_LEVELS.items():
        logging.getLogger(chatty).setLevel(max(level_min, logging.getLevelName(level_name)))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def get_logger(name: str) -> Logger:
    """Return the logger of a part of a process, such as `ingest.writer`."""
    named_logger: Logger = structlog.stdlib.get_logger(name)
    return named_logger


def redact_passwords(
    _: structlog.typing.WrappedLogger, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Mask the passwords of all URLs in a log event."""
    for key, value in event.items():
        if isinstance(value, str) and "://" in value:
            event[key] = mask_passwords(value)
    return event


def mask_passwords(text: str) -> str:
    return _SECRET_IN_URL.sub(r"\1***@", text)
