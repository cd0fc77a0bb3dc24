"""Inputs of one machine: signals that affect KPIs, calendars and samples."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from werknetz.domain.bucket import TIME_MIN_US, instant_of, microseconds_of
from werknetz.domain.calendar_history import CalendarHistory
from werknetz.domain.role import Role
from werknetz.domain.shift import Calendar, CalendarRejected
from werknetz.domain.state import MachineState
from werknetz.kpi.carry import Carry
from werknetz.kpi.counter_steps import CounterStart
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import EMPTY, MAX_SPEED, CountSeries, MachineSamples, Series
from werknetz.kpi.stops.reasons import NO_EFFECTS, CodeEffects, code_effect_of
from werknetz.kpi.stops.start_up import DEFAULT_START_UP, StartUpRules
from werknetz.kpi.stops.thresholds import DEFAULT_MINOR_STOPS, MinorStops, StopThreshold
from werknetz.kpi.timeline.reports import NO_REPORTS, OPEN_US, Reports
from werknetz.runtime.log import get_logger
from werknetz.store.elements import machine_inputs as statements
from werknetz.store.elements import reports as report_statements
from werknetz.store.session import WriteConnection
from werknetz_worker.elements import state_gaps
from werknetz_worker.elements.reports import CountedTime, load_reports
from werknetz_worker.elements.sample_columns import load_series
from werknetz_worker.elements.signals_in_force import (
    MachineSignal,
    SignalConflict,
    find_conflicts,
    join_series,
    spans_in_force,
)

ROLES: Final = [role.value for role in Role if role.affects_kpis]
COUNTS: Final = frozenset(role for role in Role if role.is_count)
OF_MACHINES: Final = frozenset(r for r in Role if r.affects_kpis and r is not Role.ENERGY)
_TEXTS: Final = {Role.STATE, Role.ORDER}
# A value of these that is no finite number says nothing.
_NUMERIC: Final = {role for role in Role if role.is_counter} | {Role.PLANNED_RUN_TIME}
_log: Final = get_logger("worker.machine")


@dataclass(frozen=True, slots=True)
class Machine:
    id: int
    path: str
    signals: tuple[MachineSignal, ...]
    calendars: tuple[tuple[int, Calendar], ...]  # valid from; the first that is valid holds

    since_us: int = TIME_MIN_US  # where it was moved to; before, it is another equipment
    until_us: int = OPEN_US  # retired, or moved elsewhere
    spans: Mapping[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)  # by signal id
    minor_stops: MinorStops = DEFAULT_MINOR_STOPS
    start_up_rules: StartUpRules = DEFAULT_START_UP
    code_effects: CodeEffects = field(default_factory=lambda: NO_EFFECTS)

    @classmethod
    async def load(cls, connection: WriteConnection, equipment_id: int) -> "Machine | None":
        row = await connection.fetchrow(statements.MACHINE, equipment_id)
        if row is None:
            return None
        path, since, until = row
        signals = tuple(
            MachineSignal(row[0], Role(row[1]), *row[2:])
            for row in await connection.fetch(statements.SIGNALS_OF_MACHINE, equipment_id, ROLES)
        )
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
        thresholds = await _load_thresholds(connection, path)
        return cls(
            equipment_id,
            path,
            signals,
            tuple(calendars),
            TIME_MIN_US if since is None else microseconds_of(since),
            OPEN_US if until is None else microseconds_of(until),
            await _load_spans(connection, signals),
            MinorStops.of(path, thresholds),
            StartUpRules.of(path, thresholds),
            await _load_code_effects(connection, path),
        )

    async def has_inputs(self, connection: WriteConnection) -> bool:
        """Return whether anything is known from which elements can be computed."""
        return bool(self.signals) or bool(
            await connection.fetchval(report_statements.HAS_REPORTS, self.id)
        )

    def signals_of(self, role: Role) -> list[MachineSignal]:
        return [signal for signal in self.signals if signal.role is role]

    def signal_before(self, role: Role, at_us: int) -> MachineSignal | None:
        """Return the signal of a role that is in force right before an instant."""
        return next(self._in_force_before(self.signals_of(role), at_us), None)

    def _in_force_before(
        self, signals: Iterable[MachineSignal], at_us: int
    ) -> Iterator[MachineSignal]:
        """Yield the signals that are in force right before an instant."""
        for signal in signals:
            if any(start < at_us <= end for start, end in self.spans[signal.id]):
                yield signal

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
    ) -> tuple[MachineSamples, list[SignalConflict]]:
        """Load what is sampled and reported in [start, end), with the order at its start.

        The conflicts are of signals that deliver values while another one of the role is in force.
        """
        series, conflicts = await self.load_counters(connection, start_us, end_us, OF_MACHINES)
        orders = self._join(Role.ORDER, series, start_us, end_us)
        samples = MachineSamples(
            state=self._join(Role.STATE, series, start_us, end_us),
            unknown=await self._load_unknown_spans(connection, start_us, end_us),
            reports=await self._load_reports(connection, start_us, end_us, running_order, orders),
            order=orders,
            order_since_us=None if running_order else await self._load_order_start(connection),
            run_time=self._join(Role.PLANNED_RUN_TIME, series, start_us, end_us),
            counts=tuple(self.counts_of(series)),
            minor_stops=self.minor_stops,
            start_up_rules=self.start_up_rules,
            code_effects=self.code_effects,
        )
        return samples, conflicts

    async def _load_order_start(self, connection: WriteConnection) -> int | None:
        """Return when the first value of an order signal came; None: there is no such signal."""
        signals = self.signals_of(Role.ORDER)
        if not signals:
            return None
        return min((await _first_samples(connection, signals)).values(), default=OPEN_US)

    async def load_counters(
        self, connection: WriteConnection, start_us: int, end_us: int, roles: Collection[Role]
    ) -> tuple[dict[int, Series], list[SignalConflict]]:
        """Load the samples of these roles in [start, end) by signal, and the conflicts of them.

        Those of counters that spread go on to the first sample after the end.
        """
        signals = [signal for signal in self.signals if signal.role in roles]
        series = await load_series(
            connection,
            [signal.id for signal in signals],
            [signal.id for signal in signals if signal.role in _TEXTS],
            (start_us, min(end_us, self.until_us + 1)),  # with what ends with its time
        )
        if spread := [signal.id for signal in signals if signal.interpolate]:
            await self._add_next_samples(connection, series, spread, end_us)
        return series, find_conflicts(signals, series, self.spans)

    def _join(
        self, role: Role, series: Mapping[int, Series], start_us: int, end_us: int
    ) -> Series | None:
        return join_series(
            [
                (series.get(signal.id, EMPTY), self.spans[signal.id])
                for signal in self.signals_of(role)
                if any(start < end_us and end >= start_us for start, end in self.spans[signal.id])
            ],
            start_us,
            end_us,
        )

    def counts_of(
        self, series: Mapping[int, Series], roles: Collection[Role] = COUNTS
    ) -> Iterator[CountSeries]:
        """Yield the counters, each with all its samples: what it counts in between is no jump."""
        for s in self.signals:
            spans = self.spans[s.id]
            if s.role not in roles or not spans:
                continue
            since_us, until_us = spans[0][0], spans[-1][1]
            yield CountSeries(
                s.id, s.role, series.get(s.id, EMPTY), s.reset, s.modulus, s.kind,
                s.interpolate, s.max_increment, s.max_speed or MAX_SPEED,
                None if since_us == TIME_MIN_US else since_us,
                None if until_us == OPEN_US else until_us,
                () if spans == ((TIME_MIN_US, OPEN_US),) else spans,
            )  # fmt: skip

    async def _load_unknown_spans(
        self, connection: WriteConnection, start_us: int, end_us: int
    ) -> tuple[tuple[int, int], ...]:
        """Return when the state is unknown: in the gaps of the signal that is in force then."""
        unknown: list[tuple[int, int]] = []
        for signal in self.signals_of(Role.STATE):
            spans = [(a, b) for a, b in self.spans[signal.id] if a < end_us and b > start_us]
            if not spans:
                continue
            gaps = await state_gaps.load_unknown_spans(
                connection, self.id, signal.id, start_us, end_us
            )
            unknown += [
                (max(a, start), min(b, end))
                for a, b in gaps
                for start, end in spans
                if a < end and b > start
            ]
        return tuple(sorted(unknown))

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
        first_us = await _first_samples(connection, counters)
        counted = [
            CountedTime(counter.role, max(start, first_us[counter.id]), end)
            for counter in counters
            for start, end in self.spans[counter.id]
            if counter.id in first_us
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
        run_times = [signal.id for signal in self.signals_of(Role.PLANNED_RUN_TIME)]
        if following and run_times:
            last_us = max(int(sample.at[0]) for sample in following.values())
            following |= await load_series(connection, run_times, [], (end_us, last_us + 1))
        for signal_id, later in following.items():
            series[signal_id] = series.get(signal_id, EMPTY).followed_by(later)

    async def load_carry_before(self, connection: WriteConnection, at_us: int) -> Carry:
        """Return the state before the instant, from samples, if no earlier bucket is stored."""
        in_force = {role: self.signal_before(role, at_us) for role in Role}
        state = in_force[Role.STATE]
        rows: dict[int, Any] = {
            row["id"]: row
            for row in await connection.fetch(
                statements.LAST_SAMPLES_BEFORE,
                [signal.id for signal in self._in_force_before(self.signals, at_us)],
                # What ends with its time at the former place counts there.
                instant_of(at_us + (at_us == self.since_us)),
                state.id if state else -1,
                [signal.id for signal in self.signals if signal.role in _NUMERIC],
            )
        }
        last = {role: rows.get(signal.id) for role, signal in in_force.items() if signal}
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
                if signal.role.is_counter and signal.id in rows
            },
        )


async def _load_spans(
    connection: WriteConnection, signals: Sequence[MachineSignal]
) -> dict[int, tuple[tuple[int, int], ...]]:
    slots = Counter(signal.slot for signal in signals)
    shared = [signal for signal in signals if slots[signal.slot] > 1]
    first_us = await _first_samples(connection, shared) if shared else {}
    return spans_in_force(signals, first_us)


async def _first_samples(
    connection: WriteConnection, signals: Sequence[MachineSignal]
) -> dict[int, int]:
    rows = await connection.fetch(statements.FIRST_SAMPLES, [signal.id for signal in signals])
    return {row["id"]: microseconds_of(row["at"]) for row in rows}


async def _load_thresholds(connection: WriteConnection, path: str) -> list[StopThreshold]:
    rows = await connection.fetch(statements.STOP_THRESHOLDS_OF_PATH, path)
    return [StopThreshold(*row) for row in rows]


async def _load_code_effects(connection: WriteConnection, path: str) -> CodeEffects:
    """Return what the codes of the machine say about its stops, by the reasons they stand for."""
    return {
        code: code_effect_of(category, state, counts_against_availability=counts)
        for code, category, state, counts in await connection.fetch(
            statements.REASONS_OF_CODES, path
        )
    }


def _state_of(sample: asyncpg.Record | None) -> int:
    """Return the state of a sample; a bad or impossible one is UNKNOWN."""
    if sample is None or sample["status"] < 0 or sample["value"] is None:
        return int(MachineState.UNKNOWN)
    value = float(sample["value"])
    return int(value) if 0 <= value <= max(MachineState) else int(MachineState.UNKNOWN)
