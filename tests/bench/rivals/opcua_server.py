"""An OPC UA server with 500 variables of four types: `python -m bench.rivals.opcua_server PORT`.

A line `N` on its input: change all of them N times, one round every 100 ms; then print what was
sent as JSON.
"""

import asyncio
import json
import logging
import sys
import time
from datetime import UTC, datetime
from itertools import count
from typing import Any

from asyncua import Server, ua  # type: ignore[attr-defined]

EVERY_S = 0.1
TYPES = (  # no Boolean: the gateway's sink cannot store it
    [ua.VariantType.Double] * 200
    + [ua.VariantType.Int32] * 150
    + [ua.VariantType.Float] * 100
    + [ua.VariantType.String] * 50
)
NODES = tuple(f"ns=2;s=v{number}" for number in range(len(TYPES)))


def value_of(kind: ua.VariantType, turn: int) -> Any:
    """Return a value that differs from that of the turn before."""
    if kind is ua.VariantType.String:
        return f"batch-{turn}"
    return turn if kind is ua.VariantType.Int32 else 20 + turn * 0.25


async def serve(port: int) -> None:
    server = Server()
    await server.init()
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/bench")
    space = await server.register_namespace("urn:werknetz:bench")
    folder = await server.nodes.objects.add_object(space, "Bench")
    assert space == int(NODES[0][3])
    for node, kind in zip(NODES, TYPES, strict=True):
        await folder.add_variable(
            ua.NodeId.from_string(node), node.rpartition("=")[2], value_of(kind, 0), kind
        )
    await server.start()
    print("ready", flush=True)
    turns = count(1)
    while line := await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(await change(server, turns, int(line))), flush=True)


async def change(server: Server, turns: "count[int]", rounds: int) -> dict[str, Any]:
    nodes = [ua.NodeId.from_string(node) for node in NODES]
    since_s = time.time() // EVERY_S * EVERY_S
    began = time.monotonic()
    for number in range(rounds):
        await asyncio.sleep(began + number * EVERY_S - time.monotonic())
        at: Any = datetime.now(UTC)
        turn = next(turns)
        for node, kind in zip(nodes, TYPES, strict=True):
            value = ua.DataValue(ua.Variant(value_of(kind, turn), kind), SourceTimestamp=at)
            await server.write_attribute_value(node, value)
    return {
        "messages": rounds,
        "values": rounds * len(nodes),
        "since_s": since_s,
        "until_s": time.time() + EVERY_S,
    }


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(serve(int(sys.argv[1])))
