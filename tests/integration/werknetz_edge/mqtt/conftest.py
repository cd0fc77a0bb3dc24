"""The brokers on which each test of the MQTT connector runs."""

from plumbing.mqtt_stage import mosquitto, place

__all__ = ["mosquitto", "place"]
