"""Requests to edges, and their results, in Redis: the core opens no connection into a plant."""

from collections.abc import Mapping
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
ANSWER_US: Final = 60_000_000  # after it nobody answers any more
_PARTS: Final[Mapping[str, str]] = {
    "endpoints": "server", "trust": "server", "browse": "nodes", "suggest": "suggestion",
}  # fmt: skip


async def send_request(
    redis: Redis | None, connector: str, request: ExplorationRequest, now_us: int
) -> ExplorationResult:
    """Store that the request waits, and append it for the edge. Raises a 503 problem."""
    waiting = ExplorationResult(request.id, request.action, "waiting", now_us)
    if redis is None:
        raise _unavailable()
    key = requests_key(connector)
    pipe = redis.pipeline(transaction=False)
    pipe.set(result_key(connector, request.id), encode_result(waiting), ex=RESULT_S)
    fields = {REQUEST_FIELD: encode_request(request)}
    pipe.xadd(key, cast("Any", fields), maxlen=REQUESTS_MAX, approximate=False)
    pipe.pexpire(key, REQUEST_S * 1000)
    try:
        await pipe.execute()
    except (RedisError, OSError, TimeoutError) as error:
        _log.warning("exploration not sent", error=type(error).__name__)
        raise _unavailable() from error
    return waiting


async def load_result(
    redis: Redis | None, connector: str, exploration_id: str
) -> ExplorationResult | None:
    """Return what became of a request; None: it is unknown, or has expired."""
    if redis is None:
        raise _unavailable()
    try:
        content = await redis.get(result_key(connector, exploration_id))
    except (RedisError, OSError, TimeoutError) as error:
        _log.warning("exploration not readable", error=type(error).__name__)
        raise _unavailable() from error
    try:
        return None if content is None else decode_result(content)
    except UnreadableMessage as error:
        _log.warning("exploration not readable", error=str(error))
        return None


def view_of(connector: str, result: ExplorationResult, now_us: int) -> ExplorationView:
    """Return the view of a result; an edge that does not answer is a failure."""
    state, fault, detail = result.state, result.fault, result.detail
    if state in {"waiting", "running"} and now_us - result.at_us > ANSWER_US:
        state, fault = "failed", Fault("connector.exploration_unanswered")
    fields: dict[str, Any] = {
        "id": result.id, "connector": connector, "action": result.action, "state": state,
        "changed_at": instant_of(result.at_us), "server": None, "nodes": None, "suggestion": None,
        "error": None if fault is None else write_fault(fault, detail),
    }  # fmt: skip
    if state == "done":
        fields[_PARTS.get(result.action, "server")] = result.result
    try:
        return ExplorationView.model_validate(fields)
    except ValidationError as error:
        _log.warning("exploration not readable", connector=connector, error=str(error)[:500])
        return _unreadable(connector, result)


def _unreadable(connector: str, result: ExplorationResult) -> ExplorationView:
    error = write_fault(Fault("connector.exploration_unreadable"), "")
    return ExplorationView.model_validate(
        {
            "id": result.id, "connector": connector, "action": result.action, "state": "failed",
            "changed_at": instant_of(result.at_us), "server": None, "nodes": None,
            "suggestion": None, "error": error,
        }
    )  # fmt: skip


def _unavailable() -> Problem:
    return Problem(
        503,
        "edge_unreachable",
        Sentence("system.edge_unreachable"),
        Sentence("system.check_redis"),
        headers={"Retry-After": "5"},
    )
