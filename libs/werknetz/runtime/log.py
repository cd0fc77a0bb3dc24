"""Logging: one event per line, as JSON or, on a terminal, coloured text."""

import logging
import os
import re
import sys
from collections import deque
from typing import Final, TextIO

import structlog
from structlog.typing import ExcInfo

_SECRET_IN_URL: Final = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@/]+@")
_LIBRARY_LEVELS: Final = {
    "asyncua": logging.WARNING,  # one line per browse
    "asyncssh": logging.WARNING,  # a dozen lines per session
    "celery.app.trace": logging.WARNING,  # two lines per task, a task every 2 s
    "celery.worker.strategy": logging.WARNING,
    "snap7": logging.WARNING,  # three lines per session
    "pint.util": logging.ERROR,  # its own unit file defines the pica twice
}
_FRAMES_MAX: Final = 20  # of each error of a chain
_ERRORS_MAX: Final = 5
_MESSAGE_MAX: Final = 500
_TRACEBACK_MAX: Final = 8000
_HIDDEN: Final = "***"
# What PostgreSQL, asyncpg, SQLAlchemy and pydantic repeat of a value in their messages.
_VALUES_IN_ERRORS: Final = (
    (re.compile(r"(invalid input for query argument \$\d+: ).*(?= \()", re.DOTALL), _HIDDEN),
    (re.compile(r"(\[parameters: ).*\]", re.DOTALL), _HIDDEN + "]"),
    (re.compile(r"(DETAIL:\s+).*", re.DOTALL), _HIDDEN),
    (
        re.compile(r"(invalid (?!input for query)(?:input|byte|value)[^\n:]*: )\S.*", re.DOTALL),
        _HIDDEN,
    ),
    (re.compile(r"(\bvalue )\"(?:[^\"]|\"\")*\"", re.DOTALL), _HIDDEN),
    (re.compile(r"(input_value=).*?(?=, input_type=)", re.DOTALL), _HIDDEN),
)
_as_dicts: Final = structlog.tracebacks.ExceptionDictTransformer(
    show_locals=False, max_frames=_FRAMES_MAX
)
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
        redact_errors,
    ]
    rendering: list[structlog.typing.Processor] = (
        [
            structlog.processors.ExceptionRenderer(describe_exception),
            structlog.processors.JSONRenderer(),
        ]
        if as_json
        else [structlog.dev.ConsoleRenderer(exception_formatter=write_traceback)]
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


def redact_errors(
    _: structlog.typing.WrappedLogger, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Mask the values that the text of an error repeats, and cut it."""
    for key in ("error", "event"):
        value = event.get(key)
        if isinstance(value, BaseException):
            event[key] = mask_values(str(value))
        elif isinstance(value, str):
            event[key] = mask_values(value) if key == "error" else _mask(value)
    return event


def mask_values(message: str) -> str:
    """Return the message of an error without the values that it repeats, in 500 characters."""
    masked = _mask(message)
    return masked if len(masked) <= _MESSAGE_MAX else masked[:_MESSAGE_MAX] + " …"


def _mask(text: str) -> str:
    for pattern, hidden in _VALUES_IN_ERRORS:
        text = pattern.sub(r"\1" + hidden, text)
    return mask_passwords(text)


def describe_exception(exc_info: ExcInfo) -> list[dict[str, object]]:
    """Return the errors of a chain, and those of groups, for a log line.

    Bounded, without local variables (they contain keys and passwords) and without values.
    """
    waiting = deque(_as_dicts(exc_info))
    described: list[dict[str, object]] = []
    while waiting and len(described) < _ERRORS_MAX:
        error = waiting.popleft()
        waiting.extendleft(inner for chain in error.pop("exceptions", ()) for inner in chain)
        error["exc_value"] = mask_values(str(error["exc_value"]))
        error["exc_notes"] = [mask_values(str(note)) for note in error.get("exc_notes", ())]
        described.append(error)
    return described


def write_traceback(output: TextIO, exc_info: ExcInfo) -> None:
    """Write the chain of errors as text, as `describe_exception` bounds it; the cause first."""
    lines: list[str] = []
    for error in reversed(describe_exception(exc_info)):
        frames = error["frames"]
        lines += [
            f"  {frame['filename']}:{frame['lineno']} in {frame['name']}"
            for frame in (frames if isinstance(frames, list) else ())
        ]
        lines.append(f"{error['exc_type']}: {error['exc_value']}")
    output.write("\n" + "\n".join(lines)[:_TRACEBACK_MAX])
