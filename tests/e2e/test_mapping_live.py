"""A mapping is changed while machines speak: real processes, the command line, nothing lost."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import paho.mqtt.client as paho
import pytest
import yaml
from paho.mqtt.enums import CallbackAPIVersion

from plumbing.platform import Platform, platform

PRESS = "nordwerk/emden-1/body/line-2/press-3"


def mapping(version: int, *, right: bool) -> dict[str, object]:
    return {
        "name": "press-3",
        "version": version,
        "enums": {"zustand": {"LAEUFT": "producing", **({"STEHT": "idle"} if right else {})}},
        "rules": [
            {"source": "live/press#druck", "equipment": PRESS, "signal": "pressure",
             "decimal": "comma" if right else "point", "unit": "bar"},
            {"source": "live/press#zustand", "equipment": PRESS, "signal": "state",
             "role": "state", "states": "zustand"},
        ],
    }  # fmt: skip


def edge_file(folder: Path, mqtt_url: str) -> Path:
    parts = urlsplit(mqtt_url)
    file = folder / "press.yaml"
    tree = {
        "connector": "press-mqtt",
        "protocol": "mqtt",
        "options": {
            "url": f"mqtt://{parts.hostname}:{parts.port}",
            "user": parts.username,
            "password": parts.password,
            "topics": [{"topic": "live/press", "payload": "json", "unique": True}],
        },
        "mapping": mapping(1, right=False),
    }
    file.write_text(yaml.safe_dump(tree, allow_unicode=True))
    return file


@contextmanager
def press(mqtt_url: str) -> Iterator[list[int]]:
    """A press that tells its number, pressure and state ten times a second, at QoS 1."""
    parts = urlsplit(mqtt_url)
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(parts.username, parts.password)
    client.connect(parts.hostname or "", parts.port or 1883)
    client.loop_start()
    told: list[int] = []
    stop = threading.Event()

    def tell() -> None:
        while not stop.wait(0.1):
            n = len(told) + 1
            body = {"druck": f"{n},5", "zustand": "STEHT" if n % 4 else "LAEUFT"}
            client.publish("live/press", json.dumps(body), qos=1).wait_for_publish(10)
            told.append(n)

    telling = threading.Thread(target=tell)
    telling.start()
    try:
        yield told
    finally:
        stop.set()
        telling.join(15)
        client.disconnect()
        client.loop_stop()


def stored(found: Platform) -> list[float]:
    rows = found.query(
        "SELECT x.value FROM samples x JOIN signals s ON s.id = x.signal_id"
        " WHERE s.name = 'pressure' ORDER BY x.value"
    )
    return [row[0] for row in rows]


@pytest.mark.timeout(180)
def test_a_mapping_is_tried_activated_and_replayed_while_machines_speak(
    tmp_path: Path, database_url: str, redis_url: str, mqtt_url: str
) -> None:
    repaired = tmp_path / "press-2.yaml"
    repaired.write_text(yaml.safe_dump(mapping(2, right=True), allow_unicode=True))
    with platform(tmp_path, database_url, redis_url, role="engineer") as found:
        found.start("edge", "edge", str(edge_file(tmp_path, mqtt_url)))
        found.until("the edge runs", lambda: _state(found, "state") == "running")
        with press(mqtt_url) as told:
            found.until("some are told", lambda: len(told) > 40)
            found.until("the desk has some", lambda: _refused(found) > 0)
            groups = found.command("quarantine", "groups", "-o", "json")
            reasons = {row["reason"] for row in json.loads(groups.stdout)}
            assert any("is it `decimal: comma`?" in reason for reason in reasons), groups.stdout

            diff = found.command("mapping", "diff", str(repaired), "-o", "json")
            seen = json.loads(diff.stdout)
            assert seen["unmapped_before"]["codes"] == ["STEHT"]
            assert seen["unmapped_after"]["codes"] == []
            assert {p["key"].rpartition(":")[2] for p in seen["points"]} == {"pressure", "state"}
            preview = found.command("mapping", "preview", str(repaired))
            assert "0 of 2 state codes unmapped" in preview.stdout, preview

            assert found.command("mapping", "add", str(repaired)).returncode == 0
            done = found.command("mapping", "activate", "press-3", "2", "--replay", "-1h")
            assert "press-mqtt: in sync" in done.stdout, done
            assert "left quarantine" in done.stdout, done
            found.until("it goes on", lambda: len(told) > len(stored(found)) - 5)
            time.sleep(1)

            # Killed and without the core, it goes on with what it was given.
            found.children["edge"].kill()
            edge = found.start("edge", "edge", str(tmp_path / "press.yaml"))
            found.until("it is back", lambda: edge.is_alive and _state(found, "state") == "running")
            assert _state(found, "mapping") == "press-3@2"
            more = len(told) + 10
            found.until("more are told", lambda: len(told) > more)
        found.until("all are there", lambda: len(stored(found)) >= len(told))
        assert stored(found) == [n + 0.5 for n in told]
        unknown = found.query(
            "SELECT count(*) FROM samples x JOIN signals s ON s.id = x.signal_id"
            " WHERE s.name = 'state' AND x.status <> 0"
        )
        assert unknown[0][0] == 0
        versions = found.query(
            "SELECT DISTINCT v.version FROM samples x JOIN signals s ON s.id = x.signal_id"
            " JOIN mapping_versions v ON v.id = x.mapping_id WHERE s.name = 'pressure'"
        )
        assert [row[0] for row in versions] == [2]
        assert _refused(found) == 0


def _state(found: Platform, name: str) -> object:
    rows = found.get("connectors")["items"]
    return next((row[name] for row in rows if row["id"] == "press-mqtt"), None)


def _refused(found: Platform) -> int:
    rows = found.query("SELECT count(*) FROM quarantine WHERE state = 'open'")
    return int(rows[0][0])
