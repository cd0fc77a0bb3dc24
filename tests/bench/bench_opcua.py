"""OPC UA: values per CPU second, our connector beside asyncua's own subscription.

One server in a process of its own; each client in its own too, so that CPU seconds are its own.
The server is asyncua's, but its notifications are encode once: else it, not the client, would
be measured (it makes about 16,000 changes a second).
"""

import asyncio
import json
import logging
import os
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.measure import Measure

ITEMS = 2000
EVERY_MS = 50
EPOCH_US = 11_644_473_600_000_000
URI = "urn:werknetz:bench"
READY_S = 60
BAR = 3.0


def measures(short: bool) -> list[Measure]:
    seconds = 4 if short else 10
    with tempfile.TemporaryDirectory() as folder:
        server = _child("server", "0", "0", folder)
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            theirs = _rate("theirs", port, seconds, folder)
            ours = _rate("ours", port, seconds, folder)
            spooled = _rate("spooled", port, seconds, folder)
        finally:
            server.kill()
            server.wait()
            if server.stdout is not None:
                server.stdout.close()
    return [
        Measure("OPC UA source → columns counted", _drop_repeats(ours), ours / theirs, BAR),
        Measure("OPC UA source → spool", _drop_repeats(spooled), spooled / theirs, BAR),
        Measure("  asyncua, a handler that only counts", _drop_repeats(theirs)),
    ]


def _drop_repeats(rate: float) -> str:
    return f"{rate:,.0f} values/CPU s"


def _child(role: str, port: str, seconds: str, folder: str) -> subprocess.Popen[str]:
    tests = str(Path(__file__).resolve().parents[1])
    return subprocess.Popen(
        [sys.executable, "-m", "bench.bench_opcua", role, port, seconds, folder],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONPATH": tests},
    )


def _rate(role: str, port: str, seconds: int, folder: str) -> float:
    child = _child(role, port, str(seconds), folder)
    try:
        out, _ = child.communicate(timeout=seconds + READY_S)
    finally:
        child.kill()
    values, cpu_s = json.loads(out.splitlines()[-1])
    if not values:
        raise RuntimeError(f"{role} received nothing")
    return float(values / cpu_s)


