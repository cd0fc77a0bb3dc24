"""Answers that the server itself writes."""

import json

import pytest

from werknetz.runtime.http_server.answer import SERVER_FULL, invalid_request
from werknetz.texts.language import Language
from werknetz.texts.sentence import Sentence


@pytest.mark.parametrize("is_encrypted", [True, False])
def test_an_encrypted_answer_demands_encryption_from_now_on(is_encrypted: bool) -> None:
    answer = SERVER_FULL.encode(path="/x", is_encrypted=is_encrypted)
    assert (b"\r\nstrict-transport-security: max-age=31536000\r\n" in answer) is is_encrypted


def test_an_answer_has_the_language_of_its_request() -> None:
    problem = invalid_request(Sentence("server.two_lengths"))
    body, headers = problem.to_parts(path="/x", language=Language.DE)
    document = json.loads(body)
    assert document["title"] == "Ungültige Anfrage"
    assert document["detail"] == (
        "Die Anfrage ist kein gültiges HTTP/1.1: sie hat Content-Length und Transfer-Encoding"
        " zugleich."
    )
    assert document["hint"].startswith("Einen HTTP-Client oder Proxy verwenden")
    assert document["sentences"]["detail"] == {
        "code": "server.invalid_request",
        "fields": {"fault": {"code": "server.two_lengths", "fields": {}}},
    }
    assert dict(headers)[b"content-language"] == b"de"
    assert dict(headers)[b"vary"] == b"Accept-Language"
    assert dict(headers)[b"content-length"] == str(len(body)).encode()
    assert json.loads(problem.to_parts(path="/x")[0])["detail"] == problem.detail
