"""What a supplier told = what the platform knows, whoever dies; what is wrong is set aside."""

import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from plumbing.installation import Installation, installation
from plumbing.supply import agree, place_of, stored, told, told_us
from werknetz_demo.embedded.process import free_port
from werknetz_demo.supervisor import werknetz_command
from werknetz_simulator.partners.foundry.edge_file import EDI_CONNECTOR
from werknetz_simulator.partners.foundry.expected import CALLED_OFF
from werknetz_simulator.partners.foundry.timeline import SLOT_US, Shipment, SupplierTruth

PARTNER = "nordwerk"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_suppliers_week_and_its_present_are_known_once(tmp_path: Path) -> None:
    with installation(tmp_path / "data", free_port(), "--plants", "1", "--days", "1") as demo:
        _break_things(demo)
        demo.wait_for("Ctrl-C stops everything")
        counted = next(line for line in demo.lines if "arrive over SFTP" in line)
        began_us = told_us(demo)
        _nobody_else_reads_its_secrets(demo)
        assert demo.kill("simulate", "supplier")
        _wait_until(lambda: told_us(demo) > began_us, demo)
        until_us = told_us(demo)
        expected = agree(demo, until_us)
        assert int(counted.split(" call-offs")[0].split()[-1]) > 200
        _the_wrong_line_is_set_aside(demo, expected.refused)
        _what_was_sent_twice_counts_once(demo, until_us)
        _a_bad_file_can_be_watched(demo)
        demo.stop()


def _break_things(demo: Installation) -> None:
    """Kill the edge, then the server, while the week is being read; both come back."""
    edge = f"{demo.folder}/edge/{EDI_CONNECTOR}-live.yaml"
    demo.wait_for("the API answers on")
    now_us = time.time_ns() // 1000
    _wait_until(lambda: CALLED_OFF in stored(demo, now_us), demo)
    assert demo.kill("edge", edge)
    assert demo.kill("simulate", "supplier")
    at_death = stored(demo, now_us)[CALLED_OFF].count
    assert at_death < told(demo, now_us).facts[CALLED_OFF].count, "all was read before the kill"


def _the_wrong_line_is_set_aside(demo: Installation, documents: list[str]) -> None:
    """One of the week: the line alone, with where it stands and what it says."""
    entries = demo.query(
        "SELECT place, reason, raw FROM quarantine WHERE connector_id = $1", EDI_CONNECTOR
    )
    (entry,) = entries
    (document,) = documents
    assert entry["position"].startswith("UNH 1 LIN 2 DTM (segment 28, byte ")
    byte = int(entry["position"].rpartition(" ")[2].rstrip(")"))
    file = place_of(demo).files(PARTNER) / "edi" / "done" / f"DELFOR_{document}.edi"
    assert file.read_bytes()[byte:].startswith(b"DTM+2:"), entry["position"]
    assert "0148" in entry["reason"]
    assert b"LIN+2++40017-02:IN'" in entry["raw"]
    lines = demo.query(
        "SELECT DISTINCT body->>'line' AS line FROM business_events"
        " WHERE body->>'document' = $1 ORDER BY 1",
        document,
    )
    assert [row["line"] for row in lines] == ["1", "3", "4", "5"]
    (shown,) = demo.get("quarantine", connector=EDI_CONNECTOR)["items"]
    assert shown["position"] == entry["position"]


def _what_was_sent_twice_counts_once(demo: Installation, until_us: int) -> None:
    done = place_of(demo).files(PARTNER) / "edi" / "done"
    (again,) = done.glob("DESADV_*_2.edi")
    number = again.name.removeprefix("DESADV_").removesuffix("_2.edi")
    assert (done / f"DESADV_{number}.edi").read_bytes() != again.read_bytes()
    at_us = int(number.removeprefix("LS-")) * SLOT_US
    assert at_us <= until_us
    (shipment,) = (each for each in SupplierTruth().documents(at_us) if isinstance(each, Shipment))
    rows = demo.query("SELECT 1 FROM business_events WHERE body->>'document' = $1", number)
    assert len(rows) == len(shipment.lines)


def _a_bad_file_can_be_watched(demo: Installation) -> None:
    command = [*werknetz_command(), "demo", "bad-edi", "--data", str(demo.folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    number = done.stdout.partition(".edi")[0].removeprefix("DESADV_")
    statement = "SELECT place, reason FROM quarantine WHERE connector_id = $1 ORDER BY id OFFSET 1"
    _wait_until(lambda: len(demo.query(statement, EDI_CONNECTOR)) == 1, demo)
    (entry,) = demo.query(statement, EDI_CONNECTOR)
    assert entry["position"].startswith("UNH 1 LIN 1 QTY (segment ")
    assert "'12O' is no number" in entry["reason"]
    count = "SELECT body->>'line' AS line FROM business_events WHERE body->>'document' = $1"
    _wait_until(lambda: [row["line"] for row in demo.query(count, number)] == ["2"], demo)


def _nobody_else_reads_its_secrets(demo: Installation) -> None:
    place = place_of(demo)
    for file in (place.host_key, place.password(PARTNER)):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE(place.folder.stat().st_mode) == 0o700


def _wait_until(ask: Callable[[], bool], demo: Installation, within_s: float = 90) -> None:
    deadline = time.monotonic() + within_s
    while not ask():
        assert time.monotonic() < deadline, demo.report()
        time.sleep(0.05)
