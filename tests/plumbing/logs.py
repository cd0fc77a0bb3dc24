"""What a module logs, as a list of events."""

from types import ModuleType

import pytest
import structlog
from structlog.testing import LogCapture
from structlog.typing import EventDict


def capture_log(monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> list[EventDict]:
    """Take over the module's `_log`; return the events, which the list grows by."""
    capture = LogCapture()
    monkeypatch.setattr(module, "_log", structlog.wrap_logger(None, processors=[capture]))
    return capture.entries
