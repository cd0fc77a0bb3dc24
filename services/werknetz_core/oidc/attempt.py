"""One attempt to sign in: what the browser keeps while the person is at the provider.

A cookie of ten minutes holds a random secret. State, nonce and the PKCE verifier are derived from
it, so a callback counts only in the browser that started the attempt, and the server stores
nothing: any API process may answer the callback.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from authlib.oauth2.rfc7636 import create_s256_code_challenge

ATTEMPT_S: Final = 600
CLOCK_S: Final = 60  # another API process, on another machine, may have started it
ATTEMPTS_MAX: Final = 4  # of one browser at once, for example in several tabs
NEXT_MAX: Final = 500
COOKIE: Final = "wn_sign_in_"
_challenge_of: Final[Callable[[str], str]] = create_s256_code_challenge
_SECRET_BYTES: Final = 32
_COOKIE_MAX: Final = 2_000
_NAME_CHARS: Final = 12
# A path of this server. Browsers drop tabs and line ends and read \ as /, so neither may occur.
_NEXT: Final = re.compile(r"/(?![/\\])[!-\[\]-~]*")


def is_next_path(text: str) -> bool:
    """Whether a browser that follows it stays on this server."""
    return len(text) <= NEXT_MAX and _NEXT.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Attempt:
    """`next_path`: the page to show afterwards; `started_s`: seconds since 1970."""

    secret: bytes
    provider: str
    next_path: str
    started_s: int

    @classmethod
    def start(cls, provider: str, next_path: str, now_s: int) -> Self:
        return cls(secrets.token_bytes(_SECRET_BYTES), provider, next_path, now_s)

    @property
    def state(self) -> str:
        return self._derive("state")

    @property
    def nonce(self) -> str:
        return self._derive("nonce")

    @property
    def verifier(self) -> str:
        return self._derive("verifier")

    @property
    def challenge(self) -> str:
        return _challenge_of(self.verifier)

    def has_expired(self, now_s: int) -> bool:
        return not self.started_s - CLOCK_S <= now_s < self.started_s + ATTEMPT_S

    def to_cookie(self) -> str:
        content = [_encode(self.secret), self.provider, self.next_path, self.started_s]
        return _encode(json.dumps(content, separators=(",", ":")).encode())

    @classmethod
    def from_cookie(cls, text: str) -> Self | None:
        """Return the attempt; None: the cookie is not one of ours."""
        if len(text) > _COOKIE_MAX:
            return None
        try:
            secret, provider, next_path, started_s = json.loads(_decode(text))
            attempt = cls(_decode(secret), str(provider), str(next_path), int(started_s))
        except (ValueError, TypeError, AttributeError, RecursionError, OverflowError):
            return None
        is_ours = len(attempt.secret) == _SECRET_BYTES and is_next_path(attempt.next_path)
        return attempt if is_ours else None

    def _derive(self, purpose: str) -> str:
        message = json.dumps([purpose, self.provider, self.next_path, self.started_s])
        return _encode(hmac.digest(self.secret, message.encode(), hashlib.sha256))


def cookie_name(state: str, *, is_https: bool) -> str:
    """Return the name of an attempt's cookie; with TLS, only this very host may set it."""
    return f"{'__Host-' if is_https else ''}{COOKIE}{state[:_NAME_CHARS]}"


def attempt_cookies(cookies: Mapping[str, str], *, is_https: bool) -> list[str]:
    """Return the names of the cookies of attempts that a browser sent."""
    prefix = cookie_name("", is_https=is_https)
    return [name for name in cookies if name.startswith(prefix)]


def find_attempt(
    cookies: Mapping[str, str], state: str, now_s: int, *, is_https: bool
) -> Attempt | None:
    """Return the attempt of this browser with this state, if it has not expired."""
    attempt = Attempt.from_cookie(cookies.get(cookie_name(state, is_https=is_https), ""))
    if attempt is None or attempt.has_expired(now_s):
        return None
    return attempt if hmac.compare_digest(attempt.state.encode(), state.encode()) else None


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
