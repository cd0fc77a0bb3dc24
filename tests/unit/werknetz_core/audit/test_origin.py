"""From where a change comes: address, kind of client and trace id of the request at hand."""

import pytest
from starlette.types import Message, Scope

from werknetz_core.audit.origin import (
    CLIENT_MAX,
    Origin,
    OriginMiddleware,
    current_origin,
    origin_of,
)


def scope_of(agent: bytes | None, client: tuple[str, int] | None = ("10.0.0.7", 5)) -> Scope:
    headers = [] if agent is None else [(b"user-agent", agent)]
    return {"type": "http", "headers": headers, "client": client, "trace_id": "ab" * 16}


@pytest.mark.parametrize(
    ("agent", "client"),
    [
        (b"curl/8.5", "curl/8.5"),
        (None, None),
        (b"", None),
        (b"a" * CLIENT_MAX, "a" * CLIENT_MAX),
        (b"a" * (CLIENT_MAX + 1), "a" * CLIENT_MAX),
        (b"a\x00b\x1b[31m", "a�b�[31m"),
        ("Größe".encode("latin-1"), "Größe"),
    ],
)
def test_the_kind_of_client_is_bounded_and_printable(
    agent: bytes | None, client: str | None
) -> None:
    assert origin_of(scope_of(agent)) == Origin("10.0.0.7", client, "ab" * 16)


def test_a_local_socket_has_no_address() -> None:
    assert origin_of(scope_of(b"x", client=None)).address is None


@pytest.mark.asyncio
async def test_the_origin_ends_with_its_request() -> None:
    origins: list[Origin] = []

    async def app(_scope: Scope, _receive: object, _send: object) -> None:
        origins.append(current_origin())

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_message: Message) -> None:
        return

    await OriginMiddleware(app)(scope_of(b"curl/8.5"), receive, send)
    assert origins == [Origin("10.0.0.7", "curl/8.5", "ab" * 16)]
    after = current_origin()
    assert (after.address, after.trace_id) == (None, None)
    assert (after.client or "").startswith("werknetz (")
