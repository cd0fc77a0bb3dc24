"""A transport that reads on before it closes, where the client still sends."""

import asyncio
from collections.abc import Callable
from typing import Any


class LingeringTransport(asyncio.Transport):
    """The part of a transport that uvicorn's HTTP protocol uses."""

    def __init__(self, transport: asyncio.Transport, linger: Callable[[], bool]) -> None:
        """`linger` returns whether the connection stays open until the client has closed it."""
        super().__init__()
        self._transport = transport
        self._linger = linger

    def close(self) -> None:
        if self._transport.is_closing() or not self._linger():
            self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._transport.write(data)

    def can_write_eof(self) -> bool:
        return self._transport.can_write_eof()

    def write_eof(self) -> None:
        self._transport.write_eof()

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)
