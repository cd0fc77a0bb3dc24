"""A real server, a real spool, senders over TCP: what is answered 2xx is on disk, once."""

import asyncio
import base64
import gzip
import hashlib
import hmac
import json
import random
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from plumbing.hooks import KEY, Desk, client_of, desk_of, key_file, options_of
from werknetz.connector.contract import ConfigurationRejected
from werknetz.events.batch import BusinessEvent, Samples, Unmapped
from werknetz.events.codec import columns_of, decode
from werknetz.events.facts import StockCounted

pytestmark = pytest.mark.asyncio
SECRET = "0123456789abcdef0123"
EVENT = {"kind": "stock_counted", "material": "M1", "quantity": 3, "at": "2026-11-24T06:00:00Z"}
BATCH = "/api/v1/events:batch"


def kept_in(desk: Desk) -> list[Any]:
    """Every record that stands in the spool, in order."""
    spool = desk.lane.spool
    return [
        record
        for batch in spool.read(spool.base_seq + 1, 100_000_000)
        for record in decode(batch.payload).records
    ]


async def stored(desk: Desk, kind: type[Any]) -> list[Any]:
    records = await desk.lane.on_disk(lambda: kept_in(desk))
    return [record for record in records if isinstance(record, kind)]


def counts(answer: httpx2.Response) -> tuple[int, int, int]:
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return found["accepted"], found["duplicates"], found["quarantined"]


async def test_good_rows_go_on_and_bad_rows_are_named(tmp_path: Path) -> None:
    rows = [
        EVENT,
        {**EVENT, "kind": "stock_counter"},
        {**EVENT, "quantity": "many"},
        {**EVENT, "at": "2026-11-24T06:00:00"},
        {**EVENT, "colour": "red"},
        {"kind": "stock_counted", "fields": {"material": "M2", "quantity": 4}},
        7,
    ]
    async with desk_of(tmp_path) as desk, client_of(desk.url) as client:
        answer = await client.post(BATCH, json={"events": rows})
        assert counts(answer) == (2, 0, 5)
        reasons = {row["index"]: row["reason"] for row in answer.json()["results"]}
        assert sorted(reasons) == [1, 2, 3, 4, 6]
        assert "did you mean 'stock_counted'" in reasons[1]
        assert "'many' is not a number" in reasons[2]
        assert "has no zone" in reasons[3]
        assert "no field 'colour'" in reasons[4]
        assert "`kind` is missing" in reasons[6]
        events = await stored(desk, BusinessEvent)
        assert [event.fact for event in events] == [
            StockCounted(material="M1", quantity=3.0),
            StockCounted(material="M2", quantity=4.0),
        ]
        refused = await stored(desk, Unmapped)
        assert len(refused) == 5
        assert all(record.raw and record.raw_hash for record in refused)
        assert counts(await client.post(BATCH, json={"events": rows})) == (0, 4, 3)
        assert len(await stored(desk, Unmapped)) == 5


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", json.dumps([EVENT, {**EVENT, "material": "M2"}])),
        (
            "application/x-ndjson",
            f"{json.dumps(EVENT)}\r\n\n{json.dumps({**EVENT, 'material': 'M2'})}",
        ),
        (
            "text/csv; charset=utf-8",
            "\ufeffkind;material;quantity;at\r\n"  # noqa: ISC004  one body
            "stock_counted;M1;3;2026-11-24T06:00:00Z\r\n"
            'stock_counted;"M2";3.0;2026-11-24T07:00:00+01:00\r\n',
        ),
    ],
)
async def test_three_formats_say_the_same(tmp_path: Path, kind: str, body: str) -> None:
    async with desk_of(tmp_path) as desk, client_of(desk.url) as client:
        answer = await client.post(BATCH, content=body.encode(), headers={"Content-Type": kind})
        assert counts(answer) == (2, 0, 0)
        events = await stored(desk, BusinessEvent)
        assert [event.fact for event in events] == [
            StockCounted(material="M1", quantity=3.0),
            StockCounted(material="M2", quantity=3.0),
        ]
        assert {event.at_us for event in events} == {1_795_500_000_000_000}


