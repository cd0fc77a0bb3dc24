"""Each reason of OpenSSL has a text that names the setting and the remedy."""

import ssl

import pytest

from werknetz.runtime.tls_refusal import TlsPeer, explain_refusal

PEER = TlsPeer("Redis at valkey:6379", "THE_URL", "ssl_ca_certs of THE_URL", "ssl_certfile of it")


def verification_error(code: int, message: str = "of OpenSSL") -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


def handshake_error(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}] (_ssl.c:1)")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (
            2,
            "is signed by an unknown authority: name the PEM of the authority that signed it",
        ),
        (9, "is not valid yet: set the clocks"),
        (10, "has expired: renew it on the server"),
        (18, "unknown authority"),
        (19, "unknown authority"),
        (20, "unknown authority"),
        (21, "unknown authority"),
        (23, "is revoked: issue another one"),
        (26, "is not for servers: issue it with the extended use serverAuth"),
        (62, "for another name (of OpenSSL): write a name of the certificate in THE_URL"),
        (64, "for another name"),
        (66, "is too weak (of OpenSSL)"),
        (68, "is too weak"),
        (65, "is refused (of OpenSSL): correct it on the server, or ssl_ca_certs of THE_URL"),
    ],
)
def test_a_refused_certificate_is_explained(code: int, text: str) -> None:
    refusal = explain_refusal(verification_error(code), PEER)
    assert refusal is not None
    assert str(refusal).startswith("THE_URL: the certificate of Redis at valkey:6379 ")
    assert text in str(refusal)


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("WRONG_VERSION_NUMBER", "does not speak TLS: name its TLS port"),
        ("RECORD_LAYER_FAILURE", "does not speak TLS"),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "refuses our certificate (TLSV13_ALERT"),
        ("TLSV1_ALERT_UNKNOWN_CA", "name one that its authority signed in ssl_certfile of it"),
        ("NO_CERTIFICATE_OR_CRL_FOUND", "a file of certificates is no PEM"),
        ("TLSV1_ALERT_PROTOCOL_VERSION", "failed (TLSV1_ALERT_PROTOCOL_VERSION): both sides need"),
    ],
)
def test_a_failed_handshake_is_explained(reason: str, text: str) -> None:
    refusal = explain_refusal(handshake_error(reason), PEER)
    assert refusal is not None
    assert str(refusal).startswith("THE_URL: ")
    assert text in str(refusal)


def test_the_reason_is_found_behind_other_errors() -> None:
    outer = OSError("Error 1 connecting to valkey:6379")
    outer.__cause__ = verification_error(10)
    refusal = explain_refusal(outer, PEER)
    assert refusal is not None
    assert refusal.remedy == "renew it on the server"


def test_an_error_without_tls_is_none_of_ours() -> None:
    assert explain_refusal(ConnectionRefusedError("nobody listens"), PEER) is None
