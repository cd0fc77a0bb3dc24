"""What edges report of connectors: read from Redis in one round trip, with the age of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from werknetz.link.redis import STATUS_TTL_S, status_key
from werknetz.link.wire import Status, UnreadableMessage, link_name_of, status_from_hash
from werknetz.runtime.log import get_logger

_log: Final = get_logger("core.connectors")


@dataclass(frozen=True, slots=True)
class ReportedStatus:
    """The last status of a connector's two lanes; None: none in the last minute, or not known."""

    live: Status | None = None
    backfill: Status | None = None
    age_s: float | None = None  # of the live one; None: it does not expire, or is not known
    is_known: bool = True  # False: Redis does not answer, so the edge may run or not

    @property
    def findings(self) -> dict[str, str]:
        """The findings of both lanes; of one kind, that of the backfill is second.

        Both lanes report what the connector itself has found: that is shown once.
        """
        merged = dict(self.live.findings) if self.live else {}
        for kind, text in (self.backfill.findings if self.backfill else {}).items():
            former = merged.get(kind, text)
            merged[kind] = text if former == text else f"{former} In the backfill: {text}"
        return merged


_UNKNOWN: Final = ReportedStatus(is_known=False)


async def load_reported(
    redis: Redis | None, connectors: Sequence[str]
) -> dict[str, ReportedStatus]:
    """Return what was reported of each connector; not known where Redis does not answer."""
    if not connectors:
        return {}
    if redis is None:
        return dict.fromkeys(connectors, _UNKNOWN)
    pipe = redis.pipeline(transaction=False)
    for connector in connectors:
        pipe.hgetall(status_key(connector))
        pipe.hgetall(status_key(link_name_of(connector, "backfill")))
        pipe.pttl(status_key(connector))
    try:
        answers = await pipe.execute(raise_on_error=False)
    except (RedisError, OSError, TimeoutError) as error:
        _log.warning("status not readable", error=type(error).__name__)
        return dict.fromkeys(connectors, _UNKNOWN)
    return {
        connector: ReportedStatus(
            _status_of(connector, answers[3 * index]),
            _status_of(connector, answers[3 * index + 1]),
            _age_of(answers[3 * index + 2]),
        )
        for index, connector in enumerate(connectors)
    }


def _status_of(connector: str, answer: object) -> Status | None:
    if not isinstance(answer, dict):
        _log.warning("status not readable", connector=connector, error=type(answer).__name__)
        return None
    if not answer:
        return None
    try:
        return status_from_hash({str(name): str(text) for name, text in answer.items()})
    except UnreadableMessage as error:
        _log.warning("status not readable", connector=connector, error=str(error))
        return None


def _age_of(answer: object) -> float | None:
    """Return the age by the rest of its life; a server's user without PTTL does not learn it."""
    if isinstance(answer, ResponseError) or not isinstance(answer, int) or answer < 0:
        return None
    return STATUS_TTL_S - answer / 1000
