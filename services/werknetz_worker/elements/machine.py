"""Inputs of one machine: signals that affect KPIs, calendars and samples."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.domain.calendar_history import CalendarHistory
from werknetz.domain.role import Role
from werknetz.domain.shift import Calendar, CalendarRejected
from werknetz.domain.state import MachineState
from werknetz.kpi.carry import Carry
from werknetz.kpi.counter_steps import CounterStart
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import EMPTY, MAX_SPEED, CountSeries, MachineSamples, Series
from werknetz.kpi.timeline.reports import NO_REPORTS, OPEN_US, Reports
from werknetz.runtime.log import get_logger
from werknetz.store.elements import machine_inputs as statements
from werknetz.store.elements import reports as report_statements
from werknetz.store.session import WriteConnection
from werknetz_worker.elements import state_gaps
from werknetz_worker.elements.reports import CountedTime, load_reports

ROLES: Final = [role.value for role in Role if role.affects_kpis]
# A value of these that is no finite number says nothing.
_NUMERIC: Final = {role for role in Role if role.is_count} | {Role.PLANNED_RUN_TIME}
_log: Final = get_logger("worker.machine")


@dataclass(frozen=True, slots=True)
class MachineSignal:
    id: int
    role: Role
    reset: str
    modulus: float | None
    kind: str
    interpolate: bool = False
    max_increment: float | None = None
    max_speed: float | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    id: int
    path: str
    signals: tuple[MachineSignal, ...]
    calendars: tuple[tuple[int, Calendar], ...]  # valid from; the first that is valid holds

    @classmethod
    async def load(cls, connection: WriteConnection, equipment_id: int) -> "Machine | None":
        path = await connection.fetchval(statements.PATH_OF_MACHINE, equipment_id)
        if path is None:
            return None
        signals = [
            MachineSignal(row[0], Role(row[1]), *row[2:])
            for row in await connection.fetch(statements.SIGNALS_OF_MACHINE, equipment_id, ROLES)
        ]
        calendars = []
        for valid_from, document, number in await connection.fetch(
            statements.CALENDARS_OF_PATH, path
        ):
            try:
                calendar = Calendar.parse_stored(json.loads(document))
            except CalendarRejected as error:
                _log.error("shift calendar cannot be used", id=number, reason=str(error))
                continue
            calendars.append((microseconds_of(valid_from), calendar))
        return cls(equipment_id, path, tuple(signals), tuple(calendars))

    async def has_inputs(self, connection: WriteConnection) -> bool:
        """Return whether anything is known from which elements can be computed."""
        return bool(self.signals) or bool(
            await connection.fetchval(report_statements.HAS_REPORTS, self.id)
        )

    def signal_of(self, role: Role) -> MachineSignal | None:
        """Return the signal of a role; of several the oldest."""
        return next((signal for signal in self.signals if signal.role is role), None)

    def build_plan(self, start_us: int, end_us: int) -> PlannedTime:
        """Return the plan; where no calendar holds, all time is planned operation time."""
        first_us = min((since for since, _ in self.calendars), default=None)
        holds = [] if first_us is None else [(first_us, max(first_us, end_us))]
        return PlannedTime.of(self._history().operation_between(start_us, end_us), holds)

    def calendar_at(self, at_us: int) -> Calendar | None:
        return next((calendar for since, calendar in self.calendars if since <= at_us), None)

    def _history(self) -> CalendarHistory:
        """Return which calendar holds when; of `calendars`, the first that is valid counts."""
        return CalendarHistory.of([version] for version in self.calendars)

    async def load_samples(
        self, connection: WriteConnection, start_us: int, end_us: int, running_order: str = ""
    ) -> MachineSamples:
        """Load what is sampled and reported in [start, end), with the order at its start."""
        texts = [s.id for s in self.signals if s.role in {Role.STATE, Role.ORDER}]
        rows = await connection.fetch(
            statements.SAMPLES_IN_RANGE,
            [signal.id for signal in self.signals],
            instant_of(start_us),
            instant_of(end_us),
            texts,
        )
        series_by_signal = {row[0]: Series.of(row[1], row[2], row[3], row[4]) for row in rows}
        spread = [signal.id for signal in self.signals if signal.interpolate]
        if spread:
            await self._add_next_samples(connection, series_by_signal, spread, end_us)

        def series(role: Role) -> Series | None:
            signal = self.signal_of(role)
            return None if signal is None else series_by_signal.get(signal.id, EMPTY)

        state = self.signal_of(Role.STATE)
        unknown = (
            await state_gaps.load_unknown_spans(connection, self.id, state.id, start_us, end_us)
            if state is not None
            else ()
        )
        return MachineSamples(
            state=series(Role.STATE),
            unknown=unknown,
            reports=await self._load_reports(
                connection, start_us, end_us, running_order, series(Role.ORDER)
            ),
            order=series(Role.ORDER),
            run_time=series(Role.PLANNED_RUN_TIME),
            counts=tuple(
                CountSeries(
                    s.id, s.role, series_by_signal.get(s.id, EMPTY), s.reset, s.modulus, s.kind,
                    s.interpolate, s.max_increment, s.max_speed or MAX_SPEED,
                )
                for s in self.signals
                if s.role.is_count
            ),
        )  # fmt: skip

    async def _load_reports(
        self,
        connection: WriteConnection,
        start_us: int,
        end_us: int,
        running_order: str,
        orders: Series | None,
    ) -> Reports:
        if not await connection.fetchval(report_statements.HAS_REPORTS, self.id):
            return NO_REPORTS
        counters = [signal for signal in self.signals if signal.role.is_count]
        first = {
            row["id"]: microseconds_of(row["at"])
            for row in await connection.fetch(
                statements.FIRST_SAMPLES, [counter.id for counter in counters]
            )
        }
        counted = [
            CountedTime(counter.role, first[counter.id], OPEN_US)
            for counter in counters
            if counter.id in first
        ]
        names = {running_order} if orders is None else {running_order, *orders.text.tolist()}
        numbers = {str(name) for name in names if name}
        return await load_reports(connection, self.id, start_us, end_us, counted, numbers)

    async def _add_next_samples(
        self,
        connection: WriteConnection,
        series: dict[int, Series],
        spread: Sequence[int],
        end_us: int,
    ) -> None:
        """Add what an increment over the end of the range is judged by and spread up to."""
        following = {
            row[0]: Series.of([row[1]], [row[2]], [row[3]])
            for row in await connection.fetch(
                statements.NEXT_SAMPLES_AFTER, spread, instant_of(end_us)
            )
        }
        run_time = self.signal_of(Role.PLANNED_RUN_TIME)
        if following and run_time is not None:
            last_us = max(int(sample.at[0]) for sample in following.values())
            for row in await connection.fetch(
                statements.SAMPLES_IN_RANGE, [run_time.id], instant_of(end_us),
                instant_of(last_us + 1), [],
            ):  # fmt: skip
                following[row[0]] = Series.of(row[1], row[2], row[3])
        for signal_id, later in following.items():
            series[signal_id] = series.get(signal_id, EMPTY).followed_by(later)

    async def load_carry_before(self, connection: WriteConnection, at_us: int) -> Carry:
        """Return the state before the instant, from samples, if no earlier bucket is stored."""
        state = self.signal_of(Role.STATE)
        rows: dict[int, Any] = {
            row["id"]: row
            for row in await connection.fetch(
                statements.LAST_SAMPLES_BEFORE,
                [signal.id for signal in self.signals],
                instant_of(at_us),
                state.id if state else -1,
                [signal.id for signal in self.signals if signal.role in _NUMERIC],
            )
        }
        last = {role: rows.get(signal.id) for role in Role if (signal := self.signal_of(role))}
        before, order, run_time = (
            last.get(role) for role in (Role.STATE, Role.ORDER, Role.PLANNED_RUN_TIME)
        )
        return Carry(
            state=_state_of(before),
            code=before["text"] if before is not None else None,
            order=(order["text"] or "") if order is not None else "",
            run_time_s=run_time["value"] if run_time is not None else None,
            counts={
                str(signal.id): CounterStart(
                    rows[signal.id]["value"], microseconds_of(rows[signal.id]["at"])
                )
                for signal in self.signals
                if signal.role.is_count and signal.id in rows
            },
        )


def _state_of(sample: asyncpg.Record | None) -> int:
    """Return the state of a sample; a bad or impossible one is UNKNOWN."""
    if sample is None or sample["status"] < 0 or sample["value"] is None:
        return int(MachineState.UNKNOWN)
    value = float(sample["value"])
    return int(value) if 0 <= value <= max(MachineState) else int(MachineState.UNKNOWN)
