"""Why a TLS connection to a server was refused, and what to do about it.

One text for PostgreSQL, Redis and MQTT: the library's error says neither which setting is meant
nor what its reader can do.
"""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# X509_V_ERR_… of OpenSSL, for which Python has no names: what is wrong with the certificate of the
# server, and the remedy.
_UNKNOWN_AUTHORITY: Final = (
    "is signed by an unknown authority",
    "name the PEM of the authority that signed it in {peer.authority}",
)
_OTHER_NAME: Final = (
    "is for another name ({detail})",
    "write a name of the certificate in {peer.setting}, or issue one with this name",
)
_WEAK: Final = ("is too weak ({detail})", "issue it with a longer key and SHA-256")
_REASONS: Final = {
    9: ("is not valid yet", "set the clocks of both machines, or issue it anew"),
    10: ("has expired", "renew it on the server"),
    23: ("is revoked", "issue another one for the server"),
    26: ("is not for servers", "issue it with the extended use serverAuth"),
    **dict.fromkeys((2, 18, 19, 20, 21), _UNKNOWN_AUTHORITY),
    **dict.fromkeys((62, 64), _OTHER_NAME),
    **dict.fromkeys((66, 67, 68), _WEAK),
}
_OTHER_REASON: Final = ("is refused ({detail})", "correct it on the server, or {peer.authority}")
_NO_TLS: Final = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNKNOWN_PROTO")
_CLIENT_REFUSED: Final = ("ALERT_UNKNOWN_CA", "CERTIFICATE_REQUIRED", "ALERT_BAD_CERTIFICATE")
_NO_PEM: Final = ("NO_CERTIFICATE_OR_CRL_FOUND", "NO_START_LINE", "PEM_LIB", "BAD_BASE64_DECODE")


@dataclass(frozen=True, slots=True)
class TlsPeer:
    """The server of a connection, and the settings that it depends on."""

    server: str  # such as "PostgreSQL at db.example:5432"
    setting: str  # that names the server, such as "WERKNETZ_DATABASE_URL"
    authority: str  # where its authority is named, such as "sslrootcert of WERKNETZ_DATABASE_URL"
    own_certificate: str  # where ours is named


@dataclass(frozen=True, slots=True)
class TlsRefusal:
    """What is wrong, and the remedy; the text has both and names the setting."""

    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}: {self.remedy}"


def explain_refusal(error: BaseException, peer: TlsPeer) -> TlsRefusal | None:
    """Return the refusal behind an error or its causes; None where it is not about TLS."""
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _refused_certificate(cause, peer)
        if isinstance(cause, ssl.SSLError):
            return _refused_handshake(cause, peer)
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and its causes."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _refused_certificate(error: ssl.SSLCertVerificationError, peer: TlsPeer) -> TlsRefusal:
    what, remedy = _REASONS.get(error.verify_code, _OTHER_REASON)
    detail = error.verify_message.rstrip(".")
    return TlsRefusal(
        f"{peer.setting}: the certificate of {peer.server} {what.format(detail=detail)}",
        remedy.format(peer=peer),
    )


def _refused_handshake(error: ssl.SSLError, peer: TlsPeer) -> TlsRefusal:
    reason = error.reason or str(error)
    if any(name in reason for name in _NO_TLS):
        return TlsRefusal(
            f"{peer.setting}: {peer.server} does not speak TLS",
            "name its TLS port, or set up TLS on the server",
        )
    if any(name in reason for name in _CLIENT_REFUSED):
        return TlsRefusal(
            f"{peer.setting}: {peer.server} refuses our certificate ({reason})",
            f"name one that its authority signed in {peer.own_certificate}",
        )
    if any(name in reason for name in _NO_PEM):
        return TlsRefusal(
            f"{peer.setting}: a file of certificates is no PEM ({reason})",
            f"write PEM files to {peer.authority} and {peer.own_certificate}",
        )
    return TlsRefusal(
        f"{peer.setting}: TLS with {peer.server} failed ({reason})",
        "both sides need TLS 1.2 or newer and a cipher in common",
    )
