import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from werknetz.runtime import log


@pytest.fixture
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    outputs, level = root.handlers[:], root.level
    yield
    root.handlers[:] = outputs
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.usefixtures("restored_logging")
def test_a_line_is_json_without_passwords(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(json=True, level="info")
    log.get_logger("ingest").warning(
        "postgresql is not there", url="postgresql://w:secret@h:5/w", n=3
    )
    logging.getLogger("redis").warning("from a library: redis://w:secret@h/0")
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert ours["event"] == "postgresql is not there"
    assert (ours["url"], ours["n"]) == ("postgresql://w:***@h:5/w", 3)
    assert (ours["level"], ours["logger"]) == ("warning", "ingest")
    assert theirs["event"] == "from a library: redis://w:***@h/0"


@pytest.mark.parametrize("url", ["redis://:pw@h/0", "mqtt://u:p-w@h:1883"])
def test_passwords_of_all_kinds_of_urls_are_masked(url: str) -> None:
    assert "pw" not in log.mask_passwords(url)
    assert "p-w" not in log.mask_passwords(url)
