"""Certificates of connections to sources, as the status reports them."""

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from werknetz.connector.contract import CertificateEnd

SUBJECT_MAX = 200


def certificate_end(owner: str, certificate: x509.Certificate) -> CertificateEnd:
    return CertificateEnd(
        owner,
        certificate.not_valid_after_utc,
        certificate.subject.rfc4514_string()[:SUBJECT_MAX],
        certificate.fingerprint(hashes.SHA256()).hex(),
    )


def ends_of_tls(server: bytes | None, own_pem: bytes | None) -> tuple[CertificateEnd, ...]:
    """Return the certificates of a TLS connection; one that cannot be read is left out."""
    ends = []
    for owner, content in (("server", server), ("own", own_pem)):
        if not content:
            continue
        load = (
            x509.load_der_x509_certificate if owner == "server" else x509.load_pem_x509_certificate
        )
        try:
            ends.append(certificate_end(owner, load(content)))
        except ValueError:
            continue
    return tuple(ends)
