"""Sentences of rows: code and fields as JSON give the same texts again."""

import json
from datetime import UTC, datetime

import pytest

from werknetz.texts.language import Language, in_language
from werknetz.texts.sentence import Sentence, write_text
from werknetz.texts.stored import restore_sentence, stored_sentence

AT = datetime(2026, 1, 2, 8, tzinfo=UTC)
SENTENCES = [
    Sentence("finding_detail.impossible_amounts", problems=[
        Sentence("finding_detail.amount_below_zero", name="good_quantity", number=-5.5),
        Sentence("finding_detail.limits_reversed", lower=1000, upper=2),
    ]),
    Sentence("finding_detail.first_not_finite", signal="a/b:c", value=float("inf"),
             remedy=Sentence("finding_detail.first_remedy")),
    Sentence("finding_detail.ends_too_early", until=AT, at=AT),
    Sentence("finding_detail.state_unknown", state=None, states=["idle", "producing"]),
    Sentence("finding_detail.not_computed", kind="machine", name="m", reason="KeyError: {braces}"),
]  # fmt: skip


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda sentence: sentence.code)
@pytest.mark.parametrize("language", list(Language))
def test_a_stored_sentence_has_the_same_texts(sentence: Sentence, language: Language) -> None:
    stored = stored_sentence(sentence)
    assert stored is not None
    with in_language(language):
        for form in (stored, json.loads(stored)):
            restored = restore_sentence(str.__str__(sentence), form)
            assert write_text(restored) == sentence.in_language(language)
            assert isinstance(restored, Sentence)
            assert restored.document() == json.loads(stored)


@pytest.mark.parametrize(
    "stored",
    [
        None,
        {"code": "finding_detail.no_such", "fields": {}},
        {"code": "no_such.group", "fields": {}},
        {"code": "finding_detail.in_unit", "fields": {}},
        {"code": "finding_detail.in_unit"},
        {"code": "finding_detail.ends_too_early", "fields": {"until": "odd", "at": "odd"}},
        [],
    ],
)
def test_what_this_version_cannot_write_stays_english(stored: object) -> None:
    with in_language(Language.DE):
        restored = restore_sentence("Plain text.", stored)  # type: ignore[arg-type]
        assert write_text(restored) == "Plain text."


def test_a_text_without_a_code_has_no_fields_to_store() -> None:
    assert stored_sentence("Plain text.") is None
