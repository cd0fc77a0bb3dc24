"""The protocol profile of each plant."""

from functools import cache
from typing import Final

from werknetz_simulator.plants.machine import Plant, Protocol
from werknetz_simulator.protocols.names import s7
from werknetz_simulator.protocols.names.modbus import MODBUS
from werknetz_simulator.protocols.names.mqtt import MQTT
from werknetz_simulator.protocols.names.opcua import OPCUA
from werknetz_simulator.protocols.names.profile import ProtocolProfile
from werknetz_simulator.protocols.names.sparkplug import SPARKPLUG
from werknetz_simulator.protocols.names.webhook import WEBHOOK

_PROFILES: Final[dict[Protocol, ProtocolProfile]] = {
    "opcua": OPCUA,
    "mqtt": MQTT,
    "modbus": MODBUS,
    "sparkplug": SPARKPLUG,
    "webhook": WEBHOOK,
}


@cache
def profile_of(plant: Plant) -> ProtocolProfile:
    return s7.s7_profile_of(plant) if plant.protocol == "s7" else _PROFILES[plant.protocol]
