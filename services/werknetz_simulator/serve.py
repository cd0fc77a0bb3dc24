"""The coroutines that simulate one plant: its machines over their protocol, MES, quality files.

Imports only the protocol library that the plant needs.
"""

from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from werknetz.runtime.settings import require_env
from werknetz_simulator.plants.machine import Plant
from werknetz_simulator.plants.position import ResumePosition
from werknetz_simulator.plants.truth import Truth

BROKEN_FILE: Final = "broken.json"  # in the state folder; written by `demo break`
MES_FILE: Final = "palma-3-mes.sqlite"
QUALITY_FOLDER: Final = "chatt-6-quality"
INSPECTION_FOLDER: Final = "emden-1-inspection"
ENERGY_FOLDER: Final = "emden-1-energy"
ORDERS_FOLDER: Final = "{plant}-orders"
ORDER_LIST_PLANTS: Final = frozenset({"emden-1", "zwick-2"})
Work = Coroutine[Any, Any, None]


@dataclass(frozen=True, slots=True)
class PlantEndpoints:
    """Addresses that plants listen on or push to; the broker is in WERKNETZ_MQTT_URL."""

    opcua_url: str
    modbus: tuple[str, int]
    s7: tuple[str, int]
    webhook_url: str
    webhook_key: Path | None


def parse_host_port(text: str) -> tuple[str, int]:
    """Parse HOST:PORT; raise ValueError if it is malformed."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError(f"{text!r} is not HOST:PORT")
    return host, int(port)


def plant_tasks(
    plant: Plant,
    places: PlantEndpoints,
    state: Path | None,
    seed: str,
    since_us: int,
    start_us: int,
) -> Iterator[Work]:
    """Yield coroutines that run until cancelled. MES and files need a `state` folder."""
    since_us = min(since_us, start_us)
    broken = None if state is None else state / BROKEN_FILE

    def truth() -> Truth:
        return Truth(plant, since_us=since_us, seed=seed, broken=broken)

    file = None if state is None else state / f"{plant.name}.position"
    yield _machine_task(truth(), places, ResumePosition(file, start_us))
    if state is None:
        return
    if plant.name == "palma-3":
        from werknetz_simulator.plants.systems.mes import MesDatabase

        yield MesDatabase(truth(), state / MES_FILE, since_us).run()
    if plant.name == "chatt-6":
        from werknetz_simulator.plants.systems.quality_file import QualityFileWriter

        position = ResumePosition(state / f"{QUALITY_FOLDER}.position", since_us)
        yield QualityFileWriter(truth(), state / QUALITY_FOLDER, position).run()
    if plant.name == "emden-1":
        from werknetz_simulator.plants.systems.inspection_files import InspectionFileWriter

        position = ResumePosition(state / f"{INSPECTION_FOLDER}.position", since_us)
        yield InspectionFileWriter(truth(), state / INSPECTION_FOLDER, position).run()
        from werknetz_simulator.plants.systems.energy_files import EnergyFileWriter

        position = ResumePosition(state / f"{ENERGY_FOLDER}.position", since_us)
        yield EnergyFileWriter(truth(), state / ENERGY_FOLDER, position).run()
    if plant.name in ORDER_LIST_PLANTS:
        from werknetz_simulator.plants.systems.order_lists import OrderListWriter

        folder = ORDERS_FOLDER.format(plant=plant.name)
        position = ResumePosition(state / f"{folder}.position", since_us)
        yield OrderListWriter(truth(), state / folder, position).run()


def _machine_task(truth: Truth, places: PlantEndpoints, position: ResumePosition) -> Work:
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
