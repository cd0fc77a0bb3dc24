"""Which plant speaks how."""

from functools import cache
from typing import Final

from werknetz_simulator.machine import Plant, Protocol
from werknetz_simulator.spoken import s7
from werknetz_simulator.spoken.dialect import Dialect
from werknetz_simulator.spoken.modbus import MODBUS
from werknetz_simulator.spoken.mqtt import MQTT
from werknetz_simulator.spoken.opcua import OPCUA
from werknetz_simulator.spoken.sparkplug import SPARKPLUG
from werknetz_simulator.spoken.webhook import WEBHOOK

_DIALECTS: Final[dict[Protocol, Dialect]] = {
    "opcua": OPCUA,
    "mqtt": MQTT,
    "modbus": MODBUS,
    "sparkplug": SPARKPLUG,
    "webhook": WEBHOOK,
}


@cache
def dialect_of(plant: Plant) -> Dialect:
    return s7.dialect_of(plant) if plant.protocol == "s7" else _DIALECTS[plant.protocol]
