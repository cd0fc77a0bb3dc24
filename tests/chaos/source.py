"""A source with an oracle: every message is in an fsynced log before the broker sees it.

Run as a process of its own that nobody kills. `generated` lines are written before the
publish, `taken` lines after the broker's PUBACK: from then on nothing may be lost. `resent`:
the source itself says it twice (QoS 1 after a lost connection), so it may be there twice.
"""

import argparse
import json
import os
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import paho.mqtt.client as paho

TOPIC = "chaos/{machine}/cycle"
IN_FLIGHT_MAX = 500
WAITING_MAX = 5000


class Oracle:
    """Lines on disk, synced in groups: a line counts only once `sync` has returned."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")
        self._lock = threading.Lock()

    def write(self, kind: str, machine: str, n: int, at_us: int) -> None:
        with self._lock:
            self._file.write(f"{kind} {machine} {n} {at_us}\n".encode())

    def sync(self) -> None:
        with self._lock:
            self._file.flush()
            os.fsync(self._file.fileno())


def connect(url: str) -> paho.Client:
    parts = urlsplit(url)
    client = paho.Client(
        paho.CallbackAPIVersion.VERSION2, client_id="chaos-source", clean_session=False
    )
    client.username_pw_set(parts.username, parts.password)
    client.max_inflight_messages_set(IN_FLIGHT_MAX)
    client.reconnect_delay_set(1, 2)
    client.connect_async(parts.hostname or "127.0.0.1", parts.port or 1883, keepalive=10)
    client.loop_start()
    return client


def publish(client: paho.Client, oracle: Oracle, *, machines: int, rate: float, stop: Path) -> None:
    waiting: dict[int, tuple[str, int, int]] = {}

    def on_connect(*_: object) -> None:
        # What the client repeats now, also what `publish` has taken and not returned yet.
        with client._out_message_mutex:
            unanswered = [(m.topic, m.payload) for m in client._out_messages.values()]
        for topic, body in unanswered:
            fields = json.loads(body)
            oracle.write("resent", topic.split("/")[1], fields["n"], fields["us"])

    client.on_connect = on_connect
    n = 0
    began = time.monotonic()
    while not stop.exists():
        n += 1
        group = []
        for number in range(machines):
            at_us = time.time_ns() // 1000
            machine = f"press-{number}"
            oracle.write("generated", machine, n, at_us)
            group.append((machine, at_us))
        oracle.sync()
        for machine, at_us in group:
            body = json.dumps({"t": at_us / 1e6, "us": at_us, "n": n, "good": n})
            sent = client.publish(TOPIC.format(machine=machine), body, qos=1)
            waiting[sent.mid] = (machine, n, at_us)
            while len(waiting) > WAITING_MAX and not stop.exists():  # the broker is down
                time.sleep(0.01)
                settle(client, oracle, waiting)
        settle(client, oracle, waiting)
        time.sleep(max(0.0, began + n * machines / rate - time.monotonic()))
    deadline = time.monotonic() + 300  # `settle` of chaos.run waits longer
    while client._out_messages and time.monotonic() < deadline:
        time.sleep(0.1)
    settle(client, oracle, waiting)
    oracle.sync()
    if waiting:
        sys.exit(f"{len(waiting)} messages were never taken by the broker")


def settle(client: paho.Client, oracle: Oracle, waiting: dict[int, tuple[str, int, int]]) -> None:
    for mid in [mid for mid in waiting if mid not in client._out_messages]:
        oracle.write("taken", *waiting.pop(mid))


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--mqtt", required=True)
    arguments.add_argument("--oracle", type=Path, required=True)
    arguments.add_argument("--stop", type=Path, required=True)
    arguments.add_argument("--machines", type=int, default=4)
    arguments.add_argument("--rate", type=float, default=400.0)
    options = arguments.parse_args()
    client = connect(options.mqtt)
    publish(
        client,
        Oracle(options.oracle),
        machines=options.machines,
        rate=options.rate,
        stop=options.stop,
    )
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main()
