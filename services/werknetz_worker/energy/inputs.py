"""Loads the meters of an equipment with the factors of their carriers, and sums of what is below.

Units are converted here, when the meters are loaded: a factor is entered for a unit of the carrier
(a cubic metre), and the meter may count another one (a litre).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import asyncpg
import numpy as np

from werknetz.connector.mapping.units import UnitRejected, conversion_factors
from werknetz.domain.bucket import BUCKET_US, instant_of, microseconds_of
from werknetz.domain.role import Role
from werknetz.kpi.energy.buckets import BELOW_NAMES, CARRIER_NAMES, EnergyBelow, EnergyInputs
from werknetz.kpi.energy.carriers import ELECTRICITY, CarrierFactor, FactorSteps
from werknetz.kpi.energy.meters import Meter
from werknetz.kpi.series import Numbers
from werknetz.kpi.states import BucketRange
from werknetz.store.elements import energy as statements
from werknetz.store.elements.reports import HAS_REPORTS
from werknetz.store.session import WriteConnection
from werknetz_worker.elements.machine import Machine
from werknetz_worker.elements.signals_in_force import MachineSignal, SignalConflict

_KWH: Final = "kWh"
_ROLES: Final = frozenset({Role.ENERGY})


async def load_energy(
    connection: WriteConnection, machine: Machine, span: BucketRange
) -> tuple[EnergyInputs, list[SignalConflict]]:
    """Return what the energy of a span is computed from; without meters, nothing is read."""
    signals = machine.signals_of(Role.ENERGY)
    if not signals:
        return EnergyInputs(), []
    series, conflicts = await machine.load_counters(
        connection, span.start_us, span.end_us + 1, _ROLES
    )
    factors = await _load_factors(connection, machine.path, signals)
    carrier_of = {signal.id: signal.carrier or ELECTRICITY for signal in signals}
    meters = tuple(
        Meter(carrier_of[count.signal_id], count, factors[count.signal_id])
        for count in machine.counts_of(series, _ROLES)
    )
    is_only_energy = len(signals) == len(machine.signals) and not await connection.fetchval(
        HAS_REPORTS, machine.id
    )
    carriers = sorted({meter.carrier for meter in meters})
    below = await _load_below(connection, machine.id, span, carriers)
    return EnergyInputs(meters, is_only_energy, below), conflicts


async def _load_factors(
    connection: WriteConnection, path: str, signals: Sequence[MachineSignal]
) -> dict[int, FactorSteps]:
    carriers = sorted({signal.carrier or ELECTRICITY for signal in signals})
    entries: dict[str, list[Any]] = {}
    for row in await connection.fetch(statements.CARRIERS_OF_PATH, path, carriers):
        entries.setdefault(row["carrier"], []).append(row)
    return {
        signal.id: factors_of(signal.unit, entries.get(signal.carrier or ELECTRICITY, ()))
        for signal in signals
    }


def factors_of(unit: str | None, rows: Sequence[Mapping[str, Any]]) -> FactorSteps:
    """Return the factors of a meter that counts a unit; an energy needs no entry.

    An entry whose unit does not fit holds as well: its factor is not known.
    """
    factors = [
        CarrierFactor(
            row["path"], row["valid_from_us"], row["kwh_per_unit"] * size,
            None if row["co2_kg_per_unit"] is None else row["co2_kg_per_unit"] * size,
            row["delivered"],
        )
        for row in rows
        for size in [_size_of(unit, row["unit"])]
    ]  # fmt: skip
    kwh = _size_of(unit, _KWH)
    return FactorSteps.of(factors, None if np.isnan(kwh) else kwh)


@lru_cache(maxsize=1024)
def _size_of(unit: str | None, target: str) -> float:
    """Return how many of the target unit one unit is; NaN: it is of another kind, or unknown."""
    if unit == target:
        return 1.0
    try:
        factor, offset = conversion_factors(unit or "", target)
    except UnitRejected:
        return float("nan")
    return float("nan") if offset else factor


async def _load_below(
    connection: WriteConnection, equipment_id: int, span: BucketRange, carriers: Sequence[str]
) -> EnergyBelow | None:
    """Return the sums of everything below an equipment by bucket; None: it has nothing below."""
    if not await connection.fetchval(statements.HAS_CHILDREN, equipment_id):
        return None
    arguments = equipment_id, instant_of(span.start_us), instant_of(span.end_us)
    sums = {name: np.zeros(span.buckets) for name in BELOW_NAMES}
    for row in await connection.fetch(statements.SUMS_BELOW, *arguments):
        for name in BELOW_NAMES:
            sums[name][_bucket_of(row, span)] = row[name]
    by_carrier: dict[str, dict[str, Numbers]] = {}
    for row in await connection.fetch(statements.CARRIERS_BELOW, *arguments, list(carriers)):
        values = by_carrier.setdefault(
            row["carrier"], {name: np.zeros(span.buckets) for name in CARRIER_NAMES}
        )
        values[CARRIER_NAMES[row["n"] - 1]][_bucket_of(row, span)] = row["value"]
    return EnergyBelow(sums, by_carrier)


def _bucket_of(row: asyncpg.Record, span: BucketRange) -> int:
    return (microseconds_of(row["bucket_at"]) - span.start_us) // BUCKET_US
