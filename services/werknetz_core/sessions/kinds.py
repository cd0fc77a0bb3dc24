"""Kinds of sessions and how long they last; how somebody signed in."""

import secrets
from datetime import timedelta
from enum import StrEnum
from typing import Final


class SessionKind(StrEnum):
    BROWSER = "browser"
    KIOSK = "kiosk"  # a screen that nobody guards; only for viewers


class SignInMethod(StrEnum):
    KEY = "key"
    PASSWORD = "password"  # noqa: S105 - the name of a method
    OIDC = "oidc"


UNUSED_MAX: Final = {
    SessionKind.BROWSER: timedelta(hours=12),
    SessionKind.KIOSK: timedelta(days=90),
}
"""How long a session lasts without a request."""
LENGTH_MAX: Final = {
    SessionKind.BROWSER: timedelta(days=30),
    SessionKind.KIOSK: timedelta(days=365),
}
"""How long it lasts at most, however often it is used."""
TOKEN_BYTES: Final = 32


def generate_token() -> str:
    """Return 256 random bits as text that fits into a cookie."""
    return secrets.token_urlsafe(TOKEN_BYTES)
