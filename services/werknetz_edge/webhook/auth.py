"""Who may send: a key compared in constant time, or a signature over the raw body."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from werknetz_edge.secret import SecretMissing
from werknetz_edge.webhook.config import HmacAuth, KeyAuth
from werknetz_edge.webhook.problem import Refused

SECRET_MIN: Final = 16  # whoever may try for years must not guess it


class Check(Protocol):
    """The check of one request, fed with its raw body."""

    def update(self, chunk: bytes) -> None: ...

    def finish(self) -> None:
        """Raise Refused unless the body is the sender's."""


class Guard(Protocol):
    def check(self, headers: Mapping[str, str], now_s: float) -> Check:
        """Begin; raise Refused where the headers alone say no. Header names are lower case."""


@dataclass(frozen=True, slots=True)
class KeyGuard:
    auth: KeyAuth
    keys: tuple[bytes, ...]

    def check(self, headers: Mapping[str, str], now_s: float) -> Check:  # noqa: ARG002  as `Guard` says
        given = _keys_of(headers, self.auth.header)
        # Every pair is compared: how long it takes tells nothing.
        matches = [hmac.compare_digest(key, one) for key in self.keys for one in given]
        if not any(matches):
            raise _refused(
                "key_wrong" if given else "key_missing",
                "This key is not known." if given else "No key was sent.",
                f"Send `{self.auth.header}: <key>` or `Authorization: Bearer <key>`; the key "
                "stands in the file that the edge's configuration names.",
            )
        return _Passed()


@dataclass(frozen=True, slots=True)
class HmacGuard:
    auth: HmacAuth
    secrets: tuple[bytes, ...]

    def check(self, headers: Mapping[str, str], now_s: float) -> Check:
        auth = self.auth
        given = headers.get(auth.header.lower(), "")
        if not given:
            raise _refused(
                "signature_missing", f"The header {auth.header} is missing.", self._hint()
            )
        words = {"timestamp": "", "id": ""}
        if auth.timestamp_header is not None:
            words["timestamp"] = self._time(headers.get(auth.timestamp_header.lower(), ""), now_s)
        if auth.id_header is not None:
            words["id"] = headers.get(auth.id_header.lower(), "")
        before = auth.signed.removesuffix("{body}")
        for name, word in words.items():
            before = before.replace(f"{{{name}}}", word)
        digests = [
            hmac.new(secret, before.encode(errors="replace"), hashlib.sha256)
            for secret in self.secrets
        ]
        return _Signed(digests, self._signatures(given), self._hint())

    def _signatures(self, given: str) -> list[bytes]:
        """A header may hold several, while the sender changes its secret."""
        found = []
        words = given if "," in self.auth.prefix else given.replace(",", " ")
        for word in words.split()[:8]:
            text = word.removeprefix(self.auth.prefix) if self.auth.prefix else word
            if self.auth.prefix and text == word:
                continue
            try:
                found.append(
                    bytes.fromhex(text)
                    if self.auth.encoding == "hex"
                    else base64.b64decode(text, validate=True)
                )
            except (ValueError, binascii.Error):
                continue  # not a signature: it matches nothing
        return found

    def _time(self, text: str, now_s: float) -> str:
        digits = text.strip()
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= 12):
            raise _refused(
                "timestamp_missing",
                f"{self.auth.timestamp_header} is missing, or no number of seconds since 1970.",
                self._hint(),
            )
        if abs(now_s - int(digits)) > self.auth.tolerance_s:
            raise _refused(
                "timestamp_old",
                f"The signature is of a time more than {self.auth.tolerance_s} s from ours.",
                "Sign each repetition anew, and set both clocks by NTP.",
            )
        return digits

    def _hint(self) -> str:
        return (
            f"Send `{self.auth.header}: {self.auth.prefix}<{self.auth.encoding} of "
            f"HMAC-SHA256 over {self.auth.signed}>`, over the bytes as they are sent."
        )


@dataclass(frozen=True, slots=True)
class _Passed:
    def update(self, chunk: bytes) -> None:
        """The key has said it: the body does not matter."""

    def finish(self) -> None:
        """As above."""


@dataclass(frozen=True, slots=True)
class _Signed:
    digests: list[hmac.HMAC]
    given: list[bytes]
    hint: str

    def update(self, chunk: bytes) -> None:
        for digest in self.digests:
            digest.update(chunk)

    def finish(self) -> None:
        ours = [digest.digest() for digest in self.digests]
        matches = [hmac.compare_digest(our, one) for our in ours for one in self.given]
        if not any(matches):
            raise _refused("signature_wrong", "The signature is not of this body.", self.hint)


def guard_of(auth: KeyAuth | HmacAuth) -> Guard:
    """Read the secrets; raise SecretMissing."""
    secrets = auth.secret.read(length_min=SECRET_MIN)
    if isinstance(auth, KeyAuth):
        return KeyGuard(auth, secrets)
    if auth.secret_encoding == "base64":  # noqa: S105  how it is written, no secret
        secrets = tuple(map(_decoded, secrets))
    return HmacGuard(auth, secrets)


def _decoded(secret: bytes) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(b"whsec_"), validate=True)
    except binascii.Error as error:
        raise SecretMissing(f"a secret is not base64: {error}; see `secret_encoding`") from error


def _keys_of(headers: Mapping[str, str], name: str) -> list[bytes]:
    found = [headers.get(name.lower(), "")]
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        found.append(rest)
    elif scheme.lower() == "basic":
        try:
            pair = base64.b64decode(rest, validate=True).decode()
        except (ValueError, binascii.Error):
            pair = ""
        found.append(pair.partition(":")[2])
    return [each.strip().encode(errors="replace") for each in found if each.strip()]


def _refused(code: str, detail: str, hint: str) -> Refused:
    return Refused(401, code, detail, hint, headers={"WWW-Authenticate": "Bearer"})
