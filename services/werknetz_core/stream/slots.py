"""How many streams may be open: of one key or person, and of one process."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from werknetz.texts.sentence import Sentence
from werknetz_core.http.problem import Problem

PER_KEY_MAX: Final = 50  # as many tabs of one screen share what is read
IN_ALL_MAX: Final = 500
RETRY_S: Final = 5


class StreamSlots:
    def __init__(self, *, per_key: int = PER_KEY_MAX, in_all: int = IN_ALL_MAX) -> None:
        self._per_key = per_key
        self._in_all = in_all
        self._open: Counter[int] = Counter()

    @contextmanager
    def hold(self, key_id: int) -> Iterator[None]:
        """Hold a slot for a stream; raise 429 where all are taken."""
        if self._open[key_id] >= self._per_key or self._open.total() >= self._in_all:
            raise _too_many(min(self._per_key, self._open[key_id]), self._open.total())
        self._open[key_id] += 1
        try:
            yield
        finally:
            self._open[key_id] -= 1
            self._open += Counter()  # drops what is 0


def _too_many(of_key: int, in_all: int) -> Problem:
    return Problem(
        429,
        "too_many_streams",
        Sentence("requests.too_many_streams", of_key=of_key, in_all=in_all),
        Sentence("requests.close_streams", retry_s=RETRY_S),
        headers={"Retry-After": str(RETRY_S)},
    )
