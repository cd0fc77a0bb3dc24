"""A small certificate authority for servers of tests."""

import datetime as dt
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = dt.timedelta(days=1)


LOCAL = ("127.0.0.1", "localhost")


def _alternative(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass
class Authority:
    """Issues certificates into `folder`: for 127.0.0.1 and localhost, unless names are given."""

    folder: Path
    name: str = "test authority"
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def __post_init__(self) -> None:
        self.cert = self._build(self.name, self.key, days=(-1, 30), names=())
        self.file = self.folder / f"{self.name.replace(' ', '_')}.pem"
        self.file.write_bytes(self.cert.public_bytes(serialization.Encoding.PEM))

    def issue(
        self, name: str, *, days: tuple[float, float] = (-1, 30), names: Sequence[str] = LOCAL
    ) -> tuple[Path, Path]:
        """Write NAME.pem and NAME.key, valid from and to these days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        cert = self._build(name, key, days=days, names=names)
        cert_file, key_file = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        cert_file.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        key_file.chmod(0o600)
        return cert_file, key_file

    def client_context(self) -> ssl.SSLContext:
        """Return the context of a client that trusts only this authority."""
        return ssl.create_default_context(cafile=str(self.file))

    def _build(
        self, name: str, key: ec.EllipticCurvePrivateKey, *,
        days: tuple[float, float], names: Sequence[str],
    ) -> x509.Certificate:  # fmt: skip
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name(self.name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + days[0] * _DAY)
            .not_valid_after(now + days[1] * _DAY)
            .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
        )
        if names:
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
            alternatives = x509.SubjectAlternativeName([_alternative(text) for text in names])
            builder = builder.add_extension(alternatives, critical=False)
            builder = builder.add_extension(usage, critical=False)
        return builder.sign(self.key, hashes.SHA256())


@dataclass(frozen=True)
class RefusedCertificate:
    """A certificate that no client may take, and what the client's error reads."""

    name: str
    days: tuple[float, float] = (-1, 30)
    names: Sequence[str] = LOCAL
    is_of_other_authority: bool = False
    error: str = ""

    def issue(self, folder: Path, authority: Authority) -> tuple[Path, Path]:
        if self.is_of_other_authority:
            authority = Authority(folder, "another authority")
        return authority.issue(self.name, days=self.days, names=self.names)


REFUSED_CERTIFICATES = (
    RefusedCertificate("expired", days=(-30, -1), error="has expired: renew it on the server"),
    RefusedCertificate("early", days=(1, 30), error="is not valid yet: set the clocks"),
    RefusedCertificate(
        "strange",
        is_of_other_authority=True,
        error="unknown authority: name the PEM of the authority",
    ),
    RefusedCertificate(
        "elsewhere",
        names=("db.example",),
        error="is for another name .*: write a name of the certificate",
    ),
)
"""Each is refused, with the text that the client's error then has (a regular expression)."""
