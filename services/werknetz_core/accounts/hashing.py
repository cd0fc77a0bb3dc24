"""Hashes passwords with argon2id, in threads and a few at once: each takes 19 MiB and 30 ms."""

import asyncio
import secrets
from dataclasses import dataclass
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from werknetz_core.accounts.password_rules import normalize_password

AT_ONCE: Final = 2
# OWASP's first choice: 19 MiB, two passes, one lane.
MEMORY_KIB: Final = 19 * 1024
PASSES: Final = 2


@dataclass(frozen=True, slots=True)
class PasswordVerification:
    """`new_hash`: the stored one was made with other parameters and is to be replaced."""

    is_right: bool
    new_hash: str | None = None


class PasswordHasher:
    """Use it from one event loop."""

    def __init__(self) -> None:
        self._hasher = PasswordHash((Argon2Hasher(PASSES, MEMORY_KIB, 1),))
        self._slots = asyncio.Semaphore(AT_ONCE)
        # Of no account: verifying against it takes as long as against a stored one.
        self._dummy = self._hasher.hash(secrets.token_urlsafe())

    async def verify(self, password: str, stored: str | None) -> PasswordVerification:
        """Verify a password; None: no such account, or one without a password."""
        text = normalize_password(password)
        async with self._slots:
            is_right, new_hash = await asyncio.to_thread(
                self._hasher.verify_and_update, text, stored or self._dummy
            )
        if stored is None:
            return PasswordVerification(is_right=False)
        return PasswordVerification(is_right, new_hash if is_right else None)

    async def hash(self, password: str) -> str:
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, normalize_password(password))
