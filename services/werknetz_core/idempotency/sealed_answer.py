"""Stored answers are encrypted with the Idempotency-Key of their request, which is not stored.

So a copy of the table, or a statement that reads it, shows no answer to anybody but who sent the
request.
"""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_MARK: Final = b"\x01"  # no answer begins with it: one without it is of a version before
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


class AnswerUnreadable(Exception):
    """The stored answer was damaged, or it is another caller's."""


def seal_answer(body: bytes, key: str, caller: int) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return _MARK + nonce + _cipher_of(key).encrypt(nonce, body, _caller_bytes(caller))


def open_answer(stored: bytes, key: str, caller: int) -> bytes:
    """Return the body; raise AnswerUnreadable."""
    if stored[:1] != _MARK:
        return stored
    nonce, text = stored[1 : 1 + _NONCE_BYTES], stored[1 + _NONCE_BYTES :]
    try:
        return _cipher_of(key).decrypt(nonce, text, _caller_bytes(caller))
    except (InvalidTag, ValueError) as error:
        raise AnswerUnreadable from error


def _cipher_of(key: str) -> AESGCM:
    derived = HKDF(SHA256(), _KEY_BYTES, None, b"werknetz stored answer").derive(key.encode())
    return AESGCM(derived)


def _caller_bytes(caller: int) -> bytes:
    return caller.to_bytes(8, "big", signed=True)
