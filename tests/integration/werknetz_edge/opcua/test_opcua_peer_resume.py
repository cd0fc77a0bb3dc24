"""Sessions of a foreign server (node-opcua) are resumed over outages."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from plumbing.opcua_edge import SpooledEdge, spooled_edge
from plumbing.peers import peer, why_not
from plumbing.wire import Wire
from werknetz_demo.embedded.process import free_port

PROGRAM: Final = "opcua_server.js"
GOOD: Final = "nsu=urn:plant:peer;s=Cell7.GoodCount"

pytestmark = [
    pytest.mark.peers, pytest.mark.slow, pytest.mark.asyncio, pytest.mark.timeout(600),
]  # fmt: skip


async def counts(running: SpooledEdge) -> list[float]:
    """Return the distinct good counts in their order: some may have come from the history."""
    return sorted(set(await running.values_of(GOOD)))


@pytest.mark.parametrize("mutes", [False, True], ids=["refused", "silent"])
async def test_a_session_is_resumed(tmp_path: Path, *, mutes: bool) -> None:
    """The good count rises by one every half second, in the first 40 s of each minute."""
    program = peer(PROGRAM)
    if program is None:
        pytest.skip(why_not(PROGRAM))
    port = free_port()
    server = await asyncio.create_subprocess_exec(
        "node", str(program), str(port), cwd=program.parent,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    wire = Wire("127.0.0.1", port)
    try:
        assert server.stdout is not None
        async with asyncio.timeout(90):
            while not (line := await server.stdout.readline()).startswith(b"UP"):
                assert line, "the peer ended"
        await wire.show()
        options = {
            "url": f"opc.tcp://127.0.0.1:{wire.listening}/plant",
            "policy": "None", "allow_insecure": True, "outage_s": 60, "timeout_s": 3,
            "browse": [{"root": "/Objects/Cell7"}], "silence_s": 4, "publishing_ms": 100,
        }  # fmt: skip
        async with spooled_edge(options, tmp_path) as running:
            await running.until_running()
            async with asyncio.timeout(90):
                while len(await counts(running)) < 4:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            if mutes:
                wire.mutes_server = wire.mutes_client = True
            else:
                await wire.hide()
            await asyncio.sleep(8)
            last = (await counts(running))[-1]
            if mutes:
                wire.mutes_server = wire.mutes_client = False
            else:
                await wire.show()
            async with asyncio.timeout(90):
                while (await counts(running))[-1] < last + 16:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            values = await counts(running)
            assert values == [values[0] + n for n in range(len(values))]
            _, *outages = await running.gaps()  # the first is that of the start
            assert outages
            assert all(end is not None and end.backfilled for _, end in outages), outages
    finally:
        await wire.hide()
        server.kill()
        await server.wait()
