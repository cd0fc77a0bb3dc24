"""TLS of the HTTP server: half-open handshakes, renewal without a restart, refused clients."""

import asyncio
import shutil
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from plumbing.certificates import Authority
from plumbing.http_clients import LAST_HELLO, PATIENCE_S, RawClient, Stage, connect, start_stage
from plumbing.waiting import until
from werknetz.runtime.http_server.limits import HttpLimits
from werknetz.runtime.http_server.server import HttpServer
from werknetz.runtime.http_server.tls import TlsFilesInvalid

pytestmark = pytest.mark.asyncio
PATIENT = HttpLimits(header_s=600, idle_s=600, body_s=600, write_s=600)


async def get_with_tls(
    stage: Stage, context: ssl.SSLContext, request: bytes = LAST_HELLO
) -> tuple[bytes, int]:
    """Return the answer and the serial number of the server's certificate."""
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", stage.server.port, ssl=context, server_hostname="localhost"
        )
    certificate = writer.get_extra_info("ssl_object").getpeercert()
    answer = await RawClient(reader, writer).exchange(request)
    writer.close()
    return answer, int(certificate["serialNumber"], 16)


async def test_half_open_handshakes_take_no_places(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    limits = replace(PATIENT, connections_max=50)
    async with start_stage(limits, authority.issue("server")) as stage:
        clients = [await connect(stage, source=f"127.0.0.{1 + n % 20}") for n in range(70)]
        for client in clients[::2]:
            client.writer.write(b"\x16\x03\x01")
        answer, _ = await get_with_tls(stage, authority.client_context())
        assert answer.endswith(b"https hello")
        assert b"strict-transport-security: max-age=" in answer
        invalid = b"GET / HTTP/1.1\r\n\r\n"  # without a Host
        refused, _ = await get_with_tls(stage, authority.client_context(), invalid)
        assert refused.startswith(b"HTTP/1.1 400 ")
        assert b"strict-transport-security: max-age=" in refused
        assert stage.open <= 50
        plain = await connect(stage)
        assert not (await plain.exchange(LAST_HELLO)).startswith(b"HTTP/1.1 200")
        for client in (*clients, plain):
            client.close()


async def test_half_open_handshakes_end_after_the_header_time(tmp_path: Path) -> None:
    limits = replace(PATIENT, header_s=1)
    async with start_stage(limits, Authority(tmp_path).issue("server")) as stage:
        client = await connect(stage)
        client.writer.write(b"\x16\x03\x01")
        assert await client.read_all() == b""
        await until(lambda: stage.open == 0, within_s=PATIENCE_S)
        client.close()


async def test_a_renewed_certificate_serves_new_handshakes(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = authority.client_context()
    files = authority.issue("server")
    async with start_stage(PATIENT, files) as stage:
        _, first = await get_with_tls(stage, context)
        for new, current in zip(authority.issue("renewed"), files, strict=True):
            shutil.copy(new, current)
        async with asyncio.timeout(PATIENCE_S):
            while (await get_with_tls(stage, context))[1] == first:  # noqa: ASYNC110  only a handshake shows it
                await asyncio.sleep(0.2)
        _, renewed = await get_with_tls(stage, context)
        shutil.copy(authority.issue("expired", days=(-9, -1))[0], files[0])
        tls = stage.server._server._tls
        assert tls is not None
        await until(lambda: tls._stamp == tls._read_stamp(), within_s=PATIENCE_S)
        assert (await get_with_tls(stage, context))[1] == renewed


async def test_another_authority_is_not_trusted(tmp_path: Path) -> None:
    files = Authority(tmp_path).issue("server")
    async with start_stage(PATIENT, files) as stage:
        other = Authority(tmp_path, "other authority").client_context()
        with pytest.raises(ssl.SSLCertVerificationError):
            await get_with_tls(stage, other)


async def test_the_server_does_not_start_with_an_expired_certificate(tmp_path: Path) -> None:
    stage = Authority(tmp_path).issue("server", days=(-9, -1))
    server = HttpServer(lambda *_: asyncio.sleep(0), host="127.0.0.1", port=0, tls=stage)
    with pytest.raises(TlsFilesInvalid, match=r"expired.*renew the certificate"):
        await server.start()
