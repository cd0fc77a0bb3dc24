"""Reads with the connections that suit what is read: those of polls, or those of wide requests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg

from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.http.problem import Problem
from werknetz_core.limits.weight import Reads
from werknetz_core.limits.wide_process.handed_over import HandOver


@asynccontextmanager
async def reading(
    context: AppContext, principal: Principal, reads: Reads
) -> AsyncIterator[AppContext]:
    """Charge the key for what it reads, and yield the context to read it with.

    Raises 422 for what is too wide to be answered or where a statement of it takes too long, 429
    where a wide request waits too long, and HandOver where the wide process answers.
    """
    admission = context.admission
    await admission.charge(principal.key_id, reads)
    if not reads.is_wide:
        yield context
        return
    async with _wide_turn(context, principal, is_charged=True) as wide_context:
        yield wide_context


@asynccontextmanager
async def wide_turn(context: AppContext, principal: Principal) -> AsyncIterator[AppContext]:
    """Wait for a slot of wide requests, and yield the context to read with.

    The caller charges the key then. Raises 429, 422 and HandOver as `reading` does.
    """
    async with _wide_turn(context, principal, is_charged=False) as wide_context:
        yield wide_context


@asynccontextmanager
async def _wide_turn(
    context: AppContext, principal: Principal, *, is_charged: bool
) -> AsyncIterator[AppContext]:
    if context.wide_client is not None:
        raise HandOver(is_charged=is_charged)
    admission = context.admission
    async with admission.wide_slot(principal.key_id):
        try:
            yield replace(context, database=admission.wide_database)
        except asyncpg.QueryCanceledError as error:
            raise _timed_out(context.settings.wide_statement_timeout_s) from error


async def reads_of_machines(
    context: AppContext, machines: int, start_us: int, end_us: int, *, stops: bool = False
) -> Reads:
    """Return what a span of machines holds; before the first data there is nothing to read.

    `stops`: this process reads each stop of it.
    """
    first_us = await context.admission.history_start_us(context.database)
    if first_us is None:
        return Reads()
    end_us = min(end_us, context.now_us())
    return Reads.of_buckets(machines, max(start_us, first_us), end_us, stops=stops)


def _timed_out(seconds: float) -> Problem:
    return Problem(
        422,  # not 503: to send it again does not help
        "query_timed_out",
        Sentence("requests.statement_timed_out", seconds=seconds),
        Sentence("requests.ask_less_or_time_out"),
    )
