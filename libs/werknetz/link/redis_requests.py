"""The edge's side, over Redis, of requests to explore its source."""

from typing import Self

from redis.asyncio import Redis

from werknetz.link.exploration import (
    REQUEST_FIELD,
    REQUESTS_MAX,
    RESULT_S,
    RUNNING_S,
    ExplorationRequest,
    ExplorationResult,
    decode_request,
    encode_result,
    mark_key,
    requests_key,
    result_key,
)
from werknetz.link.redis import BLOCK_MAX_MS, START, client_of, entries_of, run_uncancelled
from werknetz.link.wire import UnreadableMessage


class RedisRequestLink:
    """The edge's side of requests to explore its source. Every method may raise LinkLost."""

    def __init__(self, client: Redis, connector: str) -> None:
        self._client = client
        self._connector = connector
        self._position: str | None = None

    @classmethod
    def connect(cls, url: str, connector: str) -> Self:
        return cls(client_of(url), connector)

    async def receive(self, block_ms: int = BLOCK_MAX_MS) -> list[ExplorationRequest]:
        """Return the requests since the last call; the first call skips what waited before."""
        key, is_first = requests_key(self._connector), self._position is None
        block = None if is_first else min(block_ms, BLOCK_MAX_MS)
        reply = await run_uncancelled(
            self._client.xread({key: self._position or START}, count=REQUESTS_MAX, block=block)
        )
        entries = entries_of(reply)
        self._position = entries[-1][0] if entries else self._position or START
        requests = []
        for _, fields in [] if is_first else entries:
            try:
                requests.append(decode_request(fields.get(REQUEST_FIELD, b"")))
            except UnreadableMessage:
                continue  # of another version: the person sees that no edge answers
        return requests

    async def begin(self, request_id: str) -> bool:
        """State that a request is carried out now; False: it is outdated, and shall not be."""
        mark = mark_key(self._connector, request_id)
        reply = await run_uncancelled(self._client.set(mark, "running", ex=RUNNING_S, xx=True))
        return bool(reply)

    async def publish(self, result: ExplorationResult) -> None:
        """Replace what the API has stored of the request; nothing once that has expired."""
        key, content = result_key(self._connector, result.id), encode_result(result)
        await run_uncancelled(self._client.set(key, content, ex=RESULT_S, xx=True))

    async def close(self) -> None:
        await run_uncancelled(self._client.aclose())
