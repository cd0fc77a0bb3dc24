"""A sentence: the English text, with code and fields, and the German text on demand."""

import copy
import pickle
import re
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI, Request, Response
from httpx2 import ASGITransport, AsyncClient

from werknetz import texts
from werknetz.texts.formats import ZonedTime
from werknetz.texts.language import Language, in_language, wanted_language
from werknetz.texts.sentence import Sentence, document_of, sentence_of, write_text
from werknetz_core.http.problem import Problem, invalid_parameter, problem_response
from werknetz_core.texts.middleware import LanguageMiddleware
from werknetz_core.texts.reasons import reason_code_of, write_reason

DE = Language.DE
SENTENCES = Path(texts.__path__[0]) / "sentences"
FIVE_MINUTES = (
    "granularity=5m reads 1 equipment × 2,500 quarters of an hour; at most 1,000 are possible."
)
NOT_A_LIST = ValueError(Sentence("calendars.list", where="shifts", value=1))
ENDS_TOO_EARLY = (
    "It ends at 2026-01-02T08:00Z, not after its start at 2026-01-02T08:00Z: it does not count."
)
ENDS_TOO_EARLY_IN_GERMAN = (
    "Ende 02.01.2026 08:00 UTC, nicht nach dem Beginn 02.01.2026 08:00 UTC: die Meldung zählt"
    " nicht."
)
SINCE = ZonedTime(datetime(2026, 1, 2, 8, tzinfo=UTC), ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("sentence", "english", "german"),
    [
        (
            Sentence("requests.exclude_each_other", names=["order", "supplier"]),
            "The parameters order and supplier exclude each other.",
            "Die Parameter order und supplier schließen einander aus.",
        ),
        (
            Sentence("requests.statement_timed_out", seconds=1.5),
            "A statement of this request took longer than 1.5 s.",
            "Eine Abfrage dieser Anfrage dauerte länger als 1,5 s.",
        ),
        (
            Sentence("kpis.five_minutes_too_large", number=1, quarters=2500, maximum=1000),
            FIVE_MINUTES,
            "granularity=5m liest 1 Anlagen × 2.500 Viertelstunden; höchstens 1.000 sind möglich.",
        ),
        (
            Sentence("targets.step_beyond_goal", due_on=date(2026, 1, 2), change=0.5, goal=0.25,
                     goal_on=date(2026, 3, 4)),
            "The step of 2026-01-02 (+50.0%) is beyond the goal (+25.0% on 2026-03-04).",
            "Die Stufe vom 02.01.2026 (+50,0 %) liegt über dem Ziel (+25,0 % am 04.03.2026).",
        ),
        (
            Sentence("finding_detail.ends_too_early", until=SINCE.at,
                     at=datetime(2026, 1, 2, 8, 0, 59, tzinfo=UTC)),
            ENDS_TOO_EARLY,
            ENDS_TOO_EARLY_IN_GERMAN,
        ),
        (
            Sentence("supply.unknown_name", label="supplier", name="acme"),
            "There is no supplier 'acme' that this key may see.",
            "Lieferant 'acme' ist unbekannt oder für diesen Schlüssel nicht sichtbar.",
        ),
        (
            Sentence("calendars.invalid", error=NOT_A_LIST),
            "The calendar is invalid: shifts is 1: write a list.",
            "Der Kalender ist ungültig: shifts ist 1: eine Liste schreiben.",
        ),
        (
            Sentence("loss.not_late", material="M", warehouse="W", since=SINCE),
            "M was out of stock in W from 2026-01-02 09:00 CET, though no delivery of it was late",
            "M fehlte in W ab 02.01.2026 09:00 MEZ, obwohl keine Lieferung verspätet war",
        ),
    ],
)  # fmt: skip
def test_a_sentence_in_both_languages(sentence: Sentence, english: str, german: str) -> None:
    assert sentence == english
    assert sentence.in_language(DE) == german
    for again in (copy.deepcopy(sentence), pickle.loads(pickle.dumps(sentence))):  # noqa: S301
        assert (again, again.in_language(DE)) == (english, german)