async def _serve() -> None:
    from asyncua import Server, ua
    from asyncua.server.internal_subscription import InternalSubscription

    def encode(subscription: Any) -> bytes:
        """All items once, as their notifications lie on the wire."""
        items = subscription.monitored_item_srv._monitored_items.values()
        handles = [item.client_handle for item in items][-ITEMS:]
        record = np.dtype([
            ("handle", "<u4"), ("mask", "u1"), ("type", "u1"), ("value", "<f8"),
            ("status", "<u4"), ("source", "<i8"), ("server", "<i8"),
        ])  # fmt: skip
        rows = np.zeros(len(handles), record)
        rows["handle"], rows["mask"], rows["type"] = handles, 0x0F, 11
        rows["value"] = np.arange(len(handles))
        rows["source"] = rows["server"] = (time.time_ns() // 1000 + EPOCH_US) * 10
        return struct.pack("<i", len(rows)) + rows.tobytes() + struct.pack("<i", -1)

    ready: dict[int, bytes] = {}
    original = InternalSubscription._pop_triggered_datachanges

    def pop(self: Any, result: Any) -> None:
        if self.pub_request_callback is None:
            original(self, result)
            return
        if len(self.monitored_item_srv._monitored_items) < ITEMS:
            self._triggered_datachanges.clear()
            return
        self._triggered_datachanges.clear()
        self._startup = True  # so that the next turn publishes again
        body = ready.get(id(self))
        if body is None:
            body = ready[id(self)] = encode(self)
        kind = ua.NodeId(ua.ObjectIds.DataChangeNotification_Encoding_DefaultBinary, 0)
        result.NotificationMessage.NotificationData.append(ua.ExtensionObject(kind, body))

    def has(self: Any) -> bool:
        if self.pub_request_callback is None:
            return bool(original_has(self))
        return len(self.monitored_item_srv._monitored_items) >= ITEMS

    original_has = InternalSubscription.has_published_results
    InternalSubscription._pop_triggered_datachanges = pop  # type: ignore[method-assign]  # the bench's server
    InternalSubscription.has_published_results = has  # type: ignore[method-assign]  # the bench's server
    server = Server()
    await server.init()
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    server.set_endpoint("opc.tcp://127.0.0.1:0/bench")
    space = await server.register_namespace(URI)
    cell = await server.nodes.objects.add_object(space, "Bench")
    for number in range(ITEMS):
        await cell.add_variable(ua.NodeId(f"v{number}", space), f"v{number}", float(number))
    await server.start()
    port = server.bserver._server.sockets[0].getsockname()[1]
    print(port, flush=True)
    await asyncio.sleep(600)


async def _theirs(url: str, seconds: float) -> tuple[int, float]:
    from asyncua import Client

    counted = 0

    class Counting:
        def datachange_notification(self, *_: Any) -> None:
            nonlocal counted
            counted += 1

    async with Client(url) as client:
        space = await client.get_namespace_index(URI)
        nodes = [client.get_node(f"ns={space};s=v{number}") for number in range(ITEMS)]
        subscription = await client.create_subscription(EVERY_MS, Counting())
        await subscription.subscribe_data_change(nodes, queuesize=10)
        await asyncio.sleep(1)
        before, cpu_s = counted, time.process_time()
        await asyncio.sleep(seconds)
        return counted - before, time.process_time() - cpu_s


async def _ours(url: str, seconds: float, folder: Path, *, spooled: bool) -> tuple[int, float]:
    from werknetz.connector.contract import Delivery
    from werknetz.connector.mapping.mapping import Mapping
    from werknetz.connector.normalize import Normalizer
    from werknetz.connector.raw import encode_delivery
    from werknetz_edge.opcua import create
    from werknetz_edge.spool.last_values import LastValues
    from werknetz_edge.spool.spool_file import clock_us, open_spool

    connector = create(
        "bench",
        {
            "url": url, "policy": "None", "allow_insecure": True, "publishing_ms": EVERY_MS,
            "sampling_ms": EVERY_MS, "browse": [{"root": "/Objects/Bench"}],
        },
        folder,
    )  # fmt: skip
    mapping = Mapping.model_validate(
        {"name": "bench", "version": 1, "unmapped": "store-as-is", "rules": []}
    )
    normalizer = Normalizer(mapping, "bench")
    file = open_spool(folder / "bench.spool", "bench")
    last_values = LastValues(file.spool)

    def keep(delivery: Delivery) -> None:
        now_us = clock_us()
        records = normalizer.normalize(delivery, now_us)
        if delivery.may_repeat:
            records = last_values.drop_repeats(records)
        raw = encode_delivery(delivery, now_us, mapping.label)  # as edges do by default
        records += [] if raw is None else [raw]
        file.spool.append(records, delivery.checkpoints)
        last_values.update(records)

    await connector.connect()
    values, before, cpu_s = 0, 0, 0.0
    start = time.monotonic() + 1
    warm = False
    try:
        while time.monotonic() < start + seconds:
            delivery = await asyncio.wait_for(connector.read(), 10)
            values += sum(len(block.address) for block in delivery.blocks)
            if spooled:
                await asyncio.to_thread(keep, delivery)
            await delivery.acknowledge()
            if not warm and time.monotonic() > start:
                warm, before, cpu_s = True, values, time.process_time()
        return values - before, time.process_time() - cpu_s
    finally:
        await connector.close()
        file.close()


def _main(role: str, port: str, seconds: str, folder: str) -> None:
    logging.disable(logging.CRITICAL)
    if role == "server":
        asyncio.run(_serve())
        return
    url = f"opc.tcp://127.0.0.1:{port}/bench"
    if role == "theirs":
        figures = asyncio.run(_theirs(url, float(seconds)))
    else:
        work = _ours(url, float(seconds), Path(folder), spooled=role == "spooled")
        figures = asyncio.run(work)
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:5])
