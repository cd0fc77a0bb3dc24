"""Certificates in one folder: our own, those of trusted servers and of rejected servers.

A server is trusted if a person has put its certificate into trusted/; nothing is trusted
automatically.
"""

import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from werknetz.connector.contract import ConfigurationRejected
from werknetz.texts.sentence import Sentence

_VALID: Final = timedelta(days=3650)  # plants renew by hand; a silent stop after a year is worse
_REJECTED_MAX: Final = 100  # a hostile network cannot fill the disk


@dataclass(frozen=True, slots=True)
class Identity:
    """Our application certificate and its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    uri: str
    path: Path

    @property
    def fingerprint(self) -> str:
        return fingerprint_of(self.certificate)


def fingerprint_of(certificate: x509.Certificate) -> str:
    """SHA-256 of the certificate, as hexadecimal digits."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def load_identity(folder: Path, name: str) -> Identity:
    """Load our certificate; create it at the first start. Only the owner can read the key file."""
    for part in ("own", "trusted", "rejected"):
        (folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
    certificate_path, key_path = folder / "own" / "cert.der", folder / "own" / "key.pem"
    if not certificate_path.exists():
        _create_certificate(certificate_path, key_path, name)
    certificate = x509.load_der_x509_certificate(certificate_path.read_bytes())
    key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ConfigurationRejected(f"{key_path} is not an RSA key: OPC UA's policies need one")
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    if not uris:
        raise ConfigurationRejected(
            f"{certificate_path} has no application URI in its subject alternative name:"
            " servers refuse it; delete it to have a new one created"
        )
    return Identity(certificate, key, uris[0], certificate_path)


def _create_certificate(certificate_path: Path, key_path: Path, name: str) -> None:
    host = socket.gethostname()
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = _certificate(key, f"urn:{host}:werknetz:{name}", host, f"Werknetz {name}")
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write_atomically(key_path, pem)
    # The certificate comes last: where it exists, its key does too.
    _write_atomically(certificate_path, certificate.public_bytes(serialization.Encoding.DER))


def _write_atomically(path: Path, content: bytes) -> None:
    """Write the file completely or not at all, with mode 0600 from the start."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _certificate(key: rsa.RSAPrivateKey, uri: str, host: str, title: str) -> x509.Certificate:
    """Create a self-signed certificate with the extensions of Part 6, 6.2.2."""
    subject = x509.Name([
        x509.NameAttribute(NameOID.COMMON_NAME, title[:64]),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Werknetz"),
    ])  # fmt: skip
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,  # nonRepudiation
        key_encipherment=True,
        data_encipherment=True,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks of machines run late
        .not_valid_after(now + _VALID)
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri), x509.DNSName(host)]),
            critical=False,
        )
        .add_extension(usage, critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )


def check_server(folder: Path, der: bytes) -> x509.Certificate:
    """Check that a server's certificate is trusted and valid. Raises ConfigurationRejected."""
    certificate = parse_certificate(der)
    fingerprint = fingerprint_of(certificate)
    if not is_trusted(folder, fingerprint):
        _store_rejected(folder / "rejected", fingerprint, certificate)
        raise ConfigurationRejected(
            Sentence(
                "connector.certificate_not_trusted",
                subject=certificate.subject.rfc4514_string(),
                fingerprint=fingerprint,
                folder=str(folder),
            )
        )
    now = datetime.now(UTC)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise ConfigurationRejected(
            Sentence(
                "connector.certificate_expired",
                fingerprint=fingerprint,
                start=f"{certificate.not_valid_before_utc:%Y-%m-%d}",
                end=f"{certificate.not_valid_after_utc:%Y-%m-%d}",
                today=f"{now:%Y-%m-%d}",
            )
        )
    return certificate


def is_trusted(folder: Path, fingerprint: str) -> bool:
    """Whether a person has put the certificate into trusted/."""
    trusted = folder / "trusted"
    is_stored = (trusted / f"{fingerprint}.der").exists()
    return is_stored or fingerprint in _other_fingerprints(trusted)


def trust_shown_certificate(folder: Path, der: bytes) -> None:
    """Trust the certificate that a server shows, after a person has compared its fingerprint."""
    certificate = parse_certificate(der)
    path = folder / "trusted" / f"{fingerprint_of(certificate)}.der"
    _write_atomically(path, der_of(certificate))


def parse_certificate(der: bytes) -> x509.Certificate:
    """Parse the server's own certificate, the first one of a chain."""
    try:
        length = int.from_bytes(der[2:4], "big") + 4
        return x509.load_der_x509_certificate(der[:length])
    except ValueError as error:
        raise ConfigurationRejected(
            f"the server's certificate cannot be read ({error}): make a new one on the server"
        ) from error


def _other_fingerprints(trusted: Path) -> set[str]:
    """Return the fingerprints of trusted certificates with other file names."""
    fingerprints = set()
    for path in trusted.iterdir():
        if path.suffix in {".der", ".cer", ".crt", ".pem"}:
            content = path.read_bytes()
            load = (
                x509.load_pem_x509_certificate
                if content.startswith(b"-----")
                else x509.load_der_x509_certificate
            )
            try:
                fingerprints.add(fingerprint_of(load(content)))
            except ValueError as error:
                raise ConfigurationRejected(
                    f"{path} is not a certificate ({error}): remove it"
                ) from error
    return fingerprints


def _store_rejected(folder: Path, fingerprint: str, certificate: x509.Certificate) -> None:
    path = folder / f"{fingerprint}.der"
    certificates = sorted(folder.glob("*.der"), key=lambda file: file.stat().st_mtime)
    for old in certificates[: max(0, len(certificates) - _REJECTED_MAX + 1)]:
        old.unlink()
    _write_atomically(path, certificate.public_bytes(serialization.Encoding.DER))


def trust_certificate(folder: Path, fingerprint: str) -> Path:
    """Trust a server that was rejected. Raises FileNotFoundError if it never was."""
    plain = fingerprint.replace(":", "").strip().lower()
    if not plain or set(plain) - set("0123456789abcdef"):
        raise FileNotFoundError(f"{fingerprint!r} is not a SHA-256 fingerprint (64 hex digits)")
    trusted = folder / "trusted" / f"{plain}.der"
    if trusted.exists():
        return trusted
    rejected = folder / "rejected" / f"{plain}.der"
    if not rejected.exists():
        raise FileNotFoundError(
            f"{folder}/rejected has no certificate {plain}: let the edge connect once, or copy"
            f" the server's certificate to {folder}/trusted"
        )
    rejected.replace(trusted)
    return trusted


def der_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)