async def test_no_2xx_before_it_is_on_disk(tmp_path: Path) -> None:
    async with desk_of(tmp_path, answer_s=0.3) as desk, client_of(desk.url) as client:
        desk.hold.clear()
        await asyncio.sleep(0.6)  # the read that was under way when we said hold
        answer = await client.post(BATCH, json=[EVENT])
        if answer.status_code == 200:  # that read took it: the next one waits
            answer = await client.post(BATCH, json=[{**EVENT, "material": "M9"}])
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert "Send the same request again" in answer.json()["hint"]
        desk.hold.set()
        again = await client.post(BATCH, json=[{**EVENT, "material": "M9"}])
        assert sum(counts(again)) == 1
        assert len([e for e in await stored(desk, BusinessEvent) if e.fact.material == "M9"]) == 1


async def test_fifty_at_once_are_stored_once(tmp_path: Path) -> None:
    reading = {"hall": "hall-2", "weight": 4.5, "at": "2026-11-24T06:00:00Z"}
    async with desk_of(tmp_path) as desk, client_of(desk.url) as client:
        answers = await asyncio.gather(
            *(client.post("/hooks/scales", json=reading) for _ in range(50)),
            *(client.post(BATCH, json=[{**EVENT, "id": "4711"}]) for _ in range(10)),
        )
        assert sorted(counts(answer) for answer in answers[:50]) == [(0, 1, 0)] * 49 + [(1, 0, 0)]
        assert sorted(counts(answer) for answer in answers[50:]) == [(0, 1, 0)] * 9 + [(1, 0, 0)]
        values = [v for s in await stored(desk, Samples) for v in columns_of(s).value.tolist()]
        assert values == [4.5]
        assert len(await stored(desk, BusinessEvent)) == 1


async def test_what_was_on_disk_before_a_restart_is_a_duplicate(tmp_path: Path) -> None:
    rows = {"data": {"items": [{"sku": f"S{n}", "version": 1, "qty": n} for n in range(5)]}}
    async with desk_of(tmp_path) as desk, client_of(desk.url) as client:
        assert counts(await client.post("/hooks/wms", json=rows)) == (5, 0, 0)
        assert counts(await client.post("/hooks/lines", content=b'{"a": 1}\n')) == (0, 0, 1)
    rows["data"]["items"].append({"sku": "S9", "version": 1, "qty": 9})
    async with desk_of(tmp_path) as desk, client_of(desk.url) as client:
        assert counts(await client.post("/hooks/wms", json=rows)) == (1, 5, 0)
        assert counts(await client.post("/hooks/lines", content=b'{"a": 1}\n')) == (0, 1, 0)


async def test_the_same_key_with_other_content_is_shown_to_a_person(tmp_path: Path) -> None:
    def row(qty: int, version: int = 1) -> dict[str, Any]:
        return {"data": {"items": [{"sku": "S1", "version": version, "qty": qty}]}}

    async with desk_of(tmp_path) as desk, client_of(desk.url) as client:
        assert counts(await client.post("/hooks/wms", json=row(1))) == (1, 0, 0)
        answer = await client.post("/hooks/wms", json=row(2))
        assert counts(answer) == (0, 0, 1)
        assert "given before with other content" in answer.json()["results"][0]["reason"]
        assert counts(await client.post("/hooks/wms", json=row(2))) == (0, 0, 1)
        assert len(await stored(desk, Unmapped)) == 1
        assert counts(await client.post("/hooks/wms", json=row(2, version=2))) == (1, 0, 0)
        assert len(await stored(desk, BusinessEvent)) == 2


async def test_an_idempotency_key_tells_tellings_apart(tmp_path: Path) -> None:
    async with desk_of(tmp_path) as desk, client_of(desk.url) as client:

        async def send(key: str) -> tuple[int, int, int]:
            headers = {"Idempotency-Key": key}
            return counts(await client.post(BATCH, json=[EVENT], headers=headers))

        assert [await send("a"), await send("a"), await send("b")] == [
            (1, 0, 0), (0, 1, 0), (1, 0, 0),
        ]  # fmt: skip
        answer = await client.post(BATCH, json=[EVENT], headers={"Idempotency-Key": "x" * 300})
        assert answer.status_code == 400
        assert len(await stored(desk, BusinessEvent)) == 2


