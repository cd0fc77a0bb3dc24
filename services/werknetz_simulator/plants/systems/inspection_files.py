"""The files of Emden-1's measuring machine and time recording: one of each a completed hour."""

from collections.abc import Iterator

from werknetz_simulator.plants.systems.hourly_files import HourlyFile, HourlyFileWriter, Row
from werknetz_simulator.plants.systems.inspection import (
    MACHINES,
    Inspection,
    Presence,
    inspections,
    presences,
)
from werknetz_simulator.protocols.names.inspection import (
    MEASURED_COLUMNS,
    MEASURED_PREFIX,
    PRESENT_COLUMNS,
    PRESENT_PREFIX,
    UNIT,
)


class InspectionFileWriter(HourlyFileWriter):
    def files_of(self, start_us: int, end_us: int) -> Iterator[HourlyFile]:
        measured = [
            self._measured_row(inspection)
            for machine in MACHINES
            for inspection in inspections(self._truth, machine, start_us, end_us)
        ]
        present = [self._present_row(row) for row in presences(self._truth, start_us, end_us)]
        yield HourlyFile(MEASURED_PREFIX, MEASURED_COLUMNS, measured)
        yield HourlyFile(PRESENT_PREFIX, PRESENT_COLUMNS, present)

    def _measured_row(self, inspection: Inspection) -> Row:
        limits = inspection.characteristic
        return (
            self.local_time(inspection.at_us), inspection.machine.line, inspection.machine.name,
            inspection.serial, limits.name, _comma(inspection.value), _comma(limits.lower),
            _comma(limits.upper), UNIT, inspection.defect,
        )  # fmt: skip

    def _present_row(self, presence: Presence) -> Row:
        return (
            self.local_time(presence.start_us), self.local_time(presence.end_us),
            presence.machine.line, presence.machine.name, presence.person,
            str(presence.attended_s), str(presence.work_s),
        )  # fmt: skip


def _comma(value: float | None) -> str:
    return "" if value is None else f"{value}".replace(".", ",")
