"""Reasons of quarantined entries as connectors write them: sentence and repair of their group."""

import math
import re

import pytest
from sqlalchemy.dialects import postgresql as pg

from werknetz.connector.content.numbers import refusal_of
from werknetz.connector.quarantine import (
    NO_EVENT_RULE,
    NO_RULE,
    NOT_FINITE,
    TEXT_SHOWN_MAX,
    UNKNOWN_STATE,
    UNKNOWN_VALUE,
    VALUES,
    kind_of_reason,
)
from werknetz.texts.language import Language
from werknetz_core.quarantine.reasons import (
    CODED,
    REASON_MAX,
    GroupReason,
    group_reason,
    is_unmapped_tag,
)

CODES = ["S", "it's", 'say "x"', 'it\'s "x"', "a\\b", "new\nline", "Ü\u2028", "\u0007", "'", "\\'"]


@pytest.mark.parametrize("code", [*CODES, "x" * 2_000])
def test_a_state_code_is_read_as_the_source_sent_it(code: str) -> None:
    reason = UNKNOWN_STATE.format(code, "zustand")
    group = GroupReason.of(reason)
    assert (group.text.code, group.repair) == ("quarantine.state_code", "map_state")
    assert group.text.document_fields() == {"code": code, "table": "zustand"}
    assert re.search(CODED, reason)


@pytest.mark.parametrize("code", CODES)
def test_a_value_is_read_as_the_source_sent_it(code: str) -> None:
    reason = UNKNOWN_VALUE.format("status", code)
    group = GroupReason.of(reason)
    assert (group.text.code, group.repair) == ("quarantine.value_code", "map_value")
    assert group.text.document_fields() == {"code": code, "field": "status"}
    assert re.search(CODED, reason)


@pytest.mark.parametrize(
    ("length", "repair"),
    [(TEXT_SHOWN_MAX - 1, "map_value"), (TEXT_SHOWN_MAX, "none")],
)
def test_a_value_that_may_have_been_cut_has_no_repair(length: int, repair: str) -> None:
    reason = UNKNOWN_VALUE.format("status", ("x" * length)[:TEXT_SHOWN_MAX])
    assert GroupReason.of(reason).repair == repair


@pytest.mark.parametrize(
    ("reason", "code", "repair"),
    [
        (NOT_FINITE, "not_finite", "none"),
        (NO_RULE.format("presses@2"), "no_rule", "add_rule"),
        (NO_EVENT_RULE.format("presses@2"), "no_event_rule", "none"),
        (refusal_of("12,5", "point", ""), "not_a_number", "set_rule"),
        (refusal_of("12.5", "comma", ""), "not_a_number", "none"),
        (refusal_of("12O", "point", ""), "not_a_number", "none"),
        ("the state code 'S' is not in table 't'", "other", "none"),
        ("a line … is not in file … (a flood)", "other", "none"),
        ("the value is strange", "other", "none"),
        (f"is it not finite? {NOT_FINITE}", "other", "none"),
        ("", "other", "none"),
    ],
)
def test_a_reason_has_its_sentence_and_its_repair(reason: str, code: str, repair: str) -> None:
    group = GroupReason.of(reason)
    assert (group.text.code, group.repair) == (f"quarantine.{code}", repair)


@pytest.mark.parametrize(
    ("reason", "code", "german"),
    [
        (f"{float.__name__} is not a number", "kind_not_a_number", "float ist keine Zahl"),
        (
            "state code … is not in table … (a flood)",
            "flood",
            "Der Zustandscode '…' steht nicht in der Tabelle '…' (sehr oft)",
        ),
        ("its key (a, b) is empty", "key_empty", "Ihr Schlüssel (a, b) ist leer"),
    ],
)
def test_other_reasons_have_a_sentence_in_german_too(reason: str, code: str, german: str) -> None:
    group = GroupReason.of(reason)
    assert (group.text.code, group.repair) == (f"refusal.{code}", "none")
    assert (group.text, group.text.in_language(Language.DE)) == (reason, german)


def test_a_refused_number_is_shown() -> None:
    number = r"1\2O"
    group = GroupReason.of(f"quantity: {refusal_of(number, 'point', '')}")
    assert group.text.document_fields() == {"value": number}


@pytest.mark.parametrize("escape", [r"\ud800", r"\udfff", r"\U00110000"])
def test_what_is_no_character_stays_escaped(escape: str) -> None:
    group = GroupReason.of(f"state code 'a{escape}' is not in table 't'")
    assert group.text.document_fields()["code"] == f"a{escape}"


@pytest.mark.parametrize("character", ["\ud7ff", "\ue000", "\U0010ffff"])
def test_the_last_characters_beside_surrogates_are_read(character: str) -> None:
    group = GroupReason.of(f"state code '\\U{ord(character):08x}' is not in table 't'")
    assert group.text.document_fields()["code"] == character


def test_values_in_a_reason_do_not_make_a_group_of_their_own() -> None:
    lines = ["line 12: 'x' and \"y'\" at 3.5", f"line 7: '' and \"\" at {math.floor(9.9)}.0"]
    assert {kind_of_reason(line) for line in lines} == {"line …: … and … at ….…"}
    assert re.sub(VALUES, "…", lines[0]) == kind_of_reason(lines[0])
    assert not re.search(CODED, "a state code 'S' is not in table 't'")


def test_postgresql_groups_and_selects_by_the_same_words() -> None:
    group = group_reason().compile(dialect=pg.dialect())
    assert "CASE WHEN (left(quarantine.reason," in str(group)
    assert {CODED, VALUES, REASON_MAX} <= {*group.params.values()}
    unmapped = is_unmapped_tag().compile(dialect=pg.dialect())
    assert "quarantine.reason LIKE" in str(unmapped)
    assert NO_RULE.startswith(unmapped.params["reason_1"])