async def test_a_body_that_is_no_document(tmp_path: Path) -> None:
    async with desk_of(tmp_path) as desk, client_of(desk.url) as client:
        headers = {"Content-Type": "application/json"}
        answer = await client.post(BATCH, content=b"{nonsense", headers=headers)
        assert answer.status_code == 400
        assert answer.json()["type"] == "urn:werknetz:problem:unreadable_document"
        # A machine's hook cannot correct itself: its body is kept for a person.
        assert counts(await client.post("/hooks/wms", content=b"{nonsense")) == (0, 0, 1)
        assert counts(await client.post("/hooks/wms", content=b"{nonsense")) == (0, 0, 1)
        refused = await stored(desk, Unmapped)
        assert [(r.source, r.raw) for r in refused] == [("hooks/wms", b"{nonsense")]


async def test_who_may_not_send_gets_a_problem_that_helps(tmp_path: Path) -> None:
    async with desk_of(tmp_path) as desk, client_of(desk.url, key="") as client:
        missing = await client.post("/hooks/wms", json={})
        assert (missing.status_code, missing.json()["detail"]) == (401, "No key was sent.")
        assert missing.headers["Content-Type"] == "application/problem+json"
        wrong = await client.post("/hooks/wms", json={}, headers={"X-API-Key": KEY[:-1] + "x"})
        assert (wrong.status_code, wrong.json()["type"][-9:]) == (401, "key_wrong")
        unknown = await client.post("/hooks/erp", json={})
        assert (unknown.status_code, unknown.json()["type"][-14:]) == (404, "unknown_source")
        basic = base64.b64encode(f"sender:{KEY}".encode()).decode()
        for headers in (
            {"Authorization": f"Bearer {KEY}"},
            {"Authorization": f"Basic {basic}"},
            {"x-api-key": KEY},
        ):
            answer = await client.post("/hooks/note", content=b"moin", headers=headers)
            assert answer.status_code == 200
        assert (await client.get("/health")).json()["state"] == "running"
        assert (await client.get("/nothing")).status_code == 404
        assert (await client.get("/hooks/wms")).status_code == 405
        assert not [d for d in desk.kept if d.records and d.records[0].source == "hooks/wms"]


async def test_signatures(tmp_path: Path) -> None:
    options = options_of(tmp_path)
    whsec = "whsec_" + base64.b64encode(SECRET.encode()).decode()
    plain = {
        "method": "hmac", "header": "X-Hub-Signature-256", "prefix": "sha256=",
        "secret": {"file": str(key_file(tmp_path, "plain", f"{SECRET}old\n{SECRET}"))},
    }  # fmt: skip
    stamped = {
        "method": "hmac", "header": "webhook-signature", "prefix": "v1,", "encoding": "base64",
        "secret": {"file": str(key_file(tmp_path, "stamped", whsec))}, "secret_encoding": "base64",
        "signed": "{id}.{timestamp}.{body}", "timestamp_header": "webhook-timestamp",
        "id_header": "webhook-id",
    }  # fmt: skip
    options["sources"] |= {
        "plain": {"auth": plain, "payload": "text"},
        "stamped": {"auth": stamped, "payload": "text"},
    }
    body = b'{"n": 1}'

    def signed(text: bytes, secret: str = SECRET) -> bytes:
        return hmac.new(secret.encode(), text, hashlib.sha256).digest()

    async with (
        desk_of(tmp_path, sources=options["sources"]) as desk,
        client_of(desk.url, key="") as client,
    ):

        async def status(path: str, headers: dict[str, str], content: bytes = body) -> str:
            answer = await client.post(f"/hooks/{path}", content=content, headers=headers)
            return "ok" if answer.is_success else str(answer.json()["type"]).rpartition(":")[2]

        good = {"X-Hub-Signature-256": f"sha256={signed(body).hex()}"}
        old = {"X-Hub-Signature-256": f"sha256={signed(body, SECRET + 'old').hex()}"}
        bare = {"X-Hub-Signature-256": signed(body).hex()}
        assert await status("plain", good) == "ok"
        assert await status("plain", old) == "ok"
        assert await status("plain", good, body + b" ") == "signature_wrong"
        assert await status("plain", bare) == "signature_wrong"
        assert await status("plain", {}) == "signature_missing"
        packed = gzip.compress(body)
        over_packed = {"X-Hub-Signature-256": f"sha256={signed(packed).hex()}"}
        assert await status("plain", over_packed | {"Content-Encoding": "gzip"}, packed) == "ok"

        def headers(at_s: float) -> dict[str, str]:
            stamp = str(int(at_s))
            mac = base64.b64encode(signed(f"m1.{stamp}.".encode() + body)).decode()
            return {
                "webhook-signature": f"v1,AAAA v1,{mac}", "webhook-timestamp": stamp,
                "webhook-id": "m1",
            }  # fmt: skip

        now_s = time.time()
        assert await status("stamped", headers(now_s)) == "ok"
        assert await status("stamped", headers(now_s - 900)) == "timestamp_old"
        moved = headers(now_s) | {"webhook-timestamp": str(int(now_s) + 1)}
        assert await status("stamped", moved) == "signature_wrong"
        assert await status("stamped", headers(now_s) | {"webhook-timestamp": "soon"}) == (
            "timestamp_missing"
        )


