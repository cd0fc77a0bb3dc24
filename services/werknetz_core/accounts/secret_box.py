"""Encrypts secrets of second factors, so that a copy of the database does not contain them."""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_CHARACTERS_MIN: Final = 32
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class SecretBoxKeyInvalid(Exception):
    """The key is too short, or it is not the one that encrypted the secret."""


class SecretBox:
    def __init__(self, key: str) -> None:
        """`key`: at least 32 characters, best random ones."""
        if len(key) < KEY_CHARACTERS_MIN:
            raise SecretBoxKeyInvalid(f"it has fewer than {KEY_CHARACTERS_MIN} characters")
        # Bytes, not a cipher: settings go to other API processes as a pickle.
        self._key = HKDF(SHA256(), _KEY_BYTES, None, b"werknetz totp").derive(key.encode())

    def seal(self, secret: bytes, owner: int) -> bytes:
        """Encrypt the secret of a user; moved to another user's row, it does not open."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self._key).encrypt(nonce, secret, _owner_bytes(owner))

    def open(self, sealed: bytes, owner: int) -> bytes:
        nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return AESGCM(self._key).decrypt(nonce, text, _owner_bytes(owner))
        except (InvalidTag, ValueError) as error:
            raise SecretBoxKeyInvalid("it is not the key that encrypted the secret") from error


def _owner_bytes(owner: int) -> bytes:
    return owner.to_bytes(8)
