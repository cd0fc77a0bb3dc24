"""Polling: what the connectors share whose machines only answer when they are asked.

A protocol adds a `Device` (`device.py`): where its points stand and how a request is sent.
"""