def test_fields_for_programs() -> None:
    inner = Sentence("requests.try_again")
    sentence = Sentence("shortage.run_short", lines=["a", "b"], at=SINCE, material=2.5,
                        warehouse=float("nan"), cause=inner)  # fmt: skip
    assert sentence.document() == {
        "code": "shortage.run_short",
        "fields": {
            "lines": ["a", "b"], "at": "2026-01-02T09:00:00+01:00", "material": 2.5,
            "warehouse": "nan", "cause": {"code": "requests.try_again", "fields": {}},
        },
    }  # fmt: skip
    assert document_of("a text") is None
    assert sentence_of(ValueError(inner)) is inner
    assert sentence_of(ValueError("a text")) == "a text"


def test_a_problem_has_texts_codes_and_fields_in_the_language_of_the_request() -> None:
    problem = invalid_parameter(
        "knid", Sentence("requests.unknown_parameter", name="knid"),
        Sentence("requests.did_you_mean", near="kind"),
    )  # fmt: skip
    assert problem.to_document("t", "/")["detail"] == "This route has no parameter 'knid'."
    with in_language(DE) as answer:
        document = problem.to_document("t", "/")
    assert answer.is_used
    assert document["detail"] == "Dieser Aufruf hat keinen Parameter 'knid'."
    assert document["hint"] == "Meinten Sie kind?"
    sentence = {"code": "requests.unknown_parameter", "fields": {"name": "knid"}}
    assert document["sentences"] == {
        "detail": sentence,
        "hint": {"code": "requests.did_you_mean", "fields": {"near": "kind"}},
    }
    assert document["errors"] == [
        {
            "pointer": "/query/knid", "code": "invalid", "sentence": sentence,
            "detail": "Dieser Aufruf hat keinen Parameter 'knid'.",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("english", "german", "code"),
    [
        (None, None, None),
        ("no good data", "keine guten Daten", "reason.no_good_data"),
        ("fewer than 10 consecutive measurements", "weniger als 10 aufeinanderfolgende Messwerte",
         "reason.few_measurements"),
        ("gq is not reported", "gq wird nicht gemeldet", "reason.not_reported"),
        ("division by zero in my formula", "division by zero in my formula", None),
    ],
)  # fmt: skip
def test_reasons(english: str | None, german: str | None, code: str | None) -> None:
    assert write_reason(english) == english
    assert reason_code_of(english) == code
    with in_language(DE):
        assert write_reason(english) == german


@pytest.mark.asyncio
async def test_only_an_answer_with_sentences_names_its_language() -> None:
    app = FastAPI()
    app.add_middleware(LanguageMiddleware)

    @app.get("/sentence")
    async def answer_sentence(request: Request) -> Response:
        sentence = Sentence("requests.try_again")
        return problem_response(request, Problem(409, "conflict", sentence, sentence))

    @app.get("/plain")
    async def answer_language() -> str:
        return write_text(wanted_language().value)

    transport = ASGITransport(app)
    async with AsyncClient(transport=transport, base_url="http://core") as client:
        german = await client.get("/sentence", headers={"Accept-Language": "de-DE"})
        assert german.json()["detail"] == "Erneut versuchen."
        assert german.headers["content-language"] == "de"
        assert german.headers["vary"] == "Accept-Language"
        english = await client.get("/sentence")
        assert english.json()["detail"] == "Try again."
        assert english.headers["content-language"] == "en"
        plain = await client.get("/plain", headers={"Accept-Language": "de"})
        assert plain.json() == "de"
        assert "content-language" not in plain.headers


def test_large_numbers_have_no_exponent() -> None:
    written = Sentence("shop_floor.nobody_counts", quantity=1_000_000.5, kind="scrap")
    assert "1,000,000.5 of" in written
    assert "1.000.000,5 (" in written.in_language(DE)


@pytest.mark.parametrize("path", sorted(SENTENCES.glob("*.toml")), ids=lambda path: path.stem)
def test_no_text_writes_a_number_with_an_exponent(path: Path) -> None:
    # `:g` has six digits: a million is 1e+06. Seconds of a limit are never so many.
    assert set(re.findall(r"\{(\w+):[+]?g\}", path.read_text())) <= {"seconds"}


def test_the_time_of_a_signature_is_written_in_the_language() -> None:
    at = datetime(2026, 1, 2, 8, tzinfo=UTC)
    signed = Sentence("shop_floor.already_signed", at=at)
    assert signed == "You have signed this report at 2026-01-02T08:00Z."
    assert "02.01.2026 08:00 UTC" in signed.in_language(DE)
    assert signed.document_fields() == {"at": "2026-01-02T08:00:00+00:00"}