async def test_sizes_are_bounded(tmp_path: Path) -> None:
    async with (
        desk_of(tmp_path, body_max_bytes=10_000, stream_max_bytes=3_000_000) as desk,
        client_of(desk.url) as client,
    ):
        assert (await client.post("/hooks/note", content=b"x" * 10_001)).status_code == 413
        bomb = gzip.compress(b"0" * 50_000_000)
        headers = {"Content-Encoding": "gzip"}
        answer = await client.post("/hooks/lines", content=bomb, headers=headers)
        assert answer.status_code == 413
        assert (
            await client.post("/hooks/lines", content=b"no", headers=headers)
        ).status_code == 400
        cut = await client.post("/hooks/lines", content=gzip.compress(b"1\n")[:-4], headers=headers)
        assert cut.status_code == 400
        odd = await client.post("/hooks/lines", content=b"1", headers={"Content-Encoding": "br"})
        assert odd.status_code == 415
        large = b"".join(b'{"kind":"job_started","equipment":"e","order_number":"%d"}\n' % n
                         for n in range(12_000))  # fmt: skip
        found = await client.post(BATCH, content=large, headers={"Content-Type": "text/csv"})
        assert found.json()["accepted"] == 0
        taken = await client.post(
            BATCH, content=gzip.compress(large),
            headers=headers | {"Content-Type": "application/x-ndjson"},
        )  # fmt: skip
        assert counts(taken) == (12_000, 0, 0)
        assert max(len(delivery.records) for delivery in desk.kept) <= 3_000
        assert max(len(m.content) for delivery in desk.kept for m in delivery.messages) < 1_000_000


async def test_slow_senders_do_not_hold_it(tmp_path: Path) -> None:
    async with desk_of(tmp_path, header_s=0.3, body_s=0.3) as desk, client_of(desk.url) as client:
        port = desk.connector.port

        async def slowly(*parts: bytes) -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                for part in parts:
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(0.1)
                async with asyncio.timeout(10):
                    return await reader.read(-1)
            finally:
                writer.close()

        head = b"POST /hooks/note HTTP/1.1\r\nHost: a\r\nX-API-Key: %b\r\n" % KEY.encode()
        assert await slowly(b"") == b""
        assert await slowly(head) == b""
        started = head + b"Content-Length: 100\r\n\r\n"
        assert b" 408 " in await slowly(started, b"x", b"x")
        first = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
        answered = await slowly(first, b"GET /hea")
        assert answered.startswith(b"HTTP/1.1 200")
        assert b" 400 " in await slowly(head + b"X: " + b"y" * 20_000)
        assert (await client.post("/hooks/note", content=b"moin")).status_code == 200


