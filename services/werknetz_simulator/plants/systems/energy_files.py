"""The files of Emden-1's energy management: the meter readings of each completed hour."""

from collections.abc import Iterator

from werknetz_simulator.plants.systems.energy import LINE, LINE_PATH, readings
from werknetz_simulator.plants.systems.hourly_files import HourlyFile, HourlyFileWriter
from werknetz_simulator.protocols.names.energy import COLUMNS, PREFIX, WHOLE_LINE


class EnergyFileWriter(HourlyFileWriter):
    def files_of(self, start_us: int, end_us: int) -> Iterator[HourlyFile]:
        readings_of: dict[tuple[int, str], dict[str, str]] = {}
        for reading in readings(self._truth, start_us, end_us):
            machine = WHOLE_LINE if reading.path == LINE_PATH else reading.path.rpartition("/")[2]
            cells = readings_of.setdefault((reading.at_us, machine), {})
            cells[reading.carrier] = f"{reading.number:.3f}".replace(".", ",")
        rows = []
        for (at_us, machine), cells in readings_of.items():
            gas = next((value for carrier, value in cells.items() if carrier), "")
            at = self.local_time(at_us, "seconds")
            rows.append((at, LINE, machine, cells.get("", ""), gas))
        yield HourlyFile(PREFIX, COLUMNS, rows)
