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
    """A press that publishes its number, pressure and state ten times a second, at QoS 1."""
    parts = urlsplit(mqtt_url)
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(parts.username, parts.password)
    client.connect(parts.hostname or "", parts.port or 1883)
    client.loop_start()
    published: list[int] = []
    stop = threading.Event()

    def publish_values() -> None:
        while not stop.wait(0.1):
            n = len(published) + 1
            body = {"druck": f"{n},5", "zustand": "STEHT" if n % 4 else "LAEUFT"}
            client.publish("live/press", json.dumps(body), qos=1).wait_for_publish(60)
            published.append(n)

    telling = threading.Thread(target=publish_values)
    telling.start()
    try:
        yield published
    finally:
        stop.set()
        telling.join(90)
        client.disconnect()
        client.loop_stop()


def stored_values(stage: Platform) -> list[float]:
    rows = stage.query(
        "SELECT x.value FROM samples x JOIN signals s ON s.id = x.signal_id"
        " WHERE s.name = 'pressure' ORDER BY x.value"
    )
    return [row[0] for row in rows]


@pytest.mark.timeout(900)
def test_a_mapping_is_tried_activated_and_replayed_while_machines_publish(
    tmp_path: Path, database_url: str, redis_url: str, mqtt_url: str
) -> None:
    repaired = tmp_path / "press-2.yaml"
    repaired.write_text(yaml.safe_dump(mapping(2, right=True), allow_unicode=True))
    with platform(tmp_path, database_url, redis_url, role="engineer") as stage:
        stage.start("edge", "edge", str(edge_file(tmp_path, mqtt_url)))
        stage.until("the edge runs", lambda: _state(stage, "state") == "running")
        with press(mqtt_url) as published:
            stage.until("some are published", lambda: len(published) > 40)
            stage.until("the desk has some", lambda: _refused_count(stage) > 0)
            groups = stage.command("quarantine", "groups", "-o", "json")
            reasons = {row["reason"] for row in json.loads(groups.stdout)}
            assert any("is it `decimal: comma`?" in reason for reason in reasons), groups.stdout

            diff = stage.command("mapping", "diff", str(repaired), "-o", "json")
            versions_in_use = json.loads(diff.stdout)
            assert versions_in_use["unmapped_before"]["codes"] == ["STEHT"]
            assert versions_in_use["unmapped_after"]["codes"] == []
            assert {p["key"].rpartition(":")[2] for p in versions_in_use["points"]} == {
                "pressure",
                "state",
            }
            preview = stage.command("mapping", "preview", str(repaired))
            assert "0 of 2 state codes unmapped" in preview.stdout, preview

            assert stage.command("mapping", "add", str(repaired)).returncode == 0
            done = stage.command("mapping", "activate", "press-3", "2", "--replay", "-1h")
            assert "press-mqtt: in sync" in done.stdout, done
            assert "quarantine entries resolved" in done.stdout, done
            stage.until("it goes on", lambda: len(published) > len(stored_values(stage)) - 5)
            time.sleep(1)

            # Killed and without the core, it goes on with what it was given.
            stage.children["edge"].kill()
            edge = stage.start("edge", "edge", str(tmp_path / "press.yaml"))
            stage.until("it is back", lambda: edge.is_alive and _state(stage, "state") == "running")
            assert _state(stage, "mapping") == "press-3@2"
            more = len(published) + 10
            stage.until("more are published", lambda: len(published) > more)
        stage.until("all are there", lambda: len(stored_values(stage)) >= len(published))
        assert stored_values(stage) == [n + 0.5 for n in published]
        unknown = stage.query(
            "SELECT count(*) FROM samples x JOIN signals s ON s.id = x.signal_id"
            " WHERE s.name = 'state' AND x.status <> 0"
        )
        assert unknown[0][0] == 0
        versions = stage.query(
            "SELECT DISTINCT v.version FROM samples x JOIN signals s ON s.id = x.signal_id"
            " JOIN mapping_versions v ON v.id = x.mapping_id WHERE s.name = 'pressure'"
        )
        assert [row[0] for row in versions] == [2]
        assert _refused_count(stage) == 0


def _state(stage: Platform, name: str) -> object:
    rows = stage.get("connectors")["items"]
    return next((row[name] for row in rows if row["id"] == "press-mqtt"), None)


def _refused_count(stage: Platform) -> int:
    rows = stage.query("SELECT count(*) FROM quarantine WHERE state = 'open'")
    return int(rows[0][0])
