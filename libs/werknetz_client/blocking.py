"""Blocking forms of the asynchronous methods, derived from them with their signatures.

An event loop runs in a thread, so that the blocking client also works inside a notebook's loop.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import wraps
from typing import Any, Concatenate, Final, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)
_STOP_WITHIN_S: Final = 10.0


class LoopThread:
    """An event loop in a daemon thread; `wait` runs a coroutine on it and returns its result."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="werknetz client", daemon=True
        )
        self._thread.start()

    @property
    def is_closed(self) -> bool:
        return self._loop.is_closed()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def iterate(self, items: AsyncIterator[T]) -> Iterator[T]:
        """Yield the items without `await`, each when it is needed."""
        while True:
            try:
                item = self.wait(_next(items))
            except StopAsyncIteration:
                return
            yield item

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_STOP_WITHIN_S)
        self._loop.close()


class Blocking(Generic[A_co]):
    """A blocking view of an asynchronous object."""

    def __init__(self, loop: LoopThread, asynchronous: A_co) -> None:
        self.loop = loop
        self.asynchronous = asynchronous


def blocking(
    method: Callable[Concatenate[A, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Blocking[A], P], T]:
    """Return the method without `await`."""

    @wraps(method)
    def call(self: Blocking[A], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.loop.wait(method(self.asynchronous, *args, **kwargs))

    return call


def blocking_iterator(
    method: Callable[Concatenate[A, P], AsyncIterator[T]],
) -> Callable[Concatenate[Blocking[A], P], Iterator[T]]:
    """Return the method with a plain iterator instead of an asynchronous one."""

    @wraps(method)
    def call(self: Blocking[A], /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        return self.loop.iterate(method(self.asynchronous, *args, **kwargs))

    return call


async def _next(items: AsyncIterator[T]) -> T:
    return await anext(items)
