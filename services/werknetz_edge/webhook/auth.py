"""Authenticates senders: by a key, compared in constant time, or by a signature of the raw body."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from werknetz.texts.sentence import Sentence
from werknetz_edge.secret import SecretMissing
from werknetz_edge.webhook.config import HmacAuth, WebhookKeyAuth
from werknetz_edge.webhook.problem import RequestRefused

SECRET_MIN: Final = 16  # bytes: long enough against years of guessing


class BodyCheck(Protocol):
    """The check of one request; `update` receives its raw body."""

    def update(self, chunk: bytes) -> None: ...

    def finish(self) -> None:
        """Raise RequestRefused unless the body is authentic."""


class Authenticator(Protocol):
    def check(self, headers: Mapping[str, str], now_s: float) -> BodyCheck:
        """Return the check of the body; raise RequestRefused where the headers are wrong.

        Header names are in lower case.
        """


@dataclass(frozen=True, slots=True)
class KeyAuthenticator:
    auth: WebhookKeyAuth
    keys: tuple[bytes, ...]

    def check(self, headers: Mapping[str, str], now_s: float) -> BodyCheck:  # noqa: ARG002  as in `Authenticator`
        keys = _keys_of(headers, self.auth.header)
        # All pairs are compared: the time it takes gives no information.
        matches = [hmac.compare_digest(key, candidate) for key in self.keys for candidate in keys]
        if not any(matches):
            raise _to_unauthorized(
                "key_wrong" if keys else "key_missing",
                Sentence("webhook.key_wrong" if keys else "webhook.key_missing"),
                Sentence("webhook.send_the_key", header=self.auth.header),
            )
        return _NoBodyCheck()


@dataclass(frozen=True, slots=True)
class HmacAuthenticator:
    auth: HmacAuth
    secrets: tuple[bytes, ...]

    def check(self, headers: Mapping[str, str], now_s: float) -> BodyCheck:
        auth = self.auth
        header = headers.get(auth.header.lower(), "")
        if not header:
            raise _to_unauthorized(
                "signature_missing",
                Sentence("webhook.signature_missing", header=auth.header),
                self._hint(),
            )
        placeholders = {"timestamp": "", "id": ""}
        if auth.timestamp_header is not None:
            timestamp = headers.get(auth.timestamp_header.lower(), "")
            placeholders["timestamp"] = self._check_time(timestamp, now_s)
        if auth.id_header is not None:
            placeholders["id"] = headers.get(auth.id_header.lower(), "")
        prefix = auth.signed.removesuffix("{body}")
        for name, value in placeholders.items():
            prefix = prefix.replace(f"{{{name}}}", value)
        digests = [
            hmac.new(secret, prefix.encode(errors="replace"), hashlib.sha256)
            for secret in self.secrets
        ]
        return _SignatureCheck(digests, self._signatures(header), self._hint())

    def _signatures(self, header: str) -> list[bytes]:
        """Return the signatures of a header: several while the sender changes its secret."""
        signatures = []
        values = header if "," in self.auth.prefix else header.replace(",", " ")
        for value in values.split()[:8]:
            token = value.removeprefix(self.auth.prefix) if self.auth.prefix else value
            if self.auth.prefix and token == value:
                continue
            try:
                signatures.append(
                    bytes.fromhex(token)
                    if self.auth.encoding == "hex"
                    else base64.b64decode(token, validate=True)
                )
            except (ValueError, binascii.Error):
                continue  # not a signature: it matches nothing
        return signatures

    def _check_time(self, token: str, now_s: float) -> str:
        digits = token.strip()
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= 12):
            raise _to_unauthorized(
                "timestamp_missing",
                Sentence("webhook.timestamp_missing", header=self.auth.timestamp_header),
                self._hint(),
            )
        if abs(now_s - int(digits)) > self.auth.tolerance_s:
            raise _to_unauthorized(
                "timestamp_old",
                Sentence("webhook.timestamp_old", tolerance_s=self.auth.tolerance_s),
                Sentence("webhook.sign_again"),
            )
        return digits

    def _hint(self) -> Sentence:
        return Sentence(
            "webhook.send_a_signature",
            header=self.auth.header,
            prefix=self.auth.prefix,
            encoding=self.auth.encoding,
            signed=self.auth.signed,
        )


@dataclass(frozen=True, slots=True)
class _NoBodyCheck:
    def update(self, chunk: bytes) -> None:
        """Ignore the body: the key was checked with the headers."""

    def finish(self) -> None:
        """Accept every body."""


@dataclass(frozen=True, slots=True)
class _SignatureCheck:
    digests: list[hmac.HMAC]
    signatures: list[bytes]
    hint: Sentence

    def update(self, chunk: bytes) -> None:
        for digest in self.digests:
            digest.update(chunk)

    def finish(self) -> None:
        expected = [digest.digest() for digest in self.digests]
        matches = [
            hmac.compare_digest(our, candidate) for our in expected for candidate in self.signatures
        ]
        if not any(matches):
            raise _to_unauthorized(
                "signature_wrong", Sentence("webhook.signature_wrong"), self.hint
            )


def create_authenticator(auth: WebhookKeyAuth | HmacAuth) -> Authenticator:
    """Read the secrets; raise SecretMissing."""
    secrets = auth.secret.read(length_min=SECRET_MIN)
    if isinstance(auth, WebhookKeyAuth):
        return KeyAuthenticator(auth, secrets)
    if auth.secret_encoding == "base64":  # noqa: S105  the name of an encoding
        secrets = tuple(map(_decode_secret, secrets))
    return HmacAuthenticator(auth, secrets)


def _decode_secret(secret: bytes) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(b"whsec_"), validate=True)
    except binascii.Error as error:
        raise SecretMissing(f"a secret is not base64: {error}; see `secret_encoding`") from error


def _keys_of(headers: Mapping[str, str], name: str) -> list[bytes]:
    keys = [headers.get(name.lower(), "")]
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        keys.append(rest)
    elif scheme.lower() == "basic":
        try:
            pair = base64.b64decode(rest, validate=True).decode()
        except (ValueError, binascii.Error):
            pair = ""
        keys.append(pair.partition(":")[2])
    return [key.strip().encode(errors="replace") for key in keys if key.strip()]


def _to_unauthorized(code: str, detail: Sentence, hint: Sentence) -> RequestRefused:
    return RequestRefused(401, code, detail, hint, headers={"WWW-Authenticate": "Bearer"})
