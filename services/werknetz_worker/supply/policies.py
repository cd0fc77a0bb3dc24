"""Which policy holds for a supplier from when: their own, else that of all, else the built-in."""

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
class Held:
    since_us: int
    id: int | None  # None: the built-in
    supplier_id: int | None
    policy: Policy


class Policies:
    def __init__(self, held: Sequence[Held]) -> None:
        self._held = held
        self._of: dict[int, list[Held]] = {}

    @classmethod
    async def load(cls, connection: WriteConnection, supplier_ids: Sequence[int]) -> "Policies":
        held = []
        for row in await connection.fetch(statements.SUPPLY_POLICIES, supplier_ids):
            try:
                policy = Policy.parse(json.loads(row["document"]), row["version"])
            except PolicyRejected as error:
                _log.error("policy cannot be used", id=row["id"], reason=str(error))
                continue
            since_us = microseconds_of(row["valid_from"])
            held.append(Held(since_us, row["id"], row["supplier_id"], policy))
        return cls(held)

    def of(self, supplier_id: int) -> list[Held]:
        """Return what holds from when, ascending; the first holds from the beginning."""
        if supplier_id not in self._of:
            self._of[supplier_id] = self._found(supplier_id)
        return self._of[supplier_id]

    def _found(self, supplier_id: int) -> list[Held]:
        own = [held for held in self._held if held.supplier_id == supplier_id]
        first_us = own[0].since_us if own else None
        general = [
            held
            for held in self._held
            if held.supplier_id is None and (first_us is None or held.since_us < first_us)
        ]
        return [Held(TIME_MIN_US, None, None, BUILT_IN), *general, *own]

    def terms(self, supplier_id: int, zone: ZoneInfo, now_us: int) -> Terms:
        held = tuple((each.since_us, each.policy) for each in self.of(supplier_id))
        return Terms(policies=held, zone=zone, now_us=now_us)

    def id_at(self, supplier_id: int, at_us: int) -> int | None:
        """Return which row of `supply_policies` holds at an instant; None: the built-in."""
        return [each for each in self.of(supplier_id) if each.since_us <= at_us][-1].id
