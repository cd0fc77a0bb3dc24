"""Who may post: keys, signatures and TLS."""

import base64
import gzip
import hashlib
import hmac
import ssl
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from plumbing.hooks import (
    BATCH,
    EVENT,
    KEY,
    counts_of,
    create_client,
    key_file,
    options_of,
    start_webhook,
)
from werknetz.connector.contract import ConfigurationRejected

pytestmark = pytest.mark.asyncio
SECRET = "0123456789abcdef0123"


async def test_an_unauthenticated_sender_gets_a_problem_with_a_hint(tmp_path: Path) -> None:
    async with start_webhook(tmp_path) as stage, create_client(stage.url, key="") as client:
        missing = await client.post("/hooks/wms", json={})
        assert (missing.status_code, missing.json()["detail"]) == (401, "No key was sent.")
        assert missing.headers["Content-Type"] == "application/problem+json"
        wrong = await client.post("/hooks/wms", json={}, headers={"X-API-Key": KEY[:-1] + "x"})
        assert (wrong.status_code, wrong.json()["type"][-9:]) == (401, "key_wrong")
        german = await client.post("/hooks/wms", json={}, headers={"Accept-Language": "de"})
        assert german.json()["detail"] == "Es wurde kein Schlüssel gesendet."
        assert german.json()["title"] == "Schlüssel fehlt"
        assert german.json()["sentences"]["detail"] == {"code": "webhook.key_missing", "fields": {}}
        assert german.headers["Content-Language"] == "de"
        unknown = await client.post("/hooks/erp", json={})
        assert (unknown.status_code, unknown.json()["type"][-14:]) == (404, "unknown_source")
        basic = base64.b64encode(f"sender:{KEY}".encode()).decode()
        for headers in (
            {"Authorization": f"Bearer {KEY}"},
            {"Authorization": f"Basic {basic}"},
            {"x-api-key": KEY},
        ):
            response = await client.post("/hooks/note", content=b"moin", headers=headers)
            assert response.status_code == 200
        assert (await client.get("/health")).json()["state"] == "running"
        assert (await client.get("/nothing")).status_code == 404
        assert (await client.get("/hooks/wms")).status_code == 405
        assert not [d for d in stage.deliveries if d.records and d.records[0].source == "hooks/wms"]


async def test_signatures_are_verified(tmp_path: Path) -> None:
    options = options_of(tmp_path)
    encoded_secret = "whsec_" + base64.b64encode(SECRET.encode()).decode()
    plain = {
        "method": "hmac", "header": "X-Hub-Signature-256", "prefix": "sha256=",
        "secret": {"file": str(key_file(tmp_path, "plain", f"{SECRET}old\n{SECRET}"))},
    }  # fmt: skip
    timestamped = {
        "method": "hmac", "header": "webhook-signature", "prefix": "v1,", "encoding": "base64",
        "secret": {"file": str(key_file(tmp_path, "timestamped", encoded_secret))},
        "secret_encoding": "base64",
        "signed": "{id}.{timestamp}.{body}", "timestamp_header": "webhook-timestamp",
        "id_header": "webhook-id",
    }  # fmt: skip
    options["sources"] |= {
        "plain": {"auth": plain, "payload": "text"},
        "timestamped": {"auth": timestamped, "payload": "text"},
    }
    body = b'{"n": 1}'

    def sign(text: bytes, secret: str = SECRET) -> bytes:
        return hmac.new(secret.encode(), text, hashlib.sha256).digest()

    async with (
        start_webhook(tmp_path, sources=options["sources"]) as stage,
        create_client(stage.url, key="") as client,
    ):

        async def status(path: str, headers: dict[str, str], content: bytes = body) -> str:
            response = await client.post(f"/hooks/{path}", content=content, headers=headers)
            return "ok" if response.is_success else str(response.json()["type"]).rpartition(":")[2]

        good = {"X-Hub-Signature-256": f"sha256={sign(body).hex()}"}
        old = {"X-Hub-Signature-256": f"sha256={sign(body, SECRET + 'old').hex()}"}
        bare = {"X-Hub-Signature-256": sign(body).hex()}
        assert await status("plain", good) == "ok"
        assert await status("plain", old) == "ok"
        assert await status("plain", good, body + b" ") == "signature_wrong"
        assert await status("plain", bare) == "signature_wrong"
        assert await status("plain", {}) == "signature_missing"
        compressed = gzip.compress(body)
        gzipped = {
            "X-Hub-Signature-256": f"sha256={sign(compressed).hex()}",
            "Content-Encoding": "gzip",
        }
        assert await status("plain", gzipped, compressed) == "ok"

        def headers(at_s: float) -> dict[str, str]:
            stamp = str(int(at_s))
            mac = base64.b64encode(sign(f"m1.{stamp}.".encode() + body)).decode()
            return {
                "webhook-signature": f"v1,AAAA v1,{mac}", "webhook-timestamp": stamp,
                "webhook-id": "m1",
            }  # fmt: skip

        now_s = time.time()
        assert await status("timestamped", headers(now_s)) == "ok"
        assert await status("timestamped", headers(now_s - 900)) == "timestamp_old"
        moved = headers(now_s) | {"webhook-timestamp": str(int(now_s) + 1)}
        assert await status("timestamped", moved) == "signature_wrong"
        assert await status("timestamped", headers(now_s) | {"webhook-timestamp": "soon"}) == (
            "timestamp_missing"
        )


async def test_over_tls(tmp_path: Path) -> None:
    key, cert = tmp_path / "tls.key", tmp_path / "tls.crt"
    authority = create_certificate(key, cert)
    tls = {"cert": str(cert), "key": str(key)}
    async with (
        start_webhook(tmp_path, tls=tls) as stage,
        create_client(stage.url, verify=authority) as client,
    ):
        assert counts_of(await client.post(BATCH, json=[EVENT])) == (1, 0, 0)
    cert.write_text("no certificate")
    with pytest.raises(ConfigurationRejected, match="check the files"):
        async with start_webhook(tmp_path, tls=tls):
            pass
    with pytest.raises(ConfigurationRejected, match="openssl rand"):
        async with start_webhook(tmp_path, events=empty_key_auth(tmp_path)):
            pass


def empty_key_auth(folder: Path) -> dict[str, Any]:
    return {"method": "key", "secret": {"file": str(key_file(folder, "empty", ""))}}


def create_certificate(key_path: Path, cert_path: Path) -> ssl.SSLContext:
    """Write a key and a self-signed certificate for 127.0.0.1; return a context that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "edge")])
    now = datetime.now(UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    cert_path.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return ssl.create_default_context(cadata=cert_path.read_text())
