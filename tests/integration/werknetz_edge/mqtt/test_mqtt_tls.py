"""TLS: an unknown authority is refused with the remedy, a known one is taken."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from werknetz.connector.contract import ConfigurationRejected
from werknetz_edge.mqtt import create

CONNACK = b"\x20\x02\x00\x00"
SUBACK = b"\x90\x03\x00\x01\x01"


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "broker.pem", folder / "broker.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


@pytest.fixture
def tls_broker(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The least that answers CONNECT and SUBSCRIBE over TLS."""
    certificate, key = _certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()
    thread = threading.Thread(target=_serve, args=(listener, context, stop))
    thread.start()
    yield f"mqtts://127.0.0.1:{listener.getsockname()[1]}", certificate
    stop.set()
    thread.join(60)
    listener.close()


def _serve(listener: socket.socket, context: ssl.SSLContext, stop: threading.Event) -> None:
    listener.settimeout(0.1)
    while not stop.is_set():
        try:
            plain, _ = listener.accept()
        except TimeoutError:
            continue
        plain.settimeout(30)
        try:
            with context.wrap_socket(plain, server_side=True) as wire:
                wire.recv(4096)
                wire.sendall(CONNACK)
                wire.recv(4096)
                wire.sendall(SUBACK)
                wire.recv(4096)
        except OSError:
            plain.close()


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.asyncio
async def test_an_unknown_authority_is_refused(
    tls_broker: tuple[str, Path], tmp_path: Path
) -> None:
    url, _ = tls_broker
    connector = create("tls", {"url": url, "topics": ["a"]}, tmp_path)
    with pytest.raises(ConfigurationRejected, match="name the authority that signed it in `ca`"):
        await connector.connect()
    assert connector.status.state == "rejected"


@pytest.mark.asyncio
async def test_a_known_authority_is_taken(tls_broker: tuple[str, Path], tmp_path: Path) -> None:
    url, certificate = tls_broker
    connector = create("tls", {"url": url, "topics": ["a"], "ca": str(certificate)}, tmp_path)
    await connector.connect()
    assert connector.status.state == "running"
    await connector.close()


@pytest.mark.asyncio
async def test_a_missing_file_is_named(tmp_path: Path) -> None:
    options = {"url": "mqtts://127.0.0.1:1", "topics": ["a"], "ca": str(tmp_path / "no.pem")}
    with pytest.raises(ConfigurationRejected, match="check ca"):
        await create("tls", options, tmp_path).connect()
