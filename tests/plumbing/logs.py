"""What modules log, as a list of events."""

from types import ModuleType

import pytest
import structlog
from structlog.testing import LogCapture
from structlog.typing import EventDict


def capture_log(monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> list[EventDict]:
    """Take over the `_log` of modules; return the events, which the list grows by."""
    capture = LogCapture()
    for module in modules:
        monkeypatch.setattr(module, "_log", structlog.wrap_logger(None, processors=[capture]))
    return capture.entries
