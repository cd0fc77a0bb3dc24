"""The OPC UA connector: a subscription to a server's variables, acknowledged once on disk."""

from werknetz_edge.opcua.connector import create

__all__ = ["create"]
