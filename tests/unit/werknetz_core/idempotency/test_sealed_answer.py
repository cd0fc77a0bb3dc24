"""A stored answer opens with the key and for the caller of its request alone."""

import pytest

from werknetz_core.idempotency.sealed_answer import AnswerUnreadable, open_answer, seal_answer

KEY, CALLER = "7f8a1c52-2f0e", -3


@pytest.mark.parametrize("body", [b"", b'{"id":7}', b"\x01" * 100])
def test_it_opens_with_its_key(body: bytes) -> None:
    sealed = seal_answer(body, KEY, CALLER)
    assert open_answer(sealed, KEY, CALLER) == body
    assert sealed != seal_answer(body, KEY, CALLER)
    assert not body or body not in sealed


@pytest.mark.parametrize(("key", "caller"), [("7f8a1c52-2f0f", CALLER), (KEY, 3)])
def test_nobody_else_opens_it(key: str, caller: int) -> None:
    with pytest.raises(AnswerUnreadable):
        open_answer(seal_answer(b"{}", KEY, CALLER), key, caller)


def test_a_damaged_one_does_not_open() -> None:
    sealed = seal_answer(b"{}", KEY, CALLER)
    for damaged in (sealed[:-1], sealed[:8], sealed[:1], sealed[:-1] + bytes([sealed[-1] ^ 1])):
        with pytest.raises(AnswerUnreadable):
            open_answer(damaged, KEY, CALLER)


@pytest.mark.parametrize("body", [b"", b'{"id":7}', b"[]", b"null"])
def test_answers_of_versions_before_are_plain(body: bytes) -> None:
    assert open_answer(body, KEY, CALLER) == body
