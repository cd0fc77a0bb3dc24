"""Simple faults, each of which can happen at any time; `disturb` causes one after the other."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from chaos.stage import Stage


def faults(stage: Stage) -> dict[str, Callable[[], Awaitable[None]]]:
    return {
        "kill -9 edge": lambda: stage.kill("edge"),
        "kill -9 ingest": lambda: stage.kill("ingest"),
        "kill -9 second ingest": lambda: stage.kill("second-ingest"),
        "SIGSTOP edge": lambda: stage.stop_for_a_while("edge"),
        "SIGSTOP ingest": lambda: stage.stop_for_a_while("ingest"),
        "kill -9 valkey": stage.kill_valkey,
        "SIGSTOP valkey": stage.pause_valkey,
        "FLUSHALL": stage.flush,
        "kill -9 postgres": stage.kill_postgres,
        "restart postgres": stage.restart_postgres,
        "slow postgres": stage.slow_postgres,
        "kill -9 broker": stage.kill_broker,
        "full spool": stage.fill_spool,
        "clock of the edge": lambda: stage.jump_clock("edge"),
        "clock of ingest": lambda: stage.jump_clock("ingest"),
    }


async def disturb(stage: Stage, *, seconds: float) -> None:
    """Every fault once in a seeded order, then again and again until the time is over."""
    ends_at = time.monotonic() + seconds
    order: list[str] = []
    while time.monotonic() < ends_at:
        kinds = faults(stage)
        if not order:
            order = stage.random.sample(sorted(kinds), k=len(kinds))
        name = order.pop()
        print(f"{time.strftime('%H:%M:%S')}  {name}", flush=True)
        await kinds[name]()
        await asyncio.sleep(stage.random.uniform(0.5, 2))