async def test_more_than_it_takes_at_once_are_told_to_come_back(tmp_path: Path) -> None:
    async with (
        desk_of(tmp_path, requests_max=2, answer_s=5) as desk,
        client_of(desk.url) as client,
    ):
        desk.hold.clear()
        await asyncio.sleep(0.6)
        sending = [
            asyncio.create_task(client.post(BATCH, json=[{**EVENT, "material": f"M{n}"}]))
            for n in range(6)
        ]
        done, waiting = await asyncio.wait(sending, timeout=3)
        assert {task.result().status_code for task in done} <= {200, 503}
        assert sum(task.result().status_code == 503 for task in done) >= 3
        desk.hold.set()
        answers = await asyncio.gather(*waiting)
        assert [answer.status_code for answer in answers] == [200] * len(waiting)


async def test_whatever_comes_is_refused_or_kept(tmp_path: Path) -> None:
    """Bytes without sense, at every address, in every coding: an answer, and it goes on."""
    chance = random.Random(4711)
    pieces = [
        b"{", b"}", b"[", b"]", b",", b'"kind":', b'"stock_counted"', b"\n", b"\0", b"\xff", b'"',
        b'{"hall":"a","weight":1}', b"1e999", b"-", b";", b"\\ud800", b"\xef\xbb\xbf", b'"id":1',
    ]  # fmt: skip
    kinds = ["application/json", "application/x-ndjson", "text/csv", "application/xml"]
    paths = [BATCH, *(f"/hooks/{name}" for name in ("wms", "lines", "table", "note", "scales"))]
    async with desk_of(tmp_path) as desk, client_of(desk.url) as client:
        seen: set[int] = set()
        for _ in range(400):
            body = b"".join(chance.choices(pieces, k=chance.randrange(20)))
            if chance.random() < 0.3:
                body = chance.randbytes(chance.randrange(300))
            headers = {"Content-Type": chance.choice(kinds)}
            if chance.random() < 0.2:
                headers["Content-Encoding"] = chance.choice(["gzip", "deflate"])
                body = gzip.compress(body) if chance.random() < 0.5 else body
            answer = await client.post(chance.choice(paths), content=body, headers=headers)
            seen.add(answer.status_code)
            assert answer.status_code in {200, 400, 413, 415}, (body, answer.text)
        assert seen >= {200, 400, 415}
        assert counts(await client.post(BATCH, json=[EVENT])) == (1, 0, 0)


async def test_answers_do_not_wait_for_the_other_sides_acknowledgement(tmp_path: Path) -> None:
    async with desk_of(tmp_path) as desk, client_of(desk.url) as client:
        await client.get("/health")
        server = desk.connector._server
        assert server is not None
        (connection,) = server._server.server_state.connections
        spoken = connection.transport.get_extra_info("socket")
        assert spoken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_over_tls(tmp_path: Path) -> None:
    key, cert = tmp_path / "tls.key", tmp_path / "tls.crt"
    authority = certificate(key, cert)
    tls = {"cert": str(cert), "key": str(key)}
    async with (
        desk_of(tmp_path, tls=tls) as desk,
        client_of(desk.url, verify=authority) as client,
    ):
        assert counts(await client.post(BATCH, json=[EVENT])) == (1, 0, 0)
    cert.write_text("no certificate")
    with pytest.raises(ConfigurationRejected, match="check the files"):
        async with desk_of(tmp_path, tls=tls):
            pass
    with pytest.raises(ConfigurationRejected, match="openssl rand"):
        async with desk_of(tmp_path, events=empty_key(tmp_path)):
            pass


def empty_key(folder: Path) -> dict[str, Any]:
    return {"method": "key", "secret": {"file": str(key_file(folder, "empty", ""))}}


def certificate(key_path: Path, cert_path: Path) -> ssl.SSLContext:
    """Write a key and a certificate of its own for 127.0.0.1; return who trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "edge")])
    now = datetime.now(UTC)
    made = (
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
    cert_path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return ssl.create_default_context(cadata=cert_path.read_text())
