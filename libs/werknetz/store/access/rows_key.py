"""The key with which the API signs whose rows a database connection may see.

PostgreSQL verifies the signature: HMAC-SHA256 (RFC 2104) over the number of the connection, a
serial number, the end in seconds since 1970 and the plants, separated by spaces. The database
has the key with its two paddings, in a table that only the owner reads.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

import asyncpg

from werknetz.runtime.settings import SettingError, read_env

SETTING: Final = "WERKNETZ_ROWS_KEY"
REMEDY: Final = (
    "As the owner of the tables run `werknetz migrate --rows-key FILE`, and start the API with "
    f"{SETTING}_FILE=FILE: see docs/how-to/database-users.md."
)
OVERLAP: Final = timedelta(hours=1)  # how long former keys are valid beside a new one
_KEY: Final = re.compile(r"[0-9a-f]{64}")
_BLOCK: Final = 64  # bytes, of SHA-256

# $1 fingerprint; $2, $3: the padded keys; $4: how long the others are valid.
STORE_ROWS_KEY: Final = """
WITH stored AS (
    INSERT INTO rows_keys (fingerprint, inner_pad, outer_pad) VALUES ($1, $2, $3)
    ON CONFLICT (fingerprint) DO UPDATE SET valid_until = NULL
    RETURNING fingerprint
), ended AS (
    DELETE FROM rows_keys WHERE valid_until <= now() AND fingerprint <> $1
)
UPDATE rows_keys SET valid_until = least(valid_until, now() + $4::interval)
WHERE fingerprint <> $1 AND (valid_until IS NULL OR valid_until > now())"""
# PostgreSQL verifies a signature once a connection: with this, all are to be stated again. It goes
# after the commit: a sequence does not wait for it, and what is still valid is accepted again.
END_SIGNED: Final = "SELECT nextval('rows_keys_ended')"
LIST_ROWS_KEYS: Final = """
SELECT fingerprint, added_at, valid_until, coalesce(valid_until > now(), true) AS is_valid
FROM rows_keys ORDER BY added_at"""


class RowsKeyRefused(asyncpg.InterfaceError):
    """The process has no key for its database user, or PostgreSQL does not know the key."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = REMEDY

    @classmethod
    def without_key(cls) -> Self:
        return cls(f"{SETTING} is not set, and this database user sees no row without it")

    @classmethod
    def unknown_key(cls) -> Self:
        return cls(f"PostgreSQL does not know the key in {SETTING}, or it is not valid any more")


@dataclass(frozen=True, slots=True)
class RowsKey:
    """32 random bytes."""

    secret: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: str, source: str = SETTING) -> Self:
        """Read 64 hexadecimal digits; raise SettingError, which does not hold them."""
        if _KEY.fullmatch(text.strip()) is None:
            raise SettingError(
                f"{source} is no key: 64 hexadecimal digits; `openssl rand -hex 32` makes one"
            )
        return cls(bytes.fromhex(text))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self | None:
        """Read WERKNETZ_ROWS_KEY or the file that WERKNETZ_ROWS_KEY_FILE names."""
        text = read_env(SETTING, environment)
        return None if text is None else cls.parse(text)

    @classmethod
    def from_file(cls, file: Path) -> Self:
        """Read a file with a key; raise SettingError."""
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingError(f"the key in {file} cannot be read") from error
        return cls.parse(text, str(file))

    @classmethod
    def generate(cls) -> Self:
        return cls(secrets.token_bytes(32))

    @property
    def text(self) -> str:
        return self.secret.hex()

    @property
    def fingerprint(self) -> str:
        """What names the key without showing it."""
        return hashlib.sha256(b"rows key " + self.secret).hexdigest()[:16]

    @property
    def pads(self) -> tuple[bytes, bytes]:
        """The key with the inner and the outer padding of HMAC."""
        block = self.secret.ljust(_BLOCK, b"\0")
        return bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block)

    def sign(self, session: int, serial: int, end_s: int, plants: str) -> str:
        """Return the value of the setting that states the plants."""
        message = f"{session} {serial} {end_s} {plants}"
        signature = hmac.digest(self.secret, message.encode(), "sha256").hex()
        return f"v2 {signature} {message}"
