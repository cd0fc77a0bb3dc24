"""Requests to edges, and their results, in Redis: the core opens no connection into a plant."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from werknetz.domain.bucket import instant_of
from werknetz.link.exploration import (
    REQUEST_FIELD,
    REQUEST_S,
    REQUESTS_MAX,
    RESULT_S,
    ExplorationRequest,
    ExplorationResult,
    decode_result,
    encode_request,
    encode_result,
    mark_key,
    requests_key,
    result_key,
)
from werknetz.link.report import Fault
from werknetz.link.wire import UnreadableMessage
from werknetz.runtime.log import get_logger
from werknetz.texts.sentence import Sentence
from werknetz_core.connectors.errors import write_fault
from werknetz_core.explorations.schemas import ExplorationView
from werknetz_core.http.problem import Problem

_log: Final = get_logger("core.explorations")
_PARTS: Final[Mapping[str, str]] = {
    "endpoints": "server", "trust": "server", "browse": "nodes", "suggest": "suggestion",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoredResult:
    """What became of a request, since when, and whether an answer may still come."""

    result: ExplorationResult
    age_us: int
    is_awaited: bool


async def send_request(
    redis: Redis | None, connector: str, request: ExplorationRequest
) -> StoredResult:
    """Store that the request waits, and append it for the edge. Raises a 503 problem."""
    waiting = ExplorationResult(request.id, request.action, "waiting")
    if redis is None:
        raise edge_unreachable()
    key = requests_key(connector)
    pipe = redis.pipeline(transaction=False)
    pipe.set(result_key(connector, request.id), encode_result(waiting), ex=RESULT_S)
    pipe.set(mark_key(connector, request.id), "waiting", ex=REQUEST_S)
    fields = {REQUEST_FIELD: encode_request(request)}
    pipe.xadd(key, cast("Any", fields), maxlen=REQUESTS_MAX, approximate=False)
    pipe.pexpire(key, REQUEST_S * 1000)
    try:
        await pipe.execute()
    except (RedisError, OSError, TimeoutError) as error:
        _log.warning("exploration not sent", error=type(error).__name__)
        raise edge_unreachable() from error
    return StoredResult(waiting, 0, is_awaited=True)


async def load_result(
    redis: Redis | None, connector: str, exploration_id: str
) -> StoredResult | None:
    """Return what became of a request; None: it is unknown, or has expired."""
    if redis is None:
        raise edge_unreachable()
    pipe = redis.pipeline(transaction=False)
    # Before the result: an edge that begins between the two is not taken for a silent one.
    pipe.get(mark_key(connector, exploration_id))
    pipe.get(result_key(connector, exploration_id))
    pipe.pttl(result_key(connector, exploration_id))
    try:
        mark, content, left_ms = await pipe.execute()
    except (RedisError, OSError, TimeoutError) as error:
        _log.warning("exploration not readable", error=type(error).__name__)
        raise edge_unreachable() from error
    if content is None:
        return None
    try:
        result = decode_result(content)
    except UnreadableMessage as error:
        _log.warning("exploration not readable", error=str(error))
        return None
    return StoredResult(result, 1000 * (1000 * RESULT_S - left_ms), is_awaited=mark is not None)


def view_of(connector: str, stored: StoredResult, now_us: int) -> ExplorationView:
    """Return the view of a result; an edge that does not answer is a failure."""
    result = stored.result
    state, fault, detail = result.state, result.fault, result.detail
    if state in {"waiting", "running"} and not stored.is_awaited:
        state, fault = "failed", Fault("connector.exploration_unanswered")
    changed_at = instant_of(now_us - stored.age_us)
    fields: dict[str, Any] = {
        "id": result.id, "connector": connector, "action": result.action, "state": state,
        "changed_at": changed_at, "server": None, "nodes": None, "suggestion": None,
        "error": None if fault is None else write_fault(fault, detail),
    }  # fmt: skip
    if state == "done":
        fields[_PARTS.get(result.action, "server")] = result.result
    try:
        return ExplorationView.model_validate(fields)
    except ValidationError as error:
        _log.warning("exploration not readable", connector=connector, error=str(error)[:500])
        unreadable = write_fault(Fault("connector.exploration_unreadable"), "")
        return ExplorationView.model_validate(
            fields | dict.fromkeys(_PARTS.values()) | {"state": "failed", "error": unreadable}
        )


def edge_unreachable() -> Problem:
    """Return the problem where Redis does not answer: what an edge reports is not known then."""
    return Problem(
        503,
        "edge_unreachable",
        Sentence("system.edge_unreachable"),
        Sentence("system.check_redis"),
        headers={"Retry-After": "5"},
    )
