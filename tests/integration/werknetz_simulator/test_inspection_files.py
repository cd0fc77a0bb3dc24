"""Measurements and attendance of Emden-1, read by the real connector: as they were."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from plumbing.edge_records import ReceivedRecords, config_of, read_until
from werknetz.events.facts import AttendanceRecorded, QualityInspected
from werknetz_simulator.plants.plan import DAY_US, HOUR_US, us_of
from werknetz_simulator.plants.plant import EMDEN_1
from werknetz_simulator.plants.position import ResumePosition
from werknetz_simulator.plants.systems.inspection import MACHINES, inspections, presences
from werknetz_simulator.plants.systems.inspection_files import InspectionFileWriter
from werknetz_simulator.plants.truth import Truth
from werknetz_simulator.protocols.names.inspection import inspection_edge_of

SINCE_US = us_of(datetime(2026, 10, 22, 22, tzinfo=UTC))  # over a weekend and a clock change
NOW_US = SINCE_US + 5 * DAY_US + 11 * HOUR_US + 1


@pytest.mark.asyncio
async def test_every_measurement_and_attendance_arrives_once(tmp_path: Path) -> None:
    truth, folder = Truth(EMDEN_1, since_us=SINCE_US), tmp_path / "inspection"
    folder.mkdir()
    for start_us in (SINCE_US, SINCE_US + 2 * DAY_US):  # days that are written again
        position = ResumePosition(None, start_us)
        writer = InspectionFileWriter(truth, folder, position)
        while writer.write_next(NOW_US):
            pass
        assert position.at_us == NOW_US - NOW_US % HOUR_US
    end_us = NOW_US - NOW_US % HOUR_US
    measured = {
        (row.at_us, machine.path, row.serial, row.value, row.is_good)
        for machine in MACHINES
        for row in inspections(truth, machine, SINCE_US, end_us)
    }
    present = {
        (row.start_us, row.end_us, row.machine.path, row.person, row.attended_s, row.work_s)
        for row in presences(truth, SINCE_US, end_us)
    }
    records = ReceivedRecords()
    config = config_of(inspection_edge_of(EMDEN_1, folder, "./spool"), tmp_path)
    await read_until(config, records, lambda: len(records.events) >= len(measured) + len(present))
    assert not records.refused
    assert measured == {
        (e.at_us, f.equipment, f.serial_number, f.value, _is_good(f))
        for e in records.events
        if isinstance(f := e.fact, QualityInspected)
    }
    assert present == {
        (e.at_us, f.until_us, f.equipment, f.person, f.attended_s, f.work_s)
        for e in records.events
        if isinstance(f := e.fact, AttendanceRecorded)
    }
    assert {good for *_, good in measured} == {True, False}
    assert len(present) >= 3 * 2 * 3  # machines, shifts, working days


def _is_good(fact: QualityInspected) -> bool:
    assert fact.value is not None
    assert fact.lower_limit is not None
    below_upper = fact.upper_limit is None or fact.value <= fact.upper_limit
    return fact.lower_limit <= fact.value and below_upper and fact.defect is None
