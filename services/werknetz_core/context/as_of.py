"""The query parameters `at` and `known_at`: a state at one time, as it was known at another."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from werknetz.domain.bucket import instant_of
from werknetz_core.context.app_context import ContextDep
from werknetz_core.context.collection import utc_time_context
from werknetz_core.context.time_spec import format_utc, parse_instant


@dataclass(frozen=True, slots=True)
class AsOf:
    """Times in µs UTC. `known_us` None: by what is known now."""

    at_us: int
    known_us: int | None
    is_now: bool = False

    def fields(self) -> dict[str, str | None]:
        """Return the fields of the response that repeat the two times."""
        known_at = None if self.known_us is None else format_utc(self.known_us)
        return {"at": format_utc(self.at_us), "known_at": known_at}

    def query_parameters(self) -> dict[str, object]:
        """Return the parameters `at` and `known_at` of a statement."""
        known_at = None if self.known_us is None else instant_of(self.known_us)
        return {"at": instant_of(self.at_us), "known_at": known_at}


async def read_as_of(
    context: ContextDep,
    at: Annotated[str | None, Query(description="State at this time. Default: now.")] = None,
    known_at: Annotated[
        str | None,
        Query(description="By what was known at this time. Default: by what is known now."),
    ] = None,
) -> AsOf:
    clock = utc_time_context(context)
    return AsOf(
        parse_instant(at, "at", clock),
        None if known_at is None else parse_instant(known_at, "known_at", clock),
        at is None and known_at is None,
    )


AsOfDep = Annotated[AsOf, Depends(read_as_of)]
