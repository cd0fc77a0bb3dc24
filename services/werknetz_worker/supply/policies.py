"""Which policy applies to a supplier when: its own, else the general one, else the built-in."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from werknetz.domain.bucket import TIME_MIN_US, microseconds_of
from werknetz.kpi.supply.facts import Terms
from werknetz.kpi.supply.policy import BUILT_IN, Policy, PolicyRejected
from werknetz.runtime.log import get_logger
from werknetz.store.relations import relation_facts as statements
from werknetz.store.session import WriteConnection

_log: Final = get_logger("worker.supply")


@dataclass(frozen=True, slots=True)
class PolicyPeriod:
    since_us: int
    id: int | None  # None: the built-in
    supplier_id: int | None
    policy: Policy


class Policies:
    def __init__(self, periods: Sequence[PolicyPeriod]) -> None:
        self._periods = periods
        self._of: dict[int, list[PolicyPeriod]] = {}

    @classmethod
    async def load(cls, connection: WriteConnection, supplier_ids: Sequence[int]) -> "Policies":
        periods = []
        for row in await connection.fetch(statements.SUPPLY_POLICIES, supplier_ids):
            try:
                policy = Policy.parse(json.loads(row["document"]), row["version"])
            except PolicyRejected as error:
                _log.error("policy cannot be used", id=row["id"], reason=str(error))
                continue
            since_us = microseconds_of(row["valid_from"])
            periods.append(PolicyPeriod(since_us, row["id"], row["supplier_id"], policy))
        return cls(periods)

    def periods_of(self, supplier_id: int) -> list[PolicyPeriod]:
        """Return the periods in ascending order; the first starts at the beginning of time."""
        if supplier_id not in self._of:
            self._of[supplier_id] = self._build_periods(supplier_id)
        return self._of[supplier_id]

    def _build_periods(self, supplier_id: int) -> list[PolicyPeriod]:
        own = [period for period in self._periods if period.supplier_id == supplier_id]
        first_us = own[0].since_us if own else None
        general = [
            period
            for period in self._periods
            if period.supplier_id is None and (first_us is None or period.since_us < first_us)
        ]
        return [PolicyPeriod(TIME_MIN_US, None, None, BUILT_IN), *general, *own]

    def terms_of(self, supplier_id: int, zone: ZoneInfo, now_us: int) -> Terms:
        policies = tuple(
            (period.since_us, period.policy) for period in self.periods_of(supplier_id)
        )
        return Terms(policies=policies, zone=zone, now_us=now_us)

    def id_at(self, supplier_id: int, at_us: int) -> int | None:
        """Return the row of `supply_policies` that applies at an instant; None: the built-in."""
        return [period for period in self.periods_of(supplier_id) if period.since_us <= at_us][
            -1
        ].id

    def only_id_of(self, supplier_id: int) -> tuple[int | None] | None:
        """Return the row that always applies; None: there are several."""
        periods = self.periods_of(supplier_id)
        return (periods[0].id,) if len(periods) == 1 else None
