"""Shared code of the polling connectors (Modbus, S7).

A protocol adds a `Device` (`device.py`), which sends its requests.
"""
