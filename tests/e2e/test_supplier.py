"""Everything that Weserguss sends is stored once, even if processes die; faults are quarantined."""

import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from plumbing.installation import Installation, installation
from plumbing.supply import (
    folders_of,
    progress_of,
    stored_totals,
    wait_until_complete,
)
from werknetz_demo.embedded.process import free_port
from werknetz_demo.supervisor import werknetz_command
from werknetz_simulator.partners.edge_file import WESERGUSS_EDI


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_messages_of_a_supplier_are_stored_once(tmp_path: Path) -> None:
    with installation(tmp_path / "data", free_port(), "--plants", "1", "--days", "1") as demo:
        _kill_edge_and_server(demo)
        demo.wait_for("Ctrl-C stops everything", within_s=600)
        counted = next(line for line in demo.lines if "of Weserguss arrive over SFTP" in line)
        started_us = progress_of(demo).written_us
        _check_modes_of_secrets(demo)
        assert demo.kill("simulate", "partners")
        _wait_until(lambda: progress_of(demo).written_us > started_us, demo)
        until_us = progress_of(demo).written_us
        expected = wait_until_complete(demo, until_us)
        assert int(counted.split(" call-off")[0].split()[-1]) > 200
        _check_quarantined_line(demo, expected.unreadable)
        _check_duplicate(demo)
        _send_faulty_message(demo)
        demo.stop()


def _kill_edge_and_server(demo: Installation) -> None:
    """Kill both once the first message is stored: mostly while the others are being read."""
    edge = f"{demo.folder}/edge/{WESERGUSS_EDI}-live.yaml"
    demo.wait_for("the API answers on")
    now_us = time.time_ns() // 1000
    _wait_until(lambda: bool(stored_totals(demo, now_us)), demo)
    assert demo.kill("edge", edge)
    assert demo.kill("simulate", "partners")


def _check_quarantined_line(demo: Installation, documents: list[str]) -> None:
    """Only the line with the wrong date is quarantined, with its place and content."""
    entries = demo.query(
        "SELECT position, reason, raw FROM quarantine WHERE connector_id = $1 ORDER BY position",
        WESERGUSS_EDI,
    )
    assert documents
    assert len(entries) == len(documents)
    done = folders_of(demo).files / "edi" / "done"
    contents = [(done / f"DELFOR_{document}.edi").read_bytes() for document in documents]
    for entry in entries:
        assert entry["position"].startswith("UNH 1 LIN 2 DTM (segment ")
        byte = int(entry["position"].rpartition(" ")[2].rstrip(")"))
        assert any(content[byte:].startswith(b"DTM+2:") for content in contents), entry["position"]
        assert "0148" in entry["reason"]
        assert b"LIN+2++40017-02:IN'" in entry["raw"]
    for document in documents:
        lines = demo.query(
            "SELECT DISTINCT body->>'line' AS line FROM business_events"
            " WHERE body->>'document' = $1 ORDER BY 1",
            document,
        )
        assert [row["line"] for row in lines] == ["1", "3"]
    items = demo.get("quarantine", connector=WESERGUSS_EDI)["items"]
    assert sorted(item["position"] for item in items) == [entry["position"] for entry in entries]


def _check_duplicate(demo: Installation) -> None:
    done = folders_of(demo).files / "edi" / "done"
    duplicates = [*done.glob("DESADV_*_2.edi")]
    assert duplicates
    for duplicate in duplicates:
        number = duplicate.name.removeprefix("DESADV_").removesuffix("_2.edi")
        assert (done / f"DESADV_{number}.edi").read_bytes() != duplicate.read_bytes()
        rows = demo.query("SELECT 1 FROM business_events WHERE body->>'document' = $1", number)
        assert len(rows) == 1


def _send_faulty_message(demo: Installation) -> None:
    before = demo.query(
        "SELECT coalesce(max(id), 0) AS id FROM quarantine WHERE connector_id = $1", WESERGUSS_EDI
    )[0]["id"]
    command = [*werknetz_command(), "demo", "bad-edi", "--data", str(demo.folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    number = done.stdout.partition(".edi")[0].removeprefix("DESADV_")
    statement = "SELECT position, reason FROM quarantine WHERE connector_id = $1 AND id > $2"
    _wait_until(lambda: len(demo.query(statement, WESERGUSS_EDI, before)) == 1, demo)
    (entry,) = demo.query(statement, WESERGUSS_EDI, before)
    assert entry["position"].startswith("UNH 1 LIN 1 QTY (segment ")
    assert "'12O' is not a number" in entry["reason"]
    count = "SELECT body->>'line' AS line FROM business_events WHERE body->>'document' = $1"
    _wait_until(lambda: [row["line"] for row in demo.query(count, number)] == ["2"], demo)


def _check_modes_of_secrets(demo: Installation) -> None:
    folders = folders_of(demo)
    for file in (folders.host_key, folders.password):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE(folders.folder.stat().st_mode) == 0o700


def _wait_until(is_true: Callable[[], bool], demo: Installation, within_s: float = 240) -> None:
    deadline = time.monotonic() + within_s
    while not is_true():
        assert time.monotonic() < deadline, demo.report()
        time.sleep(0.05)
