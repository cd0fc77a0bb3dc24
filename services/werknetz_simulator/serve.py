"""What one simulated plant does: its machines by their protocol, and the systems beside them.

Loads only the protocol that the plant speaks.
"""

from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from werknetz.runtime.settings import require_env
from werknetz_simulator.plants.machine import Plant
from werknetz_simulator.plants.position import Position
from werknetz_simulator.plants.truth import Truth

BROKEN: Final = "broken.json"  # in the folder of the state: what `demo break` writes
MES: Final = "palma-3-mes.sqlite"
QUALITY: Final = "chatt-6-quality"
Work = Coroutine[Any, Any, None]


@dataclass(frozen=True, slots=True)
class Places:
    """Where plants serve, and whom they push to; the broker is in WERKNETZ_MQTT_URL."""

    opcua_url: str
    modbus: tuple[str, int]
    s7: tuple[str, int]
    webhook_url: str
    webhook_key: Path | None


def place_of(text: str) -> tuple[str, int]:
    """Read HOST:PORT; raise ValueError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError(f"{text!r} is no HOST:PORT")
    return host, int(port)


def serve(
    plant: Plant, places: Places, state: Path | None, seed: str, since_us: int, start_us: int
) -> Iterator[Work]:
    """Yield what is to be run until cancelled. Without `state` there is no system beside."""
    since_us = min(since_us, start_us)
    broken = None if state is None else state / BROKEN

    def truth() -> Truth:
        return Truth(plant, since_us=since_us, seed=seed, broken=broken)

    file = None if state is None else state / f"{plant.name}.position"
    yield _machines(truth(), places, Position(file, start_us))
    if state is None:
        return
    if plant.name == "palma-3":
        from werknetz_simulator.plants.systems.mes import Mes

        yield Mes(truth(), state / MES, since_us).run()
    if plant.name == "chatt-6":
        from werknetz_simulator.plants.systems.quality_file import QualityFiles

        position = Position(state / f"{QUALITY}.position", since_us)
        yield QualityFiles(truth(), state / QUALITY, position).run()


def _machines(truth: Truth, places: Places, position: Position) -> Work:
    match truth.plant.protocol:
        case "opcua":
            from werknetz_simulator.protocols.opcua_plant import OpcuaPlant

            return OpcuaPlant(truth, places.opcua_url, position).run()
        case "mqtt":
            from werknetz_simulator.protocols.mqtt_plant import MqttPlant

            return MqttPlant(truth, require_env("WERKNETZ_MQTT_URL"), position).run()
        case "modbus":
            from werknetz_simulator.protocols.modbus_plant import ModbusPlant

            return ModbusPlant(truth, *places.modbus).run()
        case "sparkplug":
            from werknetz_simulator.protocols.sparkplug_plant import SparkplugPlant

            return SparkplugPlant(truth, require_env("WERKNETZ_MQTT_URL"), position).run()
        case "webhook":
            from werknetz_simulator.protocols.webhook_plant import WebhookPlant

            key = places.webhook_key or Path("webhook.key")
            return WebhookPlant(truth, places.webhook_url, key, position).run()
        case "s7":
            from werknetz_simulator.protocols.s7_plant import S7Plant

            return S7Plant(truth, *places.s7).run()
