"""`make chaos`: real processes and servers under faults; then the count.

usage: python -m chaos.run --seconds 300 [--seed N]        every simple fault, again and again
       python -m chaos.run --scenario NAME [--scenario …]   one kind of fault each, on fresh servers
       python -m chaos.run --scenario all | --list
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import asyncpg

from chaos.checker import Verdict, check
from chaos.faults import disturb
from chaos.scenarios import clocks, connections, disks, restores, spools  # noqa: F401  register
from chaos.scenarios.scenario import SCENARIOS, NotPossible, Scenario
from chaos.stage import SMALL_SPOOL_BYTES, WRITERS, Stage, until_subscribed, until_taken
from plumbing.ports import ports_of
from werknetz_core.migrate import upgrade_async
from werknetz_demo.embedded import process
from werknetz_demo.embedded.servers import EmbeddedServers

SETTLE_S = 480  # of a machine with much else to do
FLOW_S = 4.0  # of undisturbed flow before a scenario
DESCRIBED = (
    "SELECT connector_id, lane, last_seq, sample_count, quarantine_count, updated_at FROM spools",
    "SELECT * FROM connector_books",
    "SELECT reason, count(*) FROM quarantine GROUP BY reason",
    "SELECT cause, start_at, end_at FROM gaps",
)


async def perform(
    folder: Path,
    seed: int,
    act: Callable[[Stage], Awaitable[None]],
    *,
    loses_disk: bool = False,
    spool_bytes: int = SMALL_SPOOL_BYTES,
) -> Verdict:
    async with EmbeddedServers(folder / "state", environment={}) as servers:
        await upgrade_async(servers.urls.database)
        stage = Stage(folder, servers, seed, spool_bytes)
        try:
            for name in ("edge", *WRITERS):
                stage.start(name)
            await until_subscribed(stage)  # else the broker keeps nothing for it
            stage.start("source")
            await until_taken(stage)  # else a first fault could meet a source that is not there
            await act(stage)
            (folder / "stop").touch()
            verdict = await settle(stage, loses_disk=loses_disk)
            verdict.filled = stage.filled
            if not verdict.good:
                print(await describe(stage), flush=True)
            return verdict
        finally:
            for name, child in stage.children.items():
                if name != "source" and not child.is_alive:
                    print(f"{name} had ended:\n{child.log_tail()}", flush=True)
                child.kill()


async def settle(stage: Stage, *, loses_disk: bool) -> Verdict:
    """Wait until everything that the broker took is stored, or until it can only be lost."""
    deadline = time.monotonic() + SETTLE_S
    oracle = stage.folder / "oracle.log"
    while True:
        verdict = Verdict()
        with suppress(asyncpg.PostgresError, OSError):
            verdict = await check(stage.servers.urls.database, oracle, loses_disk=loses_disk)
        if (verdict.good and not stage.children["source"].is_alive) or time.monotonic() > deadline:
            return verdict
        await asyncio.sleep(1)


async def describe(stage: Stage) -> str:
    """Return the end of every log, and what is in the tables that the verdict is about."""
    lines = []
    for name, child in stage.children.items():
        state = "runs" if child.is_alive else f"ended with {child.popen.returncode}"
        lines += [f"--- {name} {state}", child.log_tail(6)]
    connection = await asyncpg.connect(stage.servers.urls.database, timeout=60)
    try:
        for query in DESCRIBED:
            rows = await connection.fetch(query)
            lines += [f"--- {query}", *(str(dict(row)) for row in rows)]
    finally:
        await connection.close(timeout=60)
    return "\n".join(lines)


async def _after_flow(scenario: Scenario, stage: Stage) -> None:
    await asyncio.sleep(FLOW_S)
    await scenario.run(stage)


def run_scenario(scenario: Scenario, folder: Path, seed: int) -> bool:
    """Run one scenario on fresh servers, print its verdict, return whether it is good."""
    folder.mkdir(parents=True, exist_ok=True)
    started_s = time.monotonic()
    try:
        with scenario.prepare(folder):
            run = perform(
                folder,
                seed,
                partial(_after_flow, scenario),
                loses_disk=scenario.loses_disk,
                spool_bytes=scenario.spool_bytes,
            )
            verdict = asyncio.run(run)
    except NotPossible as reason:
        print(f"{scenario.name:26} SKIPPED: {reason}", flush=True)
        return True
    word = "ok" if verdict.good else "FAILED"
    print(
        f"{scenario.name:26} {word}  {verdict}  ({time.monotonic() - started_s:.0f} s)", flush=True
    )
    return verdict.good


def main() -> int:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--seconds", type=float, default=300)
    arguments.add_argument("--seed", type=int, default=None)
    arguments.add_argument("--keep", type=Path, default=None, help="folder for logs and data")
    arguments.add_argument("--scenario", choices=[*SCENARIOS, "all"], action="append", default=[])
    arguments.add_argument("--list", action="store_true", help="print the scenarios")
    options = arguments.parse_args()
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        # No test at the same time may take the port of a server that is killed here.
        process.PORTS = ports_of(worker)
    if options.list:
        print("\n".join(SCENARIOS))
        return 0
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2**32)
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="werknetz-chaos-") as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if options.scenario:
            names = list(SCENARIOS) if "all" in options.scenario else options.scenario
            results = [run_scenario(SCENARIOS[name], folder / name, seed) for name in names]
            print(f"{sum(results)} of {len(results)} scenarios ok")
            return int(not all(results))
        verdict = asyncio.run(perform(folder, seed, partial(disturb, seconds=options.seconds)))
    print(verdict)
    print("ok" if verdict.good else f"FAILED: replay with --seed {seed}")
    return 0 if verdict.good else 1


if __name__ == "__main__":
    sys.exit(main())
