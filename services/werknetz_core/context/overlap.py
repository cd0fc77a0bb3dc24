"""The filter of lists whose rows have a start and an end."""

from typing import Any

import sqlalchemy as sa

from werknetz.domain.bucket import instant_of
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.collection import utc_time_context
from werknetz_core.context.time_spec import parse_span


def overlap_condition(
    context: AppContext,
    start_at: sa.ColumnElement[Any],
    end_at: sa.ColumnElement[Any],
    start: str | None,
    end: str | None,
) -> sa.ColumnElement[bool]:
    """Return the condition that a row overlaps the span; a row without an end goes on.

    Without a start, every row matches.
    """
    if start is None:
        return sa.true()
    span = parse_span(start, end, utc_time_context(context))
    return sa.and_(
        start_at < instant_of(span.end_us),
        sa.or_(end_at.is_(None), end_at > instant_of(span.start_us)),
    )
