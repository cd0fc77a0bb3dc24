"""Own certificate made once, unknown servers rejected with a fingerprint, trusted by a person."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from werknetz.connector.contract import ConfigurationRejected
from werknetz_edge.opcua.connection.pki import (
    check_server,
    der_of,
    fingerprint_of,
    load_identity,
    trust_certificate,
)


@pytest.fixture(scope="module")
def server_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(key: rsa.RSAPrivateKey, days: int = 30) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "press")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60)).not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )  # fmt: skip


def test_the_own_certificate_is_made_once_and_fit_for_opc_ua(tmp_path: Path) -> None:
    first = load_identity(tmp_path, "emden")
    assert first.uri.endswith(":werknetz:emden")
    assert load_identity(tmp_path, "emden").fingerprint == first.fingerprint
    key = first.path.with_name("key.pem")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    usage = first.certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.content_commitment
    assert usage.key_encipherment
    assert usage.data_encipherment
    extended = first.certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert ExtendedKeyUsageOID.CLIENT_AUTH in extended
    names = first.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [first.uri]
    assert names.get_values_for_type(x509.DNSName)
    assert {part.name for part in tmp_path.iterdir()} == {"own", "trusted", "rejected"}


def test_unknown_then_trusted(tmp_path: Path, server_key: rsa.RSAPrivateKey) -> None:
    load_identity(tmp_path, "x")
    shown = certificate(server_key)
    fingerprint = fingerprint_of(shown)
    with pytest.raises(ConfigurationRejected, match=f"werknetz trust {tmp_path} {fingerprint}"):
        check_server(tmp_path, der_of(shown))
    assert (tmp_path / "rejected" / f"{fingerprint}.der").exists()
    colons = ":".join(fingerprint[i : i + 2] for i in range(0, 64, 2)).upper()
    trust_certificate(tmp_path, colons)
    assert check_server(tmp_path, der_of(shown)) == shown
    assert not (tmp_path / "rejected" / f"{fingerprint}.der").exists()
    trust_certificate(tmp_path, fingerprint)


def test_a_trusted_server_with_a_chain_is_known(
    tmp_path: Path, server_key: rsa.RSAPrivateKey
) -> None:
    load_identity(tmp_path, "x")
    shown = certificate(server_key)
    (tmp_path / "trusted" / "press.der").write_bytes(der_of(shown))
    assert check_server(tmp_path, der_of(shown) + der_of(shown)) == shown


def test_out_of_date(tmp_path: Path, server_key: rsa.RSAPrivateKey) -> None:
    load_identity(tmp_path, "x")
    shown = certificate(server_key, days=-1)
    (tmp_path / "trusted" / "press.der").write_bytes(der_of(shown))
    with pytest.raises(ConfigurationRejected, match="renew it"):
        check_server(tmp_path, der_of(shown))


def test_no_certificate_at_all(tmp_path: Path) -> None:
    load_identity(tmp_path, "x")
    with pytest.raises(ConfigurationRejected, match="cannot be read"):
        check_server(tmp_path, b"nonsense")


def test_trusting_what_was_never_seen(tmp_path: Path) -> None:
    load_identity(tmp_path, "x")
    with pytest.raises(FileNotFoundError, match="let the edge connect once"):
        trust_certificate(tmp_path, "ab" * 32)
    with pytest.raises(FileNotFoundError, match="is not a SHA-256 fingerprint"):
        trust_certificate(tmp_path, "../../etc")
