"""Werknetz from Python and from the command line."""

from werknetz_client.client import AsyncClient, Client
from werknetz_client.errors import Answered, Unreachable, WerknetzError

__all__ = ["Answered", "AsyncClient", "Client", "Unreachable", "WerknetzError"]
