"""The group's supply in the demo: its edges, what has arrived, and a supply-caused loss."""

import asyncio
from typing import Final

from werknetz_demo.embedded.process import LOOPBACK
from werknetz_demo.run import Demo
from werknetz_demo.supplier import HOOK, hook_key, place_of
from werknetz_simulator.partners import edge_file
from werknetz_simulator.partners.feed import told_of
from werknetz_simulator.partners.partners import FIRMS, RELATIONS, STARVING_RELATION, WAREHOUSES
from werknetz_simulator.partners.timeline import CallOff, RelationTimeline
from werknetz_simulator.plants.machine import StateKind
from werknetz_simulator.plants.plan import DAY_US
from werknetz_simulator.plants.plant import ZWICK_2
from werknetz_simulator.plants.starvation import starvation_windows
from werknetz_simulator.plants.truth import SEED, Truth

NAME: Final = "edge-supply"
LOSSES_PATH: Final = "/api/v1/losses/supply-caused"
WEEK_US: Final = 7 * DAY_US


def start(demo: Demo, port: int) -> None:
    """Start one process for all edges; the supplier's server must be open."""
    where = place_of(demo), LOOPBACK, port
    trees = [
        make(*where, f"./{name}-live")
        for name, make in (
            ("group-edi", edge_file.edi_of),
            ("group-advice", edge_file.advice_of),
            ("group-warehouses", edge_file.warehouses_of),
            (edge_file.SQL, edge_file.books_of),
        )
    ]
    hook = LOOPBACK, demo.ports(HOOK), hook_key(demo)
    trees.append(edge_file.hook_of(*hook, f"./{edge_file.HOOK}-live"))
    demo.start_edges(NAME, "live", trees)


async def arrived(demo: Demo) -> str:
    """Wait for all that was told before this run; say what came."""
    expected = await asyncio.to_thread(_expected, demo)
    there: dict[str, int] = {}

    async def has_all() -> bool:
        there.update(await demo.database.events([*edge_file.CONNECTORS]))
        return sum(there.values()) >= expected

    await demo.true(has_all, NAME)
    return (
        f"{len(FIRMS)} suppliers and {len(WAREHOUSES)} warehouses: "
        f"{there['delivery_called_off']} call-off entries, {there['shipment_announced']} despatch "
        f"advices, {there['goods_received']} receipts, {there['stock_moved']} movements, "
        f"{there['stock_counted']} counts"
    )


def _expected(demo: Demo) -> int:
    told = told_of(place_of(demo).group_diary)
    if told is None:
        return 0
    count = 0
    for relation in RELATIONS:
        for one in RelationTimeline(relation, since_us=told[0], seed=SEED).events_between(
            told[0], demo.now_us
        ):
            count += len(one.entries) if isinstance(one, CallOff) else 1
    return count


async def wait_for_supply_caused_loss(demo: Demo) -> str:
    """Wait until the planted line's loss leads to its supplier; say it as the API does."""
    if not await asyncio.to_thread(_has_stood, demo):
        return "supply-caused downtime: none in this short history"
    found: list[str] = []

    async def is_there() -> bool:
        answer = await demo.api.get(LOSSES_PATH, {"start": "-7d", "under": "nordwerk/zwick-2"})
        found[:] = [
            loss["text"]
            for loss in answer["items"]
            if loss["line"].endswith(STARVING_RELATION.starved_line)
            and loss["causes"][0]["suppliers"]
        ]
        return bool(found)

    await demo.true(is_there, "worker")
    return f"supply-caused downtime: {found[0]}"


def _has_stood(demo: Demo) -> bool:
    """Tell whether the planted line has lacked its material within the history of its machines."""
    since_us = max(demo.since_of(ZWICK_2), demo.now_us - WEEK_US)
    truth = Truth(ZWICK_2, since_us=demo.since_of(ZWICK_2))
    spans = starvation_windows(ZWICK_2, STARVING_RELATION.starved_line, SEED, since_us, demo.now_us)
    return any(
        segment.kind is StateKind.STARVED
        for machine in ZWICK_2.machines
        if machine.line == STARVING_RELATION.starved_line
        for start_us, end_us in spans
        for segment in truth.segments(machine, max(start_us, since_us), min(end_us, demo.now_us))
    )
