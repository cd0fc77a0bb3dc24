"""An OPC UA server with so many Double variables: `python -m bench.scale.opcua_server PORT ITEMS`.

A line `N` on its input: change all of them N times, a round a second; then print `done`.
"""

import asyncio
import logging
import sys
import time
from datetime import UTC, datetime
from typing import Any

from asyncua import Server, ua  # type: ignore[attr-defined]

EVERY_S = 1.0
FOLDER_ITEMS = 100  # the server looks through all of a folder for each new one


async def serve(port: int, items: int) -> None:
    server = Server()
    await server.init()
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/scale")
    space = await server.register_namespace("urn:werknetz:scale")
    folder = await server.nodes.objects.add_object(space, "Scale")
    nodes = [ua.NodeId(f"v{number}", space) for number in range(items)]
    for first in range(0, items, FOLDER_ITEMS):
        part = await folder.add_object(space, f"part-{first}")
        for node in nodes[first : first + FOLDER_ITEMS]:
            await part.add_variable(node, str(node.Identifier), 0.0, ua.VariantType.Double)
    await server.start()
    print("ready", flush=True)
    turn = 0
    while line := await asyncio.to_thread(sys.stdin.readline):
        for _ in range(int(line)):
            began = time.monotonic()
            turn += 1
            await _change(server, nodes, float(turn))
            await asyncio.sleep(max(0.0, began + EVERY_S - time.monotonic()))
        print("done", flush=True)


async def _change(server: Server, nodes: list[ua.NodeId], number: float) -> None:
    at: Any = datetime.now(UTC)
    for node in nodes:
        value = ua.DataValue(ua.Variant(number, ua.VariantType.Double), SourceTimestamp=at)
        await server.write_attribute_value(node, value)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
