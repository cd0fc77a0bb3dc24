"""Compares the oracle's log with the tables. Knows nothing of the code that moved the data."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from werknetz.store.tables import BOOK_COUNTS


@dataclass
class Verdict:
    generated: int = 0
    accepted: int = 0
    filled: int = 0  # times that the spool was full
    gaps: dict[str, int] = field(default_factory=dict)  # by cause
    stored: int = 0
    lost: list[str] = field(default_factory=list)  # accepted, and not there: never excused
    unexplained: list[str] = field(default_factory=list)  # not accepted, and in no gap record
    recorded: int = 0  # lost with a disk, and in a gap record
    doubled: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return self.accepted > 0 and not (
            self.lost or self.unexplained or self.doubled or self.invented or self.broken
        )

    def __str__(self) -> str:
        return (
            f"generated {self.generated}  taken {self.accepted}  stored {self.stored}  "
            f"lost {len(self.lost)}  unexplained {len(self.unexplained)}  "
            f"doubled {len(self.doubled)}  invented {len(self.invented)}  gaps {self.gaps}"
            + (f"  lost with a gap record {self.recorded}" if self.recorded else "")
            + "".join(f"\n  lost {entry}" for entry in self.lost[:10])
            + "".join(f"\n  unexplained {entry}" for entry in self.unexplained[:10])
            + "".join(f"\n  doubled {entry}" for entry in self.doubled[:10])
            + "".join(f"\n  invented {entry}" for entry in self.invented[:10])
            + "".join(f"\n  {entry}" for entry in self.broken)
        )


Message = tuple[str, int, int]


def read_oracle(path: Path) -> tuple[set[Message], set[Message], Counter[Message]]:
    """Return (generated, taken, times resent) of messages (machine, n, instant in µs)."""
    lines: dict[str, Counter[Message]] = {
        "generated": Counter(),
        "taken": Counter(),
        "resent": Counter(),
    }
    complete, _, _ = path.read_text().rpartition("\n")  # the source may be within its last line
    for line in complete.splitlines():
        kind, machine, n, at_us = line.split()
        lines[kind][machine, int(n), int(at_us)] += 1
    return set(lines["generated"]), set(lines["taken"]), lines["resent"]


async def check(database_url: str, oracle: Path, *, loses_disk: bool = False) -> Verdict:
    """Compare. `loses_disk`: a gap record may stand for messages that a disk has lost."""
    generated, accepted, resent = read_oracle(oracle)
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(
            "SELECT split_part(g.key, '/', 5) AS machine, s.value, "
            "(extract(epoch FROM s.at) * 1000000)::bigint AS at_us "
            "FROM samples s JOIN signals g ON g.id = s.signal_id WHERE g.name = 'good'"
        )
        spans = await connection.fetch(
            "SELECT cause, (extract(epoch FROM start_at) * 1000000)::bigint AS low, "
            "(extract(epoch FROM coalesce(end_at, 'infinity')) * 1000000)::float8 AS high FROM gaps"
        )
        causes = Counter(span["cause"] for span in spans)
        verdict = Verdict(len(generated), len(accepted), gaps=dict(causes), stored=len(rows))
        ids = Counter(
            (row["machine"].partition(":")[0], int(row["value"]), row["at_us"]) for row in rows
        )
        verdict.doubled = [
            f"{entry} × {times}" for entry, times in ids.items() if times > 1 + resent[entry]
        ]
        verdict.invented = [str(entry) for entry in ids if entry not in generated]

        def is_covered(entry: Message) -> bool:
            return any(span["low"] <= entry[2] <= span["high"] for span in spans)

        # The broker's PUBACK is the source's acceptance, and its session outlives everything here:
        # no gap record excuses what is missing after it, as long as no disk is lost.
        missing = sorted(accepted - set(ids), key=lambda message: message[2])
        verdict.lost = [str(entry) for entry in missing if not (loses_disk and is_covered(entry))]
        verdict.recorded = len(missing) - len(verdict.lost)
        verdict.unexplained = [
            str(entry)
            for entry in sorted(generated - accepted - set(ids), key=lambda message: message[2])
            if not is_covered(entry)
        ]
        verdict.broken = await _broken(connection)
    finally:
        await connection.close()
    return verdict


async def _broken(connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    """Return what contradicts itself inside the database."""
    broken = []
    spooled = await connection.fetchval("SELECT coalesce(sum(sample_count), 0) FROM spools")
    rows = await connection.fetchval("SELECT count(*) FROM samples")
    if spooled != rows:
        broken.append(f"the spools' counters say {spooled} samples, the table has {rows}")
    idle = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' "
        "AND now() - state_change > interval '5 s'"
    )
    if idle:
        broken.append(f"{idle} connections are idle in a transaction")
    poison = await connection.fetchval("SELECT count(*) FROM quarantine")
    if poison:
        broken.append(f"{poison} rows are in quarantine, but the source sent nothing bad")
    for books in await connection.fetch("SELECT * FROM connector_books"):
        outcomes = sum(books[name] for name in BOOK_COUNTS if name != "taken")
        if books["taken"] != outcomes:
            broken.append(f"the books do not balance: {dict(books)}")
        if books["stored"] != rows:
            broken.append(f"the books say {books['stored']} stored, the table has {rows} samples")
    return broken
