"""Time-based one-time passwords (RFC 6238) as apps make them: SHA-1, six digits, 30 seconds."""

import base64
import hashlib
import hmac
import re
import secrets
import struct
from typing import Final
from urllib.parse import quote, urlencode

STEP_S: Final = 30
DIGITS: Final = 6
SECRET_BYTES: Final = 20  # as long as the hash
STEPS_AROUND: Final = 1  # clocks differ, and people type slowly
ISSUER: Final = "Werknetz"
_CODE: Final = re.compile(rf"[0-9]{{{DIGITS}}}")


def generate_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def step_at(at_us: int) -> int:
    return at_us // (STEP_S * 1_000_000)


def code_of(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """Return the code of a step: HOTP (RFC 4226) over the number of the step."""
    mac = hmac.digest(secret, struct.pack(">Q", step), hashlib.sha1)
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4]) & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def is_code(text: str) -> bool:
    return _CODE.fullmatch(text) is not None


def matching_step(secret: bytes, code: str, at_us: int, last_step: int | None) -> int | None:
    """Return the step whose code it is; None: of no step around now, or not after the last used.

    All steps are compared, so that the time taken does not depend on the code.
    """
    now, match = step_at(at_us), None
    for step in range(max(0, now - STEPS_AROUND), now + STEPS_AROUND + 1):
        is_equal = hmac.compare_digest(code_of(secret, step).encode(), code.encode())
        if is_equal and (last_step is None or step > last_step):
            match = step
    return match


def text_of_secret(secret: bytes) -> str:
    """Return the secret as people type it into an app."""
    return base64.b32encode(secret).decode().rstrip("=")


def uri_of(secret: bytes, name: str) -> str:
    """Return what a QR code for an app contains."""
    query = urlencode(
        {"secret": text_of_secret(secret), "issuer": ISSUER, "algorithm": "SHA1",
         "digits": DIGITS, "period": STEP_S}
    )  # fmt: skip
    return f"otpauth://totp/{quote(f'{ISSUER}:{name}')}?{query}"
