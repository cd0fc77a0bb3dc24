"""Reads with the connections that suit what is read: those of polls, or those of wide requests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.limits.weight import Reads


@asynccontextmanager
async def reading(
    context: AppContext, principal: Principal, reads: Reads
) -> AsyncIterator[AppContext]:
    """Charge the key for what it reads, and yield the context to read it with.

    Raises 422 for what is too wide to be answered, and 429 where a wide request waits too long.
    """
    admission = context.admission
    await admission.charge(principal.key_id, reads)
    if not reads.is_wide:
        yield context
        return
    async with admission.wide_slot(principal.key_id):
        yield replace(context, database=admission.wide_database)


async def reads_of_machines(
    context: AppContext, machines: int, start_us: int, end_us: int
) -> Reads:
    """Return what a span of machines holds; before the first data there is nothing to read."""
    first_us = await context.admission.history_start_us(context.database)
    if first_us is None:
        return Reads()
    end_us = min(end_us, context.now_us())
    return Reads.of_buckets(machines, max(start_us, first_us), end_us)
