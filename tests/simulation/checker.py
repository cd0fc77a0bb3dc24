"""The invariants of DESIGN section 3, over committed data and the records of the sources."""

from simulation.model import Violation
from simulation.world import World
from werknetz.events.codec import GENESIS


def check(world: World) -> None:
    """Raise a Violation that names the broken invariant."""
    _check_chains(world)
    _check_books(world)
    rows = {event: n for event, n in world.database.tables.rows.items() if n}
    duplicates = sorted(event for event, n in rows.items() if n > 1)
    if duplicates:
        raise Violation(f"counted twice: {duplicates[:5]}")
    generated = set().union(*(edge.source.generated for edge in world.edges))
    if invented := rows.keys() - generated:
        raise Violation(f"invented: {sorted(invented)[:5]}")
    for edge in world.edges:
        gaps = _gaps_of(world, edge.connector)
        missing = edge.source.accepted - rows.keys() - world.vanished
        for event in sorted(missing):
            excused = event in world.rolled_back or (
                event in world.trimmed and world.database.restores
            )
            if not excused:
                raise Violation(f"accepted and lost: {event}")
            # An event may have waited at the source: a gap names its own time or its acceptance.
            if not (_is_covered(gaps, event) or _is_covered(gaps, world.appended_us[event])):
                raise Violation(f"lost without a gap record: {event}")
        for event, at_us in edge.source.dropped.items():
            if not _is_covered(gaps, at_us) and not _is_gap_lost(world):
                raise Violation(f"dropped at the source without a gap record: {event}")
        if rest := edge.source.generated - edge.source.accepted - edge.source.dropped.keys():
            raise Violation(f"never accepted: {sorted(rest)[:5]}")


def _check_chains(world: World) -> None:
    tables = world.database.tables
    for spool_id, log in tables.log.items():
        last = tables.marks.get(spool_id, (0, GENESIS))
        digest = GENESIS
        for n, (seq, previous, after) in enumerate(log, start=1):
            if seq != n:
                raise Violation(f"batch {seq} of a spool was applied as its {n}th")
            if previous != digest:
                raise Violation(f"the chain of a spool breaks at batch {seq}")
            digest = after
        if (len(log), digest) != last:
            raise Violation(f"{len(log)} batches applied, but the watermark says {last[0]}")


def _check_books(world: World) -> None:
    """Each event that a batch says was taken is stored or counted as a duplicate."""
    for connector, books in world.database.tables.books.items():
        if books["taken"] != books["stored"] + books["duplicates"]:
            raise Violation(f"the books of {connector} do not balance: {dict(books)}")


def _gaps_of(world: World, connector: str) -> list[tuple[int, int]]:
    return [
        (from_us, to_us)
        for source, from_us, to_us, _ in world.database.tables.gaps.values()
        if source == connector and to_us is not None
    ]


def _is_covered(gaps: list[tuple[int, int]], at_us: int) -> bool:
    return any(from_us <= at_us <= to_us for from_us, to_us in gaps)


def _is_gap_lost(world: World) -> bool:
    """Whether the gap record itself may have been on a disk that was rolled back or wiped."""
    return bool(world.vanished or world.rolled_back or world.database.restores)
