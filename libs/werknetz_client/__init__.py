"""Werknetz from Python and from the command line."""

from werknetz_client.client import AsyncClient, Client
from werknetz_client.errors import ApiError, Unreachable, WerknetzError

__all__ = ["ApiError", "AsyncClient", "Client", "Unreachable", "WerknetzError"]
