"""Large bodies leave in slices, so that compressing them holds nobody up."""

import pytest
from starlette.responses import Response
from starlette.types import Message, Scope

from werknetz_core.limits.middleware import SLICE_BYTES, SlicedBodies

pytestmark = pytest.mark.asyncio


async def bodies_of(size: int) -> list[Message]:
    """Return the messages of an answer after its start."""
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        messages.append(message)

    content = bytes(n % 251 for n in range(size))
    scope: Scope = {"type": "http", "method": "GET"}
    await SlicedBodies(Response(content))(scope, receive, send)
    assert messages[0]["type"] == "http.response.start"
    assert b"".join(message["body"] for message in messages[1:]) == content
    return messages[1:]


async def test_a_body_is_sent_in_slices_of_which_the_last_ends_it() -> None:
    sizes = [len(message["body"]) for message in await bodies_of(2 * SLICE_BYTES + 1)]
    assert sizes == [SLICE_BYTES, SLICE_BYTES, 1]
    more = [message["more_body"] for message in await bodies_of(2 * SLICE_BYTES)]
    assert more == [True, False]


async def test_a_small_body_is_sent_as_it_is() -> None:
    (body,) = await bodies_of(SLICE_BYTES)
    assert not body.get("more_body", False)
