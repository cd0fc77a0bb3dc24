"""Messages of Weserguss in an installation, compared with the events that the platform stores."""

import time

from plumbing.installation import Installation
from werknetz_demo.partners import NAME
from werknetz_simulator.partners.edge_file import WESERGUSS_CONNECTORS
from werknetz_simulator.partners.event_totals import (
    EventTotal,
    WesergussTotals,
    weserguss_totals,
)
from werknetz_simulator.partners.feed import FeedProgress, load_progress
from werknetz_simulator.partners.sftp_folders import SftpFolders
from werknetz_simulator.plants.plan import instant_of
from werknetz_simulator.plants.truth import SEED

_TOTALS = """
    SELECT kind, count(*), sum((body->>'quantity')::float) AS quantity FROM business_events
    WHERE connector_id = ANY($1) AND at <= $2 GROUP BY kind
"""


def folders_of(demo: Installation) -> SftpFolders:
    return SftpFolders(demo.folder / NAME)


def progress_of(demo: Installation) -> FeedProgress:
    progress = load_progress(folders_of(demo).progress)
    assert progress is not None, "the partners have sent nothing"
    return progress


def expected_totals(demo: Installation, until_us: int) -> WesergussTotals:
    return weserguss_totals(progress_of(demo).since_us, until_us, SEED)


def stored_totals(demo: Installation, until_us: int) -> dict[str, EventTotal]:
    rows = demo.query(_TOTALS, [*WESERGUSS_CONNECTORS], instant_of(until_us))
    return {row["kind"]: EventTotal(row["count"], round(row["quantity"], 2)) for row in rows}


def wait_until_complete(
    demo: Installation, until_us: int, within_s: float = 300
) -> WesergussTotals:
    """Wait until everything sent up to the instant is stored, and nothing more."""
    expected = expected_totals(demo, until_us)
    totals = {
        kind: EventTotal(total.count, round(total.quantity, 2))
        for kind, total in expected.by_kind.items()
    }
    deadline = time.monotonic() + within_s
    while (actual := stored_totals(demo, until_us)) != totals and time.monotonic() < deadline:
        time.sleep(0.2)
    assert actual == totals, demo.report()
    return expected
