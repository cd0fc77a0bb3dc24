"""Recovery codes: each replaces the second factor once, where the phone is lost."""

import base64
import hashlib
import re
import secrets
from typing import Final

CODES: Final = 10
_BYTES: Final = 10  # 80 bits: they need no slow hash
_GROUP: Final = 4
_CODE: Final = re.compile(r"[a-z2-7]{16}")


def generate_codes() -> list[str]:
    return [_generate_code() for _ in range(CODES)]


def _generate_code() -> str:
    text = base64.b32encode(secrets.token_bytes(_BYTES)).decode().lower()
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))


def hash_of_code(text: str) -> bytes | None:
    """Return the hash of a code as typed; None: it has not the form of one."""
    plain = re.sub(r"[\s-]", "", text).lower()
    return hashlib.sha256(plain.encode()).digest() if _CODE.fullmatch(plain) else None
