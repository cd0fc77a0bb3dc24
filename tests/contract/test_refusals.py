"""Each reason that a connector writes is recognized, so that it is read in German, too.

The English text is written where input is refused, and the catalogue has it once more: whoever
changes one changes the other.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from werknetz.connector.content.numbers import refusal_of
from werknetz.connector.quarantine import (
    NO_EVENT_RULE,
    NO_RULE,
    NOT_FINITE,
    UNKNOWN_STATE,
    UNKNOWN_VALUE,
    kind_of_reason,
)
from werknetz.events.facts import fact_of
from werknetz.texts.catalogue import texts_of
from werknetz.texts.language import Language
from werknetz.texts.recognition import TEXT_MAX, recognize
from werknetz.texts.sentence import Sentence
from werknetz_edge.tables.snapshot import _CONFIRM

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("libs/werknetz/connector", "services/werknetz_edge")
RAISED = {
    "UnreadableValue", "UnreadableDocument", "UnreadableMessageError", "UnreadableMqttPayload",
    "UnreadableMetric", "UnreadableSparkplugPayload", "UnreadableAnswer", "ElementRefused",
    "FileRefused", "NoPoint", "InvalidEdi",
}  # fmt: skip
OF_EDI = {"remark": 1, "add_fault": 1, "EdiFault": 1, "_reject": 0, "append": 0}
"""Which argument of calls within `edi` is a reason."""
CONSTANTS = (
    NO_RULE.format("presses@2"), NO_EVENT_RULE.format("presses@2"), NOT_FINITE,
    UNKNOWN_STATE.format("A\n'7", "packml/own"), UNKNOWN_VALUE.format("state", "7"),
    refusal_of("1,5", "point", ""), refusal_of("1.5", "comma", ""), refusal_of("x", "point", ""),
    f"its last row has no line end, as if it were cut off: {_CONFIRM}",
    f"it has 3 rows, the snapshot before had 9: {_CONFIRM}",
)  # fmt: skip


IN_PARTS = ("BGM: function ", "the compressed body it")
# Whole reasons, as they are put together where they are written.
WHOLE = (ROOT / "tests" / "contract" / "refusals.txt").read_text("utf-8").splitlines()
_SAMPLES = {
    "error": "must be a number",
    "reason": "it has a header and no rows",
    "_EMPTY": "if that is right, set `empty: accept`",
}


def sample_of(part: ast.expr) -> str:
    """Return a text as a field of an f-string may have it; a cause is a reason."""
    if isinstance(part, ast.Constant):
        return str(part.value)
    assert isinstance(part, ast.FormattedValue)
    expression = ast.unparse(part.value)
    if "refusal_of" in expression:
        return "must be a number"
    if "did_you_mean" in expression:
        return ": did you mean 'goods'?"
    if part.conversion == ord("r") or expression.startswith("quote("):
        return repr('it\'s a "text"')
    return _SAMPLES.get(expression, "7")


def reason_of(call: ast.Call, *, is_edi: bool) -> ast.expr | None:
    """Return the argument of a call that is a reason; None: there is none."""
    name = ast.unparse(call.func)
    index = 0 if name in RAISED else OF_EDI.get(name.rpartition(".")[2]) if is_edi else None
    if index is None or len(call.args) <= index:
        return None
    return call.args[index]


def reasons() -> Iterator[tuple[str, str]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                text = reason_of(node, is_edi="edi" in path.parts)
                place = f"{path.name}:{node.lineno}"
                if isinstance(text, ast.JoinedStr):
                    sample = "".join(map(sample_of, text.values))
                    if not sample.startswith(IN_PARTS):
                        yield place, sample
                elif isinstance(text, ast.Constant):
                    yield place, str(text.value)


def fact_reasons() -> Iterator[str]:
    """Yield what the types of facts refuse."""
    wrong: tuple[tuple[str, dict[str, object]], ...] = (
        ("stock_counted", {"colour": 1}), ("goods_received", {"quantity": 1.0}),
        ("stock_counted", {"material": "a"}), ("stock_counted", {"material": "a", "quantity": "x"}),
        ("delivery_called_off", {"material": "a"}),
    )  # fmt: skip
    for kind, body in wrong:
        with pytest.raises(ValueError, match=r"\w") as refused:
            fact_of(kind, body)
        yield str(refused.value)


REASONS = [*reasons(), *((text[:20], text) for text in (*CONSTANTS, *WHOLE, *fact_reasons()))]


def test_there_are_reasons() -> None:
    assert len(REASONS) > 80


@pytest.mark.parametrize(("place", "text"), REASONS, ids=[place for place, _ in REASONS])
def test_a_reason_is_recognized(place: str, text: str) -> None:
    sentence = recognize(text)
    assert isinstance(sentence, Sentence), text
    assert sentence == text
    assert sentence.in_language(Language.DE) != text or ": " in text
    assert Sentence(sentence.code, **sentence.fields) == text, place  # with the same fields


def test_a_reason_of_many_is_recognized_without_its_values() -> None:
    text = recognize(f"{kind_of_reason(UNKNOWN_STATE.format('A', 'packml'))} (a flood)")
    assert isinstance(text, Sentence)
    german = "Der Zustandscode '…' steht nicht in der Tabelle '…' (sehr oft)"
    assert text.in_language(Language.DE) == german


def test_every_text_of_the_catalogue_is_written_by_a_connector() -> None:
    codes = {code for _, text in REASONS for code in _codes_of(recognize(text))}
    catalogue = {
        f"{group}.{name}" for group in ("refusal", "refusal_edi") for name in texts_of(group)
    }
    assert catalogue - codes <= WRITTEN_ELSEWHERE


WRITTEN_ELSEWHERE = {
    f"refusal.{name}"
    for name in (
        "json_wrong", "json_too_deep", "json_not_unicode", "csv_wrong", "text_encoding",
        "line_of_bytes", "cells_differ", "columns_differ", "key_missing", "row_encoding", "not_edi",
        "point_has_source", "flood", "mqtt_topic", "opcua_notification", "opcua_handle",
        "metric_alias", "sparkplug_topic", "not_utf8", "not_of_encoding", "not_an_object",
    )
}  # fmt: skip
"""Of texts that are put together before they are raised."""


def _codes_of(text: object) -> Iterator[str]:
    if isinstance(text, Sentence):
        yield text.code
        for value in text.fields.values():
            yield from _codes_of(value)


@pytest.mark.parametrize(
    "text", ["", "something else", "a: b: c", "x" * (TEXT_MAX + 1), "'" * 900, "a: " * 300]
)
def test_what_is_no_reason_stays_as_it_is(text: str) -> None:
    assert type(recognize(text)) is str
    assert recognize(text) == text
