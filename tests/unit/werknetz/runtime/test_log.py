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


SECRET = "wn_s3cret"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (
            f"invalid input for query argument $2: '{SECRET}\nx' (expected str, got int)",
            "query argument $2: *** (expected str",
        ),
        (f"(E) x [SQL: SELECT 1] [parameters: ('{SECRET}', 'b]')]", "[SQL: SELECT 1]"),
        (f"duplicate key violates a\nDETAIL:  Key (name)=({SECRET}) exists.", "DETAIL:  ***"),
        (f'invalid input syntax for type json: "{SECRET}"', "type json: ***"),
        (f'value "{SECRET}" is out of range for type integer', "value *** is out of range"),
        (f"x [type=y, input_value='{SECRET}', input_type=str]", "input_type=str"),
    ],
)
@pytest.mark.parametrize("json_lines", [True, False])
@pytest.mark.usefixtures("restored_logging")
def test_values_are_no_part_of_a_logged_error(
    capsys: pytest.CaptureFixture[str], message: str, shown: str, json_lines: bool
) -> None:
    log.configure(json=json_lines, level="info")
    with pytest.raises(ValueError) as cause:
        raise ValueError(message)
    group = ExceptionGroup("several", [RuntimeError(message)])
    with pytest.raises(ExceptionGroup) as raised:
        raise group from cause.value
    log.get_logger("core").error("failed", exc_info=raised.value)
    log.get_logger("core").warning("failed", error=message)
    lines = capsys.readouterr().err
    assert SECRET not in lines
    assert lines.count(shown) == 3
    assert "ValueError" in lines
    assert "test_log.py" in lines


@pytest.mark.parametrize("json_lines", [True, False])
@pytest.mark.usefixtures("restored_logging")
def test_a_logged_error_is_bounded(capsys: pytest.CaptureFixture[str], json_lines: bool) -> None:
    def recurse(depth: int) -> None:
        if depth == 0:
            raise ValueError("x" * 100_000)
        try:
            recurse(depth - 1)
        except ValueError as error:
            raise ValueError("y" * 100_000) from error

    log.configure(json=json_lines, level="info")
    try:
        recurse(200)
    except ValueError:
        log.get_logger("core").exception("failed")
    assert len(capsys.readouterr().err) < 25_000
