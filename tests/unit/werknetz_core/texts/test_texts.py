"""Sentences in German and English: one catalogue, complete in both, with the zone of each time."""

import re
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest

from werknetz.texts.catalogue import list_groups, problem_title, texts_of
from werknetz.texts.formats import number_text, time_text
from werknetz.texts.language import Language, in_language, negotiate_language
from werknetz_core.findings.endpoints import FindingKind
from werknetz_core.findings.messages import NAMES, NUMBERS, finding_text
from werknetz_core.http.problem import Problem

CORE = Path(__file__).resolve().parents[4] / "services/werknetz_core"
EN, DE = Language.EN, Language.DE
CODE = re.compile(r'Problem\(\s*(?:\w+|\d{3}),\s*"([a-z_0-9]+)"')


WITHOUT_WORDS = {"field", "noun", "loss"}
SAME = {"bad_value", "invalid_path", "database_not_ready", "share", "percent", "headline", "input",
        "of_field", "and", "other", "subject"}  # fmt: skip
"""Texts of fields only."""


def fields_of(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("group", sorted({*list_groups()} - {"problem"}))
def test_every_sentence_has_both_languages_with_the_same_fields(group: str) -> None:
    for code, texts in texts_of(group).items():
        assert texts.keys() == {"en", "de"}, code
        assert group == "validation" or fields_of(texts["en"]) == fields_of(texts["de"]), code
        assert fields_of(texts["de"]) <= fields_of(texts["en"]), code
        assert texts["en"] != texts["de"] or group in WITHOUT_WORDS or code in SAME, code


def test_every_kind_of_finding_has_a_sentence() -> None:
    assert texts_of("finding").keys() == set(get_args(FindingKind))
    assert texts_of("field").keys() == {*NAMES, *NUMBERS}


def test_every_problem_has_a_german_title() -> None:
    codes = {code for file in CORE.rglob("*.py") for code in CODE.findall(file.read_text("utf-8"))}
    assert len(codes) > 100
    assert not codes - texts_of("problem").keys()
    assert all(texts.keys() == {"de"} for texts in texts_of("problem").values())


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        (None, EN), ("", EN), ("*", EN), ("fr", EN), ("de", DE), ("de-DE,de;q=0.9,en;q=0.8", DE),
        ("en-GB,en;q=0.9,de;q=0.8", EN), ("fr;q=1,de;q=0.3,en;q=0.2", DE), ("DE-at", DE),
        ("de;q=0", EN), ("de;q=x", EN), ("en;q=0.5, de;q=0.6", DE), ("de,en", DE), ("en,de", EN),
        ("deu", EN),
    ],
)  # fmt: skip
def test_the_language_of_a_request(accepted: str | None, expected: Language) -> None:
    assert negotiate_language(accepted) is expected


@pytest.mark.parametrize(
    ("zone", "month", "english", "german"),
    [
        ("Europe/Berlin", 1, "2026-01-02 09:05 CET", "02.01.2026 09:05 MEZ"),
        ("Europe/Berlin", 7, "2026-07-02 10:05 CEST", "02.07.2026 10:05 MESZ"),
        ("America/Chicago", 1, "2026-01-02 02:05 CST", "02.01.2026 02:05 CST"),
        ("UTC", 1, "2026-01-02 08:05 UTC", "02.01.2026 08:05 UTC"),
    ],
)
def test_times_name_their_zone(zone: str, month: int, english: str, german: str) -> None:
    at = datetime(2026, month, 2, 8, 5, tzinfo=UTC)
    assert time_text(at, ZoneInfo(zone), EN) == english
    assert time_text(at, ZoneInfo(zone), DE) == german


def test_numbers() -> None:
    assert (number_text(1234.5, EN), number_text(1234.5, DE)) == ("1,234.5", "1.234,5")
    assert (number_text(7.25, EN, digits=1), number_text(30, DE)) == ("7.2", "30")


def test_a_finding_in_words() -> None:
    finding: dict[str, Any] = dict.fromkeys((*NAMES, *NUMBERS)) | {
        "kind": "stock_below_zero", "material": "M1", "warehouse": "W2", "quantity": -1234.5,
    }  # fmt: skip
    assert finding_text(finding, EN) == (
        "Stock below zero: material M1, warehouse W2, quantity -1,234.5"
    )
    assert finding_text(finding, DE) == (
        "Bestand unter null: Material M1, Lager W2, Menge -1.234,5"
    )
    assert finding_text(dict.fromkeys(finding) | {"kind": "counter_jump"}, EN) == "Counter jumped"


def test_the_title_of_a_problem_is_in_the_language_of_the_request() -> None:
    problem = Problem(404, "unknown_signal", "There is no signal 7.", "GET /signals lists them.")
    assert problem.to_document("t", "/")["title"] == "Unknown signal"
    with in_language(DE):
        assert problem.to_document("t", "/")["title"] == "Signal unbekannt"
        assert problem_title("not_in_the_catalogue", "Not there") == "Not there"
