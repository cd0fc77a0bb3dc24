"""Which plant speaks how."""

from functools import cache
from typing import Final

from werknetz_simulator.plants.machine import Plant, Protocol
from werknetz_simulator.protocols.names import s7
from werknetz_simulator.protocols.names.profile import Dialect
from werknetz_simulator.protocols.names.modbus import MODBUS
from werknetz_simulator.protocols.names.mqtt import MQTT
from werknetz_simulator.protocols.names.opcua import OPCUA
from werknetz_simulator.protocols.names.sparkplug import SPARKPLUG
from werknetz_simulator.protocols.names.webhook import WEBHOOK

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
