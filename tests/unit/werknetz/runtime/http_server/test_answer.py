"""Answers that the server itself writes."""

import pytest

from werknetz.runtime.http_server.answer import SERVER_FULL


@pytest.mark.parametrize("is_encrypted", [True, False])
def test_an_encrypted_answer_demands_encryption_from_now_on(is_encrypted: bool) -> None:
    answer = SERVER_FULL.encode(path="/x", is_encrypted=is_encrypted)
    assert (b"\r\nstrict-transport-security: max-age=31536000\r\n" in answer) is is_encrypted
