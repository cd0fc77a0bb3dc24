"""OPC UA: a server's variables followed by subscription, acknowledged when they are on disk."""

from werknetz_edge.opcua.connector import create

__all__ = ["create"]
